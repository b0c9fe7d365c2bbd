"""Where a machine is between two looks at it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from evidence.learn.frames import box_at, clipped

TRACK = [
    ["0", 10, 10, 50, 50, 0.9],
    ["1/2", 20, 10, 60, 50, 0.9],
    ["5/2", 20, 10, 60, 50, 0.9],
    ["3", 200, 10, 240, 50, 0.9],
]


@pytest.mark.parametrize(
    ("time", "wanted"),
    [
        pytest.param("1/2", ((20, 10, 60, 50), True), id="observed"),
        pytest.param("1/4", ((15, 10, 55, 50), True), id="between two near ones"),
        pytest.param("3/2", ((20, 10, 60, 50), False), id="too long unseen"),
        pytest.param("11/4", ((20, 10, 240, 50), False), id="moved too far"),
        pytest.param("4", None, id="after the track"),
        pytest.param("-1", None, id="before the track"),
    ],
)
def test_the_box_at_a_time(time: str, wanted: object) -> None:
    assert box_at(TRACK, Fraction(time)) == wanted


def test_a_box_is_cut_at_the_edge_and_one_outside_is_none() -> None:
    assert clipped((-5, 10, 700, 90), 640, 80) == (0, 10, 640, 80)
    assert clipped((650, 10, 700, 90), 640, 80) is None
