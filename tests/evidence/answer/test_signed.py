"""Verdicts that were given without a login: one person may have signed as two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from datasets.registry import Registry
from evidence.answer.case import Answers, answer_case, find_answer
from evidence.answer.exhibits import SIGNED
from evidence.answer.question import Question
from evidence.answer.report import render_answer, to_json
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.tables import Account, Item
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.review.judgement import judge, test_context
from tests.evidence.answer.conftest import Builder, judge_all

Build = Callable[[Callable[[Builder], object]], object]

TWO = (
    "verdicts of 2 reviewers were given without a login: that they are different people is not "
    "known"
)
ONE = "verdicts of 1 reviewer were given without a login: who that is is not known"
EARLIER = datetime(2020, 1, 1, tzinfo=UTC)


def fill(b: Builder) -> None:
    """A claim that two settled, and in another plant what one settled, a control."""
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.add("Plant 2", claim="mazak", outcome="accept")
    b.add("Plant 3", claim="haas")
    judge_all(b.session)


def add_account(case: Case, name: str, made: datetime, ended: datetime | None = None) -> None:
    with case.session() as session, session.begin():
        session.add(Account(name=name, role="reviewer", secret="", made=made, ended=ended))


def warnings(case: Case, registry: Registry, question: Question | None = None) -> tuple[str, ...]:
    with case.snapshot() as session:
        asked = question or Question()
        return find_answer(session, case, asked, registry, "Chinese").answer.warnings


def test_names_without_a_login_are_told_first(case: Case, registry: Registry, build: Build) -> None:
    build(fill)
    found, facts, exhibits = answer_case(case, Question(), registry, "Chinese")
    assert found.said.kind is AnswerKind.CONFIRMED
    assert found.warnings[-1] == TWO
    assert to_json(found)["warnings"][-1] == TWO
    assert TWO in render_answer(found, registry, facts, exhibits)


def test_with_accounts_nothing_is_told(case: Case, registry: Registry, build: Build) -> None:
    build(fill)
    for name in ("anna", "ben"):
        add_account(case, name, EARLIER)
    assert not [one for one in warnings(case, registry) if "login" in one]


@pytest.mark.parametrize(
    ("made", "ended"),
    [
        (datetime.now(UTC) + timedelta(days=1), None),
        (EARLIER, EARLIER + timedelta(days=1)),
    ],
    ids=["made afterwards", "closed before"],
)
def test_an_account_that_was_not_open_then_let_nobody_in(
    case: Case, registry: Registry, build: Build, made: datetime, ended: datetime | None
) -> None:
    build(fill)
    add_account(case, "anna", EARLIER)
    add_account(case, "ben", made, ended)
    assert warnings(case, registry)[-1] == ONE


@pytest.mark.parametrize("signed", [NAMED, COMMAND])
def test_a_name_that_is_only_given_is_no_login_whatever_accounts_there_are(
    case: Case, registry: Registry, build: Build, signed: str
) -> None:
    for name in ("anna", "ben"):
        add_account(case, name, EARLIER)
    build(lambda b: (b.add("Plant 1", claim="dmtg"), judge_all(b.session)))
    with case.session() as session, session.begin():
        bench = test_context(session, registry)
        key = session.scalars(select(Item.item)).one()
        judge(session, bench, key, "anna", "accept", signed=LOGIN)
        judge(session, bench, key, "ben", "accept", signed=signed)
    found, facts, exhibits = answer_case(case, Question(), registry, "Chinese")
    assert found.said.kind is AnswerKind.CONFIRMED and found.warnings[-1] == ONE
    page = render_answer(found, registry, facts, exhibits)
    assert "anna (logged in)" in page and f"ben ({SIGNED[signed]})" in page


def test_verdicts_on_other_footage_ask_for_no_warning(
    case: Case, registry: Registry, build: Build
) -> None:
    build(fill)
    assert warnings(case, registry, Question(plants=("Plant 2",)))[-1] == ONE
    asked = Question(plants=("Plant 3",))
    assert not [one for one in warnings(case, registry, asked) if "login" in one]


def test_an_answer_is_computed_anew_once_accounts_change(
    case: Case, registry: Registry, build: Build
) -> None:
    build(fill)
    for name in ("anna", "ben"):
        add_account(case, name, EARLIER)
    answers = Answers(case, registry)

    def told() -> bool:
        with case.snapshot() as session:
            found = answers.find(session, Question()).found
        return any("login" in one for one in found.answer.warnings)

    assert not told()
    with case.session() as session, session.begin():
        session.execute(update(Account).values(ended=EARLIER))
    assert told()
