"""Where a machine is in a frame, from what its track says of the frames about it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from detector.types import Box
from evidence.linking.seen import overlap

MOST_SECONDS = Fraction(1)
"""Between two observations, for the box between them to be known."""

LEAST_OVERLAP = 0.5
"""IoU of those two: a machine that moves faster is somewhere between them, but not known where."""


def box_at(track: Sequence[Sequence[Any]], time: Fraction) -> tuple[Box, bool] | None:
    """The box at a time; None outside the track.

    Args:
        track: `SightingRow.track`.

    Returns:
        The box, and whether it is known: it was observed in that frame, or lies between two
        observations near in time and place. Otherwise the box is the one round both.
    """
    before: tuple[Fraction, Box] | None = None
    for row in track:
        now, box = Fraction(row[0]), _box(row[1:5])
        if now == time:
            return box, True
        if now > time:
            return None if before is None else _between(before, (now, box), time)
        before = now, box
    return None


def clipped(box: Sequence[float], width: int, height: int) -> Box | None:
    """The part of a box that is in the picture; None where there is none."""
    x1, y1, x2, y2 = (
        min(max(float(value), 0.0), float(side))
        for value, side in zip(box, (width, height) * 2, strict=True)
    )
    return (x1, y1, x2, y2) if x2 - x1 >= 1 and y2 - y1 >= 1 else None


def _between(
    before: tuple[Fraction, Box], after: tuple[Fraction, Box], time: Fraction
) -> tuple[Box, bool]:
    (start, a), (end, b) = before, after
    if end - start <= MOST_SECONDS and overlap(a, b) >= LEAST_OVERLAP:
        share = float((time - start) / (end - start))
        mixed = (round(p + (q - p) * share, 2) for p, q in zip(a, b, strict=True))
        return _box(tuple(mixed)), True
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])), False


def _box(values: Sequence[float]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    return x1, y1, x2, y2
