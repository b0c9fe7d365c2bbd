"""Presence by plant: from "not seen in n clips" to a probability of absence.

Clips of one plant are visits to it. Plant i holds a machine of the origin with chance psi; if it
does, each clip shows one, recognised, with chance p. MacKenzie, Nichols, Lachman, Droege,
Royle & Langtimm, "Estimating site occupancy rates when detection probabilities are less than
one", Ecology 83 (2002) 2248-2255, the model with constant psi and p.

Where no plant of several clips shows one, the likelihood is greatest at p = 1 whatever the truth:
plants of one clip fix psi p alone, and the likelihood of a plant of n clips without one,
1 - psi p (1 + (1 - p) + ... + (1 - p)^(n - 1)), only grows with p. Then p is an artefact, and so is
an absence computed from it. Small samples bring estimates far from what holds of large ones:
Guillera-Arroita, Ridout & Morgan, "Design of occupancy studies with imperfect detection", Methods
in Ecology and Evolution 1 (2010) 131-139. And p of one plant does not show how plants differ. So
nothing is told before two plants show one that were filmed in several clips each; and an absence
comes with its interval, of which the lower limit is the one to print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import expm1

import numpy as np
import scipy  # whose `optimize` is loaded where it is first used
from numpy.typing import NDArray
from scipy.special import expit, gammaincinv, logit, xlog1py, xlogy

from datasets.errors import UsageError
from datasets.messages import Message
from evidence.answer.estimators.intervals import LEVEL, Estimate, check_level

METHOD = "MacKenzie and others 2002, profile likelihood"
LEAST_PLANTS = 2
"""Plants filmed in several clips that show one, for p to be told."""

_EDGE = 1e-9
_FAR = float(logit(1 - _EDGE))
_NOTHING = 0.001
"""A lower limit of an absence below this is none."""

_STARTS = ((0.1, 0.5), (0.5, 0.2), (0.5, 0.8), (0.9, 0.05))


@dataclass(frozen=True, slots=True)
class Occupancy:
    """present: share of plants that hold such a machine. seen: chance that a clip of such a
    plant shows it. absent: by plant, the probability that it holds none; None where nothing tells
    it."""

    present: Estimate
    seen: Estimate
    absent: tuple[Estimate | None, ...]
    deviance: float | None


def fit_occupancy(visits: Sequence[int], hits: Sequence[int], level: float = LEVEL) -> Occupancy:
    """Fits the model by maximum likelihood.

    Args:
        visits: clips of each plant, copies of one recording counted once.
        hits: of those, clips in which a machine of the origin was confirmed.

    Returns:
        Intervals are those of the profile likelihood (chi-squared, one degree of freedom), that of
        an absence too, which is a function of psi and p: Venzon & Moolgavkar, "A method for
        computing profile-likelihood-based confidence intervals", Applied Statistics 37 (1988)
        87-94. They hold on a bound of psi or p as well, where the estimate itself says nothing.
        Where fewer than `LEAST_PLANTS` plants of several clips show one there is no estimate, and
        the interval of `present` says why.

    Raises:
        UsageError: counts that do not go together, or a level out of range.
    """
    check_level(level)
    n, y = np.asarray(visits, int), np.asarray(hits, int)
    if n.shape != y.shape or n.ndim != 1 or (y < 0).any() or (y > n).any():
        raise UsageError("visits and hits must be as many, and no plant have more hits than visits")
    known = n > 0
    if ((n > 1) & (y > 0)).sum() < LEAST_PLANTS:
        why = Message(
            "fewer than two plants that were filmed in several recordings show a confirmed one, so "
            "nothing tells how often a recording shows what stands there"
        )
        if not (y > 0).any():
            why = Message("no recording shows a confirmed one yet")
        nothing = Estimate(None, 0.0, 1.0, METHOD, level, (why,))
        return Occupancy(nothing, nothing, (None,) * len(n), None)

    def deviance(psi: float, p: float) -> float:
        return -2 * _log_likelihood(psi, p, n[known], y[known])

    psi, p, least = _minimise(deviance)
    # The quantile of chi squared with one degree of freedom; to load `scipy.stats` takes a second.
    reach = least + 2 * float(gammaincinv(0.5, level))
    low, high = _profile(lambda a: _inner(lambda b: deviance(a, b)), psi, reach)
    present = Estimate(psi, low, high, METHOD, level, _warnings(n, y))
    low, high = _profile(lambda b: _inner(lambda a: deviance(a, b)), p, reach)
    seen = Estimate(p, low, high, METHOD, level)
    none: dict[int, Estimate | None] = {0: None}
    for clips in np.unique(n[known & (y == 0)]).tolist():
        none[clips] = _absent(deviance, clips, psi, p, reach, level)
    absent = tuple(
        no_absence(level) if hit else none[clips] for clips, hit in zip(n.tolist(), y, strict=True)
    )
    return Occupancy(present, seen, absent, least)


def no_absence(level: float = LEVEL) -> Estimate:
    """Of a plant in which one was confirmed."""
    return Estimate(0.0, 0.0, 0.0, METHOD, level)


def _absent(
    deviance: Callable[[float, float], float],
    clips: int,
    psi: float,
    p: float,
    reach: float,
    level: float,
) -> Estimate:
    """The probability that a plant holds none, of which so many clips show none.

    Its log odds are those of 1 - psi less clips times log(1 - p). For each, the deviance is the
    least along the log odds of 1 - psi, on which the valley is never narrow.
    """

    def over(odds: float) -> float:
        def along(x: float) -> float:
            return deviance(_share(-x), min(max(-expm1((x - odds) / clips), _EDGE), 1 - _EDGE))

        return _least(along, -_FAR, min(odds, _FAR)) - reach

    best = float(logit(1 - psi)) - clips * float(np.log1p(-p))
    lowest, highest = float(logit(_NOTHING)), _FAR * (1 + clips)
    low = 0.0 if best < lowest or over(lowest) < 0 else expit(_root(over, lowest, best))
    high = 1.0 if over(highest) < 0 else expit(_root(over, best, highest))
    return Estimate(float(expit(best)), float(low), float(high), METHOD, level)


def _root(over: Callable[[float], float], low: float, high: float) -> float:
    """Of log odds, to a hundredth of a percent."""
    return float(scipy.optimize.brentq(over, low, high, xtol=1e-4))


def _warnings(n: np.ndarray, y: np.ndarray) -> tuple[str, ...]:
    if (y > 0).sum() < 5 or (n > 1).sum() < 20:
        return (Message("few plants: the interval is that of a large sample"),)
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
        found = scipy.optimize.minimize(
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
    return _least(of, _EDGE, 1 - _EDGE)


def _least(of: Callable[[float], float], low: float, high: float) -> float:
    """The least of a function between two places; there may be two valleys."""
    at = np.linspace(low, high, 25).tolist()
    best = min(range(len(at)), key=lambda place: of(at[place]))
    bounds = (at[max(0, best - 1)], at[min(len(at) - 1, best + 1)])
    found = scipy.optimize.minimize_scalar(
        of, bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    return float(found.fun)


def _profile(profile: Callable[[float], float], best: float, reach: float) -> tuple[float, float]:
    """Where the profile climbs to `reach`, on both sides of the best value."""

    def over(x: float) -> float:
        return profile(x) - reach

    low = 0.0 if over(_EDGE) < 0 else float(scipy.optimize.brentq(over, _EDGE, best))
    high = 1.0 if over(1 - _EDGE) < 0 else float(scipy.optimize.brentq(over, best, 1 - _EDGE))
    return low, high
