"""Each formula gives what was published, or what another program computes."""

from __future__ import annotations

import pytest

from evidence.answer.intervals import around, clustered, ruled_out


def exact(hits: int, of: int) -> tuple[float, float]:
    """The interval of machines that are all of different plants."""
    return around(hits / of, of, of, of)


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
        assert exact(hits, of) == pytest.approx((low, high), abs=5e-5)
    assert exact(0, 20) == pytest.approx((0, 0.1684), abs=5e-5)
    assert exact(29, 29) == pytest.approx((0.8806, 1), abs=5e-5)


@pytest.mark.parametrize(
    ("hits", "of", "beta"),
    [(3, 57, (0.0109882559, 0.1461990643)), (29, 29, (0.8805551309, 1.0))],
)
def test_shares_of_statsmodels(hits: int, of: int, beta: tuple[float, float]) -> None:
    """statsmodels 0.15, `proportion_confint` by the method `beta`."""
    assert exact(hits, of) == pytest.approx(beta, abs=1e-9)


def test_plants_that_are_alike_tell_less() -> None:
    apart = clustered([1] * 20, [10] * 20)
    together = clustered([10, 10] + [0] * 18, [10] * 20)
    assert apart.value == together.value == 0.1
    assert together.high - together.low > 2 * (apart.high - apart.low)
    low, high = exact(20, 200)
    assert apart.high - apart.low >= 0.95 * (high - low)


def test_none_in_a_few_plants_rules_out_little() -> None:
    assert clustered([0] * 3, [50] * 3).high > exact(0, 150)[1]
