"""How well boxes were found, and what stated probabilities are worth; each with how sure it is.

Boxes are rows `(x1, y1, x2, y2)` in pixels, arrays of shape (n, 4), float.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binomtest, chi2

from detector.boxes import Boxes, iou, share_inside

# The overlap at which a box counts as found (PASCAL VOC, 2010).
FOUND = 0.5
# AP50-95 is the mean over these overlaps (COCO, 2014).
OVERLAPS: tuple[float, ...] = tuple(k / 100 for k in range(50, 100, 5))
# One-sided: of a hundred such bounds five are too low.
SURE = 0.95
# Edges of the bins of the reliability diagram: finer where names are given (0.9 and 0.97).
BINS: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 0.99, 1.0)
# Draws of boxes, which take long, and of probabilities.
BOX_DRAWS, CHANCE_DRAWS = 400, 2000


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total`, with its 95 % Wilson interval; nothing measured spans 0 to 1. Wilson, E.
    B. (1927), Probable inference, the law of succession, and statistical inference. JASA 22."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        bounds = binomtest(self.hits, self.total).proportion_ci(0.95, method="wilson")
        return float(bounds.low), float(bounds.high)

    @property
    def at_most(self) -> float:
        """Upper bound of the true share, exact, one-sided 95 %; 1 where nothing was measured.

        Clopper, C. J. and Pearson, E. S. (1934), The use of confidence or fiducial limits.
        Biometrika 26. With no hit of n it is close to 3 / n, the rule of three.
        """
        if self.hits >= self.total:
            return 1.0
        return float(beta.ppf(SURE, self.hits + 1, self.total - self.hits))

    def __str__(self) -> str:
        """`93.1 % (27/29, 78-98)`; a dash where there was nothing to measure."""
        if self.value is None:
            return "-"
        low, high = (100 * bound for bound in self.interval)
        return f"{100 * self.value:.1f} % ({self.hits}/{self.total}, {low:.0f}-{high:.0f})"

    def as_dict(self) -> dict[str, object]:
        share, low, high = map(rounded, (self.value, *self.interval))
        return {"hits": self.hits, "total": self.total, "share": share, "low": low, "high": high}


def percent(value: float | None) -> str:
    """A share of 1 in percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def rounded(value: float | None) -> float | None:
    """A number as reports hold it, to four decimals."""
    return None if value is None else round(value, 4)


def boxes(rows: Sequence[Sequence[float]]) -> Boxes:
    """Rows of boxes as an array; (0, 4) where there is none."""
    return np.asarray(rows, dtype=np.float32).reshape(-1, 4)


@dataclass(frozen=True, slots=True)
class Matched:
    """One picture's boxes against the truth.

    - confidence: (n,) of each box.
    - hit: (n,) it found something.
    - ignored: (n,) it is neither hit nor false alarm.
    - sides: (n,) pixels, the shorter side of what it found, or else its own.
    - found: (m,) the confidence with which each true box was found, or nan.
    - true_sides: (m,) pixels, the shorter side of each true box.
    """

    confidence: NDArray[np.float64]
    hit: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    sides: NDArray[np.float32]
    found: NDArray[np.float64]
    true_sides: NDArray[np.float32]

    def of_size(self, low: float, high: float) -> Matched:
        """True boxes of a size, the boxes that found them, and false alarms of that size."""
        chosen, true = ((s >= low) & (s < high) for s in (self.sides, self.true_sides))
        hit, ignored, sides = self.hit[chosen], self.ignored[chosen], self.sides[chosen]
        found, true_sides = self.found[true], self.true_sides[true]
        return Matched(self.confidence[chosen], hit, ignored, sides, found, true_sides)


