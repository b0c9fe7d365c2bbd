"""What an answer rests on is told: versions of the program, footage mostly lost, and verdicts that
were given without a login, where one person may have signed as two."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from evidence.answer.question import Question
from evidence.answer.report import SIGNED, render_answer
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Item, Recipe
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.review.judgement import judge, test_context
from evidence.work.progress import SweepTally
from tests.evidence.answer.conftest import judge_all

THIS, OTHER = "0", "0.1.0"  # the first looked at all that the builder puts into a case


def test_several_are_told_where_they_looked_at_what_is_counted(case, registry, b, read, ask):
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


def test_footage_mostly_lost_is_warned_of(case, b, ask):
    for plant in ("Plant 1", "Plant 2"):
        b.add(plant, claim="mazak", outcome="accept")
    b.write()
    for decoded, lost in ((49, 1), (50, 0)):
        assert damage(case, b.recipe, decoded) == lost
        plants = ((), ("Plant 1",), ("Plant 2",))
        told = [ask(Question(plants=one)).caveat("damaged") for one in plants]
        assert told[0] == lost == sum(told[1:])  # of the plant that it shows alone


TOLD = "reviewers who judged without a login: {}; who they are is not known"


def test_verdicts_without_a_login_on_this_footage_are_counted(registry, b, read):
    """A claim that two settled, in another plant what one settled, and a machine nobody judged."""
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")
    b.add("Plant 3", claim="haas")
    judge_all(b.session)
    for plants, number in (((), 2), (("Plant 2",), 1), (("Plant 3",), 0)):
        found = read(Question(plants=plants))
        assert found.answer.caveat("no_login") == number
        assert (TOLD.format(number) in render_answer(found, registry)) == bool(number)


@pytest.mark.parametrize("signed", [NAMED, COMMAND])
def test_a_name_that_is_only_given_is_no_login(case, registry, b, read, signed):
    b.add("Plant 1", claim="dmtg")
    judge_all(b.session)
    b.write()
    with case.session() as session, session.begin():
        bench = test_context(session, registry)
        key = session.scalars(select(Item.item)).one()
        judge(session, bench, key, "anna", "accept", signed=LOGIN)
        judge(session, bench, key, "ben", "accept", signed=signed)
    found = read()
    assert found.answer.said.kind is AnswerKind.CONFIRMED
    assert found.answer.warnings[-1] == TOLD.format(1)
    page = render_answer(found, registry)
    assert "anna (logged in)" in page and f"ben ({SIGNED[signed]})" in page
