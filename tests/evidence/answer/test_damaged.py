"""An answer that counts footage of which hardly anything could be decoded says so."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.case import answer_case
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Recipe
from evidence.work.progress import SweepTally, count_found
from tests.evidence.answer.conftest import Builder

Build = Callable[[Callable[[Builder], None]], Recipe]


def fill(b: Builder) -> None:
    b.add("Plant 1", claim="mazak", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")


def damage(case: Case, recipe: Recipe, decoded: int) -> int:
    """Of one analysis so many of a hundred frames came; what a sweep says of that."""
    with case.session() as session, session.begin():
        row = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).first()
        assert row is not None
        row.frames_expected, row.frames_decoded = 100, decoded
    with case.session() as session:
        tally = SweepTally()
        count_found(session, recipe, tally)
        return tally.lost


def test_footage_mostly_lost_is_warned_of(case: Case, registry: Registry, build: Build) -> None:
    assert damage(case, build(fill), 49) == 1
    asked = [Question(), Question(plants=("Plant 1",)), Question(plants=("Plant 2",))]
    told = [
        [word for word in answer_case(case, one, registry, "Chinese")[0].warnings if "lost" in word]
        for one in asked
    ]
    said = "1 piece of footage is damaged, and most of its frames are lost"
    assert told[0] == [said]
    assert sorted(told[1:]) == [[], [said]]  # of the plant that it shows alone


def test_a_few_frames_lost_warn_of_nothing(case: Case, registry: Registry, build: Build) -> None:
    assert damage(case, build(fill), 50) == 0
    warnings = answer_case(case, Question(), registry, "Chinese")[0].warnings
    assert not [word for word in warnings if "lost" in word]
