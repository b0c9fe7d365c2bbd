"""What stated probabilities are worth, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detector.types import Attribution, Evidence
from training.evaluate.chances import (
    calibration_by_luck,
    calibration_error,
    calibration_interval,
    candidate,
    reliability,
    risk_coverage,
)
from training.evaluate.measures import Share


def unknown(probability: float, *lines: tuple[str, str | None, float]) -> Attribution:
    evidence = tuple(Evidence(kind, id, "text", weight) for kind, id, weight in lines)  # type: ignore[arg-type]
    return Attribution(None, probability, "U", evidence=evidence)


@pytest.mark.parametrize(
    ("said", "builder", "chance"),
    [
        pytest.param(Attribution("mazak", 0.95, "B"), "mazak", 0.95, id="named"),
        pytest.param(unknown(0.4, ("wordmark", "mazak", 5.0)), "mazak", 0.6, id="one candidate"),
        pytest.param(
            unknown(0.2, ("wordmark", "a", 5.0), ("wordmark", "b", 5.0)), "a", 0.4, id="two alike"
        ),
        pytest.param(
            unknown(0.2, ("series", "b", 3.0), ("wordmark", "b", 2.0), ("wordmark", "a", 5.0)),
            "a", 0.4, id="cues of one builder add up",
        ),
        pytest.param(unknown(1.0), None, 0.0, id="nothing read"),
        pytest.param(unknown(1.0, ("control", "ctl-fanuc", 7.0)), None, 0.0, id="a control"),
        pytest.param(unknown(1.0, ("overlay", "mazak", 0.0)), None, 0.0, id="a caption"),
    ],
)  # fmt: skip
def test_the_likeliest_builder(said, builder, chance):
    best, found = candidate(said)
    assert best == builder
    assert found == pytest.approx(chance)


CHANCE = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5])
RIGHT = np.array([True, True, True, False, False, False])


def test_reliability_and_its_error_by_hand():
    bins = {b["from"]: (b["stated"], b["right"]) for b in reliability(CHANCE, RIGHT)}
    assert bins[0.9] == (0.95, Share(3, 4).as_dict())
    assert bins[0.4] == (0.5, Share(0, 2).as_dict())
    assert bins[0.0][0] is None
    # (4 * |0.95 - 0.75| + 2 * |0.5 - 0|) / 6
    assert calibration_error(CHANCE, RIGHT) == pytest.approx(0.3)


def test_a_certain_claim_has_a_bin():
    assert reliability(np.array([1.0]), np.array([True]))[-1]["right"] == Share(1, 1).as_dict()


def test_nothing_stated_is_no_error():
    nothing = np.empty(0), np.empty(0, np.bool_)
    assert calibration_error(*nothing) is None
    assert calibration_interval(*nothing, []) is None
    assert risk_coverage(*nothing, 5) == []


def test_the_interval_holds_the_error_and_spans_more_for_few_sources():
    chance, right = np.tile(CHANCE, 10), np.tile(RIGHT, 10)
    few = calibration_interval(chance, right, ["a"] * 40 + ["b"] * 20)
    many = calibration_interval(chance, right, [f"s{i}" for i in range(60)])
    assert few is not None and many is not None
    assert few[0] <= 0.3 <= few[1]
    assert many[0] < 0.3 < many[1]
    assert calibration_interval(chance, right, ["a"] * 60) == pytest.approx((0.3, 0.3))


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
