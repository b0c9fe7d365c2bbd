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
from evidence.case.sighting_tables import SightingRow
from evidence.review.lookalikes import look_alikes
from tests.evidence.review.conftest import named, survey_of

Store = Callable[..., str]


@pytest.fixture
def shown(case: Case) -> Callable[[str], list[str]]:
    """The keys of what is shown beside a sighting."""

    def look(key: str) -> list[str]:
        with case.session() as session:
            rows = session.scalars(select(SightingRow).where(SightingRow.key == key)).all()
            return [one["sighting"] for one in look_alikes(session, rows)[key]]

    return look


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
