"""Presence by plant: from "not seen in n clips" to a probability of absence.

Clips of one plant are visits to it. Plant i holds a machine of the origin with chance psi; if it
does, each clip shows one, recognised, with chance p. MacKenzie, Nichols, Lachman, Droege,
Royle & Langtimm, "Estimating site occupancy rates when detection probabilities are less than
one", Ecology 83 (2002) 2248-2255, the model with constant psi and p.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.special import expit, logit, xlog1py, xlogy

from datasets.errors import UsageError
from evidence.answer.estimate import LEVEL, Estimate, check_level
from evidence.answer.told import Told

METHOD = "MacKenzie and others 2002, profile likelihood"
_EDGE = 1e-9
_STARTS = ((0.1, 0.5), (0.5, 0.2), (0.5, 0.8), (0.9, 0.05))


@dataclass(frozen=True, slots=True)
class Occupancy:
    """present: share of plants that hold such a machine. seen: chance that a clip of such a
    plant shows it. absent: by plant, the probability that it holds none."""

    present: Estimate
    seen: Estimate
    absent: tuple[float, ...]
    deviance: float


def fit_occupancy(visits: Sequence[int], hits: Sequence[int], level: float = LEVEL) -> Occupancy:
    """Fits the model by maximum likelihood.

    Args:
        visits: clips of each plant, copies of one recording counted once.
        hits: of those, clips in which a machine of the origin was confirmed.

    Returns:
        Intervals are those of the profile likelihood (chi-squared, one degree of freedom).
        Where no clip shows one, or no plant has two clips, psi and p cannot be told apart:
        there is no estimate, and the interval of `present` says so.

    Raises:
        UsageError: counts that do not go together, or a level out of range.
    """
    check_level(level)
    n, y = np.asarray(visits, int), np.asarray(hits, int)
    if n.shape != y.shape or n.ndim != 1 or (y < 0).any() or (y > n).any():
        raise UsageError("visits and hits must be as many, and no plant have more hits than visits")
    known = n > 0
    if not (y > 0).any() or not (n > 1).any():
        why = Told(
            "no plant was filmed in two recordings, so nothing tells how often one shows what "
            "stands there"
        )
        if not (y > 0).any():
            why = Told("no recording shows one")
        nothing = Estimate(None, 0.0, 1.0, METHOD, level, (why,))
        return Occupancy(nothing, nothing, tuple(float("nan") for _ in n), float("nan"))

    def deviance(psi: float, p: float) -> float:
        return -2 * _log_likelihood(psi, p, n[known], y[known])

    psi, p, least = _minimise(deviance)
    reach = least + float(stats.chi2.ppf(level, 1))
    low, high = _profile(lambda a: _inner(lambda b: deviance(a, b)), psi, reach)
    present = Estimate(psi, low, high, METHOD, level, _warnings(n, y))
    low, high = _profile(lambda b: _inner(lambda a: deviance(a, b)), p, reach)
    seen = Estimate(p, low, high, METHOD, level)
    missed = psi * (1 - p) ** n
    absent = np.where(y > 0, 0.0, (1 - psi) / np.maximum(1 - psi + missed, 1e-300))
    return Occupancy(present, seen, tuple(float(one) for one in absent), least)


def _warnings(n: np.ndarray, y: np.ndarray) -> tuple[str, ...]:
    if (y > 0).sum() < 5 or (n > 1).sum() < 20:
        return (Told("few plants: the interval is that of a large sample"),)
    return ()


def _log_likelihood(psi: float, p: float, n: np.ndarray, y: np.ndarray) -> float:
    """Without the constant binomial coefficients, as PRESENCE counts it."""
    seen = np.log(psi) + xlogy(y, p) + xlog1py(n - y, -p)
    never = np.log(psi * (1 - p) ** n + 1 - psi)
    return float(np.where(y > 0, seen, never).sum())


def _minimise(deviance: Callable[[float, float], float]) -> tuple[float, float, float]:
    """psi, p and the least deviance; from several starts, since there may be two valleys."""

    def of_logits(x: NDArray[np.float64]) -> float:
        return deviance(_share(x[0]), _share(x[1]))

    best: tuple[float, float, float] | None = None
    for start in _STARTS:
        found = optimize.minimize(
            of_logits,
            [float(logit(one)) for one in start],
            method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000},
        )
        if best is None or found.fun < best[2] - 1e-9:
            best = (_share(found.x[0]), _share(found.x[1]), float(found.fun))
    assert best is not None
    return best


def _share(x: float) -> float:
    return min(max(float(expit(x)), _EDGE), 1 - _EDGE)


def _inner(of: Callable[[float], float]) -> float:
    """The least of a function of one share."""
    found = optimize.minimize_scalar(
        of, bounds=(_EDGE, 1 - _EDGE), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.fun)


def _profile(profile: Callable[[float], float], best: float, reach: float) -> tuple[float, float]:
    """Where the profile climbs to `reach`, on both sides of the best value."""

    def over(x: float) -> float:
        return profile(x) - reach

    low = 0.0 if over(_EDGE) < 0 else float(optimize.brentq(over, _EDGE, best))
    high = 1.0 if over(1 - _EDGE) < 0 else float(optimize.brentq(over, best, 1 - _EDGE))
    return low, high
