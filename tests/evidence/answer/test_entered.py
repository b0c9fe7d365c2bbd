"""Machines entered by hand: at the least in what was seen, in no share that is estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from evidence.answer.answer import Answer
from evidence.answer.question import Question
from evidence.answer.report import render_answer
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow, Verdict
from evidence.case.tables import FootageRow, Item
from evidence.review.judgement import TestContext, doubt, judge, withdraw
from evidence.review.manual_entries import Statement, enter
from tests.evidence.answer.conftest import key

Put = Callable[..., Verdict]
CHINESE = Question()
WIDTH, HEIGHT = 400, 300
LEFT, MIDDLE, RIGHT = (0, 0, 100, 300), (150, 0, 250, 300), (300, 0, 400, 300)


@pytest.fixture
def put(case, registry) -> Put:
    """`put(clip, "anna", builder=...)` enters a machine in the clip added as that number."""
    bench = TestContext(registry, ("CN",))

    def run(clip: int, author: str = "anna", box: Any = LEFT, pts: int = 1, **told: Any) -> Verdict:
        with case.session() as session, session.begin():
            row = session.get_one(FootageRow, key("f", clip))
            row.width, row.height = WIDTH, HEIGHT
            told_ = Statement(**told)
            return enter(session, bench, row.sha256, Fraction(pts), box, told_, author)

    return run


def place(case: Case, clip: int, box: tuple[int, ...]) -> None:
    """Where the sighting of a clip stands."""
    with case.session() as session, session.begin():
        row = session.query(SightingRow).filter_by(footage=key("f", clip)).one()
        row.box = list(box)


def counts(found: Answer) -> tuple[int, int, int]:
    return found.counts.machines, found.counts.confirmed, found.counts.probable


def test_two_people_confirm_and_one_does_not(b, ask, put):
    b.frame("Plant 1")
    b.write()
    put(1, "anna", builder="dmtg", control="ctl-fanuc")
    found = ask()
    assert counts(found) == (1, 0, 1) and found.said.kind is AnswerKind.PROBABLE
    assert found.counts.probable == 1
    (entry,) = found.entered
    assert (entry.state, entry.builder, entry.control, entry.authors) == ("waits", None, None, ())
    assert [(one.builder, one.status) for one in found.seen] == [(None, "probable")], (
        "whoever has to agree is not told what was said"
    )
    put(1, "ben", builder="dmtg")
    found = ask()
    assert counts(found) == (1, 1, 0)
    assert found.said.sentence.startswith("1 machine of Chinese make confirmed in 1 plant, ")
    (entry,) = found.entered
    assert (entry.control, entry.hit, entry.counted) == ("ctl-fanuc", True, True)
    assert ask(Question("origin", "JP")).counts.confirmed == 0


def test_none_is_in_an_estimate(b, ask, put):
    for plant in range(8):
        b.add(f"Plant {plant}", claim="dmtg", outcome="accept")
        b.add(f"Plant {plant}", claim="mazak", outcome="accept", chance=0.5)
        b.add(f"Plant {plant}")
        b.frame(f"Plant {plant}", "missed" if plant == 1 else "nothing", views=3)
    before = ask()
    for plant in range(8):
        clip = 4 * plant + 4
        put(clip, "anna", builder="smtcl")
        put(clip, "ben", builder="smtcl")
    after = ask()
    assert after.counts.confirmed == before.counts.confirmed + 8
    assert after.counts.machines == before.counts.machines + 8
    counted = ("seen", "counts", "said", "plants", "years", "warnings", "caveats", "entered")
    assert replace(after, **{name: getattr(before, name) for name in counted}) == before
    assert after.caveat("entered") == 8


def test_at_the_place_of_one_that_was_found_it_is_that_one(case, b, ask, put):
    b.add("Plant 1")
    b.write()
    place(case, 1, (10, 10, 95, 290))
    put(1, builder="haas", concealed=True)
    found = ask(Question("builder", "haas"))
    assert counts(found) == (1, 1, 0)
    assert (found.found_low.low, found.found_high.high) == (0, 1)
    assert found.plants[0].machines == 1 and found.entered[0].counted


def test_what_people_settled_in_the_review_stands(case, registry, b, read, put):
    b.add("Plant 1", claim="mazak", outcome="accept")
    b.write()
    place(case, 1, LEFT)
    put(1, builder="haas")
    whole = read(Question("builder", "haas"))
    (entry,), (machine,) = whole.answer.entered, whole.machines
    assert counts(whole.answer) == (1, 0, 0) and not entry.counted
    assert (entry.machine, entry.differs) == (machine.id, True)
    page = render_answer(whole, registry)
    assert f"already, as the machine found at its place: <code>{machine.id[:10]}</code>" in page
    assert "The two verdicts differ, and that of the review stands." in page


def test_the_whole_frame_may_show_the_machine_that_was_found_in_it(case, b, ask, put):
    b.add("Plant 1")
    b.add("Plant 2", claim="mazak", outcome="accept")
    b.write()
    for clip in (1, 2):
        place(case, clip, RIGHT)
        put(clip, box=None, builder="haas")
    found = ask(Question("builder", "haas"))
    # A Mazak that people settled is no Haas: in the second clip there are two.
    assert counts(found) == (3, 2, 0)


def test_views_of_one_machine_are_a_range_in_the_sentence(b, ask, put):
    """Three entered in three frames may be one machine; two in one frame are two."""
    for _ in range(3):
        b.frame("Plant 1")
    b.write()
    haas = Question("builder", "haas")
    put(1, builder="haas")
    put(1, builder="haas", pts=3)
    put(2, builder="haas", box=RIGHT)
    found = ask(haas)
    assert (counts(found), found.counts.least) == ((3, 3, 0), 1)
    assert found.said.sentence.startswith("1 to 3 machines of Haas make confirmed in 1 plant, ")
    put(3, builder="haas", box=LEFT)
    put(3, builder="haas", box=RIGHT)
    found = ask(haas)
    assert (counts(found), found.counts.least) == ((5, 5, 0), 2)


def test_who_takes_the_place_of_a_claim_does_not_silence_it(case, b, ask, put):
    """Somebody enters a Haas over a machine whose claim for China waits for others."""
    b.add("Plant 1", claim="dmtg")
    b.write()
    place(case, 1, LEFT)
    put(1, builder="haas", box=(2, 2, 98, 298))
    found = ask()
    assert counts(found) == (1, 0, 1) and found.entered[0].counted


def test_what_is_no_machine_or_taken_back_is_none(case, registry, b, ask, put):
    b.frame("Plant 1")
    b.frame("Plant 2")
    b.write()
    row = put(1, builder="haas")
    other = put(2, builder="haas")
    with case.session() as session, session.begin():
        withdraw(session, row.number, "anna")
        item = session.query(Item).filter_by(sighting=other.sighting).one().item
        doubt(session, item, "ben")
        for person in ("ben", "carla"):
            judge(session, TestContext(registry, ("CN",)), item, person, "not-a-machine")
    found = ask()
    assert found.counts.machines == 0 and found.entered == ()


def test_a_plate_counts_when_as_many_say_so_as_the_origin_needs(b, ask, put):
    for plant in range(3):
        b.frame(f"Plant {plant}")
    b.write()
    chinese = Question("production", "CN")
    put(1, builder="tsugami", made="CN")
    assert ask(chinese).counts.probable == 1
    put(1, "ben", builder="tsugami")  # of where it was built he says nothing
    assert counts(ask(chinese)) == (1, 0, 0)
    put(2, "anna", builder="tsugami", made="CN")
    put(2, "ben", builder="tsugami", made="CN")
    assert counts(ask(chinese)) == (2, 1, 0)
    assert ask().counts.confirmed == 0  # the builder is at home in Japan
    assert ask(Question("origin", "JP")).counts.confirmed == 2
    # Where a machine was built does not tell whose it is.
    put(3, "anna", made="CN")
    put(3, "ben", made="CN")
    assert counts(ask(chinese)) == (3, 2, 0) and ask().counts.confirmed == 0


def test_the_report_names_each(registry, b, read, put):
    b.frame("Plant <1>")
    b.write()
    put(1, builder="haas", concealed=True, control="ctl-fanuc", made="US")
    whole = read(Question("origin", "US"))
    page = render_answer(whole, registry)
    assert "Entered by hand" in page and "concealed, builder from a second cue" in page
    assert "Plant &lt;1&gt;" in page and "FANUC" in page
    (exhibit,) = whole.exhibits
    ((_, (verdict,)),) = [line for line in exhibit.trace if line[0].startswith("verdict")]
    assert "concealed (Haas): anna (" in verdict and exhibit.pictures == ()
