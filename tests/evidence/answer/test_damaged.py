"""An answer that counts footage of which hardly anything could be decoded says so."""

from __future__ import annotations

from sqlalchemy import select

from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Recipe
from evidence.work.progress import SweepTally
from tests.evidence.answer.conftest import Ask, Builder


def damage(case: Case, recipe: Recipe, decoded: int) -> int:
    """Of one analysis so many of a hundred frames came; what a sweep says of that."""
    with case.session() as session, session.begin():
        row = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).first()
        assert row is not None
        row.frames_expected, row.frames_decoded = 100, decoded
    with case.session() as session:
        tally = SweepTally()
        tally.count(session, recipe)
        return tally.lost


def test_footage_mostly_lost_is_warned_of(case: Case, b: Builder, ask: Ask) -> None:
    for plant in ("Plant 1", "Plant 2"):
        b.add(plant, claim="mazak", outcome="accept")
    b.write()
    for decoded, lost in ((49, 1), (50, 0)):
        assert damage(case, b.recipe, decoded) == lost
        plants = ((), ("Plant 1",), ("Plant 2",))
        found = [ask(Question(plants=one)) for one in plants]
        told = [one.caveat("damaged") for one in found]
        assert told[0] == lost == sum(told[1:])  # of the plant that it shows alone
