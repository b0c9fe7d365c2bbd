"""Intervals over plants that differ in size, or of which few hold the kind."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from evidence.answer.intervals import FEW, Cell, around, clustered, effective, even, stratified
from lab.simulate import BEGIN, CLEAR, END, WorldSettings, run


def test_plants_of_one_size_count_as_they_are_and_vary_as_linearised():
    hits, machines = np.arange(20.0) % 7, np.full(20, 10.0)
    share = hits.sum() / 200
    between = 20 / 19 * ((hits - 10 * share) ** 2).sum() / 200**2
    assert even(machines) == 20
    assert effective(hits, machines) == pytest.approx(share * (1 - share) / between)


def test_a_plant_that_holds_most_machines_makes_many_plants_few():
    hits, machines = np.array([90.0] + [0, 1] * 10), np.array([180.0] + [2] * 20)
    found = clustered(hits, machines)
    assert even(machines) < 2
    assert found.low < 0.001 and found.high > 0.9
    # As it was while each plant counted as one, and its distance from the share as linearised.
    size = 0.5 * 0.5 / (21 / 20 * ((hits - machines / 2) ** 2).sum() / 220**2)
    assert np.diff(around(0.5, size, 220, 21)) < 0.2


def test_the_order_of_strata_changes_nothing_where_all_are_of_the_kind():
    """Their weights come to one, or to a rounding less, by the order in which they are summed."""
    for sizes in product(range(1, 9), repeat=3):
        cells = [Cell(f"plant {n}", str(n), size, size, size) for n, size in enumerate(sizes)]
        low, *others = (stratified(one).low for one in permutations(cells))
        assert others == pytest.approx([low] * 5, abs=1e-9)
        assert low <= clustered(sizes, sizes).low + 1e-9, "nor is it surer than plants allow"


@pytest.mark.parametrize("of_kind", [True, False])
def test_a_share_that_few_plants_make_assumes_machines_of_a_plant_alike(of_kind):
    """So many in each of a few plants as in each of many; the correlation that shows is none."""

    def size(plants: int) -> float:
        hits = np.array([1.0] * plants + [0.0] * (60 - plants))
        machines = np.full(60, 10.0)
        return effective(hits if of_kind else machines - hits, machines)

    assumed = 600 / (1 + 9 * 0.3)
    assert size(FEW - 1) == pytest.approx(assumed)
    assert size(FEW) == 600


def test_plants_of_unequal_size_widen_what_is_all_judged():
    def width(sizes: list[int]) -> float:
        cells = [Cell(n, "other", size, size, size // 5) for n, size in enumerate(sizes)]
        found = stratified(cells)
        return found.high - found.low

    assert width([300] + [5] * 20) > 2 * width([20] * 20)


@pytest.mark.parametrize("sizes", [(3, 6, 1), (6, 3, 1), (1,) * 10, (3, 3, 3)])
def test_where_nobody_judged_anything_the_share_may_be_all(sizes):
    """However many strata there are: one less by a rounding would be printed as ">99 %"."""
    found = stratified([Cell("plant", str(n), size, 0, 0) for n, size in enumerate(sizes)])
    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(
    "world",
    [
        WorldSettings(plants=40, uneven=1.0, share=0.1, audit=-1),
        WorldSettings(plants=40, share=0.02, alike=0.5, unread=0.0),
        WorldSettings(plants=10, share=0.08, alike=1.0, audit=5),
    ],
    ids=["uneven", "clumped", "all or none"],
)
def test_both_intervals_hold_their_truth(world):
    found = run(world, 60)
    assert found.visible >= 0.93 and found.plants >= 0.93


def test_reviewers_who_miss_more_than_is_assumed_leave_the_truth_inside():
    """The cell in which the intervals held least often before."""
    found = run(replace(CLEAR, share=0.4, misses=0.15), 60)
    assert found.visible >= 0.94 and found.plants >= 0.94
    assert found.noticed >= 0.95 and found.printed > 0.9


def test_no_world_of_the_published_table_is_below():
    page = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text("utf-8")
    table = page[page.index(BEGIN) : page.index(END)]
    for name, least in (("visible", 0.94), ("plants", 0.94), ("noticed", 0.95)):
        assert f"**{name}: 0 worlds below {least}, least 0.9" in table
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) == 31
    for row in rows:
        visible, plants, _, noticed = (float(cell.split(",")[0]) for cell in row[2:6])
        assert min(visible, plants) >= 0.94 and noticed >= 0.95
