"""Verdicts that were given without a login: one person may have signed as two."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.question import Question
from evidence.answer.report import SIGNED, render_answer
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.tables import Item
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.review.judgement import judge, test_context
from tests.evidence.answer.conftest import Builder, Read, judge_all

TOLD = "reviewers who judged without a login: {}; who they are is not known"


def test_verdicts_without_a_login_on_this_footage_are_counted(
    registry: Registry, b: Builder, read: Read
) -> None:
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
def test_a_name_that_is_only_given_is_no_login(
    case: Case, registry: Registry, b: Builder, read: Read, signed: str
) -> None:
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
