"""How well boxes were found: overlap, matching, precision, recall, AP, and how sure of it.

Boxes are rows `(x1, y1, x2, y2)` in pixels, arrays of shape (n, 4), float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total`, with its 95 % Wilson interval; nothing measured spans 0 to 1.

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical
    inference. JASA 22.
    """

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

        Example:
            >>> round(Share(0, 100).at_most, 4)
            0.0295
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
        low, high = self.interval
        return {
            "hits": self.hits,
            "total": self.total,
            "share": None if self.value is None else round(self.value, 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }


def percent(value: float | None) -> str:
    """A share of 1 in percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


_RESAMPLES = 400


def boxes(rows: Sequence[Sequence[float]]) -> Boxes:
    """Rows of boxes as an array; (0, 4) where there is none."""
    return np.asarray(rows, dtype=np.float32).reshape(-1, 4)


@dataclass(frozen=True, slots=True)
class Matched:
    """One picture's boxes against the truth.

    - confidence: (n,) of each box.
    - hit: (n,) it found something.
    - ignored: (n,) it is neither hit nor false alarm.
    - found: (m,) the confidence with which each true box was found, or nan.
    - owner: (n,) index of the true box it found among those given, -1 for none.
    """

    confidence: NDArray[np.float64]
    hit: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    found: NDArray[np.float64]
    owner: NDArray[np.int64]


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

    Args:
        predicted: (n, 4).
        confidence: (n,).
        truth: (m, 4) boxes that should be found.
        ignore: (k, 4) boxes that may be found or not.
    """
    small = _shorter_sides(truth) <= smallest
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
    ignored = ~hit & (excused.any(axis=1) | (_shorter_sides(predicted) <= smallest))
    return Matched(np.asarray(confidence, np.float64), hit, ignored, found_at[~small], owner)


def _shorter_sides(a: Boxes) -> NDArray[np.float32]:
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

    Returns:
        A share of 1; None where nothing was to be found.
    """
    values = [average_precision(at) for at in zip(*matched, strict=True)]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def rate_at_most(events: int, exposure: float) -> float:
    """Upper bound of the true rate of rare events, exact (Poisson), one-sided 95 %.

    Garwood, F. (1936), Fiducial limits for the Poisson distribution. Biometrika 28.

    Args:
        events: how many were counted.
        exposure: over how many hours, pictures ...; the rate is per one of them.
    """
    if exposure <= 0:
        return float("inf")
    return float(chi2.ppf(SURE, 2 * (events + 1))) / 2 / exposure


def average_precision(matched: Sequence[Matched]) -> float | None:
    """Area under the precision-recall curve, its precision made monotone (VOC, 2010).

    Returns:
        A share of 1; None where nothing was to be found.
    """
    wanted = sum(len(m.found) for m in matched)
    if not wanted:
        return None
    counted = [~m.ignored for m in matched]
    confidence = np.concatenate([m.confidence[c] for m, c in zip(matched, counted, strict=True)])
    hit = np.concatenate([m.hit[c] for m, c in zip(matched, counted, strict=True)])
    hits = np.cumsum(hit[np.argsort(-confidence, kind="stable")])
    reached = np.concatenate([[0.0], hits / wanted])
    exact = np.concatenate([hits / np.arange(1, len(hits) + 1), [0.0]])
    exact = np.maximum.accumulate(exact[::-1])[::-1]
    return float((np.diff(reached) * exact[:-1]).sum())


def recall_at_precision(matched: Sequence[Matched], least: float = 0.9) -> Share:
    """Of the true boxes, those found where boxes are still right so often.

    The least confidence is taken at which the share of hits is `least` or more.
    """
    counted = [~m.ignored for m in matched]
    confidence = np.concatenate(
        [m.confidence[c] for m, c in zip(matched, counted, strict=True)] or [np.empty(0)]
    )
    hit = np.concatenate(
        [m.hit[c] for m, c in zip(matched, counted, strict=True)] or [np.empty(0, np.bool_)]
    )
    order = np.argsort(-confidence, kind="stable")
    exact = np.cumsum(hit[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(exact >= least)
    return recall(matched, float(confidence[order][reached[-1]]) if len(reached) else np.inf)


def average_precision_interval(
    matched: Sequence[Matched], groups: Sequence[str]
) -> tuple[float, float] | None:
    """95 % interval of `average_precision` where whole groups of pictures are drawn again.

    A percentile bootstrap (Davison and Hinkley 1997, Bootstrap methods, 3.8). None where nothing
    was to be found.
    """
    names = sorted(set(groups))
    members = [[m for m, g in zip(matched, groups, strict=True) if g == name] for name in names]
    rng = np.random.default_rng(0)
    values = []
    for _ in range(_RESAMPLES):
        drawn = [m for i in rng.integers(len(names), size=len(names)) for m in members[i]]
        if (value := average_precision(drawn)) is not None:
            values.append(value)
    if not values:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
