"""Runs beside each other: what they have in common, and what is found by their sure part."""

from __future__ import annotations

import numpy as np

from bench.seeds import Run, recall_when_precise, table
from training.evaluate.measures import Matched, Share


def run(name: str, ap50: float, found: int) -> Run:
    three = (Share(found, 10), Share(found, 20), Share(1, 4))
    return Run(name, ap50, 0.5, Share(1, 2), Share(3, 4), (three,))


def matched(confidence: list[float], hit: list[bool], machines: int) -> Matched:
    found = np.full(machines, np.nan)
    owner = np.full(len(hit), -1)
    for place, (sure, right) in enumerate(zip(confidence, hit, strict=True)):
        if right:
            owner[place] = place
            found[place] = sure
    return Matched(
        np.array(confidence), np.array(hit), np.zeros(len(hit), bool), found, owner
    )  # fmt: skip


def test_runs_that_differ_stand_with_their_mean_and_their_extremes() -> None:
    lines = table([run("a", 0.80, 6), run("b", 0.82, 8)], [0.3])
    assert lines[2].startswith("| a | 0.800 | 0.50 | 1/2 | 3/4 | 6/10 | 6/20 | 1/4 |")
    assert lines[4] == "| mean | 0.810 | 0.500 | 0.500 | 0.750 | 0.700 | 0.350 | 0.250 |"
    assert [line.split(" | ")[1] for line in lines[5:]] == ["0.800", "0.820"]
    assert all(line.count("|") == lines[0].count("|") for line in lines)


def test_one_run_has_nothing_in_common_with_others() -> None:
    assert len(table([run("a", 0.8, 6)], [0.3])) == 3


def test_the_sure_part_is_the_longest_that_is_precise_enough() -> None:
    nine = [0.9 - place / 100 for place in range(9)]
    right = [True] * 9
    # The tenth is false and lies below: nine of ten are right from there on, and no more found.
    one = matched([*nine, 0.5, 0.4], [*right, False, True], 12)
    assert recall_when_precise([one]) == 10 / 12
    two = matched([*nine, 0.5, 0.45, 0.4], [*right, False, False, True], 12)
    assert recall_when_precise([two]) == 9 / 12


def test_where_nothing_is_right_nothing_is_found() -> None:
    assert recall_when_precise([matched([0.9], [False], 1)]) == 0.0
