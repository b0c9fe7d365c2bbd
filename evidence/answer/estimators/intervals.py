"""An estimate with its interval, the interval of a simple count, and shares as people read them.

Shares are rounded so that they claim no more than holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scipy.special import betainccinv, betaincinv

from datasets.errors import UsageError

LEVEL = 0.95
"""The share of worlds in which an interval is to hold the truth."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share between 0 and 1.

    value: the estimate, None where the data fix none. low, high: its interval. method: what
    computed it, with its source. warnings: why the interval may hold less often than `level`.
    """

    value: float | None
    low: float
    high: float
    method: str
    level: float = LEVEL
    warnings: tuple[str, ...] = field(default=())


def check_counts(hits: float, of: float) -> None:
    """That a count of hits is one of so many.

    Raises:
        UsageError: negative, or more hits than there are.
    """
    if not 0 <= hits <= of:
        raise UsageError(f"{hits} of {of}: counts run from 0 to all there are")


def check_level(level: float) -> None:
    """That a level of confidence is between a half and one.

    Raises:
        UsageError: it is not.
    """
    if not 0.5 <= level < 1:
        raise UsageError(f"level {level}: give one of at least 0.5 and below 1")


def exact(hits: int, of: int, level: float = LEVEL) -> Estimate:
    """The interval of Clopper & Pearson, "The use of confidence or fiducial limits illustrated
    in the case of the binomial", Biometrika 26 (1934) 404-413: never too narrow.

    Example:
        >>> found = exact(0, 10)
        >>> round(found.low, 4), round(found.high, 4)
        (0.0, 0.3085)

    Raises:
        UsageError: counts or level out of range.
    """
    check_counts(hits, of)
    check_level(level)
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, of - hits + 1, tail))
    high = 1.0 if hits == of else float(betainccinv(hits + 1, of - hits, tail))
    return Estimate(hits / of if of else None, low, high, "Clopper & Pearson 1934", level)


def ruled_out(of: float, level: float = LEVEL, sensitivity: float = 1.0) -> float:
    """The smallest share that would have shown at least once among `of` with chance `level`.

    1 - (1 - level)^(1/of), divided by `sensitivity`. This is the exact form of the rule of three,
    which gives 3/of at 0.95. Source: Hanley & Lippman-Hand, "If nothing goes wrong, is everything
    all right?", JAMA 249 (1983) 1743-1745.

    Args:
        of: how many machines were looked at; may be an effective size.
        sensitivity: chance that one which is there is seen for what it is.

    Returns:
        A share; 1 where no share would have been noticed so surely.

    Example:
        >>> round(ruled_out(100), 4)
        0.0295
    """
    check_level(level)
    if of <= 0 or sensitivity <= 0:
        return 1.0
    return float(min(1.0, -math.expm1(math.log1p(-level) / of) / sensitivity))


def percent(share: float | None) -> str:
    """A share for people; nothing and all are written of no other share.

    >>> percent(0.0295), percent(0.5), percent(None)
    ('2.9 %', '50 %', 'not known')
    >>> percent(0.0), percent(0.0002), percent(0.998), percent(1.0)
    ('0 %', '<0.1 %', '>99 %', '100 %')
    """
    if share is None:
        return "not known"
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def above(share: float) -> str:
    """A limit above which something holds, rounded up: it holds above what is written too.

    >>> above(0.04049), above(0.0002), above(0.25)
    ('4.1 %', '0.1 %', '25.0 %')
    """
    return f"{math.ceil(round(1000 * share, 6)) / 10:.1f} %"


def at_least(share: float) -> str:
    """A lower limit, rounded down: no more is written than holds.

    >>> at_least(0.757), at_least(0.0299), at_least(0.0009), at_least(0.0)
    ('75 %', '2.9 %', '<0.1 %', '0 %')
    """
    steps = 1000 if share < 0.1 else 100
    return percent(math.floor(round(steps * share, 6)) / steps or min(share, 0.0004))


def at_most(share: float) -> str:
    """An upper limit, rounded up: no less is written than holds.

    >>> at_most(0.493), at_most(0.0361), at_most(0.0002), at_most(0.0)
    ('50 %', '3.7 %', '0.1 %', '0 %')
    >>> at_most(0.9871), at_most(0.9901), at_most(1.0)
    ('99 %', '>99 %', '100 %')
    """
    steps = 1000 if share < 0.1 else 100
    up = math.ceil(round(steps * share, 6)) / steps
    return percent(up if share == 1 else min(up, 0.999))
