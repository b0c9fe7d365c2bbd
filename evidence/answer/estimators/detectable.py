"""What would have been noticed: without it a zero says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datasets.errors import UsageError
from evidence.answer.estimators.clustered import ALIKE, clustered, effective
from evidence.answer.estimators.intervals import LEVEL, check_counts, check_level, ruled_out

PRINTED = 0.2
"""Shares above it are not printed: that so many would have been noticed says next to nothing."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The smallest share that would have shown at least one machine of the kind.

    share: noticed with probability `level`; 1 where none is. size: how many independent machines
    those found count as. sensitivity: share of the controls that came out as what they are.
    known: of the machines found the share whose builder is identified. least_sensitivity: what
    is relied on, the lower limit of the sensitivity or `known`, whichever is less. alike: the
    correlation within plants and shoots that is assumed.
    """

    share: float
    size: float
    sensitivity: float | None
    least_sensitivity: float
    level: float
    known: float = 1.0
    alike: float = ALIKE

    @property
    def printed(self) -> bool:
        """Whether it may be printed."""
        return self.sensitivity is not None and self.share <= PRINTED


def noticed(
    machines: Sequence[float],
    shoots: Sequence[tuple[int, int]],
    known: float = 1.0,
    level: float = LEVEL,
    alike: float = ALIKE,
) -> Noticed:
    """The smallest share that would have been noticed.

    The exact rule of three for as many independent machines as these count as, divided by the
    lower limit of the sensitivity. Half of the chance of being wrong goes to each (Bonferroni).

    Args:
        machines: of each plant, not whole where some may be none.
        shoots: of each shoot of controls, how many came out as what they are, of how many.
        known: share of the machines whose builder is identified: one of the kind is not
            recognised more often than machines are.

    Raises:
        UsageError: counts, level, correlation or share out of range.
    """
    check_level(level)
    check_counts(known, 1)
    if any(count < 0 for count in machines):
        raise UsageError("a plant cannot have fewer than no machines")
    m = np.array([count for count in machines if count > 0], float)
    half = 1 - (1 - level) / 2
    size = min(effective(np.zeros_like(m), m, alike), float(m.sum())) if len(m) else 0.0
    hits, of = [one for one, _ in shoots], [one for _, one in shoots]
    # Two-sided: its lower limit alone is wrong half as often.
    found = clustered(hits, of, 1 - 2 * (1 - half), alike)
    least = min(known, found.low) if found.value is not None else 0.0
    return Noticed(ruled_out(size, half, least), size, found.value, least, level, known, alike)
