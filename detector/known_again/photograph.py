"""Whether two pictures are one photograph that was saved twice.

Two stills cannot be told by their movement. But a second photograph, from however near, is of
another moment and another place: its points lie elsewhere by a pixel and more. Compressing,
scaling, cutting or mirroring moves all points by one scale and one shift, to a fraction of a pixel.

A camera on a stand may give two such pictures. Where what is in sight has changed between them, a
part of the picture has points on both sides and none in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.known_again.movement import BORDERS, Floats, Mask, Pairs, followers
from detector.known_again.points import LONGEST, Points, Size, are_points, unpack

LEAST_ALIKE, LEAST_NEAR = 0.80, 0.75
"""Least cosine of two points' descriptors: anywhere, and where they lie at one place."""
LEAST_POINTS = 40
"""Points that must lie at one place in both."""
TIGHTER = (0.02, 0.01, 0.006, 0.004, 0.003, 0.003)
"""How far a point may be from where the others put it, in shares of the smaller picture's
diagonal: first one pair's word is taken, then that of all that follow."""
LIKE_SIZE = 0.3
"""Most that the logarithms of sizes may differ: SIFT has three steps an octave."""
EXACT = 0.3
"""Pixels that half of the points may be off, in the coarser picture as its points were sought.

- Copies of 76 photographs: 0.28 at most.
- The same as from a moved camera, the corners 1 % of the width off and less: 0.46 and more.
- One maker's picture that was retouched into another model: 0.49."""
SHARE = 0.4
"""Share of the points of either picture, in what both show, that the other must have. Each keeps
the clearest 448, which compressing changes: copies have 0.42 and more."""
SMALLEST, ROBUST = 2.6, 5.0
"""Diameter, in pixels of the coarser picture, from which a point should be in both; and of one
that nothing but another picture takes away."""
PART, ACROSS = 0.15, 12
"""Side of a part of the picture, in shares of its sides, and how many lie across it."""
IN_PART, ROBUST_IN_PART = 4, 8
"""Points of both pictures in a part, for it to tell; and robust ones of one, where the other has
fewer."""
CHANGED = 0.1
"""Share of its points in common under which a part of the picture is another one. With parts of a
fifth of the sides six photographs of 344 more were matched. So were six of 33 in which a
sixteenth of the machine was another."""


@dataclass(frozen=True, slots=True)
class Saved:
    """How one photograph lies in another file.

    transform: (3, 3), from pixels of `a` to pixels of `b`. frames: width and height of both.
    points: how many agree.
    """

    transform: Floats
    frames: tuple[Size, Size]
    points: int

    def turned(self) -> Saved:
        """The same from the other side."""
        back = np.asarray(np.linalg.inv(self.transform), np.float64)
        return Saved(back, (self.frames[1], self.frames[0]), self.points)


def one_photograph(points_a: bytes, points_b: bytes) -> Saved | None:
    """How the one picture lies in the other if they are one photograph, None if that is not sure.

    `one_photograph(b, a)` is `one_photograph(a, b).turned()`.

    points_a, points_b: of the whole picture, as `detector.known_again.points.find_points` packs.
    them.
    """
    if not (are_points(points_a) and are_points(points_b)):
        return None
    if points_b < points_a:
        found = one_photograph(points_b, points_a)
        return None if found is None else found.turned()
    a, b = unpack(points_a), unpack(points_b)
    for mirrored, one in ((False, a), (True, a.mirrored())):
        if (laid := _laid(one, b)) is not None:
            scale, (dx, dy), points = laid
            flip = (-scale, 0.0, dx + scale * a.frame[0]) if mirrored else (scale, 0.0, dx)
            transform = np.array([flip, (0.0, scale, dy), (0.0, 0.0, 1.0)])
            return Saved(transform, (a.frame, b.frame), points)
    return None


def _laid(a: Points, b: Points) -> tuple[float, Floats, int] | None:
    """Scale and shift that lay the one picture exactly upon the other, and points that agree."""
    if min(len(a), len(b)) < LEAST_POINTS:
        return None
    cosine = a.cosines(b)
    found = _movement(a, b, cosine)
    if found is None:
        return None
    scale, shift, off, points = found
    pixel = max(_pixel(b), _pixel(a) * scale)
    if off > EXACT * pixel or not _agree(a, b, cosine, scale, shift, pixel):
        return None
    return scale, shift, points


def _pixel(points: Points) -> float:
    """A pixel of the picture in which the points were sought, in pixels of the frame."""
    return max(1.0, max(points.frame) / LONGEST)


