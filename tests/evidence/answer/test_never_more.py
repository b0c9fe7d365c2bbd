"""Nothing is stated more strongly than what people settled bears out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from datasets.registry import Registry
from evidence.answer.answer import Answer, answer
from evidence.answer.case import answer_case
from evidence.answer.distinct import least
from evidence.answer.estimators.share_bounds import ends, pools
from evidence.answer.machines import SeenMachine
from evidence.answer.manual_entries import Entry, Found, at_least
from evidence.answer.question import Question
from evidence.answer.report.exhibits import SEVERAL
from evidence.answer.sentence import Kind
from evidence.case.case import Case
from evidence.case.sighting_tables import Copy, Membership, SightingRow
from tests.evidence.answer.conftest import Builder, key
from tests.evidence.answer.test_estimators import ONE

Build = Callable[[Callable[[Builder], None]], object]
CHINESE = Question()


def ask(case: Case, registry: Registry, question: Question = CHINESE, **more: object) -> Answer:
    return answer_case(case, question, registry, "Chinese", **more)[0]  # type: ignore[arg-type]


def hall(b: Builder) -> None:
    """Nine controls that come out, and 200 machines of other builders, of which people judged the
    first: none Chinese is there."""
    for _ in range(9):
        b.add("studio", claim="dmtg", outcome="accept")  # 1 to 9
    for plant in range(20):
        for number in range(10):
            judged = "accept" if plant == number == 0 else None
            b.add(f"Plant {plant}", claim="mazak", outcome=judged, chance=0.05)  # 10 to 209


@pytest.fixture
def controls(tmp_path: Path) -> Path:
    """The controls of `hall`."""
    listed = tmp_path / "controls.csv"
    rows = [f"/archive/{number}.mp4,dmtg" for number in range(1, 10)]
    listed.write_text("path,builder\n" + "\n".join(rows) + "\n", "utf-8")
    return listed


@pytest.mark.parametrize("later", [None, "unknown"])
def test_what_only_the_program_names_is_not_confirmed_with_the_machine(
    case: Case, registry: Registry, build: Build, later: str | None
) -> None:
    """People accepted a plate on one sighting; the builder named on another is nobody's word."""

    def fill(b: Builder) -> None:
        machine = b.add("Plant 1", origin="JP", basis="plate", outcome="accept")
        b.add("Plant 1", claim="smtcl", outcome=later, same=machine)

    build(fill)
    found = ask(case, registry)
    assert ("smtcl", "confirmed") not in found.seen and found.counts.confirmed == 0
    assert found.counts.waiting == (later is None)
    assert ask(case, registry, Question("origin", "JP")).counts.confirmed == 1


