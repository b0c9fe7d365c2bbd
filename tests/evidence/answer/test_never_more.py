"""Nothing is stated more strongly than what people settled bears out; where each machine on screen
stood tells it apart from others."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, update

from evidence.answer.distinct import least
from evidence.answer.population import CountedMachine
from evidence.answer.question import Question
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.sighting_tables import Membership, SightingRow
from evidence.case.tables import FootageRow
from evidence.review.judgement import TestContext
from evidence.review.manual_entries import Statement, enter
from tests.evidence.answer.conftest import Builder, key
from tests.evidence.answer.made import KIND


def hall(b: Builder) -> None:
    """Nine controls that come out, and 200 machines of other builders, of which people judged the
    first: none Chinese is there."""
    for _ in range(9):
        b.add("studio", claim="dmtg", outcome="accept")  # 1 to 9
    b.control(*range(1, 10))
    for plant in range(20):
        for number in range(10):
            judged = "accept" if plant == number == 0 else None
            b.add(f"Plant {plant}", claim="mazak", outcome=judged, chance=0.05)  # 10 to 209


@pytest.mark.parametrize("later", [None, "unknown"])
def test_what_only_the_program_names_is_not_confirmed_with_the_machine(b, ask, later):
    """People accepted a plate on one sighting; the builder named on another is nobody's word."""
    machine = b.add("Plant 1", origin="JP", basis="plate", outcome="accept")
    b.add("Plant 1", claim="smtcl", outcome=later, same=machine)
    found = ask()
    assert ("smtcl", "confirmed") not in {
        (one.builder, one.status) for one in found.seen
    } and found.counts.confirmed == 0
    assert found.counts.probable == (later is None)
    assert ask(Question("origin", "JP")).counts.confirmed == 1


@pytest.mark.parametrize("outcome", ["builder", "unknown", "not-a-machine"])
def test_none_is_not_said_while_a_claim_on_a_linked_sighting_waits(b, ask, outcome):
    hall(b)
    machine = b.add("Plant 1", claim="mazak", outcome=outcome, builder="mazak")
    b.add("Plant 1", claim="dmtg", same=machine)
    found = ask()
    assert found.counts.probable == 1 and found.said.kind is not AnswerKind.NONE


@pytest.mark.parametrize(("outcome", "confirmed"), [("accept", 1), ("builder", 0), (None, 0)])
def test_a_plate_goes_before_a_sellers_badge(b, ask, outcome, confirmed):
    """Who accepts the claim accepts the plate; who names the seller says nothing of it."""
    b.add("Plant 1", "metaltec", outcome, "metaltec", origin="CN", basis="plate")
    found = ask()
    assert found.counts.confirmed == confirmed
    assert found.counts.probable == (outcome is None)


def test_a_control_counts_once(b, ask):
    """In several copies, of which one was not recognised."""
    for number in range(4):
        b.add("studio", claim="dmtg" if number < 3 else None)
    b.copy(1, 2)
    b.copy(3, 4)
    b.add("studio", claim="dmtg")  # a copy of the first that is on no list
    b.copy(1, 5)
    b.control(1, 2, 3, 4)
    b.add("Plant 1", claim="mazak")
    found = ask()
    assert (found.controls.hits, found.controls.of) == (1, 2)
    assert found.counts.machines == 1


def test_what_was_not_linked_yet_counts_all_the_same(case, b, read):
    """A sweep was stopped before it linked: a claim waits, and another was accepted."""
    hall(b)
    b.add("Plant 1", claim="dmtg")
    b.add("Plant 2", claim="dmtg", outcome="accept")
    b.write()
    for clip in (210, 211):
        with case.session() as session, session.begin():
            sighting = session.query(SightingRow).filter_by(footage=key("f", clip)).one().key
            session.query(Membership).filter_by(sighting=sighting).delete()
        whole = read()
        found = whole.answer
        assert (found.counts.confirmed, found.counts.probable) == (1, 1)
        assert found.counts.machines == 202 and len(whole.exhibits) == 1
        assert found.caveat("unlinked") > 0


BOX, ELSEWHERE = (0.0, 0.0, 50.0, 50.0), (60.0, 0.0, 90.0, 50.0)
A, B = ("f", 0, BOX), ("f", 0, ELSEWHERE)


def seen(
    id: str,
    plant: str = "p",
    builder: str | None = "dmtg",
    *views: tuple[str, int, tuple[float, float, float, float]],
    stated: bool = True,
    recording: str = "",
) -> CountedMachine:
    """`views`: footage, second and box."""
    times = tuple((footage, ((Fraction(at), box),)) for footage, at, box in views)
    return replace(
        KIND, id=id, plant=plant, stated=stated, builder=builder,
        views=times or ((id, ((Fraction(0), BOX),)),), recordings=frozenset({recording or id}),
    )  # fmt: skip


