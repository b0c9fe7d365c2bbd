"""Verdicts are added; none is changed or taken out unnoticed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from datasets.errors import UsageError
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow, Verdict
from evidence.case.verdicts import FIRST, LOGIN, append, digest_of, head, verify
from tests.rows import look

pytestmark = pytest.mark.databases


@pytest.fixture
def judged(swept) -> Case:
    """A case with three verdicts, the last on the same sighting as the first."""
    with swept.session() as session, session.begin():
        sighting = session.scalars(select(SightingRow).where(SightingRow.name == "m1")).one()
        about = {"footage": sighting.footage, "pts": sighting.pts, "sighting": sighting.key}
        append(session, **about, verdict="confirmed", builder="mazak", author="Анна", seconds=2.5)
        append(
            session,
            footage=sighting.footage,
            pts=Fraction(1, 3),
            box=(1, 2.5, 3, 4),
            verdict="missed",
            author="Ben",
            note="nul\0byte",
        )
        append(session, **about, verdict="rejected", author="Ben", supersedes=1)
    return swept


def test_each_verdict_tells_what_it_found(judged):
    with judged.session() as session:
        first, second, third = session.scalars(select(Verdict).order_by(Verdict.number))
        assert (first.number, first.previous, first.before["builder"]) == (1, FIRST, "mazak")
        assert (set(second.before), second.box) == ({"salt"}, [1.0, 2.5, 3.0, 4.0])
        assert (third.supersedes, third.before["verdict"]["author"]) == (1, "Анна")
        assert third.previous == second.digest
        assert head(session) == (3, third.digest)
        assert verify(session) == []


def test_how_the_author_was_known_cannot_be_changed_either(judged):
    with judged.session() as session:
        first = session.get_one(Verdict, 1)
        # As a verdict from before it was kept: its digest is what it was.
        assert first.signed is None and digest_of(first) == first.digest
        first.signed = LOGIN
        assert digest_of(first) != first.digest
        session.rollback()


def test_no_digest_lets_guess_what_was_said(judged):
    """It is told while the words are not: whoever tried them all would know which fit."""
    with judged.session() as session:
        for row in session.scalars(select(Verdict)):
            digits = row.before["salt"]
            row.before = {name: said for name, said in row.before.items() if name != "salt"}
            assert digest_of(row) != row.digest and len(digits) == 32
            row.before |= {"salt": "0" * 32}
            assert digest_of(row) != row.digest
        session.rollback()


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE verdicts SET builder = 'haas' WHERE number = 1",
        "DELETE FROM verdicts WHERE number = 3",
        "DELETE FROM verdicts",
    ],
)
def test_the_database_refuses_to_change_one(judged, words):
    with (
        pytest.raises(DBAPIError, match="only ever added"),
        judged.session() as session,
        session.begin(),
    ):
        session.execute(text(words))
    assert look(judged, head)[0] == 3


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("UPDATE verdicts SET builder = 'haas' WHERE number = 1", "verdict 1: not as it was given"),
        ("UPDATE verdicts SET made = '2020-01-01 00:00:00' WHERE number = 2", "verdict 2: not as"),
        ("DELETE FROM verdicts WHERE number = 2", "verdict 2: missing"),
        ("DELETE FROM verdicts WHERE number = 1", "verdict 1: missing"),
    ],
)
def test_one_changed_behind_the_guard_is_noticed(judged, words, wrong):
    with judged.session() as session, session.begin():
        if judged.on_server:
            session.execute(text("ALTER TABLE verdicts DISABLE TRIGGER ALL"))
        else:
            for event in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER verdicts_no_{event}"))
        session.execute(text(words))
    assert any(wrong in line for line in look(judged, verify))


def test_a_verdict_is_about_something_and_by_somebody(judged):
    about = {"footage": "ab" * 32, "pts": Fraction(0), "verdict": "confirmed"}
    for more in (
        {"author": " "},
        {"author": "Anna", "sighting": "none:m1"},
        {"author": "Anna", "supersedes": 77},
    ):
        with pytest.raises(UsageError), judged.session() as session, session.begin():
            append(session, **about, **more)
