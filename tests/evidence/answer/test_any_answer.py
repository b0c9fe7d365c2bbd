"""Whatever was found and judged: every interval is one, and every number can be written down."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.audit import Controls
from evidence.answer.population import CountedMachine, Status
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, Facts, render_answer
from evidence.answer.share import AuditFrame, Frames
from evidence.clip.record import dump
from tests.evidence.answer.made import BADGE, DARK, KIND, LEAD, NAMED, ONE, OTHER, drawn

REGISTRY = load_registry()
PLANTS = st.integers(0, 12).map("Plant {}".format)
PENDING = replace(ONE, status=Status.PENDING)
NONE = replace(DARK, status=Status.NONE)


@st.composite
def machines(draw: st.DrawFn) -> CountedMachine:
    one = draw(st.sampled_from([ONE, NAMED, OTHER, DARK, LEAD, KIND, BADGE, PENDING, NONE]))
    chance = draw(st.sampled_from([None, 0.02, 0.5, 1.0]))
    if chance is not None:
        one = drawn(one, chance) if one.judged else replace(one, chance=chance)
    return replace(
        one,
        plant=draw(PLANTS),
        sightings=draw(st.integers(1, 3)),
        entered=draw(st.sampled_from([False, False, True])),
        replaced=draw(st.sampled_from([False, False, True])),
    )


FRAMES = st.builds(
    AuditFrame,
    PLANTS,
    st.sampled_from([0.04, 1.0, 10.0]),
    st.sampled_from([0.002, 0.5, 1.0]),
    st.booleans(),
)
SHOOTS = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda two: (two[0], sum(two)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(machines(), max_size=60),
    st.lists(FRAMES, max_size=30),
    st.lists(SHOOTS, max_size=8),
    st.sampled_from([0.0, 50.0]),
    st.sampled_from(["visible", "plants"]),
)
def test_every_interval_is_one(seen, frames, shoots, in_view, estimand):
    numbered = [
        replace(one, id=str(number), recordings=frozenset({f"{one.plant}, {number}"}))
        for number, one in enumerate(seen)
    ]
    tried = Controls(sum(hit for hit, _ in shoots), sum(of for _, of in shoots), tuple(shoots))
    unseen = 30 * sum(one.seconds for one in frames)
    audit = Frames(tuple(frames), len(frames), in_view, unseen)
    found = answer(Question(estimand=estimand), numbered, REGISTRY, tried, audit)
    for low, high in ((found.low, found.high), (found.found_low, found.found_high)):
        assert 0 <= low.low <= high.high <= 1
    # Missed machines can only add to what is not known.
    assert found.low.low <= found.found_low.low + 1e-9
    assert found.high.high >= found.found_high.high - 1e-9
    if found.said.kind == "none":
        assert not any(one.forbids_none for one in found.caveats) and found.noticed.share <= 0.2
    counted = [one for one in seen if one.status is not Status.NONE and not one.replaced]
    assert json.loads(dump(asdict(found)))["counts"]["machines"] == len(counted)
    page = render_answer(CaseAnswer(found, Facts("", "", "", "", 0, ""), []), REGISTRY)
    assert found.said.sentence in page
