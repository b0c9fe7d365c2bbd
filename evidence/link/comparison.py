"""How the picture of one footage lies in that of another, and which windows of prints fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.footage.frames import THUMBNAIL_WIDTH
from detector.known_again.prints import BANDS, MIRROR
from evidence.link.fingerprint import Fingerprint, Floats, Integers

Booleans = NDArray[np.bool_]
Extent = tuple[float, float]  # width and height of a picture, in units of its longer side
STEADY = 0.01
"""What the ratio of sides weighs against distances between middles, in squares of the longer
side: as much as two windows a tenth of the picture apart. Sides are known to one tenth."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a point of the picture of `a` lies in that of `b`.

    Coordinates are in units of the longer side of either picture. Where `mirrored`, the
    picture of `a`, `width` wide, is flipped first. Then (x, y) lies at (scale x + dx,
    scale y + dy).
    """

    scale: float
    dx: float
    dy: float
    mirrored: bool = False
    width: float = 1.0

    @classmethod
    def fit(cls, a: Floats, b: Floats, mirrored: bool, width: float) -> Placement:
        """The least-squares placement of windows, (n, 3) middles and sides, onto others."""
        a = flipped(a, width) if mirrored else a
        middle, there = a[:, :2].mean(axis=0), b[:, :2].mean(axis=0)
        from_middle = a[:, :2] - middle
        sides = float(np.exp(np.mean(np.log(b[:, 2] / a[:, 2]))))
        spread = float((from_middle**2).sum())
        along = float((from_middle * (b[:, :2] - there)).sum())
        scale = max(0.01, (along + STEADY * sides) / (spread + STEADY))
        dx, dy = there - scale * middle
        return cls(scale, float(dx), float(dy), mirrored, width)

    def moved(self, places: Floats) -> Floats:
        """Windows of `a`, (n, 3), as they lie in `b`."""
        places = flipped(places, self.width) if self.mirrored else places
        return places * self.scale + (self.dx, self.dy, 0.0)

    def back(self, places: Floats) -> Floats:
        """Windows of `b`, (n, 3), as they lie in `a`."""
        places = (places - (self.dx, self.dy, 0.0)) / self.scale
        return flipped(places, self.width) if self.mirrored else places

    def frame(self, shape: Extent) -> tuple[float, float, float, float]:
        """Where the whole picture of `a`, `shape` large, lies in `b`: (x1, y1, x2, y2)."""
        x, y = self.dx, self.dy
        return x, y, x + self.scale * shape[0], y + self.scale * shape[1]

    def shares(self, a: Extent, b: Extent) -> tuple[float, float, float, float]:
        """(kx, tx, ky, ty): where a picture of the shape `a` lies in one of the shape `b`.

        A point (x, y), in shares of width and height of `a`, lies at (kx x + tx, ky y + ty) of
        `b`. Mirrored pictures have a negative kx.
        """
        kx, ky = self.scale * a[0] / b[0], self.scale * a[1] / b[1]
        tx, ty = self.dx / b[0], self.dy / b[1]
        return (-kx, tx + kx, ky, ty) if self.mirrored else (kx, tx, ky, ty)

    def apart(self, other: Placement, shape: Extent) -> float:
        """How far the corners of a picture `shape` large lie apart under both, at most."""
        if self.mirrored != other.mirrored:
            return float("inf")
        one, two = np.array(self.frame(shape)), np.array(other.frame(shape))
        return float(np.abs(one - two).max())


def flipped(places: Floats, width: float) -> Floats:
    """Windows, (n, 3), of the picture turned left to right."""
    return places * (-1.0, 1.0, 1.0) + (width, 0.0, 0.0)


NEARBY = 0.04
"""How far from its expected place a window may lie, in shares of the width. Prints of a moving
camera are up to 4 % of it apart (`detector.known_again.prints.CHANGED`)."""

GUIDED = 14
"""Bits of 64 in which a window at the right place may differ; of unrelated windows 1 in 10,000
differs in no more."""

SIDES = 1.3  # ratio of sides up to which a window fits: scale space has steps of 1.26
LEAST = 2  # windows that must fit for two prints to agree


@dataclass(frozen=True, slots=True)
class Pair:
    """Print `i` of `a` held against print `j` of `b`."""

    i: int
    j: int
    agreed: int  # windows that fit each other
    possible: int  # windows that either has where both can see, of the side that has fewer

    @property
    def agrees(self) -> bool:
        """Whether this is more than chance: at least `LEAST`, and a quarter of what could."""
        return self.agreed >= LEAST and self.agreed * 4 >= self.possible


AGREED = 2
"""Windows that must agree for a proposal: of 4,800 pairs of unrelated photographs none had two."""

NEAR = 0.04
"""How far apart, in shares of the width, a window may lie from where another one's placement
puts it: 2.5 pixels of the thumbnail."""

STEP = 1.28  # ratio up to which scales agree: scale space has steps of 1.26
MOST = 4000  # pairs of prints looked into, those with most windows in common first


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs of windows that look alike, in columns: their numbers in either fingerprint, and
    whether the one had to be mirrored."""

    a: Integers
    b: Integers
    mirrored: Booleans

    def turned(self) -> Hits:
        """The same from the other side: what is mirrored is so both ways."""
        return Hits(self.b, self.a, self.mirrored)


@dataclass(frozen=True, slots=True)
class Seed:
    """Print `i` of `a` lies in print `j` of `b` as `placement` says; `agreed` windows say so."""

    i: int
    j: int
    placement: Placement
    agreed: int


