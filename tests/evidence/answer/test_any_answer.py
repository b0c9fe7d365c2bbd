"""Whatever was found and judged: every interval is one, and every number can be written down."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.registry import load_registry
from evidence.answer.answer import Controls, answer
from evidence.answer.estimators.missed import Frame, Frames
from evidence.answer.machines import SeenMachine
from evidence.answer.question import Question
from evidence.answer.report.page import Facts, render_answer, to_json
from evidence.clip.record import dump
from tests.evidence.answer.test_estimators import ONE

REGISTRY = load_registry()
PLANTS = st.integers(0, 12).map("Plant {}".format)
KNOWN = st.sampled_from([None, True, False])


@st.composite
def machines(draw: st.DrawFn) -> SeenMachine:
    claimed, settled, drawn = draw(KNOWN), draw(st.booleans()), draw(st.booleans())
    return replace(
        ONE,
        plant=draw(PLANTS),
        claim={True: "dmtg", False: "mazak", None: None}[claimed],
        claimed=claimed,
        settled=settled,
        hit=draw(KNOWN) if settled else None,
        drawn=drawn and settled,
        chance=draw(st.sampled_from([0.02, 0.5, 1.0])) if drawn else None,
        sightings=draw(st.integers(1, 3)),
        pending=draw(st.sampled_from([False, False, True])),
        height=draw(st.sampled_from([None, 5.0, 20.0, 90.0])),
        entered=draw(st.sampled_from([False, False, True])),
        stood_in=draw(st.sampled_from([False, False, True])),
    )


FRAMES = st.builds(
    Frame,
    PLANTS,
    st.sampled_from([0.04, 1.0, 10.0]),
    st.sampled_from([0.002, 0.5, 1.0]),
    st.booleans(),
    KNOWN,
)
CONTROLS = st.tuples(st.sampled_from([None, 9.0, 50.0]), st.booleans())


@settings(max_examples=60)
@given(
    st.lists(machines(), max_size=60),
    st.lists(machines(), max_size=20),
    st.lists(FRAMES, max_size=30),
    st.lists(CONTROLS, max_size=20),
    st.sampled_from([0.0, 50.0]),
)
def test_every_interval_is_one(
    seen: list[SeenMachine],
    nothing: list[SeenMachine],
    frames: list[Frame],
    controls: list[tuple[float | None, bool]],
    in_view: float,
) -> None:
    numbered = [
        replace(one, id=str(number), recordings=frozenset({f"{one.plant}, {number}"}))
        for number, one in enumerate(seen)
    ]
    none = [
        replace(one, id=f"none {number}", none=True, settled=True, hit=None, entered=False)
        for number, one in enumerate(nothing)
    ]
    tried = Controls(sum(hit for _, hit in controls), len(controls), tuple(controls))
    unseen = 30 * sum(one.seconds for one in frames)
    audit = Frames(tuple(frames), len(frames), in_view, unseen)
    found = answer(Question(), numbered, REGISTRY, "Chinese", tried, audit, none=none)
    spans = [(found.low.low, found.high.high), found.bounds.interval]
    spans += [(one.low, one.high) for one in found.moves if one.low is not None]  # type: ignore[misc]
    for one in found.estimators:
        assert (one.least is None) == (one.most is None) and (one.least or one.lacking)
        spans += [(end.low, end.high) for end in (one.least, one.most) if end is not None]
    assert all(0 <= low <= high <= 1 for low, high in spans)
    # Missed machines can only add to what is not known, unless people told their builders.
    if found.missed.least.value == 0 and found.missed.most.value == 1:
        assert found.low.low <= found.found_low.low + 1e-9
        assert found.high.high >= found.found_high.high - 1e-9
    if found.said.kind == "none":
        assert found.noticed.sensitivity is not None and found.noticed.share < 0.5
    assert json.loads(dump(to_json(found)))["counts"]["machines"] == sum(
        not one.stood_in for one in seen
    )
    assert found.said.sentence in render_answer(found, REGISTRY, Facts("", "", "", "", 0, ""), [])
