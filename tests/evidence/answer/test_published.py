"""Each formula gives what was published, or what another program computes."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.answer.audited import audited
from evidence.answer.bounds import bounds
from evidence.answer.corrected import lang_reiczigel, rogan_gladen
from evidence.answer.estimators.clustered import clustered
from evidence.answer.estimators.intervals import exact, ruled_out
from evidence.answer.occupancy import fit_occupancy


def test_rule_of_three() -> None:
    """Hanley & Lippman-Hand 1983: none of 100 rules out about 3 in 100."""
    assert ruled_out(100) == pytest.approx(0.03, abs=0.0006)
    assert ruled_out(100) == pytest.approx(1 - 0.05**0.01)
    assert ruled_out(100, sensitivity=0.5) == pytest.approx(2 * ruled_out(100))
    assert ruled_out(2) == pytest.approx(1 - 0.05**0.5)
    assert ruled_out(0) == ruled_out(10, sensitivity=0) == 1


def test_exact_of_newcombe() -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5."""
    for hits, of, low, high in ((81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617)):
        found = exact(hits, of)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert (exact(0, 20).low, exact(0, 20).high) == pytest.approx((0, 0.1684), abs=5e-5)
    assert (exact(29, 29).low, exact(29, 29).high) == pytest.approx((0.8806, 1), abs=5e-5)


def test_rogan_gladen_of_a_herd() -> None:
    """The example of R's epiR: 23 of 150 cows positive, Se 0.96, Sp 0.89: about 5 %."""
    assert rogan_gladen(23 / 150, 0.96, 0.89) == pytest.approx(0.0510, abs=5e-5)
    assert rogan_gladen(0.05, 0.96, 0.89) == 0
    assert rogan_gladen(0.5, 0.5, 0.5) is None


@pytest.mark.parametrize(
    ("counts", "low", "high", "digits"),
    [
        ((4060, 11284, 178, 179, 358, 359), 0.349, 0.372, 3),
        ((51, 2971, 32, 33, 20, 20), 0.0, 0.053, 3),
        ((0.06 * 11862, 11862, 8, 10, 12, 12), 0.0, 0.147, 3),
        ((259, 509, 84, 127, 96, 109), 0.58, 0.87, 2),
        ((51, 509, 23, 41, 187, 195), 0.037, 0.195, 3),
    ],
    ids=["1", "2", "3", "4", "4 of the other test"],
)
def test_intervals_of_lang_and_reiczigel(
    counts: tuple[float, ...], low: float, high: float, digits: int
) -> None:
    """The examples 1 to 4 of their paper, Preventive Veterinary Medicine 113 (2014) 13-22, with
    the limits printed there, as the manual of R's asht gives them (`prevSeSp`)."""
    found = lang_reiczigel(*counts)
    assert (round(found.low, digits), round(found.high, digits)) == (low, high)


def test_salamanders_of_mackenzie() -> None:
    """MacKenzie and others, "Occupancy Estimation and Modeling" (2006), p. 99: 39 sites, five
    visits each, found at 18, 30 times: psi 0.595, p 0.259, -2 log L 161.76."""
    hits = [2] * 12 + [1] * 6 + [0] * 21
    found = fit_occupancy([5] * 39, hits)
    assert found.present.value == pytest.approx(0.595, abs=5e-4)
    assert found.seen.value == pytest.approx(0.259, abs=5e-4)
    assert found.deviance == pytest.approx(161.76, abs=5e-3)
    missed = 0.5946 * (1 - 0.2587) ** 5
    none, some = found.absent[-1], found.absent[0]
    assert none is not None and some is not None
    assert none.value == pytest.approx(1 - missed / (missed + 1 - 0.5946), abs=1e-3)
    assert (some.low, some.value, some.high) == (0, 0, 0)
    assert found.present.low < 0.595 < found.present.high


def test_nothing_seen_is_no_absence() -> None:
    found = fit_occupancy([3] * 20, [0] * 20)
    assert found.present.value is None
    assert (found.present.low, found.present.high) == (0, 1)
    assert found.absent == (None,) * 20
    assert "no recording shows a confirmed one yet" in found.present.warnings[0]


@pytest.mark.parametrize(
    ("visits", "hits"),
    [([3, 1], [0, 1]), ([9, 1, 1, 1], [0, 1, 1, 1]), ([3, 5, 1], [0, 5, 1])],
    ids=["one recording", "one recording each", "one plant"],
)
def test_what_no_second_recording_shows_tells_of_no_absence(
    visits: list[int], hits: list[int]
) -> None:
    """There the likelihood is greatest at p = 1, at which no plant without one could hold any."""
    found = fit_occupancy(visits, hits)
    assert found.present.value is None and found.seen.value is None
    assert found.absent == (None,) * len(visits)
    assert "fewer than two plants" in found.present.warnings[0]


