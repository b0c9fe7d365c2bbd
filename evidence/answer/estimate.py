"""An estimate with its interval: what every function of this package gives."""

from __future__ import annotations

from dataclasses import dataclass, field

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
