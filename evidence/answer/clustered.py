"""A share where plants, not machines, were sampled: one plant's machines are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from datasets.errors import UsageError
from datasets.messages import Message
from evidence.answer.estimate import LEVEL, Estimate, check_level

ALIKE = 0.1
"""Correlation of two machines of one plant that is assumed where the counts cannot show one.
Plants buy in batches, from few sellers; the answer's sensitivity analysis varies it."""

FEW = 10
"""Plants below which an interval over plants is warned of, and that hits or others must come from
for what the counts show of how plants differ to stand without `ALIKE` as its least."""


def few_plants(plants: int) -> str:
    """The warning that so few plants ask for."""
    if plants == 1:
        return Message(
            "one plant does not show how plants differ: print no percentage without its interval"
        )
    return Message(
        "%(num)s plant is few to judge by: print no percentage without its interval",
        "%(num)s plants are few to judge by: print no percentage without its interval",
        num=plants,
    )


def clustered(
    hits: Sequence[float], machines: Sequence[float], level: float = LEVEL, alike: float = ALIKE
) -> Estimate:
    """The share of machines, with an interval over plants.

    The ratio estimate with its variance between plants gives an effective number of machines,
    and that the exact interval: Korn & Graubard, "Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data", Survey Methodology 24
    (1998) 193-201. The effective number is never more than that of the machines.

    Args:
        hits, machines: of each plant; effective numbers need not be whole.
        alike: the least correlation within plants where few of them (`FEW`, by `even`) have
            hits, or others.

    Raises:
        UsageError: counts that do not go together, a level or a correlation out of range.
    """
    check_level(level)
    y, m = np.asarray(hits, float), np.asarray(machines, float)
    if y.shape != m.shape or y.ndim != 1 or (y < 0).any() or (y > m).any():
        raise UsageError("hits and machines must be as many, and no plant have more hits")
    if not 0 <= alike < 1:
        raise UsageError(f"a correlation of {alike}: give one of at least 0 and below 1")
    y, m = y[m > 0], m[m > 0]
    method = "Korn & Graubard 1998, over plants"
    total, plants = float(m.sum()), len(m)
    if not plants:
        return Estimate(None, 0.0, 1.0, method, level, (Message("there are no machines"),))
    share = float(y.sum()) / total
    low, high = around(share, effective(y, m, alike), total, even(m), level)
    few = few_plants(plants) if plants < FEW else None
    return Estimate(share, low, high, method, level, (few,) if few else ())


def around(
    share: float, size: float, machines: float, plants: float, level: float = LEVEL
) -> tuple[float, float]:
    """The exact interval around a share that rests on so many independent machines.

    The effective number is itself an estimate, from `plants`, so it is made smaller by the
    squared ratio of Student's t with as many degrees as machines and as plants, less one; it is
    never more than that of the machines. Plants of unequal size count as fewer: Carter, Schnepel
    & Steigerwald, "Asymptotic behavior of a t-test robust to cluster heterogeneity", Review of
    Economics and Statistics 99 (2017) 698-709.
    """
    tail = (1 - level) / 2
    narrow = special.stdtrit(max(1.0, machines - 1), 1 - tail)
    wide = special.stdtrit(max(1.0, plants - 1), 1 - tail)
    size = min(machines, size * float(narrow / wide) ** 2)
    x = share * size
    low = 0.0 if x <= 0 else float(special.betaincinv(x, size - x + 1, tail))
    high = 1.0 if x >= size else float(special.betaincinv(x + 1, size - x, 1 - tail))
    return low, high


def even(parts: np.ndarray) -> float:
    """Parts of one size that would tell as much as these: Kish, "Survey Sampling" (1965), 11.7.

    >>> even(np.array([5, 5, 5, 0])), round(even(np.array([98, 1, 1])), 2)
    (3.0, 1.04)
    """
    squares = float((parts.astype(float) ** 2).sum())
    return float(parts.sum()) ** 2 / squares if squares else 0.0


def effective(
    hits: np.ndarray,
    machines: np.ndarray,
    alike: float = ALIKE,
    sizes: np.ndarray | None = None,
) -> float:
    """How many independent machines would tell as much as these.

    The share's variance is that of the jackknife that leaves out one plant at a time (Rust & Rao,
    "Variance estimation for complex surveys using replication techniques", Statistical Methods
    in Medical Research 5 (1996) 283-310): a plant that holds most machines draws the share to
    its own, and its distance from it, as linearised, would be too small. Of equal plants both
    are the same.

    Args:
        hits, machines: (plants,) of each plant that has machines; estimates may be below nothing.
        sizes: (plants,) above nothing, by which a plant weighs; as `machines` if None.
    """
    total, plants = float(machines.sum()), len(machines)
    sizes = machines if sizes is None else sizes
    share = float(hits.sum()) / total
    # Kish, "Survey Sampling" (1965), 5.4: the design effect of clusters of unequal sizes.
    assumed = total / (1 + (total / even(sizes) - 1) * alike)
    if plants < 2 or not 0 < share < 1:
        return assumed
    without = total * (1 - sizes / sizes.sum())
    between = (plants - 1) / plants * float((((hits - share * machines) / without) ** 2).sum())
    size = min(total, share * (1 - share) / between) if between else total
    # A share that rests on few plants has seldom met those that hold many of the kind.
    told_by = (even(np.maximum(0, one)) for one in (hits, machines - hits))
    return min(size, assumed) if min(told_by) < FEW else size
