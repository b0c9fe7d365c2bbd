"""What holds whatever the machines of unknown builder are: all of the origin, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from datasets.errors import UsageError
from evidence.answer.estimators.clustered import ALIKE, clustered
from evidence.answer.estimators.intervals import LEVEL, Estimate


@dataclass(frozen=True, slots=True)
class Bounds:
    """least: none of the unknown are of the origin. most: all of them are."""

    least: Estimate
    most: Estimate

    @property
    def interval(self) -> tuple[float, float]:
        """Holds the whole range between the bounds, so the share too, with `level` at least."""
        return self.least.low, self.most.high


def bounds(
    of_origin: Sequence[int],
    unknown: Sequence[int],
    machines: Sequence[int],
    level: float = LEVEL,
    alike: float = ALIKE,
) -> Bounds:
    """The share's bounds with nothing assumed about the unknown.

    Manski, "Nonparametric bounds on treatment effects", American Economic Review 80 (1990)
    319-323, for a share; each bound with its interval over plants, so that together they cover
    the range as in Horowitz & Manski, JASA 95 (2000) 77-84.

    Args:
        of_origin, unknown, machines: of each plant; concealed marks count as unknown.

    Raises:
        UsageError: counts that do not go together.
    """
    if not len(of_origin) == len(unknown) == len(machines):
        raise UsageError("give the three counts of every plant")
    most = [a + b for a, b in zip(of_origin, unknown, strict=True)]
    return Bounds(
        clustered(of_origin, machines, level, alike), clustered(most, machines, level, alike)
    )


def no_surer(whole: Bounds, found: Bounds) -> Bounds:
    """The bounds of all machines, neither end further in than that of those found: what people
    chose to enter by hand is no sample, and tells of no other machine.

    Args:
        whole, found: with the machines that were entered, and without.
    """
    low, high = min(whole.least.low, found.least.low), max(whole.most.high, found.most.high)
    return Bounds(replace(whole.least, low=low), replace(whole.most, high=high))