def match(
    predicted: Boxes,
    confidence: NDArray[np.floating],
    truth: Boxes,
    ignore: Boxes,
    *,
    found: float = FOUND,
    smallest: float = 0.0,
) -> Matched:
    """Matches boxes to true ones, surest first, each true box to one box at most.

    A box that finds nothing is ignored where it overlaps an `ignore` box by `found`, or where an
    `ignore` box holds `found` of its area. So is one whose shorter side is at most `smallest`
    pixels. True boxes that small are ignored too.

    predicted: (n, 4). confidence: (n,). truth: (m, 4) boxes that should be found. ignore: (k, 4)
    boxes that may be found or not.
    """
    sides, true_sides = shorter_sides(predicted), shorter_sides(truth)
    small = true_sides <= smallest
    ignore = np.concatenate([ignore, truth[small]])
    overlap = iou(predicted, truth)
    overlap[:, small] = 0.0
    found_at = np.full(len(truth), np.nan)
    owner = np.full(len(predicted), -1, np.int64)
    for row in np.argsort(-confidence, kind="stable"):
        free = np.where(np.isnan(found_at), overlap[row], 0.0)
        if len(free) and free.max() >= found:
            owner[row] = free.argmax()
            found_at[owner[row]] = confidence[row]
    hit = owner >= 0
    excused = (iou(predicted, ignore) >= found) | (share_inside(predicted, ignore) >= found)
    ignored = ~hit & (excused.any(axis=1) | (sides <= smallest))
    sides[hit] = true_sides[owner[hit]]
    sure = np.asarray(confidence, np.float64)
    return Matched(sure, hit, ignored, sides, found_at[~small], true_sides[~small])


def shorter_sides(a: Boxes) -> NDArray[np.float32]:
    """(n,): the shorter side of each box, pixels."""
    return np.asarray((a[:, 2:] - a[:, :2]).min(axis=1), np.float32)


def recall(matched: Sequence[Matched], least: float) -> Share:
    """Of the true boxes, those found with confidence `least` or more."""
    found = np.concatenate([m.found for m in matched]) if matched else np.empty(0)
    return Share(int((found >= least).sum()), len(found))


def precision(matched: Sequence[Matched], least: float) -> Share:
    """Of the boxes with confidence `least` or more that are not ignored, the hits."""
    hits = total = 0
    for m in matched:
        counted = (m.confidence >= least) & ~m.ignored
        hits += int((m.hit & counted).sum())
        total += int(counted.sum())
    return Share(hits, total)


def match_each(
    predicted: Boxes, confidence: NDArray[np.floating], truth: Boxes, ignore: Boxes
) -> tuple[Matched, ...]:
    """`match` at each of `OVERLAPS`. What may be ignored follows from `FOUND` throughout: a box
    around something else is no false alarm for being drawn carelessly."""
    loose = match(predicted, confidence, truth, ignore)
    strict = [match(predicted, confidence, truth, ignore, found=found) for found in OVERLAPS[1:]]
    return (loose, *(replace(m, ignored=~m.hit & (m.ignored | loose.ignored)) for m in strict))


def mean_average_precision(matched: Sequence[tuple[Matched, ...]]) -> float | None:
    """AP50-95: the mean of `average_precision` over `OVERLAPS`, pictures given by `match_each`.
    Returns a share of 1; None where nothing was to be found."""
    values = [average_precision(at) for at in zip(*matched, strict=True)]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def rate_at_most(events: int, exposure: float) -> float:
    """Upper bound of the true rate of rare events, exact (Poisson), one-sided 95 %.

    Garwood, F. (1936), Fiducial limits for the Poisson distribution. Biometrika 28.

    events: how many were counted. exposure: over how many hours, pictures ...; the rate is per one
    of them.
    """
    if exposure <= 0:
        return float("inf")
    return float(chi2.ppf(SURE, 2 * (events + 1))) / 2 / exposure


def average_precision(matched: Sequence[Matched]) -> float | None:
    """Area under the precision-recall curve, its precision made monotone (VOC, 2010). Returns a
    share of 1; None where nothing was to be found."""
    wanted = sum(len(m.found) for m in matched)
    if not wanted:
        return None
    _, hits = _ranked(matched)
    reached = np.concatenate([[0.0], hits / wanted])
    exact = np.concatenate([hits / np.arange(1, len(hits) + 1), [0.0]])
    exact = np.maximum.accumulate(exact[::-1])[::-1]
    return float((np.diff(reached) * exact[:-1]).sum())


