"""Stretches that two footages have in common, and what lies where in the one and the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from detector.types import Box
from evidence.copies.align import Run
from evidence.copies.fingerprint import Fingerprint

BRIDGE = Fraction(5)
"""Seconds between prints of one run, up to which what lies between is held to be in common."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until `end` seconds `a` shows what `b` shows `offset` seconds later.

    place: (kx, tx, ky, ty); what lies at (x, y) of the frame of `a`, in shares of its width
    and height, lies at (kx x + tx, ky y + ty) of the frame of `b`; kx is negative where one
    is the mirror of the other. prints: how many agree. agreement: share of the windows that
    could fit and do, 0..1.
    """

    start: Fraction
    end: Fraction
    offset: Fraction
    place: tuple[float, float, float, float]
    prints: int
    agreement: float

    @property
    def mirrored(self) -> bool:
        return self.place[0] < 0

    def turned(self) -> Span:
        """The same seen from `b`."""
        kx, tx, ky, ty = self.place
        place = (1 / kx, -tx / kx, 1 / ky, -ty / ky)
        start, end = self.start + self.offset, self.end + self.offset
        return Span(start, end, -self.offset, place, self.prints, self.agreement)

    def holds(self, pts: Fraction) -> bool:
        """Whether a time of `a` lies in the stretch. Its end does not: from then on one of the two
        shows something else, the first picture after a cut. A single moment has no other."""
        return self.start <= pts < self.end or pts == self.start

    def box_in_b(self, box: Box, a: tuple[int, int], b: tuple[int, int]) -> Box:
        """Where a box of the frame of `a`, in pixels, lies in that of `b`; it may lie outside.

        Args:
            a, b: width and height of the upright frames in pixels.
        """
        kx, tx, ky, ty = self.place
        x1, x2 = sorted((kx * x / a[0] + tx) * b[0] for x in (box[0], box[2]))
        y1, y2 = ((ky * y / a[1] + ty) * b[1] for y in (box[1], box[3]))
        return x1, y1, x2, y2

    def to_json(self) -> dict[str, Any]:
        """Plain data; times as fractions, `12` or `1001/24000`."""
        return {
            "start": str(self.start),
            "end": str(self.end),
            "offset": str(self.offset),
            "place": [round(number, 4) for number in self.place],
            "prints": self.prints,
            "agreement": round(self.agreement, 3),
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Span:
        """The inverse of `to_json`."""
        kx, tx, ky, ty = plain["place"]
        return cls(
            Fraction(plain["start"]),
            Fraction(plain["end"]),
            Fraction(plain["offset"]),
            (kx, tx, ky, ty),
            plain["prints"],
            plain["agreement"],
        )


def spans_of(a: Fingerprint, b: Fingerprint, run: Run) -> list[Span]:
    """The stretches of a run, in time order: where prints of both that agree are on screen.

    Where of one footage keyframes alone are known, its print stands for all of the other's
    shot: it cannot follow the camera.
    """
    both: list[tuple[Fraction, Fraction]] = []
    for pair in run.pairs:
        begin = max(a.pts[pair.i], b.pts[pair.j] - run.offset)
        end_a = (a.leaves if b.shot[pair.j] < 0 else a.until)[pair.i]
        end_b = (b.leaves if a.shot[pair.i] < 0 else b.until)[pair.j]
        end = min(end_a, end_b - run.offset)
        both.append((begin, max(begin, end)))
    spans: list[Span] = []
    for begin, end, prints in _joined(both):
        place = run.placement.shares(a.shape, b.shape)
        spans.append(Span(begin, end, run.offset, place, prints, run.agreement))
    return spans


def _joined(both: Sequence[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction, int]]:
    joined: list[tuple[Fraction, Fraction, int]] = []
    for begin, end in sorted(both):
        if joined and begin - joined[-1][1] <= BRIDGE:
            first, last, prints = joined[-1]
            joined[-1] = (first, max(last, end), prints + 1)
        else:
            joined.append((begin, end, 1))
    return joined


def covered(spans: Sequence[Span]) -> Fraction:
    """Seconds of `a` in at least one of the spans."""
    total, reached = Fraction(0), None
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        begin = span.start if reached is None else max(reached, span.start)
        total += max(Fraction(0), span.end - begin)
        reached = span.end if reached is None else max(reached, span.end)
    return total