def test_the_limits_of_an_absence_are_those_of_a_grid() -> None:
    """Of psi and p that lie within reach of the greatest likelihood, whatever way one looks for
    them; also where p, or psi, is estimated to be 1."""
    for visits, hits in (
        ([5] * 39, [2] * 12 + [1] * 6 + [0] * 21),
        ([3, 2, 2], [0, 2, 2]),
        ([3, 2, 2], [0, 1, 1]),
        ([1, 4, 6, 2, 3, 6], [0, 0, 0, 1, 2, 4]),
    ):
        n, y = np.array(visits), np.array(hits)
        found = fit_occupancy(visits, hits)
        assert found.deviance is not None
        # The log odds of 1 - psi, and log (1 - p).
        odds, missed = np.meshgrid(np.linspace(-20, 20, 401), -np.geomspace(1e-3, 20, 300))
        psi, p = 1 / (1 + np.exp(odds)), -np.expm1(missed)
        deviance = np.zeros_like(psi)
        for clips, seen in zip(n, y, strict=True):
            shows = np.log(psi) + seen * np.log(p) + (clips - seen) * missed
            shows_none = np.log(psi * np.exp(clips * missed) + 1 - psi)
            deviance -= 2 * (shows if seen else shows_none)
        within = deviance <= found.deviance + 3.841459
        for clips in np.unique(n[y == 0]):
            absent = (1 / (1 + np.exp(clips * missed - odds)))[within]
            told = found.absent[int(np.flatnonzero((n == clips) & (y == 0))[0])]
            assert told is not None
            assert told.low == pytest.approx(absent.min(), abs=0.02)
            assert told.high == pytest.approx(absent.max(), abs=0.02)


def test_every_absence_lies_between_its_limits() -> None:
    rng = np.random.default_rng(11)
    for _ in range(20):
        plants, most = int(rng.integers(2, 9)), int(rng.choice([3, 6, 40]))
        n = rng.integers(0, most, plants)
        y = rng.binomial(n, rng.uniform() * (rng.random(plants) < rng.uniform()))
        found = fit_occupancy(n.tolist(), y.tolist())
        for clips, absent in zip(n, found.absent, strict=True):
            assert clips or absent is None
            if absent is not None and absent.value is not None:
                assert 0 <= absent.low <= absent.value + 1e-6
                assert absent.value <= absent.high + 1e-3 <= 1.001


def test_prediction_powered_mean_of_equal_chances() -> None:
    """With one machine a plant and equal chances the estimate is the mean claim plus the
    audit's mean error, and the variance that of independent terms."""
    rng = np.random.default_rng(3)
    truth = rng.random(4000) < 0.2
    claimed = np.where(rng.random(4000) < 0.1, ~truth, truth).astype(float)
    drawn = rng.random(4000) < 0.25
    judged = np.where(drawn, truth, np.nan)
    found = audited(claimed, judged, np.full(4000, 0.25), np.arange(4000))
    terms = claimed + np.where(drawn, (truth - claimed) / 0.25, 0)
    assert found.value == pytest.approx(terms.mean())
    half = 1.960551 * terms.std(ddof=1) / np.sqrt(4000)
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-4)
    assert found.low < truth.mean() < found.high


def test_prediction_powered_mean_of_its_authors_program() -> None:
    """ppi_py 0.2.3, `ppi_mean_pointestimate` and `ppi_mean_ci` with lam=1, of the same numbers.

    Its interval takes the judged and the rest for independent samples, so it is the wider one.
    """
    rng = np.random.default_rng(3)
    truth = (rng.random(4000) < 0.2).astype(float)
    claimed = np.where(rng.random(4000) < 0.1, 1 - truth, truth)
    drawn = rng.random(4000) < 0.25
    chance = np.full(4000, drawn.mean())
    found = audited(claimed, np.where(drawn, truth, np.nan), chance, np.arange(4000))
    assert found.value == pytest.approx(0.21315625, abs=1e-8)
    assert 0.18891804 < found.low < found.high < 0.23739446
    assert found.high - found.low > 0.85 * (0.23739446 - 0.18891804)


@pytest.mark.parametrize(
    ("hits", "of", "beta"),
    [(3, 57, (0.0109882559, 0.1461990643)), (29, 29, (0.8805551309, 1.0))],
)
def test_shares_of_statsmodels(hits: int, of: int, beta: tuple[float, float]) -> None:
    """statsmodels 0.15, `proportion_confint` by the method `beta`."""
    assert (exact(hits, of).low, exact(hits, of).high) == pytest.approx(beta, abs=1e-9)


def test_plants_that_are_alike_tell_less() -> None:
    apart = clustered([1] * 20, [10] * 20)
    together = clustered([10, 10] + [0] * 18, [10] * 20)
    assert apart.value == together.value == 0.1
    assert together.high - together.low > 2 * (apart.high - apart.low)
    independent = exact(20, 200)
    assert apart.high - apart.low >= 0.95 * (independent.high - independent.low)


def test_none_in_a_few_plants_rules_out_little() -> None:
    assert clustered([0] * 3, [50] * 3).high > exact(0, 150).high


def test_bounds_hold_every_answer_the_unknown_may_give() -> None:
    found = bounds([1, 0, 2], [3, 2, 0], [10, 8, 6])
    assert found.least.value == pytest.approx(3 / 24)
    assert found.most.value == pytest.approx(8 / 24)
    low, high = found.interval
    assert low <= 3 / 24 and high >= 8 / 24


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_lang_reiczigel_covers(share: float) -> None:
    rng = np.random.default_rng(7)
    se, sp = 0.9, 0.95
    held = 0
    for _ in range(1000):
        positive = int(rng.binomial(300, share * se + (1 - share) * (1 - sp)))
        found = lang_reiczigel(
            positive, 300, int(rng.binomial(60, se)), 60, int(rng.binomial(80, sp)), 80
        )
        held += found.low <= share <= found.high
    assert held >= 940