@dataclass(frozen=True, slots=True)
class FootagePair:
    """Two footages that are held against each other, window by window."""

    a: Fingerprint
    b: Fingerprint

    def pair(self, i: int, j: int, placement: Placement) -> Pair:
        """How far two prints agree."""
        rows, columns = self._fits(i, j, placement)
        agreed = min(len(set(rows.tolist())), len(set(columns.tolist())))
        there, here = self._seen(i, j, placement)
        return Pair(i, j, agreed, max(agreed, min(int(there.sum()), int(here.sum()))))

    def agreements(self, i: int, others: Sequence[int], placement: Placement) -> list[Pair]:
        """The pairs of print `i` of `a` with those of `others` in `b` that agree."""
        # Most do not, and to see that costs a tenth of a full comparison.
        some = [j for j in others if len(self._fits(i, j, placement)[0]) >= LEAST]
        return [pair for j in some if (pair := self.pair(i, j, placement)).agrees]

    def fitting(self, placement: Placement, pairs: Sequence[Pair]) -> tuple[Floats, Floats]:
        """The windows, (k, 3), of `a` and of `b` that fit each other in all the pairs."""
        a, b, of_a, of_b = self.a, self.b, [], []
        for pair in pairs:
            rows, columns = self._fits(pair.i, pair.j, placement)
            of_a.append(a.place[a.first[pair.i] + rows])
            of_b.append(b.place[b.first[pair.j] + columns])
        return np.concatenate(of_a), np.concatenate(of_b)

    def fit_by_height(self, pair: Pair, placement: Placement) -> tuple[Floats, Booleans]:
        """How high each window stands in `b`, (k,), and whether it fits; of both, where both
        see."""
        rows, columns = self._fits(pair.i, pair.j, placement)
        there, here = self._seen(pair.i, pair.j, placement)
        moved = placement.moved(self.a.places(pair.i))
        height = np.concatenate([moved[there, 1], self.b.places(pair.j)[here, 1]])
        fits = [np.isin(np.arange(len(s)), f)[s] for s, f in ((there, rows), (here, columns))]
        return height, np.concatenate(fits)

    def seeds(self, hits: Hits) -> list[Seed]:
        """All proposals, those of most windows first."""
        a, b = self.a, self.b
        i, j = a.owner[hits.a], b.owner[hits.b]
        pair = (i * max(1, len(b)) + j) * 2 + hits.mirrored
        order = np.lexsort((hits.b, hits.a, pair))
        groups = np.split(order, np.flatnonzero(np.diff(pair[order])) + 1) if len(order) else []
        groups = [group for group in groups if len(group) >= AGREED]
        groups.sort(key=lambda group: (-len(group), pair[group[0]]))
        found: list[Seed] = []
        for group in groups[:MOST]:
            mirrored = bool(hits.mirrored[group[0]])
            there, here = a.place[hits.a[group]], b.place[hits.b[group]]
            turned = flipped(there, a.shape[0]) if mirrored else there
            agreeing = _consensus(turned, here, b.shape[0])
            agreed = min(len(set(hits.a[group][agreeing])), len(set(hits.b[group][agreeing])))
            if agreed >= AGREED:
                placement = Placement.fit(there[agreeing], here[agreeing], mirrored, a.shape[0])
                found.append(Seed(int(i[group[0]]), int(j[group[0]]), placement, agreed))
        found.sort(key=lambda seed: (-seed.agreed, seed.i, seed.j, seed.placement.mirrored))
        return found

    def _fits(self, i: int, j: int, placement: Placement) -> tuple[Integers, Integers]:
        """Which window of print `i` fits which one of print `j`: numbers within the prints."""
        a, b = self.a, self.b
        turned = b.hash[b.first[j] : b.first[j + 1]]
        turned = turned ^ MIRROR if placement.mirrored else turned
        bits = np.bitwise_count(a.hash[a.first[i] : a.first[i + 1], None] ^ turned)
        rows, columns = np.nonzero(bits <= GUIDED)
        if not len(rows):
            return rows, columns
        moved, places = placement.moved(a.places(i)[rows]), b.places(j)[columns]
        fits = (np.abs(moved - places)[:, :2] <= NEARBY * b.shape[0]).all(axis=1)
        fits &= (places[:, 2] <= moved[:, 2] * SIDES) & (moved[:, 2] <= places[:, 2] * SIDES)
        return rows[fits], columns[fits]

    def _seen(self, i: int, j: int, placement: Placement) -> tuple[Booleans, Booleans]:
        """Which windows of print `i` of `a` and of print `j` of `b` the other picture would have
        as well: wholly inside it, and of a side that prints use."""
        moved, back = placement.moved(self.a.places(i)), placement.back(self.b.places(j))
        return _within(moved, self.b.shape), _within(back, self.a.shape)


def _within(places: Floats, shape: Extent) -> Booleans:
    x, y, side = places.T
    half, pixel = side / 2, shape[0] / THUMBNAIL_WIDTH
    inside = (x >= half) & (y >= half) & (x <= shape[0] - half) & (y <= shape[1] - half)
    return np.asarray(inside & (side >= BANDS[0] * pixel) & (side < BANDS[-1] * pixel))


def _consensus(a: Floats, b: Floats, width: float) -> Booleans:
    """(n,) which pairs of windows agree with the pair that most agree with."""
    scale = b[:, 2] / a[:, 2]
    shift = b[:, :2] - scale[:, None] * a[:, :2]
    put = scale[:, None, None] * a[None, :, :2] + shift[:, None]
    off = np.abs(put - b[None, :, :2]).max(axis=2) / width
    ratio = np.abs(np.log(scale[:, None] / scale[None]))
    agree = (off <= NEAR) & (ratio <= np.log(STEP))
    return np.asarray(agree[int(agree.sum(axis=1).argmax())])
