"""Known boxes and stated chances, known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from training.evaluate.measures import (
    CHANCE_DRAWS,
    Share,
    average_precision,
    boxes,
    calibration_by_luck,
    calibration_error,
    interval,
    match,
    match_each,
    mean_average_precision,
    precision,
    rate_at_most,
    recall,
    reliability,
    risk_coverage,
)

A = (0, 0, 100, 100)
HALF_OF_A = (0, 0, 100, 50)
LESS_THAN_HALF_OF_A = (0, 0, 100, 49)
FAR = (500, 500, 600, 600)
TINY = (0, 0, 50, 50)


def matched(predicted, truth, ignore=(), confidence=None, **options):  # type: ignore[no-untyped-def]
    sure = np.array(confidence if confidence is not None else [0.9] * len(predicted))
    return match(boxes(predicted), sure, boxes(truth), boxes(ignore), **options)


@pytest.mark.parametrize(
    ("predicted", "truth", "ignore", "hit", "ignored", "found"),
    [
        pytest.param([A], [A], [], [1], [0], [1], id="the same box"),
        pytest.param([HALF_OF_A], [A], [], [1], [0], [1], id="half overlap is enough"),
        pytest.param([LESS_THAN_HALF_OF_A], [A], [], [0], [0], [0], id="less than half is not"),
        pytest.param([A, A], [A], [], [1, 0], [0, 0], [1], id="found twice counts once"),
        pytest.param([FAR], [A], [FAR], [0], [1], [0], id="a box to ignore"),
        pytest.param([TINY], [], [A], [0], [1], [], id="inside a region to ignore"),
        pytest.param([A], [A], [A], [1], [0], [1], id="a hit is a hit though ignorable"),
        pytest.param([], [A], [], [], [], [0], id="nothing predicted"),
        pytest.param([A], [], [], [0], [0], [], id="nothing there"),
        pytest.param([], [], [], [], [], [], id="nothing at all"),
    ],
)
def test_boxes_find_what_they_overlap(predicted, truth, ignore, hit, ignored, found):  # type: ignore[no-untyped-def]
    got = matched(predicted, truth, ignore)
    assert got.hit.tolist() == [bool(x) for x in hit]
    assert got.ignored.tolist() == [bool(x) for x in ignored]
    assert (~np.isnan(got.found)).tolist() == [bool(x) for x in found]


def test_the_surest_box_takes_the_true_one():
    got = matched([HALF_OF_A, A], [A], confidence=[0.5, 0.8])
    assert got.hit.tolist() == [False, True]
    assert got.found.tolist() == [0.8]


def test_small_true_boxes_are_not_asked_for_and_small_boxes_no_false_alarm():
    got = matched([TINY, (300, 300, 340, 400)], [TINY, A], smallest=60)
    assert got.hit.tolist() == [False, False]
    assert got.ignored.tolist() == [True, True]
    assert len(got.found) == 1


def test_precision_and_recall_at_an_operating_point():
    pictures = [
        matched([A, FAR], [A], confidence=[0.9, 0.4]),
        matched([FAR], [A, FAR], confidence=[0.6]),
    ]
    assert recall(pictures, 0.5) == Share(2, 3)
    assert recall(pictures, 0.7) == Share(1, 3)
    assert precision(pictures, 0.5) == Share(2, 2)
    assert precision(pictures, 0.3) == Share(2, 3)


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        # Surest first: hit, hit, miss: precision stays 1 up to full recall.
        pytest.param([0.9, 0.8, 0.1], 1.0, id="hits first"),
        # miss, hit, hit: precisions 1/2 and 2/3, made monotone 2/3 and 2/3.
        pytest.param([0.7, 0.8, 0.9], 2 / 3, id="miss first"),
        # hit, miss, hit: 1 over the first half, 2/3 over the second.
        pytest.param([0.9, 0.7, 0.8], 1 / 2 + 1 / 3, id="miss between"),
    ],
)
def test_average_precision_by_hand(confidence, expected):
    got = average_precision(
        [matched([A, FAR, (200, 0, 300, 100)], [A, FAR], confidence=confidence)]
    )
    assert got == pytest.approx(expected)


def test_average_precision_leaves_ignored_boxes_out():
    assert average_precision([matched([FAR, A], [A], [FAR], confidence=[0.9, 0.5])]) == 1.0
    assert average_precision([matched([A], [])]) is None
    assert average_precision([matched([], [A])]) == 0.0


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        # Worked out with the formula of Wilson (1927), z = 1.95996.
        pytest.param(Share(5, 10), 0.2366, 0.7634, id="half of ten"),
        pytest.param(Share(0, 10), 0.0, 0.2775, id="none of ten"),
        pytest.param(Share(29, 29), 0.8830, 1.0, id="all of twenty-nine"),
        pytest.param(Share(0, 0), 0.0, 1.0, id="nothing measured"),
    ],
)
def test_a_share_says_how_sure_it_is(share, low, high):
    assert_allclose(share.interval, (low, high), atol=5e-5)


@given(
    st.lists(
        st.tuples(*[st.integers(0, 90)] * 2, *[st.integers(1, 60)] * 2), min_size=1, max_size=6
    )
)
def test_the_truth_finds_itself(places):
    rows = [(x, y, x + w, y + h) for x, y, w, h in places]
    got = matched(rows, rows)
    assert got.hit.all()
    assert recall([got], 0.5).value == precision([got], 0.5).value == 1.0
    assert average_precision([got]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        pytest.param(100, 1.0, id="drawn exactly"),
        # 0.72 overlaps enough at 0.5, 0.55 ... 0.7: five of ten.
        pytest.param(72, 0.5, id="drawn carelessly"),
        pytest.param(40, 0.0, id="hardly met"),
    ],
)
def test_ap50_95_asks_for_ever_better_boxes(width, expected):
    found = match_each(boxes([(0, 0, width, 100)]), np.array([0.9]), boxes([A]), boxes([]))
    assert mean_average_precision([found]) == pytest.approx(expected)
    nothing = match_each(boxes([A]), np.array([0.9]), boxes([]), boxes([]))
    assert mean_average_precision([nothing]) is None


@pytest.mark.parametrize(
    ("share", "bound"),
    [
        # 1 - 0.05 ** (1 / n): the rule of three, exactly.
        pytest.param(Share(0, 126), 0.02349, id="none of 126"),
        pytest.param(Share(1, 126), 0.03710, id="one of 126"),
        pytest.param(Share(0, 0), 1.0, id="nothing measured"),
        pytest.param(Share(3, 3), 1.0, id="all"),
    ],
)
def test_a_share_is_at_most(share, bound):
    assert share.at_most == pytest.approx(bound, abs=5e-5)


def test_a_rate_is_at_most():
    # -ln(0.05) events are the bound where none was seen.
    assert rate_at_most(0, 10.0) == pytest.approx(0.29957, abs=1e-5)
    assert rate_at_most(0, 0.0) == float("inf")


CHANCE = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5])
RIGHT = np.array([True, True, True, False, False, False])


def test_reliability_and_its_error_by_hand():
    bins = {b["from"]: (b["stated"], b["right"]) for b in reliability(CHANCE, RIGHT)}
    assert bins[0.9] == (0.95, Share(3, 4).as_dict())
    assert bins[0.4] == (0.5, Share(0, 2).as_dict())
    assert bins[0.0][0] is None
    assert reliability(np.array([1.0]), np.array([True]))[-1]["right"] == Share(1, 1).as_dict()
    # (4 * |0.95 - 0.75| + 2 * |0.5 - 0|) / 6
    assert calibration_error(CHANCE, RIGHT) == pytest.approx(0.3)


def test_nothing_stated_is_no_error():
    nothing = np.empty(0), np.empty(0, np.bool_)
    assert calibration_error(*nothing) is None
    assert interval([], CHANCE_DRAWS, lambda drawn: 1.0) is None
    assert risk_coverage(*nothing, 5) == []


def test_the_interval_holds_the_error_and_spans_more_for_few_sources():
    chance, right = np.tile(CHANCE, 10), np.tile(RIGHT, 10)

    def error(drawn: NDArray[np.intp]) -> float | None:
        return calibration_error(chance[drawn], right[drawn])

    few = interval(["a"] * 40 + ["b"] * 20, CHANCE_DRAWS, error)
    many = interval([f"s{i}" for i in range(60)], CHANCE_DRAWS, error)
    assert few is not None and many is not None
    assert few[0] <= 0.3 <= few[1]
    assert many[0] < 0.3 < many[1]
    assert interval(["a"] * 60, CHANCE_DRAWS, error) == pytest.approx((0.3, 0.3))


def test_few_claims_err_by_luck_alone():
    # One coin is off by a half however it falls; of two one half the time by a half, else by none.
    assert calibration_by_luck(np.array([0.5])) == pytest.approx((0.5, 0.5))
    two = calibration_by_luck(np.array([0.5, 0.5]))
    assert two is not None and two == pytest.approx((0.25, 0.5), abs=0.03)
    assert calibration_by_luck(np.array([1.0, 0.0])) == (0.0, 0.0)
    many = calibration_by_luck(np.full(2000, 0.5))
    assert many is not None and many[1] < 0.03
    assert calibration_by_luck(np.empty(0)) is None


def test_risk_grows_as_less_sure_machines_are_named():
    points = risk_coverage(CHANCE, RIGHT, machines=10)
    assert [tuple(point.values()) for point in points] == [(0.95, 0.4, 0.25), (0.5, 0.6, 0.5)]
