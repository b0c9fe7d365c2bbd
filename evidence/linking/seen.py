"""A sighting as linking sees it, and what is found between two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeVar

from detector.types import Box

Kind = Literal["joined", "copy", "span", "place"]
STRENGTH: dict[str, int] = {"joined": 0, "copy": 1, "span": 2, "place": 3}
"""Kinds of ties, those that are believed first before those that must give way."""

Stretch = tuple[Fraction, Fraction]
"""From when to when, in seconds of its footage."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting. `track`: its boxes by time, in time order; none where it was not asked for.

    key: its name in the case; footage: a SHA-256; first, last: the ends of its track; shot: its
    index there; reason: why the shot was watched. best, box: where it is best seen. frame: width
    and height. texts: what else was read on it. still: it is in a photograph, not in film.
    points: as `detector.known_again.surroundings` made them, empty where unknown.
    """

    key: str
    footage: str
    first: Fraction
    last: Fraction
    shot: int = 0
    reason: str = ""
    track: tuple[tuple[Fraction, Box], ...] = ()
    best: Fraction = Fraction(0)
    box: Box = (0.0, 0.0, 0.0, 0.0)
    frame: tuple[int, int] = (1, 1)
    builder: str | None = None
    grade: str = "U"
    probability: float = 0.0
    series: str | None = None
    control: str | None = None
    texts: tuple[str, ...] = ()
    still: bool = False
    points: bytes = field(default=b"", repr=False)

    def box_at(self, time: Fraction) -> Box | None:
        """The box at a time, between the two observations about it; None outside the track."""
        if not self.first <= time <= self.last:
            return None
        before = self.track[0]
        for after in self.track:
            if after[0] >= time:
                length = after[0] - before[0]
                share = float((time - before[0]) / length) if length else 0.0
                a, b = before[1], after[1]
                x1, y1, x2, y2 = (p + (q - p) * share for p, q in zip(a, b, strict=True))
                return x1, y1, x2, y2
            before = after
        return None


@dataclass(frozen=True, slots=True)
class Tie:
    """A reason to hold that two sightings show one machine; `a` sorts before `b`.

    score: 0..1, comparable within a kind. reason: in words.
    """

    a: str
    b: str
    kind: Kind
    score: float
    reason: str

    @property
    def order(self) -> tuple[int, float, str, str]:
        """Sorts what is believed first to the front."""
        return STRENGTH[self.kind], -self.score, self.a, self.b


def in_company(shown: Iterable[tuple[str, Fraction, Fraction, T]]) -> set[T]:
    """What is on screen while another is: of a large case, little.

    Args:
        shown: the footage, from when, until when, and what.
    """
    stretches: dict[str, list[tuple[Fraction, Fraction, T]]] = defaultdict(list)
    for footage, begin, end, one in shown:
        stretches[footage].append((begin, end, one))
    found: set[T] = set()
    for several in stretches.values():
        if len(several) == 1:
            continue
        last: tuple[Fraction, T] | None = None  # until when one is shown, and which
        for begin, end, one in sorted(several):
            if last is not None and begin <= last[0] and one != last[1]:
                found |= {one, last[1]}
            if last is None or end > last[0]:
                last = end, one
    return found


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    common = max(0.0, across) * max(0.0, down)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / whole if whole > 0 else 0.0
