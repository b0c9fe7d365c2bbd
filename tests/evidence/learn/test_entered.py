"""What can be learnt from machines that people entered by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from datasets.registry import Registry
from evidence.case.case import Case
from evidence.case.tables import FootageRow
from evidence.learn.export import export_judged
from evidence.learn.frames import KnownMachine, judged_frames
from evidence.review.judgement import TestContext
from evidence.review.manual_entries import Statement, enter
from tests.evidence.learn.test_export import by_name
from tests.judged import LEFT, RIGHT, SIZE, film, machine
from tests.rows import act, look

AT = Fraction(1, 2)


def put(case: Case, registry: Registry, footage: str, box: Any, **told: Any) -> None:
    act(case, enter, TestContext(registry, ("CN",)), footage, AT, box, Statement(**told), "anna")


def known(case: Case, footage: str) -> tuple[KnownMachine, ...]:
    with case.session() as session:
        (frame,) = judged_frames(session, footage)
        return frame.known


@pytest.fixture
def footage(filler, tmp_path) -> str:
    """A clip of two machines, of which the program found the left one."""
    return filler.clip(film(tmp_path / "clip.mp4", 7), [machine("m1", LEFT)])


def test_one_the_program_missed_is_a_machine_with_its_builder(case, registry, footage, tmp_path):
    put(case, registry, footage, RIGHT, builder="haas", concealed=True)
    export_judged(case, tmp_path / "out")
    (picture,) = by_name(tmp_path / "out" / "data").values()
    machines = {one.box: (one.ignore, one.builder) for one in picture.machines}
    # What nobody judged is neither learnt as a machine nor as none.
    assert machines == {LEFT: (True, None), RIGHT: (False, "haas")}


def test_over_one_that_was_found_it_says_what_that_is(case, registry, footage):
    put(case, registry, footage, (22.0, 42.0, 128.0, 158.0), builder="haas")
    (one,) = known(case, footage)
    assert (one.outcome, one.builder, one.sure) == ("builder", "haas", True)
    assert one.sighting is not None and [v.author for v in one.verdicts] == ["anna"]


def test_of_the_whole_frame_nobody_learns_where_it_is(case, registry, footage, tmp_path):
    put(case, registry, footage, None, builder="haas")
    assert [(k.sure, k.outcome) for k in known(case, footage)] == [(True, None), (False, "builder")]
    export_judged(case, tmp_path / "out")
    (picture,) = by_name(tmp_path / "out" / "data").values()
    assert {one.box: one.ignore for one in picture.machines} == {
        LEFT: True,
        (0.0, 0.0, *map(float, SIZE)): True,
    }


def test_what_waits_or_was_taken_back_teaches_nothing(case, registry, footage):
    put(case, registry, footage, RIGHT, builder="smtcl")
    assert look(case, lambda session: [*judged_frames(session, footage)]) == []


def test_of_the_whole_of_a_folders_picture_too(case, registry, footage):
    larger = (2 * SIZE[0], 2 * SIZE[1])
    with case.session() as session, session.begin():
        session.get_one(FootageRow, footage).kind = "stills"
        bench = TestContext(registry, ("CN",))
        enter(session, bench, footage, AT, None, Statement(builder="haas"), "anna", size=larger)
    entered = [one for one in known(case, footage) if one.builder == "haas"]
    assert [(one.box, one.sure) for one in entered] == [((0.0, 0.0, *larger), False)]
