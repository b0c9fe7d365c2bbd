"""A sighting as linking sees it, and what is found between two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from detector.types import Box

Kind = Literal["joined", "copy", "span", "place"]
STRENGTH: dict[str, int] = {"joined": 0, "copy": 1, "span": 2, "place": 3}
"""Kinds of ties, those that are believed first before those that must give way."""

Stretch = tuple[Fraction, Fraction]
"""From when to when, in seconds of its footage."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One sighting. `track`: its boxes by time, in time order, at least one.

    key: its name in the case; footage: a SHA-256; shot: its index there; look: why the shot was
    watched. best, box: where it is best seen. frame: width and height. texts: what else was
    read on it. still: it is in a photograph, not in film. appearance, points: as
    `detector.surroundings` made them, empty where unknown.
    """

    key: str
    footage: str
    shot: int
    reason: str
    track: tuple[tuple[Fraction, Box], ...]
    best: Fraction
    box: Box
    frame: tuple[int, int]
    builder: str | None = None
    grade: str = "U"
    probability: float = 0.0
    series: str | None = None
    control: str | None = None
    texts: tuple[str, ...] = ()
    still: bool = False
    appearance: bytes = field(default=b"", repr=False)
    points: bytes = field(default=b"", repr=False)

    @property
    def first(self) -> Fraction:
        return self.track[0][0]

    @property
    def last(self) -> Fraction:
        return self.track[-1][0]

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


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    common = max(0.0, across) * max(0.0, down)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / whole if whole > 0 else 0.0