LEAST: dict[str, tuple[list[CountedMachine], int]] = {
    "none": ([], 0),
    "two shots may show one": ([seen("a"), seen("b")], 1),
    "in two places at once": ([seen("a", "p", "dmtg", A), seen("b", "p", "dmtg", B)], 2),
    "one found twice": ([seen("a", "p", "dmtg", A), seen("b", "p", "dmtg", A)], 1),
    "between two sights of one": (
        [seen("a", "p", "dmtg", A, ("f", 2, BOX)), seen("b", "p", "dmtg", ("f", 1, ELSEWHERE))],
        1,
    ),
    "two builders": ([seen("a"), seen("b", "p", "smtcl")], 2),
    "a seller is no builder": ([seen("a"), seen("b", "p", "knuth")], 1),
    "one may be the other's": ([seen("a"), seen("b", "p", None)], 1),
    "not if they are seen together": ([seen("a", "p", "dmtg", A), seen("b", "p", None, B)], 2),
    "two plants": ([seen("a"), seen("b", "q")], 2),
    "one recording, two names": ([seen("a", recording="r"), seen("b", "q", recording="r")], 1),
    "nobody says of which plant": (
        [seen("a"), seen("b", "r1", stated=False), seen("c", "r2", stated=False)],
        1,
    ),
    "but of another builder": ([seen("a"), seen("b", "r1", "smtcl", stated=False)], 2),
}


@pytest.mark.parametrize(("machines", "number"), LEAST.values(), ids=LEAST.keys())
def test_at_least_are_those_that_must_be_different(machines, number):
    assert least(machines, {"knuth"}) == number
    assert least(machines[::-1], {"knuth"}) == number


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("plates", "confirmed", "disputed"),
    [(("TW", "CN"), 0, 1), (("CN", None), 1, 0), (("CN", "CN"), 1, 0), (("TW", None), 0, 0)],
)
def test_plates_that_contradict_each_other_confirm_nothing(
    b, ask, plates, confirmed, disputed, order
):
    """Whichever of the sightings comes first."""
    first, second = plates[::order]
    machine = b.add("Plant 1", "knuth", "accept", origin=first, basis=first and "plate")
    b.add("Plant 1", "knuth", "accept", origin=second, basis=second and "plate", same=machine)
    found = ask()
    assert (found.counts.confirmed, found.caveat("disputed")) == (confirmed, disputed)


LEFT, RIGHT = (0, 0, 100, 300), (300, 0, 400, 300)


def stands(case: Case, clip: int, best: Any, *track: Any, of: int | None = None) -> None:
    """The sighting of a clip is best seen in one box, and stands in these from second 1 on;
    `of`: in truth it is the second one of that clip."""
    rows = [[str(second), *box, 0.9] for second, box in enumerate(track, 1)]
    values = {"box": list(best), "track": rows, "last": Fraction(len(track))}
    with case.session() as session, session.begin():
        if of is not None:
            there = select(SightingRow.analysis).where(SightingRow.footage == key("f", of))
            values |= {"analysis": session.scalar(there), "footage": key("f", of), "name": "m2"}
        mine = SightingRow.footage == key("f", clip)
        session.execute(update(SightingRow).where(mine).values(values))


def two(b: Builder) -> None:
    for _ in range(2):
        b.add("Plant 1", claim="dmtg", outcome="accept")


@pytest.mark.parametrize(
    ("first", "second", "different"),
    [
        ((LEFT, LEFT), (RIGHT, RIGHT), 2),
        ((LEFT, RIGHT), (RIGHT, LEFT), 2),  # they change places
        ((LEFT, LEFT, RIGHT), (LEFT, LEFT), 1),  # one found twice
    ],
)
def test_two_of_one_builder_are_told_apart_by_where_they_stand_at_once(
    case, b, ask, first, second, different
):
    two(b)
    b.write()
    stands(case, 1, RIGHT, *first)  # where each is best seen tells nothing of the other moments
    stands(case, 2, LEFT if different == 1 else RIGHT, *second, of=1)
    found = ask().counts
    assert (found.machines, found.confirmed) == (2, 2)
    assert (found.least, found.different) == (different, different)


def test_one_after_the_other_they_may_be_one(case, b, ask):
    two(b)
    b.write()
    stands(case, 1, LEFT, LEFT, LEFT)
    stands(case, 2, RIGHT, RIGHT, RIGHT, of=1)
    with case.session() as session, session.begin():
        rows = [["4", *RIGHT, 0.9], ["5", *RIGHT, 0.9]]
        later = {"first": Fraction(4), "last": Fraction(5), "pts": Fraction(4), "track": rows}
        session.execute(update(SightingRow).where(SightingRow.name == "m2").values(later))
    found = ask().counts
    assert (found.machines, found.least) == (2, 1)


def test_one_that_was_entered_stands_beside_one_that_was_found(case, registry, b, ask):
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.write()
    stands(case, 1, RIGHT, RIGHT, RIGHT, RIGHT)
    with case.session() as session, session.begin():
        row = session.get_one(FootageRow, key("f", 1))
        row.width, row.height = 400, 300
        for author in ("anna", "ben"):
            told, bench = Statement(builder="dmtg"), TestContext(registry, ("CN",))
            enter(session, bench, row.sha256, Fraction(2), LEFT, told, author)
    found = ask().counts
    assert (found.machines, found.confirmed, found.least) == (2, 2, 2)
