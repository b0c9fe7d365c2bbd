"""What would have been seen: without it a zero says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datasets.errors import UsageError
from evidence.answer.estimators.clustered import ALIKE, effective
from evidence.answer.estimators.intervals import LEVEL, check_counts, check_level, exact, ruled_out
from evidence.answer.estimators.legibility import Band, at_legibility


@dataclass(frozen=True, slots=True)
class Noticed:
    """share: the smallest that would have shown at least one machine, seen for what it is, with
    probability `level`; 1 where none would. size: as how many independent machines those seen
    count. sensitivity: of the controls the share that came out as what they are, by the program's
    word where people have not settled them; at_legibility: the same, were controls as hard to read
    as the footage. known: of the machines counted the share whose builder is known.
    least_sensitivity: what is relied on, the lower limits of the first two or known, whichever is
    the lowest.
    """

    share: float
    size: float
    sensitivity: float | None
    least_sensitivity: float
    level: float
    at_legibility: float | None = None
    known: float = 1.0


def noticed(
    machines: Sequence[float],
    hits: int,
    controls: int,
    level: float = LEVEL,
    alike: float = ALIKE,
    bands: Sequence[Band] = (),
    known: float = 1.0,
) -> Noticed:
    """The smallest share that would have been noticed.

    The exact rule of three for as many independent machines as these count as, divided by the
    lower limit of the sensitivity. Half of the chance of being wrong goes to each of the two
    (Bonferroni), so that together they hold with `level`. With few controls in a band none of
    the two sensitivities is sure to be the right one: the less favourable counts. Nor are machines
    of the kind recognised more often than machines are: `known` is no estimate from a sample, but
    what is known of these very machines.

    Args:
        machines: of each plant, those that were looked at, unknown ones too: a control that came
            out unknown counts against the sensitivity. Not whole where some may be none.
        hits, controls: positive controls (machines of a known builder, planted in the footage
            or known from elsewhere, as hard to read as those of this footage) that came out as
            what they are, of all of them.
        known: the share of the machines whose builder is known, by people or by the program.

    Raises:
        UsageError: counts, level, correlation or share out of range.
    """
    check_level(level)
    check_counts(hits, controls)
    check_counts(known, 1)
    if any(count < 0 for count in machines):
        raise UsageError("a plant cannot have fewer than no machines")
    m = np.array([count for count in machines if count > 0], float)
    half = 1 - (1 - level) / 2
    size = min(effective(np.zeros_like(m), m, alike), float(m.sum())) if len(m) else 0.0
    # `exact` is two-sided: its lower limit alone is wrong half as often.
    two_sided = 1 - 2 * (1 - half)
    least = exact(hits, controls, two_sided).low if controls else 0.0
    sensitivity = hits / controls if controls else None
    as_read = at_legibility(bands, two_sided)
    if as_read.value is not None:
        least = min(least, as_read.low)
    least = min(least, known)
    share = ruled_out(size, half, least)
    return Noticed(share, size, sensitivity, least, level, as_read.value, known)
