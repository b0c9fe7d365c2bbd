"""How far reviewers agree beyond chance: Cohen's kappa and Krippendorff's alpha.

Both take categories as they are (nominal): two verdicts are alike or not. Cohen, J. (1960), "A
coefficient of agreement for nominal scales", Educational and Psychological Measurement 20(1),
37-46. Krippendorff, K. (2011), "Computing Krippendorff's Alpha-Reliability", University of
Pennsylvania, Departmental Papers (ASC) 43, section C: any number of observers, nominal data,
missing values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A coefficient, and between what bounds it lies with a probability of 0.95; `units`: of
    how many items. None where it cannot be told: too few, or all of one category."""

    value: float | None
    low: float | None
    high: float | None
    units: int


def _kappas(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of two people: kappa = (p_o - p_e) / (1 - p_e).

    p_o is the share of units on which they agree, p_e the share that would be expected of two
    people who judge by chance, each with their own habits (Cohen 1960, formula 1).

    Args:
        tables: (n, categories, categories), how often the one said the row's and the other the
            column's category.

    Returns:
        (n,): 1 for full agreement, 0 for that of chance; NaN where it is not defined.
    """
    total = tables.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.trace(tables, axis1=1, axis2=2) / total
        by_chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1) / total**2
        kappas: NDArray[np.float64] = (observed - by_chance) / (1 - by_chance)
    kappas[~(by_chance < 1)] = np.nan
    return kappas


def _alphas(counts: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of any number of people: alpha = 1 - D_o / D_e, nominal (Krippendorff 2011, section C).

    With n_uc the values c of unit u, n_u. their number, n_c that of c in units of two or more
    values and n of all those: alpha = 1 - (n - 1) * sum_u (sum_c<k n_uc n_uk / (n_u. - 1)) /
    sum_c<k n_c n_k.

    Args:
        counts: (units, categories), how many people put the unit into the category. Units
            with one value or none have nothing to compare and do not count.
        times: (n, units), how often each unit is there.

    Returns:
        (n,), of each row of `times`: 1 for full agreement, 0 for that of chance; NaN where it is
        not defined.
    """
    values = counts.sum(axis=1)
    pairable, often = counts[values >= 2], times[:, values >= 2]
    values = values[values >= 2]
    number = often @ values
    unlike = (values**2 - (pairable**2).sum(axis=1)) / 2
    observed = often @ (unlike / (values - 1))
    totals = often @ pairable
    expected = (number**2 - (totals**2).sum(axis=1)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: NDArray[np.float64] = 1 - (number - 1) * observed / expected
    alphas[~(expected > 0)] = np.nan
    return alphas


def kappa_of(pairs: Sequence[tuple[Hashable, Hashable]]) -> Estimate:
    """Cohen's kappa of the pairs of categories that two people gave, with its bounds."""
    index = _index([side for pair in pairs for side in pair])
    alike = Counter((index[a], index[b]) for a, b in pairs)

    a, b = ([pair[side] for pair in alike] for side in (0, 1))

    def kappas(times: NDArray[np.float64]) -> NDArray[np.float64]:
        tables = np.zeros((len(times), len(index), len(index)))
        tables[:, a, b] = times
        return _kappas(tables)

    return _with_bounds(kappas, list(alike.values()))


def alpha_of(units: Sequence[Mapping[str, Hashable]]) -> Estimate:
    """Krippendorff's alpha of what people, by name, said of each unit, with its bounds."""
    compared = [unit for unit in units if len(unit) >= 2]
    index = _index([said for unit in compared for said in unit.values()])
    alike = Counter(tuple(sorted(index[said] for said in unit.values())) for unit in compared)
    counts = np.zeros((len(alike), max(len(index), 1)))
    for number, said in enumerate(alike):
        for one in said:
            counts[number, one] += 1
    return _with_bounds(lambda times: _alphas(counts, times), list(alike.values()))


def _index(values: Sequence[Hashable]) -> dict[Hashable, int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _with_bounds(
    measure: Callable[[NDArray[np.float64]], NDArray[np.float64]], often: Sequence[int]
) -> Estimate:
    """A percentile bootstrap by items (Efron & Tibshirani 1993, chapter 13), seeded.

    Items that were judged alike are drawn together, by how `often` they are there, which is
    the same. Draws in which it is not defined, for they hold one category alone, are left out.
    """
    units = sum(often)
    if units == 0:
        return Estimate(None, None, None, 0)
    times = np.array(often, np.float64)
    (whole,) = measure(times[np.newaxis])
    value = None if np.isnan(whole) else float(whole)
    if value is None or units < 2:
        return Estimate(value, None, None, units)
    drawn = np.random.default_rng(0).multinomial(units, times / units, DRAWS)
    known = measure(drawn.astype(np.float64))
    known = known[~np.isnan(known)]
    if not len(known):
        return Estimate(value, None, None, units)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), units)
