"""The audit sample is what its plan draws; whatever was put into it by hand is told of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from itertools import count
from typing import Any

import pytest
from sqlalchemy import insert, select

from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.row_checks import Finding
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Draw
from evidence.review.audit import RATES, SEED, AuditMember, AuditPlan, chosen, frame_item
from evidence.review.items import rebuild


@cache
def half_of(analysis: str) -> AuditPlan:
    """A plan that draws some of an analysis' sightings, and not all, whatever the settings are: its
    name follows from them."""
    named = [AuditMember(f"{analysis}:m{n}", "sighting-named", Fraction(1)) for n in range(1, 5)]
    plans = (AuditPlan(seed, dict.fromkeys(RATES, 0.5)) for seed in count())
    return next(plan for plan in plans if len({chosen(plan, one) for one in named}) == 2)


def told(case: Case) -> list[Finding]:
    return [one for one in check(case) if "draw" in str(one) or "sample" in str(one)]


@pytest.fixture
def drawn(case: Case, store: Callable[..., str]) -> str:
    """An analysis of which some sightings and frames were drawn, and some were not."""
    key = store(frames=12)
    with case.session() as session, session.begin():
        rebuild(session, half_of(key))
        strata = set(session.scalars(select(Draw.stratum)))
        assert "frame" in strata and len(strata) > 1
    assert told(case) == []
    return key


def put(case: Case, **values: Any) -> None:
    """A draw of somebody's own, and the items made anew, so that nothing else gives it away."""
    with case.session() as session, session.begin():
        footage = session.scalars(select(AnalysisRow.footage)).one()
        seed = session.scalars(select(Draw.seed)).first() or SEED
        row = {"footage": footage, "probability": 0.5, "seed": seed, "made": datetime.now(UTC)}
        session.execute(insert(Draw), [row | values])
        rebuild(session)


def undrawn(case: Case, analysis: str) -> dict[str, Any]:
    """A sighting that the plan does not draw, as the row of a draw."""
    for name, stratum in (("m1", "claim"), ("m2", "claim"), ("m3", "named"), ("m4", "unknown")):
        member = AuditMember(f"{analysis}:{name}", f"sighting-{stratum}", Fraction(1))
        if not chosen(half_of(analysis), member):
            row = {"item": member.item, "sighting": member.item, "analysis": analysis}
            return row | {"pts": member.pts, "stratum": member.stratum}
    raise AssertionError("all of them are drawn")


@pytest.mark.parametrize("probability", [0.5, 1.0, 0.01])
def test_a_sighting_put_into_the_sample(case: Case, drawn: str, probability: float) -> None:
    row = undrawn(case, drawn)
    put(case, **row | {"probability": probability})
    (finding,) = told(case)
    assert finding.wrong and finding.about == f"draw {row['item']}"
    assert "put into the audit sample" in finding.what and "do not estimate" in finding.todo


def test_a_frame_put_into_the_sample(case: Case, drawn: str) -> None:
    """One that the plan does not draw, and one at a time that was made to be drawn."""
    times = (Fraction(n, 1000) for n in range(1, 100))
    made = next(pts for pts in times if chosen(half_of(drawn), frame(drawn, pts)))
    with case.session() as session:
        there = set(session.scalars(select(Draw.pts).where(Draw.stratum == "frame")))
    known = next(
        pts for pts in map(Fraction, range(3, 12)) if not chosen(half_of(drawn), frame(drawn, pts))
    )
    assert known not in there
    for pts in (made, known):
        row = {"item": frame_item(drawn, pts), "pts": pts, "stratum": "frame"}
        put(case, **row | {"sighting": None, "analysis": drawn})
    findings = told(case)
    assert len(findings) == 2 and all(one.wrong for one in findings)


def test_a_draw_of_footage_that_was_never_looked_at(case: Case, drawn: str) -> None:
    put(case, **undrawn(case, drawn) | {"analysis": "ef" * 16})
    (finding,) = told(case)
    assert finding.wrong and "no analysis" in finding.what


def frame(analysis: str, pts: Fraction) -> AuditMember:
    return AuditMember(frame_item(analysis, pts), "frame", pts)
