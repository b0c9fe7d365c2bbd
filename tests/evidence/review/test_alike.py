"""Which others a machine is held against: the same in every database, whatever came first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from datasets.registry import Registry
from detector.types import Analysis
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import Link, SightingRow
from evidence.review import lookalikes
from evidence.review.lookalikes import SHOWN, look_alikes
from tests.evidence.review.conftest import named, nameless, survey_of

Store = Callable[..., str]


@pytest.fixture
def shown(case: Case) -> Callable[[str], list[str]]:
    """The keys of what is shown beside a sighting."""

    def look(key: str) -> list[str]:
        with case.session() as session:
            rows = session.scalars(select(SightingRow).where(SightingRow.key == key)).all()
            return [one["sighting"] for one in look_alikes(session, rows)[key]]

    return look


def test_of_a_builder_those_whose_keys_come_first_are_looked_at(
    store: Store, shown: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"{store(word, [named('m1', 'mazak')])}:m1" for word in ("a", "b", "c", "d", "e")]
    monkeypatch.setattr(lookalikes, "LOOKED_AT", 2)
    first = sorted(keys)[:2]
    assert keys[:2] != first, "another order than that in which they came"
    assert [shown(key) for key in keys if key not in first] == [first] * 3


def test_what_another_model_found_is_not_held_against_it(
    case: Case,
    analysis: Analysis,
    registry: Registry,
    store: Store,
    shown: Callable[[str], list[str]],
) -> None:
    """After a case was looked at anew it would be the machine itself, once more."""
    key = f"{store('a', [named('m1', 'mazak')])}:m1"
    again = survey_of(analysis, "a", [named("m1", "mazak")])
    with case.session() as session, session.begin():
        anew = replace(again, analysis=replace(again.analysis, model_hash="ee" * 32))
        record_survey(session, case, anew, registry)
    assert shown(key) == []
    other = f"{store('b', [named('m1', 'mazak')])}:m1"
    assert shown(key) == [other]


def test_of_ties_of_one_strength_those_whose_keys_come_first_are_shown(
    case: Case, store: Store, shown: Callable[[str], list[str]]
) -> None:
    words = [f"clip {number}" for number in range(20)]
    keys = sorted(f"{store(word, [nameless('m1')])}:m1" for word in words)
    with case.session() as session, session.begin():
        for other in reversed(keys[1:]):
            session.add(Link(a=keys[0], b=other, kind="place", score=0.5, reason="points agree"))
            session.flush()
    assert shown(keys[0]) == keys[1 : 1 + SHOWN]
