"""One movement of the camera that two sets of points follow, and which of them follow it.

A camera that pans, zooms or steps a little moves the picture of a place by shift, scale and a
little shear. Each pair of points alike gives a shift and a scale; the one that most others
follow is refined by least squares. Nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.boxes import area
from detector.known_again.points import Points, Size
from detector.types import Box

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_ALIKE = 0.80
"""Least cosine of two points' descriptors."""
LEAST_PAIRS = 6
"""Pairs of points that follow one movement by chance; no more is looked into."""
RIVALS = 2
"""Points in the other picture each point may be matched with. In a row of machines of one
model the right one is not always the most alike."""
PLACES = 80
"""The longer side of the frame is cut into so many; points of one such square count once."""
SCALES = 8.0
"""Most that one picture may be nearer than the other."""
COARSE, FINE = 0.05, 0.02
"""How far a point may be from where the movement takes it, as a share of the frame's diagonal.
The first while the movement is sought from one pair of points, the second once all give it."""
LIKE_SCALE = 0.5
"""Most that the logarithms of scales may differ: SIFT has three steps an octave."""
STILL = 0.006
"""Share of the frame within which a point counts as not having moved on the screen."""
BORDERS = (0.06, 0.16, 0.94, 0.68)
"""The middle of the frame, as shares of its sides: outside it broadcasters put their text."""
LINE, LETTER = 0.02, 0.3
"""Bounds for what may be letters of two captions. It lies in the borders of both pictures, at one
height of the screen (within so much of it). It is of one size (logarithms within so much)."""
LEAST_SEEN = 0.25
"""Share of a machine's box that both frames must show."""
GROUND = 2.0
"""What a pair of points that lie on no machine counts for where the movement is sought. They
tell one machine of a row from the next."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Points alike, in columns: indices into `a` and `b`, places, how much nearer b is, and the
    square of either frame that each lies in."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    from_: Floats
    to: Floats
    scale: Floats
    square_a: NDArray[np.int64]
    square_b: NDArray[np.int64]

    @classmethod
    def between(cls, a: Points, b: Points, i: NDArray[np.int64], j: NDArray[np.int64]) -> Pairs:
        """The points `i` of `a` with the points `j` of `b`."""
        ratio = b.size[j].astype(float) / a.size[i]
        here, there = a.xy[i].astype(float), b.xy[j].astype(float)
        return cls(i, j, here, there, ratio, squares(a)[i], squares(b)[j])

    def of(self, mask: Mask) -> Pairs:
        return Pairs(*(getattr(self, column)[mask] for column in self.__slots__))

    def __len__(self) -> int:
        return len(self.a)


def alike(a: Points, b: Points) -> Pairs:
    """Points alike: among the `RIVALS` most alike of each other, less the broadcaster's."""
    if not len(a) or not len(b):
        none = np.empty(0, np.int64)
        return Pairs.between(a, b, none, none)
    cosine = a.cosines(b)
    i, j = np.nonzero(cosine >= LEAST_ALIKE)
    near = cosine[i, j]
    kept = (_rank(i, near) < RIVALS) & (_rank(j, near) < RIVALS)
    i, j = i[kept], j[kept]
    pairs = Pairs.between(a, b, i, j)
    pairs = pairs.of((pairs.scale < SCALES) & (pairs.scale > 1 / SCALES))
    return _less_broadcast(pairs, a.frame, b.frame)


def _rank(of: NDArray[np.int64], near: Floats) -> NDArray[np.int64]:
    """(n,): how many of the same point's pairs are more alike; what is equal shares a rank."""
    order = np.lexsort((-near, of))
    first = np.r_[True, np.diff(of[order]) != 0]
    fresh = first | np.r_[True, np.diff(near[order]) != 0]
    at = np.arange(len(of))
    start = np.maximum.accumulate(np.where(first, at, 0))
    rank = np.empty(len(of), np.int64)
    rank[order] = np.maximum.accumulate(np.where(fresh, at, 0)) - start
    return rank


def squares(points: Points) -> NDArray[np.int64]:
    """(n,): the square of the frame that each point lies in."""
    across, down = (points.xy / max(points.frame) * PLACES).astype(np.int64).T
    return np.asarray(across * PLACES + down)


def _less_broadcast(pairs: Pairs, a: Size, b: Size) -> Pairs:
    """The pairs without any point that has kept place and size on the screen where broadcasters
    put their text: a letter of a caption is like others in it, too.

    A tripod that has not moved loses its borders as well; its middle is left. Two captions that
    say different things have letters in common, each of the size and in the line of the other.
    """
    here, there = pairs.from_ / a, pairs.to / b
    grown = np.abs(np.log(pairs.scale * a[1] / b[1]))
    edge = [(y < BORDERS[1]) | (y > BORDERS[3]) for y in (here[:, 1], there[:, 1])]
    letter = edge[0] & edge[1] & (np.abs(here[:, 1] - there[:, 1]) < LINE) & (grown < LETTER)
    still = (np.abs(here - there) < STILL).all(axis=1) & (grown < 0.15)
    x, y = here.T
    still &= (x < BORDERS[0]) | (x > BORDERS[2]) | (y < BORDERS[1]) | (y > BORDERS[3])
    drawn = np.isin(pairs.a, pairs.a[still]) | np.isin(pairs.b, pairs.b[still])
    return pairs.of(~drawn & ~letter)


