"""The audit sample: how it is drawn, and that a check finds what was put into it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from datasets.errors import UsageError
from evidence.case.case import Case
from evidence.case.check import Finding, check
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Draw, Item
from evidence.review import audit
from evidence.review.items import AUDIT, rebuild
from tests.rows import act, fetch, look

EVERY = audit.AuditPlan(rates=dict.fromkeys(audit.RATES, 1.0))


@pytest.mark.parametrize("stratum", audit.RATES)
def test_as_many_are_drawn_as_the_probability_says(stratum):
    number = 40_000
    plan = audit.AuditPlan()
    drawn = sum(
        audit.chosen(plan, audit.AuditMember(f"{n:032x}:m1", stratum, Fraction(0)))
        for n in range(number)
    )
    rate = audit.RATES[stratum]
    deviation = (number * rate * (1 - rate)) ** 0.5
    assert abs(drawn - number * rate) < 4 * deviation


def test_another_seed_draws_others():
    members = [audit.AuditMember(f"{n:032x}:m1", "sighting-claim", Fraction(0)) for n in range(500)]
    first = {one.item for one in members if audit.chosen(audit.AuditPlan(), one)}
    second = {one.item for one in members if audit.chosen(audit.AuditPlan(seed=7), one)}
    assert first and second and first != second


@pytest.mark.parametrize(
    "wrong",
    [{"rates": {"frame": 0.1}}, {"rates": dict.fromkeys(audit.RATES, 1.5)}, {"seed": -1}],
    ids=["a stratum lacks", "no probability", "no seed"],
)
def test_a_plan_that_cannot_be(wrong):
    with pytest.raises(UsageError):
        audit.AuditPlan(**wrong)  # type: ignore[arg-type]


TIMES = st.integers(0, 30).map(Fraction)


@given(st.lists(TIMES), st.lists(st.tuples(TIMES, TIMES).map(sorted).map(tuple)))
def test_unseen_are_the_prints_that_stand_without_a_sighting(prints, spans):
    times = sorted(set(prints))
    ends = [min(b, a + 10) for a, b in pairwise(times)] + [one + 1 for one in times[-1:]]
    by_hand = [
        one
        for one, end in zip(times, ends, strict=True)
        if not any(a < end and one <= b for a, b in spans)
    ]
    assert audit.unseen(prints, spans) == by_hand


def test_everything_may_be_drawn(case, store):
    """All five sightings, and the frames after the last of them is gone, at 2.5 s."""
    key = store()
    with case.session() as session, session.begin():
        for row in session.scalars(select(Draw)):
            pytest.fail(f"{row.item} was drawn by chance: choose other footage for this test")
        rebuild(session, EVERY)
    with case.session() as session:
        draws = session.scalars(select(Draw)).all()
        kinds = Counter(session.scalars(select(Item.kind)))
        assert audit.plan_of(session) == EVERY
    assert Counter(row.stratum for row in draws) == {
        "sighting-claim": 2,
        "sighting-named": 2,
        "sighting-unknown": 1,
        "frame": 6,
    }
    frames = sorted(row.pts for row in draws if row.sighting is None)
    assert frames == [Fraction(n, 2) for n in range(6, 12)]
    assert {row.item for row in draws if row.sighting is None} == {f"{key}@{p}" for p in frames}
    assert {row.probability for row in draws} == {1.0}
    # A sighting that is flagged as well is one item, and keeps the flag's kind.
    assert kinds == {"claim": 2, "uncorroborated": 1, "unread": 1, AUDIT: 7}


def test_chances_may_be_set_until_something_is_drawn_and_hold_for_what_comes(case, store):
    for plan in (audit.AuditPlan(seed=7), EVERY):
        act(case, rebuild, plan)
        assert look(case, audit.plan_of) == plan
    key = store()
    there = fetch(case, select(Draw).where(Draw.analysis == key))
    assert len(there) == 11
    assert {row.probability for row in there} == {1.0}


@pytest.mark.databases
def test_a_draw_is_never_changed(case, store):
    store()
    act(case, rebuild, EVERY)
    with pytest.raises(UsageError, match="stay"):
        act(case, rebuild, audit.AuditPlan())
    with case.session() as session, pytest.raises(DBAPIError, match="only ever added"):
        row = session.scalars(select(Draw)).first()
        assert row is not None
        row.probability = 0.5
        session.flush()


@cache
def half_of(analysis: str) -> audit.AuditPlan:
    """A plan that draws some of an analysis' sightings, and not all, whatever the settings are: its
    name follows from them."""
    named = [
        audit.AuditMember(f"{analysis}:m{n}", "sighting-named", Fraction(1)) for n in range(1, 5)
    ]
    plans = (audit.AuditPlan(seed, dict.fromkeys(audit.RATES, 0.5)) for seed in count())
    return next(plan for plan in plans if len({audit.chosen(plan, one) for one in named}) == 2)


def told(case: Case) -> list[Finding]:
    return [one for one in check(case) if "draw" in str(one) or "sample" in str(one)]


@pytest.fixture
def drawn(case, store) -> str:
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
        seed = session.scalars(select(Draw.seed)).first() or audit.SEED
        row = {"footage": footage, "probability": 0.5, "seed": seed, "made": datetime.now(UTC)}
        session.execute(insert(Draw), [row | values])
        rebuild(session)


def undrawn(case: Case, analysis: str) -> dict[str, Any]:
    """A sighting that the plan does not draw, as the row of a draw."""
    for name, stratum in (("m1", "claim"), ("m2", "claim"), ("m3", "named"), ("m4", "unknown")):
        member = audit.AuditMember(f"{analysis}:{name}", f"sighting-{stratum}", Fraction(1))
        if not audit.chosen(half_of(analysis), member):
            row = {"item": member.item, "sighting": member.item, "analysis": analysis}
            return row | {"pts": member.pts, "stratum": member.stratum}
    raise AssertionError("all of them are drawn")


@pytest.mark.parametrize("probability", [0.5, 1.0, 0.01])
def test_a_sighting_put_into_the_sample(case, drawn, probability):
    row = undrawn(case, drawn)
    put(case, **row | {"probability": probability})
    (finding,) = told(case)
    assert finding.wrong and finding.about == f"draw {row['item']}"
    assert "put into the audit sample" in finding.what and "do not estimate" in finding.todo


def test_a_frame_put_into_the_sample(case, drawn):
    """One that the plan does not draw, and one at a time that was made to be drawn."""
    times = (Fraction(n, 1000) for n in range(1, 100))
    made = next(pts for pts in times if audit.chosen(half_of(drawn), frame(drawn, pts)))
    with case.session() as session:
        there = set(session.scalars(select(Draw.pts).where(Draw.stratum == "frame")))
    known = next(
        pts
        for pts in map(Fraction, range(3, 12))
        if not audit.chosen(half_of(drawn), frame(drawn, pts))
    )
    assert known not in there
    for pts in (made, known):
        row = {"item": audit.frame_item(drawn, pts), "pts": pts, "stratum": "frame"}
        put(case, **row | {"sighting": None, "analysis": drawn})
    findings = told(case)
    assert len(findings) == 2 and all(one.wrong for one in findings)


def test_a_draw_of_footage_that_was_never_looked_at(case, drawn):
    put(case, **undrawn(case, drawn) | {"analysis": "ef" * 16})
    (finding,) = told(case)
    assert finding.wrong and "no analysis" in finding.what


def frame(analysis: str, pts: Fraction) -> audit.AuditMember:
    return audit.AuditMember(audit.frame_item(analysis, pts), "frame", pts)
