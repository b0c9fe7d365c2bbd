"""Which audited frames of several footages show the same moment: they tell of it once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from evidence.copies.spans import Span

Place = tuple[str, Fraction]
"""Footage, and a time of it."""

Copies = Mapping[str, Mapping[str, Sequence[Span]]]
"""By footage what others show of it as well, and when."""


def first_shown(frames: Mapping[Place, float], copies: Copies) -> dict[Place, Place]:
    """Of each frame that which tells of its moment: of those that show it as well that of the
    footage that sorts first, be it itself.

    None is another's that is itself one's: else frames of three copies, each a little later than
    the next one, would make a whole recording one moment.

    Args:
        frames: for how many seconds each stands.
    """
    times: dict[str, list[Fraction]] = defaultdict(list)
    for sha256, pts in sorted(frames):
        times[sha256].append(pts)
    first: dict[Place, Place] = {}
    for one in sorted(frames):
        told = (
            there
            for other, spans in sorted(copies.get(one[0], {}).items())
            if other < one[0] and other in times
            for there in _together(one, spans, other, times[other], frames)
            if first[there] == there
        )
        first[one] = next(told, one)
    return first


def _together(
    one: Place,
    spans: Sequence[Span],
    other: str,
    times: Sequence[Fraction],
    frames: Mapping[Place, float],
) -> Iterator[Place]:
    """The frames of `other`, of these times in order, that stand at some time at which the one
    does."""
    pts = one[1]
    for span in spans:
        if span.holds(pts):
            at = pts + span.offset
            place = bisect_right(times, at)
            if place and at < times[place - 1] + Fraction(frames[other, times[place - 1]]):
                yield other, times[place - 1]
            until = bisect_left(times, at + Fraction(frames[one]))
            yield from ((other, time) for time in times[place:until])
