"""What the stated probabilities are worth: reliability, calibration error, risk and coverage.

Everything here is computed on the likeliest builder of each sighting, named or left unknown. So the
operating point can be moved afterwards without looking at the pictures again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.types import Attribution
from training.evaluate.measures import Share

# Edges of the bins of the reliability diagram: finer where names are given (0.9 and 0.97).
BINS: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 0.99, 1.0)
RESAMPLES = 2000
# Evidence that points to no builder of the machine, whatever its weight.
SILENT = frozenset({"control", "concealed", "overlay", "dealer"})


def candidate(said: Attribution) -> tuple[str | None, float]:
    """The likeliest builder of an attribution and its probability, named or not.

    An attribution left unknown states only the probability of `unknown`. The rest is shared among
    the builders its evidence speaks for, in proportion to exp(log-odds), as the attribution itself
    does. It is exact for one builder. Where two compete, parts of one mark counted twice make it
    coarse.

    Returns:
        Registry id and probability; (None, 0.0) where no evidence speaks for anybody.
    """
    if said.builder is not None:
        return said.builder, said.probability
    totals: dict[str, float] = {}
    for line in said.evidence:
        if line.id is not None and line.kind not in SILENT and line.weight > 0:
            totals[line.id] = totals.get(line.id, 0.0) + line.weight
    if not totals:
        return None, 0.0
    best = max(sorted(totals), key=lambda id: totals[id])
    share = 1.0 / sum(math.exp(total - totals[best]) for total in totals.values())
    return best, (1.0 - said.probability) * share


def reliability(chance: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The reliability diagram over `BINS`: of each its mean chance, and how many were right.

    Args:
        chance: (n,) stated; right: (n,) whether it was so. 1.0 itself belongs to the last bin.
    """
    places = _places(chance)
    bins: list[dict[str, Any]] = []
    for index, (low, high) in enumerate(pairwise(BINS)):
        here = places == index
        share = Share(int(right[here].sum()), int(here.sum()))
        stated = round(float(chance[here].mean()), 4) if here.any() else None
        bins.append({"from": low, "to": high, "stated": stated, "right": share.as_dict()})
    return bins


def calibration_error(
    chance: NDArray[np.float64], right: NDArray[np.bool_], edges: tuple[float, ...] = BINS
) -> float | None:
    """Expected calibration error: the mean distance between stated and found over bins between
    `edges`, each weighted by its claims; None without any.

    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015), Obtaining well calibrated
    probabilities using Bayesian binning. AAAI.

    Example:
        >>> round(calibration_error(np.array([0.95, 0.95]), np.array([True, False])), 2)
        0.45
    """
    if not len(chance):
        return None
    places = _places(chance, edges)
    excess = np.bincount(places, weights=chance - right, minlength=len(edges) - 1)
    return float(np.abs(excess).sum() / len(chance))


def calibration_interval(
    chance: NDArray[np.float64], right: NDArray[np.bool_], groups: Sequence[str]
) -> tuple[float, float] | None:
    """Between what 95 % of calibration errors lie where whole groups are drawn again.

    No confidence interval of the true error: every drawing adds luck of its own, and an error
    counts luck up (`calibration_by_luck`). An error of nothing lies below it.

    Args:
        groups: (n,) the source of each claim: those of one source are alike.
    """
    if not len(chance):
        return None
    rng = np.random.default_rng(0)
    names = sorted(set(groups))
    members = [np.flatnonzero(np.array(groups) == name) for name in names]
    values = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([members[i] for i in rng.integers(len(names), size=len(names))])
        value = calibration_error(chance[drawn], right[drawn])
        assert value is not None
        values.append(value)
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def calibration_by_luck(chance: NDArray[np.float64]) -> tuple[float, float] | None:
    """The calibration error of as many claims whose chances are just as stated: its mean, and
    what it stays below in 95 of 100 drawings. None without any.

    An error counts up the luck of every bin, so it is above zero for few claims however well
    they are calibrated. Claims are drawn as if independent.

    Bröcker, J. and Smith, L. A. (2007), Increasing the reliability of reliability diagrams.
    Weather and Forecasting 22, section 3 (consistency resampling).
    """
    if not len(chance):
        return None
    drawn = np.random.default_rng(0).random((RESAMPLES, len(chance))) < chance
    values = np.array([calibration_error(chance, right) for right in drawn], np.float64)
    return float(values.mean()), float(np.quantile(values, 0.95))


def risk_coverage(
    chance: NDArray[np.float64], right: NDArray[np.bool_], machines: int
) -> list[dict[str, float]]:
    """The curve from the surest claim on, one point for each probability stated.

    Naming every machine from `chance` on names `coverage` of them, and `risk` of these wrongly.

    Args:
        chance: (n,) of claims on machines that could be named; right: (n,).
        machines: all that could be named, those without a claim included.
    """
    order = np.argsort(-chance, kind="stable")
    stated, wrong = chance[order], np.cumsum(~right[order])
    last = np.flatnonzero(np.append(np.diff(stated) != 0, len(chance) > 0))
    return [
        {
            "chance": round(float(stated[i]), 5),
            "coverage": round(float((i + 1) / machines), 4),
            "risk": round(float(wrong[i] / (i + 1)), 4),
        }
        for i in last
    ]


def _places(chance: NDArray[np.float64], edges: tuple[float, ...] = BINS) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, len(edges) - 2)
