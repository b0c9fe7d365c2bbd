"""A share where plants, not machines, were sampled: one plant's machines are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from datasets.errors import UsageError
from evidence.answer.estimate import LEVEL, Estimate, check_level
from evidence.answer.told import Told

ALIKE = 0.1
"""Correlation of two machines of one plant that is assumed where the counts cannot show one.
Plants buy in batches, from few sellers; the answer's sensitivity analysis varies it."""

FEW = 10
"""Plants below which an interval over plants is warned of."""


def few_plants(plants: int) -> str:
    """The warning that so few plants ask for."""
    if plants == 1:
        return Told("one plant does not show how plants differ")
    return Told(
        "%(num)s plant is few to judge by", "%(num)s plants are few to judge by", num=plants
    )


def clustered(
    hits: Sequence[float], machines: Sequence[float], level: float = LEVEL, alike: float = ALIKE
) -> Estimate:
    """The share of machines, with an interval over plants.

    The ratio estimate with its linearised variance between plants gives an effective number of
    machines, and that the exact interval: Korn & Graubard, "Confidence intervals for proportions
    with small expected number of positive counts estimated from survey data", Survey Methodology
    24 (1998) 193-201. The effective number is never more than that of the machines.

    Args:
        hits, machines: of each plant; effective numbers need not be whole.
        alike: the correlation within plants where none or all are hits, so none shows; and the
            least that is assumed with fewer than `FEW` plants.

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
        return Estimate(None, 0.0, 1.0, method, level, (Told("there are no machines"),))
    share = float(y.sum()) / total
    low, high = around(share, effective(y, m, alike), total, plants, level)
    few = few_plants(plants) if plants < FEW else None
    return Estimate(share, low, high, method, level, (few,) if few else ())


def around(
    share: float, size: float, machines: float, plants: int, level: float = LEVEL
) -> tuple[float, float]:
    """The exact interval around a share that rests on so many independent machines.

    The effective number is itself an estimate, from `plants`, so it is made smaller by the
    squared ratio of Student's t with as many degrees as machines and as plants, less one; it is
    never more than that of the machines.
    """
    tail = (1 - level) / 2
    narrow = special.stdtrit(max(1.0, machines - 1), 1 - tail)
    wide = special.stdtrit(max(1, plants - 1), 1 - tail)
    size = min(machines, size * float(narrow / wide) ** 2)
    x = share * size
    low = 0.0 if x <= 0 else float(special.betaincinv(x, size - x + 1, tail))
    high = 1.0 if x >= size else float(special.betaincinv(x + 1, size - x, 1 - tail))
    return low, high


def effective(hits: np.ndarray, machines: np.ndarray, alike: float = ALIKE) -> float:
    """How many independent machines would tell as much as these.

    Args:
        hits, machines: (plants,) of each plant that has machines.
    """
    total, plants = float(machines.sum()), len(machines)
    share = float(hits.sum()) / total
    # Kish, "Survey Sampling" (1965), 5.4: the design effect of clusters of unequal sizes.
    assumed = total / (1 + (float((machines**2).sum()) / total - 1) * alike)
    if plants < 2 or share in (0.0, 1.0):
        return assumed
    between = plants / (plants - 1) * float(((hits - share * machines) ** 2).sum()) / total**2
    if between == 0:
        return total if plants >= FEW else assumed
    size = min(total, share * (1 - share) / between)
    return min(size, assumed) if plants < FEW else size
