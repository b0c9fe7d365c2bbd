"""What stands in a judged frame: boxes in time, and what a model adds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from datasets.photographs.annotations import parse_photograph
from datasets.photographs.splits import labels_of
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections
from evidence.learn.annotations import carry_over
from evidence.learn.frames import box_at, clipped
from tests.datasets.sets import WIDTH, Line, empty, line, machine, mark, photograph

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
def test_the_box_at_a_time(time, wanted):
    assert box_at(TRACK, Fraction(time)) == wanted


def test_a_box_is_cut_at_the_edge_and_one_outside_is_none():
    assert clipped((-5, 10, 700, 90), 640, 80) == (0, 10, 640, 80)
    assert clipped((650, 10, 700, 90), 640, 80) is None


JUDGED: Box = (4, 4, 40, 44)


def found(*boxes: tuple[int, Box]) -> Detections:
    return Detections(
        np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
        np.full(len(boxes), 0.75, np.float32),
        np.array([class_id for class_id, _ in boxes], np.int64),
    )


def frame(**more: Any) -> Line:
    one = machine(box=list(JUDGED))
    return line(machines=[one], marks=[], controls=[], concealed=[]) | more


def test_marks_and_controls_are_labelled_with_whose_they_are():
    made = carry_over(
        frame(), found((WORDMARK, (8, 8, 20, 12)), (CONTROL, (46, 20, 60, 30))), nothing=False
    )
    [drawn], [panel] = made["marks"], made["controls"]
    assert (drawn["by_model"], drawn["text"], drawn["legible"], drawn["of"]) == (0.75, "", False, 0)
    assert (panel["by_model"], panel["of"]) == (0.75, None)
    assert [label.class_id for label in labels_of(photograph(made))] == [0, 1, 2]
    # A mark that was read there is not drawn twice.
    read = mark(box=[8, 8, 20, 12])
    made = carry_over(frame(marks=[read]), found((WORDMARK, (8, 8, 21, 12))), nothing=False)
    assert made["marks"] == [read]


def test_a_machine_that_nobody_judged_is_ignored():
    made = carry_over(frame(), found((MACHINE, (44, 4, 62, 40))), nothing=False)
    parsed = parse_photograph(made, photograph(made).path.parent, "test")
    assert [(m.ignore, m.cnc) for m in parsed.machines] == [(False, True), (True, None)]
    # Nor is anything learnt of what is on it.
    again = carry_over(
        frame(), found((MACHINE, (44, 4, 62, 40)), (WORDMARK, (48, 8, 56, 12))), nothing=False
    )
    assert again["marks"] == []
    # One that was judged is not found again.
    made = carry_over(frame(), found((MACHINE, (5, 4, 41, 44)), (MACHINE, (6, 6, 20, 30))), False)
    assert len(made["machines"]) == 1


def test_what_a_person_says_is_no_machine_stays_none():
    made = carry_over(
        empty(not_machines=[[4, 4, 40, 44]]),
        found((MACHINE, (5, 4, 41, 44)), (WORDMARK, (8, 8, 20, 12))),
        nothing=False,
    )
    assert (made["machines"], made["marks"], made["scene"]) == ([], [], "negative")
    nothing = carry_over(empty(), found((MACHINE, (5, 4, WIDTH, 44))), nothing=True)
    assert (nothing["machines"], nothing["scene"]) == ([], "negative")
    made = carry_over(empty(), found((MACHINE, (5, 4, 41, 44))), nothing=False)
    assert made["scene"] == "shopfloor"