def test_two_builders_on_one_machine_are_told_as_two(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        machine = b.add("Plant 1", claim="smtcl", outcome="accept")
        b.add("Plant 1", claim="dmtg", outcome="accept", same=machine)

    build(fill)
    found, _, (exhibit,) = answer_case(case, CHINESE, registry, "Chinese")
    assert found.counts.confirmed == 1 and exhibit.name == SEVERAL
    assert found.seen == {("", "confirmed"): 1}


@pytest.mark.parametrize("outcome", ["builder", "unknown", "not-a-machine"])
def test_none_is_not_said_while_a_claim_on_a_linked_sighting_waits(
    case: Case, registry: Registry, build: Build, controls: Path, outcome: str
) -> None:
    def fill(b: Builder) -> None:
        hall(b)
        machine = b.add("Plant 1", claim="mazak", outcome=outcome, builder="mazak")
        b.add("Plant 1", claim="dmtg", same=machine)

    build(fill)
    found = ask(case, registry, controls=controls)
    assert found.counts.waiting == 1 and found.said.kind is not Kind.NONE
    assert found.bounds.most.value == pytest.approx(1 / 201)


def test_none_is_not_said_while_verdicts_disagree(
    case: Case, registry: Registry, build: Build, controls: Path
) -> None:
    def fill(b: Builder) -> None:
        hall(b)
        machine = b.add("Plant 1", claim="mazak", outcome="accept")
        b.add("Plant 1", claim="dmtg", outcome="accept", same=machine)

    build(fill)
    found = ask(case, registry, controls=controls)
    assert found.counts.disputed == 1 and found.said.kind is Kind.OPEN
    assert "verdicts disagree" in found.said.sentence


def test_none_is_not_said_of_machines_behind_sellers_badges(
    case: Case, registry: Registry, build: Build, controls: Path
) -> None:
    """MetalTec's makers are held to be Chinese, and not for sure."""

    def fill(b: Builder) -> None:
        hall(b)
        b.add("Plant 1", claim="metaltec", outcome="accept")
        b.add("Plant 2", claim="metaltec")

    build(fill)
    found = ask(case, registry, controls=controls)
    assert found.counts.untold == 2 and found.said.kind is Kind.OPEN
    assert found.bounds.most.value == pytest.approx(2 / 202)


@pytest.mark.parametrize(("outcome", "confirmed"), [("accept", 1), ("builder", 0), (None, 0)])
def test_a_plate_goes_before_a_sellers_badge(
    case: Case, registry: Registry, build: Build, outcome: str | None, confirmed: int
) -> None:
    """Who accepts the claim accepts the plate; who names the seller says nothing of it."""

    def fill(b: Builder) -> None:
        b.add("Plant 1", "metaltec", outcome, "metaltec", origin="CN", basis="plate")

    build(fill)
    found = ask(case, registry)
    assert found.counts.confirmed == confirmed
    assert found.counts.waiting == (outcome is None)


def test_a_control_counts_once(
    case: Case, registry: Registry, build: Build, tmp_path: Path
) -> None:
    """Listed twice, or in several copies, of which one was not recognised."""

    def fill(b: Builder) -> None:
        for number in range(4):
            b.add("studio", claim="dmtg" if number < 3 else None)
        b.copy(1, 2)
        b.copy(3, 4)
        b.add("studio", claim="dmtg")  # a copy of the first that is on no list
        b.copy(1, 5)
        b.add("Plant 1", claim="mazak")

    build(fill)
    listed = tmp_path / "controls.csv"
    rows = [f"/archive/{number}.mp4,dmtg" for number in (1, 1, 2, 3, 4)]
    listed.write_text("path,builder\n" + "\n".join(rows) + "\n", "utf-8")
    found = ask(case, registry, controls=listed)
    assert (found.controls.hits, found.controls.of) == (1, 2)
    assert found.counts.machines == 1


def test_a_compilation_that_holds_a_control_is_not_left_out(
    case: Case, registry: Registry, build: Build, tmp_path: Path
) -> None:
    """Nor is what else it holds: it has nothing to do with the control."""

    def fill(b: Builder) -> None:
        b.add("studio", claim="dmtg")
        b.add("Plant 1", claim="dmtg", outcome="accept")
        b.add("Plant 2", claim="dmtg", outcome="accept")
        b.copy(1, 2, 0.3)
        b.copy(2, 3, 0.3)

    build(fill)
    with case.session() as session, session.begin():
        for row in session.query(Copy):  # the second holds the two others whole
            for side in ("a", "b"):
                if getattr(row, side) != key("f", 2):
                    setattr(row, f"share_{side}", 1.0)
    listed = tmp_path / "controls.csv"
    listed.write_text("path,builder\n/archive/1.mp4,dmtg\n", "utf-8")
    found = ask(case, registry, controls=listed)
    assert (found.controls.of, found.counts.confirmed) == (1, 2)


def test_what_was_not_linked_yet_counts_all_the_same(
    case: Case, registry: Registry, build: Build, controls: Path
) -> None:
    """A sweep was stopped before it linked: a claim waits, and another was accepted."""

    def fill(b: Builder) -> None:
        hall(b)
        b.add("Plant 1", claim="dmtg")
        b.add("Plant 2", claim="dmtg", outcome="accept")

    build(fill)
    for clip in (210, 211):
        with case.session() as session, session.begin():
            sighting = session.query(SightingRow).filter_by(footage=key("f", clip)).one().key
            session.query(Membership).filter_by(sighting=sighting).delete()
        found, _, exhibits = answer_case(case, CHINESE, registry, "Chinese", controls)
        assert (found.counts.confirmed, found.counts.waiting) == (1, 1)
        assert found.counts.machines == 202 and len(exhibits) == 1
        assert any("not linked to others yet" in one for one in found.warnings)


def test_small_and_large_letters_make_no_other_plant(
    case: Case, registry: Registry, build: Build
) -> None:
    build(lambda b: [b.add(name, "dmtg", "accept") for name in ("Plant 1", "plant  1", "Plant 1")])
    found = ask(case, registry)
    assert [row.plant for row in found.plants] == ["Plant 1"] and found.counts.plants == 1


BOX, ELSEWHERE = (0.0, 0.0, 50.0, 50.0), (60.0, 0.0, 90.0, 50.0)
A, B = ("f", 0, BOX), ("f", 0, ELSEWHERE)


def seen(
    id: str,
    plant: str = "p",
    builder: str | None = "dmtg",
    *views: tuple[str, int, tuple[float, float, float, float]],
    stated: bool = True,
    recording: str = "",
) -> SeenMachine:
    """`views`: footage, second and box."""
    times = tuple((footage, ((Fraction(at), box),)) for footage, at, box in views)
    return replace(
        ONE, id=id, plant=plant, stated=stated, settled=True, hit=True, builder=builder,
        views=times or ((id, ((Fraction(0), BOX),)),), recordings=frozenset({recording or id}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("machines", "number"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([seen("a"), seen("b")], 1, id="two shots may show one"),
        pytest.param(
            [seen("a", "p", "dmtg", A), seen("b", "p", "dmtg", B)], 2, id="in two places at once"
        ),
        pytest.param(
            [seen("a", "p", "dmtg", A), seen("b", "p", "dmtg", A)], 1, id="one found twice"
        ),
        pytest.param(
            [
                seen("a", "p", "dmtg", A, ("f", 2, BOX)),
                seen("b", "p", "dmtg", ("f", 1, ELSEWHERE)),
            ],
            1,
            id="between two sights of one",
        ),
        pytest.param([seen("a"), seen("b", "p", "smtcl")], 2, id="two builders"),
        pytest.param([seen("a"), seen("b", "p", "knuth")], 1, id="a seller is no builder"),
        pytest.param([seen("a"), seen("b", "p", None)], 1, id="one may be the other's"),
        pytest.param(
            [seen("a", "p", "dmtg", A), seen("b", "p", None, B)],
            2,
            id="not if they are seen together",
        ),
        pytest.param([seen("a"), seen("b", "q")], 2, id="two plants"),
        pytest.param(
            [seen("a", recording="r"), seen("b", "q", recording="r")],
            1,
            id="one recording under two plants' names",
        ),
        pytest.param(
            [seen("a"), seen("b", "r1", stated=False), seen("c", "r2", stated=False)],
            1,
            id="nobody says of which plant",
        ),
        pytest.param(
            [seen("a"), seen("b", "r1", "smtcl", stated=False)], 2, id="but of another builder"
        ),
    ],
)
def test_at_least_are_those_that_must_be_different(
    machines: list[SeenMachine], number: int
) -> None:
    assert least(machines, {"knuth"}) == number
    assert least(machines[::-1], {"knuth"}) == number


def test_plants_that_share_a_recording_are_one_in_the_sentence(registry: Registry) -> None:
    """A clip and its copy stand in two lists, under two plants' names, and a third names none."""
    machines = [
        seen("a", recording="r"),
        seen("b", "q", recording="r"),
        seen("c", "r", stated=False, recording="r"),
    ]
    said = answer(CHINESE, machines, registry, "Chinese").said
    assert said.sentence == "Confirmed: at least 1 machine of Chinese make in 1 plant."


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("plates", "confirmed", "disputed"),
    [(("TW", "CN"), 0, 1), (("CN", None), 1, 0), (("CN", "CN"), 1, 0), (("TW", None), 0, 0)],
)
def test_plates_that_contradict_each_other_confirm_nothing(
    case: Case, registry: Registry, build: Build, plates: tuple[str | None, str | None],
    confirmed: int, disputed: int, order: int,
) -> None:  # fmt: skip
    """Whichever of the sightings comes first."""

    def fill(b: Builder) -> None:
        first, second = plates[::order]
        machine = b.add("Plant 1", "knuth", "accept", origin=first, basis=first and "plate")
        b.add("Plant 1", "knuth", "accept", origin=second, basis=second and "plate", same=machine)

    build(fill)
    found = ask(case, registry)
    assert (found.counts.confirmed, found.counts.disputed) == (confirmed, disputed)


def test_the_sentence_counts_those_and_a_warning_says_so(
    case: Case, registry: Registry, build: Build
) -> None:
    build(lambda b: [b.add("Plant 1", "dmtg", "accept") for _ in range(3)])
    found = ask(case, registry)
    assert found.counts.confirmed == 3
    assert found.said.sentence == "Confirmed: at least 1 machine of Chinese make in 1 plant."
    (told,) = [one for one in found.warnings if "must be different" in one]
    assert told.startswith("3 machines are counted as confirmed, and 1 of them")


def test_only_what_is_in_the_very_frame_stands_beside() -> None:
    """One found a moment before, elsewhere in the picture, may be the one that was entered."""
    found = replace(ONE, id="m", plant="p", settled=True, hit=True, builder="dmtg")
    one = replace(found, id="entered-1", entered=True)
    entry = Entry("entered-1", "p", "f", "11", (), "confirmed", "dmtg", False, None, None, True, ())
    for beside, number in ((False, 1), (True, 2)):
        near = {entry.id: [Found("m", False, 0.0, beside)]}
        assert len(at_least([found], [(entry, one)], near)) == number


def test_who_takes_the_place_of_a_claim_does_not_silence_it() -> None:
    """Somebody enters a Haas over a machine whose claim for the kind waits for others."""
    claim = replace(ONE, id="m", plant="p", claim="dmtg", claimed=True, waiting=True)
    one = replace(ONE, id="entered-1", plant="p", settled=True, hit=False, builder="haas",
                  entered=True)  # fmt: skip
    entry = Entry("entered-1", "p", "f", "1", (), "confirmed", "haas", False, None, None, False, ())
    whole = at_least([claim], [(entry, one)], {entry.id: [Found("m", True, 0.9)]})
    (stands,) = [m for m in whole if not m.stood_in]
    assert stands.id == "entered-1" and stands.waiting and stands.hit is None


def test_machines_drawn_with_unlike_chances_are_not_pooled() -> None:
    """Of the Chinese machines every second was judged, of the German ones one in twenty; which are
    Japanese is asked: 0 and 40 %, of as many machines each."""
    machines = []
    for plant in range(20):
        for number in range(100):
            flagged = number < 50
            judged = number % (2 if flagged else 20) == 0
            machines.append(
                replace(
                    ONE,
                    id=f"{plant}-{number}",
                    plant=f"plant {plant}",
                    claim="dmtg" if flagged else "dmg",
                    claimed=False,
                    flagged=flagged,
                    lane="named",
                    settled=judged,
                    drawn=judged,
                    hit=not flagged and (plant + number // 20) % 5 < 2 if judged else None,
                    chance=0.5 if flagged else 0.05,
                )
            )
    low, high = ends(machines)
    assert low.value == pytest.approx(0.2, abs=0.02)
    assert low.low < 0.2 < high.high


def test_a_pool_of_which_none_was_judged_joins_another_of_its_stratum() -> None:
    few = [replace(ONE, id=str(n), claim="dmg", claimed=False, lane="unknown") for n in range(2)]
    many = [
        replace(one, id=f"x{one.id}", lane="named", drawn=True, settled=True, hit=False)
        for one in few
    ]
    assert len(set(pools(few + many))) == 1
    assert ends(few + many)[0].value == 0.0
    dark = replace(ONE, id="dark", lane="unknown")
    assert len(set(pools([*few, *many, dark]))) == 2
