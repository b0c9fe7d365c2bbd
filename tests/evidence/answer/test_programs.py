"""An answer that rests on what several versions of the program found says so."""

from __future__ import annotations

from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.question import Question
from evidence.answer.report import render_answer
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from tests.evidence.answer.conftest import Ask, Builder, Read

THIS, OTHER = "0", "0.1.0"  # the first looked at all that the builder puts into a case


def test_several_are_told_where_they_looked_at_what_is_counted(
    case: Case, registry: Registry, b: Builder, read: Read, ask: Ask
) -> None:
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")
    b.write()
    with case.session() as session, session.begin():
        row = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).first()
        assert row is not None
        row.nameplate = OTHER
    whole = read()
    (told,) = [one for one in whole.answer.warnings if "version" in one]
    assert told.startswith("versions of the program that looked at the footage: 2")
    assert whole.facts.programs == (THIS, OTHER)
    assert f"{THIS}, {OTHER}<" in render_answer(whole, registry)
    alone = [ask(Question(plants=(plant,))).warnings for plant in ("Plant 1", "Plant 2")]
    assert not [one for warnings in alone for one in warnings if "version" in one]