def _ranked(matched: Sequence[Matched]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Of all boxes that are not ignored, surest first: their confidence, and hits up to each."""
    confidence = np.concatenate([np.empty(0), *(m.confidence[~m.ignored] for m in matched)])
    hit = np.concatenate([np.empty(0, np.bool_), *(m.hit[~m.ignored] for m in matched)])
    order = np.argsort(-confidence, kind="stable")
    return confidence[order], np.cumsum(hit[order])


def recall_at_precision(matched: Sequence[Matched], least: float = 0.9) -> Share:
    """Of the true boxes, those found where boxes are still right so often. The least confidence is
    taken at which the share of hits is `least` or more."""
    confidence, hits = _ranked(matched)
    reached = np.flatnonzero(hits / np.arange(1, len(hits) + 1) >= least)
    return recall(matched, float(confidence[reached[-1]]) if len(reached) else np.inf)


def interval(
    groups: Sequence[str], draws: int, value: Callable[[NDArray[np.intp]], float | None]
) -> tuple[float, float] | None:
    """Between what 95 % of a value lie where whole groups of things are drawn again, so often.

    A percentile bootstrap (Davison and Hinkley 1997, Bootstrap methods, 3.8). None where there is
    nothing, or no draw has a value.

    groups: (n,) the source of each thing: those of one source are alike. value: of things by index.
    """
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(np.array(groups) == name) for name in sorted(set(groups))]
    count = len(members)
    drawn = (rng.integers(count, size=count) for _ in range(draws if members else 0))
    values = [value(np.concatenate([members[i] for i in chosen])) for chosen in drawn]
    known = [one for one in values if one is not None]
    if not known:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def reliability(chance: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The reliability diagram over `BINS`: of each its mean chance, and how many were right.

    chance: (n,) stated; right: (n,) whether it was so. 1.0 itself belongs to the last bin.
    """
    places = np.digitize(chance, BINS[1:-1])
    bins: list[dict[str, Any]] = []
    for index, (low, high) in enumerate(pairwise(BINS)):
        here = places == index
        share = Share(int(right[here].sum()), int(here.sum()))
        stated = rounded(float(chance[here].mean())) if here.any() else None
        bins.append({"from": low, "to": high, "stated": stated, "right": share.as_dict()})
    return bins


def calibration_error(
    chance: NDArray[np.float64], right: NDArray[np.bool_], edges: tuple[float, ...] = BINS
) -> float | None:
    """Expected calibration error over bins between `edges`; None without any claim.

    It is the mean distance between stated and found, each bin weighted by its claims.

    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015), Obtaining well calibrated
    probabilities using Bayesian binning. AAAI.

    >>> round(calibration_error(np.array([0.95, 0.95]), np.array([True, False])), 2)
    0.45
    """
    if not len(chance):
        return None
    excess = np.bincount(np.digitize(chance, edges[1:-1]), weights=chance - right)
    return float(np.abs(excess).sum() / len(chance))


def calibration_by_luck(chance: NDArray[np.float64]) -> tuple[float, float] | None:
    """Mean calibration error of true chances, and what it stays below in 95 of 100 draws.

    An error counts up the luck of every bin, so it is above zero for few claims however well
    they are calibrated. Claims are drawn as if independent. None without any.

    Bröcker, J. and Smith, L. A. (2007), Increasing the reliability of reliability diagrams.
    Weather and Forecasting 22, section 3 (consistency resampling).
    """
    if not len(chance):
        return None
    drawn = np.random.default_rng(0).random((CHANCE_DRAWS, len(chance))) < chance
    values = np.array([calibration_error(chance, right) for right in drawn], np.float64)
    return float(values.mean()), float(np.quantile(values, 0.95))


def risk_coverage(
    chance: NDArray[np.float64], right: NDArray[np.bool_], machines: int
) -> list[dict[str, float]]:
    """The curve from the surest claim on, one point for each probability stated.

    Naming every machine from `chance` on names `coverage` of them, and `risk` of these wrongly.

    chance: (n,) of claims on machines that could be named; right: (n,). machines: all that could be
    named, those without a claim included.
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
