"""What lies where in a copy."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.link.alignment import CopySpan, covered
from evidence.link.comparison import Placement

times = st.fractions(0, 1000, max_denominator=1001)
scales = st.floats(0.2, 3).flatmap(lambda k: st.sampled_from([k, -k]))
spans = st.builds(
    lambda start, length, offset, kx, tx, ky, ty: CopySpan(
        start, start + length, offset, (kx, tx, ky, ty), 3, 0.75
    ),
    times,
    times,
    st.fractions(-1000, 1000, max_denominator=1001),
    scales,
    st.floats(-1, 1),
    st.floats(0.2, 3),
    st.floats(-1, 1),
)


def test_a_box_is_found_again_in_a_mirrored_copy_between_bars() -> None:
    span = CopySpan(Fraction(2), Fraction(5), Fraction(10), (-1.0, 1.0, 0.75, 0.125), 4, 0.9)
    box = span.box_in_b((128, 72, 256, 144), (1280, 720), (640, 480))
    assert box == pytest.approx((512, 96, 576, 132))
    assert span.holds(Fraction(2)) and span.holds(Fraction(49, 10))
    assert not span.holds(Fraction(5)) and not span.holds(Fraction(51, 10))
    moment = CopySpan(Fraction(2), Fraction(2), Fraction(10), (1.0, 0.0, 1.0, 0.0), 1, 0.9)
    assert moment.holds(Fraction(2))


@given(spans)
def test_turning_a_span_twice_changes_nothing(span: CopySpan) -> None:
    there = span.turned()
    back = there.turned()
    assert (back.start, back.end, back.offset) == (span.start, span.end, span.offset)
    assert back.place == pytest.approx(span.place, abs=1e-6)
    assert there.mirrored == span.mirrored
    box = (10.0, 20.0, 110.0, 70.0)
    carried = span.box_in_b(box, (640, 360), (480, 480))
    assert there.box_in_b(carried, (480, 480), (640, 360)) == pytest.approx(box, abs=1e-3)


@given(spans)
def test_a_span_survives_being_stored(span: CopySpan) -> None:
    back = CopySpan.from_json(json.loads(json.dumps(span.to_json())))
    assert (back.start, back.end, back.offset) == (span.start, span.end, span.offset)
    assert back.place == pytest.approx(span.place, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=8))
def test_seconds_told_twice_count_once(stretches: list[tuple[int, int]]) -> None:
    some = [
        CopySpan(Fraction(a), Fraction(a + n), Fraction(0), (1.0, 0.0, 1.0, 0.0), 1, 1.0)
        for a, n in stretches
    ]
    whole = {second for a, n in stretches for second in range(a, a + n)}
    assert covered(some) == len(whole)


@given(
    st.floats(0.3, 3), st.floats(-1, 1), st.floats(-1, 1), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_a_placement_is_found_again_from_windows(
    scale: float, dx: float, dy: float, mirrored: bool, seed: int
) -> None:
    windows = np.random.default_rng(seed).uniform(0.1, 0.9, (6, 3))
    truth = Placement(scale, dx, dy, mirrored, 1.0)
    there = truth.moved(windows)
    found = Placement.fit(windows, there, mirrored, 1.0)
    assert found.apart(truth, (1.0, 0.5625)) < 1e-6
    assert truth.back(there) == pytest.approx(windows)
    kx, tx, ky, ty = truth.shares((1.0, 0.5625), (0.75, 1.0))
    x, y, _ = windows[0]
    assert kx * x + tx == pytest.approx(there[0, 0] / 0.75)
    assert ky * y / 0.5625 + ty == pytest.approx(there[0, 1])