def followers(
    pairs: Pairs, a: Size, b: Size, reach: float = COARSE, like_scale: float = LIKE_SCALE
) -> Mask:
    """(n, n): which pairs follow the movement (shift and scale) that each pair gives."""
    # Complex numbers: one table instead of two.
    here, there = pairs.from_ @ (1, 1j), pairs.to @ (1, 1j)
    shift = there - pairs.scale * here
    off = np.abs(pairs.scale[:, None] * here[None] + shift[:, None] - there[None])
    # The pixels of the nearer view are the measure, or shrinking all to a point would fit.
    diagonal = np.minimum(np.hypot(*b), np.hypot(*a) * pairs.scale)[:, None]
    power = np.log(pairs.scale)
    like = np.abs(power[None] - power[:, None]) < like_scale
    return np.asarray((off < reach * diagonal) & like)


def refine(pairs: Pairs, follow: Mask, a: Size, b: Size) -> tuple[Floats, Mask]:
    """The affine movement of the pairs that follow, and which follow it in the end."""
    transform = np.eye(3)
    ones = np.ones(len(pairs))
    flat = np.column_stack([pairs.from_, ones])
    for tolerance in (COARSE, (COARSE + FINE) / 2, FINE, FINE):
        if len({tuple(p) for p in pairs.from_[follow]}) < 3:
            break
        solved, *_ = np.linalg.lstsq(flat[follow], pairs.to[follow], rcond=None)
        tried = np.vstack([solved.T, [0.0, 0.0, 1.0]])
        if not _sane(tried):
            break
        transform = tried
        scale = float(np.sqrt(np.linalg.det(transform[:2, :2])))
        like = np.abs(np.log(pairs.scale / scale)) < LIKE_SCALE
        follow = (strays_from(pairs, transform, a, b) < tolerance) & like
    else:
        return transform, follow
    return transform, np.zeros(len(pairs), bool)


def strays_from(pairs: Pairs, transform: Floats, a: Size, b: Size) -> Floats:
    """(n,): how far each pair is from where a movement puts it, as a share of the diagonal of the
    smaller frame, in the pixels of `b`."""
    flat = np.column_stack([pairs.from_, np.ones(len(pairs))])
    off = np.linalg.norm((flat @ transform.T)[:, :2] - pairs.to, axis=1)
    scale = float(np.sqrt(np.linalg.det(transform[:2, :2])))
    return np.asarray(off / min(float(np.hypot(*b)), float(np.hypot(*a)) * scale))


def _sane(transform: Floats) -> bool:
    """Whether a camera could have moved so: not mirrored, not flattened, not on its head."""
    linear = transform[:2, :2]
    if np.linalg.det(linear) <= 0:
        return False
    large, small = np.linalg.svd(linear, compute_uv=False)
    turn = np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])
    return bool(large < 3 * small and abs(turn) < 0.6)


def places(pairs: Pairs, which: Mask) -> int:
    """How many places take part: points of a lamp or a letter close together count once."""
    return min(len(set(pairs.square_a[which].tolist())), len(set(pairs.square_b[which].tolist())))


def rival_of(pairs: Pairs, votes: Mask, box: Box, lands: Box) -> int:
    """Places that follow the best movement which would put the machine elsewhere."""
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    puts = pairs.to + (middle - pairs.from_) * pairs.scale[:, None]
    there = np.array([(lands[0] + lands[2]) / 2, (lands[1] + lands[3]) / 2])
    half = np.array([lands[2] - lands[0], lands[3] - lands[1]]) / 2
    elsewhere = (np.abs(puts - there) > half).any(axis=1)
    points = np.where(elsewhere, votes.sum(axis=1), 0)
    most = 0
    for i in np.argsort(-points, kind="stable"):
        if points[i] <= most:
            break
        most = max(most, places(pairs, votes[i]))
    return most


def transformed(box: Box, transform: Floats) -> Box:
    """The upright box about a box moved by a transform of two or three rows."""
    corners = np.array([[box[i], box[j], 1.0] for i in (0, 2) for j in (1, 3)]) @ transform.T
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def laid_upon(box_a: Box, a: Size, box_b: Box, b: Size, transform: Floats) -> float:
    """IoU of the boxes laid on each other, in the frame where they fit worse."""
    back = np.asarray(np.linalg.inv(transform), np.float64)
    return min(_agreeing(box_a, a, box_b, b, transform), _agreeing(box_b, b, box_a, a, back))


def _agreeing(box: Box, a: Size, own: Box, b: Size, transform: Floats) -> float:
    """IoU in `b` within what both frames show; 0 where that is but a strip of either box."""
    box = transformed(box, transform)
    common = _common(transformed((0.0, 0.0, *a), transform), (0.0, 0.0, *b))
    box_in, own_in = _common(box, common), _common(own, common)
    if area(box_in) < LEAST_SEEN * area(box) or area(own_in) < LEAST_SEEN * area(own):
        return 0.0
    both = area(_common(box_in, own_in))
    whole = area(box_in) + area(own_in) - both
    return both / whole if whole > 0 else 0.0


def _common(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
