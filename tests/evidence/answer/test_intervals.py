"""Each formula gives what was published, or what another program computes; and the intervals hold
the truth of the machines in the footage, and of plants, whatever they are like."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, hypergeom

from evidence.answer import visible
from evidence.answer.intervals import (
    FEW,
    Cell,
    around,
    clustered,
    effective,
    even,
    ruled_out,
    stratified,
)
from lab.simulate import BEGIN, CLEAR, END, WorldSettings, run

SURE = visible.ReviewErrors(100_000, 0, 100_000, 0)
"""Reviewers who have shown that they hardly err."""


@pytest.mark.parametrize(("total", "drawn"), [(30, 7), (200, 20), (12, 12), (50, 49)])
def test_limits_of_a_count_are_those_of_the_hypergeometric_test(total, drawn):
    for hits in range(drawn + 1):
        kept = [
            k
            for k in range(total + 1)
            if hypergeom.sf(hits - 1, total, k, drawn) > 0.025
            and hypergeom.cdf(hits, total, k, drawn) > 0.025
        ]
        assert visible.count_limits(hits, drawn, total) == (kept[0], kept[-1])


def test_a_census_has_no_sampling_error():
    low, high = visible.visible_share(
        [visible.MachinePool("named", 200, 24, 176, 0, 200, 24, 176)], SURE
    )
    assert low.value == high.value == 0.12
    assert low.low == pytest.approx(0.12) and high.high == pytest.approx(0.12)


def test_what_is_not_judged_is_open_at_both_ends():
    low, high = visible.visible_share([visible.MachinePool("claimed, flagged", 10, 4, 2)], SURE)
    assert (low.value, high.value) == (0.4, 0.8)
    assert (low.low, high.high) == (pytest.approx(0.4), pytest.approx(0.8))


def test_unjudged_machines_take_nothing_from_another_pool():
    pools = [
        visible.MachinePool("unread, unknown", 300),
        visible.MachinePool("unread, named", 60, 0, 60, 0, 60, 0, 60),
    ]
    assert visible.visible_share(pools)[1].high >= 300 / 360


def test_reviewers_errors_widen_both_ends():
    pool = visible.MachinePool("claimed, flagged", 100, 30, 70)
    sure, unsure = (
        visible.visible_share([pool], errors) for errors in (SURE, visible.ReviewErrors())
    )
    assert unsure[0].low < sure[0].low and unsure[1].high > sure[1].high
    bad = visible.visible_share([pool], visible.ReviewErrors(100, 10, 100, 30))
    assert bad[0].low < unsure[0].low and bad[1].high > unsure[1].high


def test_how_many_confirmations_may_be_mistakes():
    errors = visible.ReviewErrors()
    for judged in (1, 20, 100):
        taken = visible.false_confirmations(judged, judged, errors)
        assert betabinom.sf(taken, judged, *errors.accepts) <= 0.025
        assert not taken or betabinom.sf(taken - 1, judged, *errors.accepts) > 0.025
    added = visible.lost_machines(5, 80, errors)
    assert betabinom.sf(added, 5 + added + 1, *errors.loses) <= 0.025
    assert visible.lost_machines(0, 0, errors) == 0


def test_machines_counted_twice_move_the_ends():
    low, high = visible.relink(0.5, 0.5, visible.Linking(1.5, 1.5))
    assert low == pytest.approx(0.4) and high == pytest.approx(0.6)
    assert visible.relink(0.0, 1.0, visible.Linking(1.5, 1.5)) == (0.0, 1.0)


def test_judgements_halve_the_interval_where_they_can():
    named = visible.MachinePool("named, named", 400, 0, 20, 0, 20, 0, 20, waiting=380)
    plan = visible.more_judgements([named], SURE)
    assert plan is not None and 20 < plan["named, named"] < 380
    low, high = visible.visible_share([named], SURE)
    more = plan["named, named"]
    after = visible.MachinePool("named, named", 400, 0, 20 + more, 0, 20 + more, 0, 20 + more)
    assert visible.visible_share([after], SURE)[1].high <= (high.high - low.low) / 2
    dark = visible.MachinePool("unread, unknown", 100, drawn=90, waiting=10)
    assert visible.more_judgements([dark], SURE) is None
    # What nobody drew cannot be judged.
    assert visible.more_judgements([replace(named, waiting=1)], SURE) is None
    assert visible.more_judgements([replace(named, waiting=0)], SURE) == {}


@st.composite
def pools(draw: st.DrawFn) -> visible.MachinePool:
    drawn = [draw(st.integers(0, 9)) for _ in range(4)]
    kind, other, none, _ = drawn
    more = [draw(st.integers(0, 5)) for _ in range(4)]
    name = draw(st.sampled_from(["claimed, flagged", "named, named", "unread, unknown"]))
    total = sum(drawn) + sum(more)
    return visible.MachinePool(name, total, kind + more[0], other + more[1], none + more[2],
                sum(drawn), kind, other, none)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(pools(), max_size=4), st.floats(1, 1.5), st.floats(1, 1.5))
def test_every_interval_is_one(some, kind, others):
    low, high = visible.visible_share(some, linking=visible.Linking(kind, others))
    assert 0 <= low.low <= high.high <= 1
    if low.value is not None and high.value is not None:
        assert low.low - 1e-9 <= low.value <= high.value <= high.high + 1e-9


def exact(hits: int, of: int) -> tuple[float, float]:
    """The interval of machines that are all of different plants."""
    return around(hits / of, of, of, of)


def test_rule_of_three():
    """Hanley & Lippman-Hand 1983: none of 100 rules out about 3 in 100."""
    assert ruled_out(100) == pytest.approx(0.03, abs=0.0006)
    assert ruled_out(100) == pytest.approx(1 - 0.05**0.01)
    assert ruled_out(100, sensitivity=0.5) == pytest.approx(2 * ruled_out(100))
    assert ruled_out(2) == pytest.approx(1 - 0.05**0.5)
    assert ruled_out(0) == ruled_out(10, sensitivity=0) == 1


def test_exact_intervals_are_as_published():
    """Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5; and statsmodels 0.15,
    `proportion_confint` by the method `beta`."""
    table = ((81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0, 0.1684))
    for hits, of, low, high in table:
        assert exact(hits, of) == pytest.approx((low, high), abs=5e-5)
    for hits, of, low, high in ((3, 57, 0.0109882559, 0.1461990643), (29, 29, 0.8805551309, 1)):
        assert exact(hits, of) == pytest.approx((low, high), abs=1e-9)


def test_plants_that_are_alike_tell_less():
    apart = clustered([1] * 20, [10] * 20)
    together = clustered([10, 10] + [0] * 18, [10] * 20)
    assert apart.value == together.value == 0.1
    assert together.high - together.low > 2 * (apart.high - apart.low)
    low, high = exact(20, 200)
    assert apart.high - apart.low >= 0.95 * (high - low)


def test_none_in_a_few_plants_rules_out_little():
    assert clustered([0] * 3, [50] * 3).high > exact(0, 150)[1]


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
