"""An answer that rests on what several versions of the program found says so."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, render_answer
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import answer_case

Build = Callable[[Callable[[Builder], None]], object]
THIS, OTHER = "0", "0.1.0"  # the first looked at all that the builder puts into a case


def fill(b: Builder) -> None:
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")


def test_several_are_told_where_they_looked_at_what_is_counted(
    case: Case, registry: Registry, build: Build
) -> None:
    build(fill)
    with case.session() as session, session.begin():
        row = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).first()
        assert row is not None
        row.nameplate = OTHER
    found, facts, exhibits = answer_case(case, Question(), registry)
    (told,) = [one for one in found.warnings if "version" in one]
    assert told.startswith("versions of the program that looked at the footage: 2")
    assert facts.programs == (THIS, OTHER)
    assert f"{THIS}, {OTHER}<" in render_answer(CaseAnswer(found, facts, [], exhibits), registry)
    alone = [
        answer_case(case, Question(plants=(plant,)), registry)[0].warnings
        for plant in ("Plant 1", "Plant 2")
    ]
    assert not [one for warnings in alone for one in warnings if "version" in one]
