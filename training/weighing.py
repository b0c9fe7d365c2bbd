"""Fits what weighs leads: a conditional logit with signs held to, cross-validated by source.

The penalised log-likelihood of `detector.name.weigh`

    sum over machines  w log p(truth)  -  ridge / 2 |b|^2

is maximised by L-BFGS-B (Byrd, Lu, Nocedal and Zhu, 1995), whose bounds hold each coefficient to
its sign. A candidate with several statements counts by the one of greatest utility, chosen again
until the choice stands. The ridge is chosen by the log-likelihood on sources left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from detector.name.weigh import SIGNS, Weights, probabilities
from training.evaluate.measures import calibration_error

RIDGES = (0.02, 0.1, 0.5)
FOLDS = 5
_AS_GOOD = 1.0
"""Ridges closer than this in log-likelihood are equal for the folds; the weaker one is taken."""
_ROUNDS = 4
"""Times at most that each candidate's statement is chosen again."""
_MOST = 15.0
"""Greatest coefficient, either way."""
TENTHS = tuple(tenth / 10 for tenth in range(11))
"""Edges of the bins of the calibration error."""
Rows = Mapping[str, Sequence[Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class WeighingSample:
    """One machine, or a thing that is none: the rows of each candidate and which is true.

    truth: a candidate, or None where none is; source: the unit of folds.
    """

    source: str
    rows: Rows
    truth: str | None
    weight: float = 1.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model and what it was worth on sources left out.

    held_out: of each sample the first lead's probability there, and whether it was right.
    """

    weights: Weights
    ridge: float
    log_likelihood: float
    held_out: tuple[tuple[WeighingSample, str, float, bool], ...] = field(repr=False)


def fit_weights(kind: str, samples: Sequence[WeighingSample]) -> Fitted:
    """The model of `builder` or `origin` fitted to samples, its ridge chosen by folds of sources.
    Raises ValueError: no sample has a candidate."""
    told = [sample for sample in samples if sample.rows]
    if not told:
        raise ValueError("no text of the data names anybody: there is nothing to fit")
    scores = {ridge: _cross_validate(kind, told, ridge) for ridge in RIDGES}
    best = max(score for score, _ in scores.values())
    ridge = min(one for one in RIDGES if scores[one][0] >= best - _AS_GOOD)
    likelihood, held_out = scores[ridge]
    return Fitted(_fit(kind, told, ridge), ridge, likelihood, tuple(held_out))


def fold_of(source: str) -> int:
    """The fold of a source: the same on every machine."""
    return sum(source.encode()) % FOLDS


def chances_of(weights: Weights, sample: WeighingSample) -> dict[str, float]:
    """Probability by candidate of a sample."""
    return probabilities({id: max(map(weights.utility, rows)) for id, rows in sample.rows.items()})


def _cross_validate(
    kind: str, samples: Sequence[WeighingSample], ridge: float
) -> tuple[float, list[tuple[WeighingSample, str, float, bool]]]:
    total, found = 0.0, list[tuple[WeighingSample, str, float, bool]]()
    for fold in range(FOLDS):
        inside = [s for s in samples if fold_of(s.source) != fold]
        outside = [s for s in samples if fold_of(s.source) == fold]
        if not inside or not outside:
            continue
        weights = _fit(kind, inside, ridge)
        for sample in outside:
            chances = chances_of(weights, sample)
            unknown = max(1e-9, 1.0 - sum(chances.values()))
            chance = unknown if sample.truth is None else chances.get(sample.truth, unknown)
            total += sample.weight * math.log(max(1e-9, chance))
            best = max(chances, key=lambda id: chances[id])
            found.append((sample, best, chances[best], best == sample.truth))
    return total, found


def _fit(kind: str, samples: Sequence[WeighingSample], ridge: float) -> Weights:
    names = list(SIGNS[kind])
    bounds = [(0.0, _MOST) if SIGNS[kind][name][0] > 0 else (-_MOST, 0.0) for name in names]
    table = [_arrays(sample, names) for sample in samples]
    weight = np.array([sample.weight for sample in samples])
    truth = [list(sample.rows).index(s) if (s := sample.truth) in sample.rows else -1  # type: ignore[arg-type]
             for sample in samples]  # fmt: skip
    point = np.array([SIGNS[kind][name][0] * 0.5 for name in names])
    for _ in range(_ROUNDS):
        chosen = [np.array([o[np.argmax(o @ point)] for o in options]) for options in table]
        loss = _loss(chosen, truth, weight, ridge)
        before, point = point, minimize(loss, point, jac=True, method="L-BFGS-B", bounds=bounds).x
        if all(len(o) == 1 for options in table for o in options):
            break
        if float(np.abs(before - point).max()) < 1e-3:
            break
    return Weights(kind, {name: round(float(b), 4) for name, b in zip(names, point, strict=True)})


def _arrays(sample: WeighingSample, names: Sequence[str]) -> list[NDArray[np.float64]]:
    """Of each candidate its rows of features, (rows, features)."""
    held = sample.rows.values()
    return [np.array([[row.get(name, 0.0) for name in names] for row in rows]) for rows in held]


def _loss(
    chosen: Sequence[NDArray[np.float64]],
    truth: Sequence[int],
    weight: NDArray[np.float64],
    ridge: float,
) -> Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]:
    """The penalised negative log-likelihood with its gradient, over all machines at once."""
    rows = np.concatenate(chosen)
    owner = np.repeat(np.arange(len(chosen)), [len(one) for one in chosen])
    start = np.cumsum([0, *(len(one) for one in chosen)])[:-1]
    true_row = np.array([s + t if t >= 0 else -1 for s, t in zip(start, truth, strict=True)])
    has = true_row >= 0

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        utility = rows @ point
        top = np.maximum(0.0, np.maximum.reduceat(utility, start))
        share = np.exp(utility - top[owner])
        whole = np.exp(-top) + np.add.reduceat(share, start)
        told = np.where(has, utility[true_row], 0.0) - top - np.log(whole)
        chance = share / whole[owner]
        slope = -(rows * (chance * weight[owner])[:, None]).sum(axis=0)
        slope += (rows[true_row[has]] * weight[has, None]).sum(axis=0)
        value = -float((weight * told).sum()) + ridge / 2 * float(point @ point)
        return value, -slope + ridge * point

    return loss


def summary(fitted: Fitted, least: float = 0.91) -> dict[str, object]:
    """What cross-validation found, for the card: leads, claims and calibration."""
    rows = [(s, b, p, ok) for s, b, p, ok in fitted.held_out if s.weight >= 1]
    claims = [(s, ok) for s, _, p, ok in rows if p >= least]
    chance, right = np.array([p for *_, p, _ in rows]), np.array([ok for *_, ok in rows])
    return {
        "machines": len(rows),
        "ridge": fitted.ridge,
        "log_likelihood": round(fitted.log_likelihood, 2),
        "claims": len(claims),
        "claims_wrong": sorted(s.name for s, ok in claims if not ok),
        "calibration_error": round(calibration_error(chance, right, TENTHS) or 0.0, 4),
    }