def _movement(a: Points, b: Points, cosine: Floats) -> tuple[float, Floats, float, int] | None:
    """The scale and shift that most points follow, how far half of these are off, in pixels of
    `b`, and how many they are."""
    i, j = np.arange(len(a)), cosine.argmax(axis=1)
    kept = (cosine[i, j] >= LEAST_ALIKE) & (cosine.argmax(axis=0)[j] == i)
    pairs = Pairs.between(a, b, i[kept], j[kept])
    if len(pairs) < LEAST_POINTS:
        return None
    here, there = pairs.from_, pairs.to
    follows = followers(pairs, a.frame, b.frame, TIGHTER[0], LIKE_SIZE)
    follow = follows[int(follows.sum(axis=1).argmax())]
    for tolerance in TIGHTER:
        if np.count_nonzero(follow) < LEAST_POINTS:
            return None
        scale, shift = _fitted(here[follow], there[follow])
        strays = np.linalg.norm(scale * here + shift - there, axis=1)
        follow = strays < tolerance * min(np.hypot(*b.frame), np.hypot(*a.frame) * scale)
    points = int(np.count_nonzero(follow))
    if points < LEAST_POINTS:
        return None
    return scale, shift, float(np.median(strays[follow])), points


def _fitted(here: Floats, there: Floats) -> tuple[float, Floats]:
    """The least-squares scale and shift of places (n, 2) onto others."""
    middle, other = here.mean(axis=0), there.mean(axis=0)
    spread = max(float(((here - middle) ** 2).sum()), 1e-9)
    scale = max(0.01, float(((here - middle) * (there - other)).sum()) / spread)
    return scale, np.asarray(other - scale * middle, np.float64)


def _agree(a: Points, b: Points, cosine: Floats, scale: float, shift: Floats, pixel: float) -> bool:
    """Whether what both show agrees everywhere, except where something may be written over it."""
    moved, back = scale * a.xy.astype(float) + shift, (b.xy.astype(float) - shift) / scale
    apart = np.linalg.norm(moved[:, None] - b.xy[None], axis=2)
    sizes = a.size.astype(float) * scale
    like = np.abs(np.log(b.size[None] / sizes[:, None])) < LIKE_SIZE
    same = (apart < np.maximum(pixel, 0.1 * b.size)) & like & (cosine >= LEAST_NEAR)
    margin = 4 * pixel
    seen_a = _within(moved, b.frame, margin) & (sizes >= SMALLEST * pixel)
    seen_b = _within(back, a.frame, margin / scale) & (b.size >= SMALLEST * pixel)
    fits_a, fits_b = same.any(axis=1), same.any(axis=0)
    if max(_share(fits_a, seen_a), _share(fits_b, seen_b)) < SHARE:
        return False
    sides = (
        (moved / b.frame, seen_a, fits_a, sizes >= ROBUST * pixel),
        (b.xy / b.frame, seen_b, fits_b, b.size >= ROBUST * pixel),
    )
    parts = [_shares_of(places, seen, fits) for places, seen, fits, _ in sides]
    both = np.minimum(parts[0][0], parts[1][0]) >= IN_PART
    changed = both & (np.maximum(parts[0][1], parts[1][1]) < CHANGED)
    for places, seen, fits, robust in sides:
        points, share = _shares_of(places, seen & robust, fits)
        changed |= ~both & (points >= ROBUST_IN_PART) & (share < CHANGED)
    return not changed.any()


def _shares_of(places: Floats, seen: Mask, fits: Mask) -> tuple[Floats, Floats]:
    """Points of one picture in each part of it, and the share of them that the other has. Places in
    shares of the sides. Where channels put their text there are no parts."""
    x, y = np.meshgrid(*[np.linspace(0, 1 - PART, ACROSS)] * 2)
    left, top, right, bottom = np.array(BORDERS) - PART / 2
    middle = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    corners = np.column_stack([x[middle], y[middle]])[:, None]
    inside = ((places >= corners) & (places < corners + PART)).all(axis=2) & seen
    points = inside.sum(axis=1)
    return points, (inside & fits).sum(axis=1) / np.maximum(points, 1)


def _within(places: Floats, frame: Size, margin: float) -> Mask:
    inside = (places > margin) & (places < np.array(frame) - margin)
    return np.asarray(inside.all(axis=1))


def _share(fits: Mask, among: Mask) -> float:
    return float(fits[among].mean()) if among.any() else 0.0
