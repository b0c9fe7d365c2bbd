"""Whether two pictures show one machine in one place: points on it and around it agree.

Two machines of one model look alike; what stands around them does not. So points on the
machine and around it are counted apart, and both must follow one and the same movement of
the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.appearance import look_of
from detector.codebook import aggregate
from detector.keypoints import Points, find_points, unpack, with_fittings
from detector.types import Box, Picture

LEAST_ALIKE = 0.80
"""Least cosine of two points' descriptors."""

LEAST_PAIRS = 6
"""Pairs of points that follow one movement by chance; no more is looked into."""

RIVALS = 2
"""Points in the other picture each point may be matched with: in a row of machines of one
model the right one is not always the most alike."""

SURE = 24
"""Places that agree; from there on nobody asks whether the mirror image does as well."""

PLACES = 80
"""The longer side of the frame is cut into so many; points of one such square count once."""

SCALES = 8.0
"""Most that one picture may be nearer than the other."""

COARSE, FINE = 0.05, 0.02
"""How far a point may be from where the movement takes it, as a share of the frame's diagonal:
while the movement is sought from one pair of points, and once it is known from all."""

STILL = 0.006
"""Share of the frame within which a point counts as not having moved on the screen."""

BORDERS = (0.06, 0.16, 0.94, 0.68)
"""The middle of the frame, as shares of its sides: outside it broadcasters put their text."""

LEAST_SEEN = 0.25
"""Share of a machine's box that both frames must show."""

GROUND = 2.0
"""What a pair of points that lie on no machine counts for where the movement is sought: it is
they that tell one machine of a row from the next."""

LENGTH = 256
"""Numbers to which what the points look like is brought down, at random."""

COLOURS = 0.5
"""What colours and pattern of the machine each weigh beside its points."""

NOTHING = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two views of a machine agree.

    machine, around: places where points follow the movement, on the machine in both views
    and in neither on any machine. overlap: 0..1, how well the movement lays one box on the
    other. rival: places on no machine that follow the best movement which puts it elsewhere.
    transform: pixels of `a` to pixels of `b`, 3 x 3. mirrored: one of the pictures is
    flipped left to right; the transform then includes the flip.
    """

    machine: int = 0
    around: int = 0
    overlap: float = 0.0
    rival: int = 0
    transform: Matrix = NOTHING
    mirrored: bool = False

    def reversed(self) -> Agreement:
        """The same agreement, seen from `b`."""
        return replace(self, transform=_matrix(np.linalg.inv(np.array(self.transform))))


def look_of_sighting(
    picture: Picture, box: Box, overlays: Sequence[Box] = (), others: Sequence[Box] = ()
) -> tuple[bytes, bytes]:
    """What a machine and its surroundings look like in the frame in which it is best seen.

    Args:
        picture: the whole upright frame.
        box: the machine in it, in pixels.
        overlays: where the broadcast has drawn over this frame; nothing there is looked at.
        others: the other machines in this frame. What stands in a row of one model looks alike
            wherever one stands in it: they are not what a machine is known by.

    Returns:
        The appearance, a float32 vector of unit length as bytes, and the packed points
        (`detector.keypoints`).
    """
    packed = find_points(picture, box, overlays, others)
    points = unpack(packed)
    parts = [aggregate(points.descriptors), aggregate(points.descriptors[points.inside(box)])]
    look = look_of(picture, box)
    seen = np.concatenate(
        [
            _unit(np.concatenate(parts) @ _shuffle()),
            COLOURS * look.colours,
            COLOURS * look.pattern,
        ]
    )
    return _unit(seen).astype("<f4").tobytes(), packed


def compare(points_a: bytes, box_a: Box, points_b: bytes, box_b: Box) -> Agreement:
    """Whether two frames show one machine in one place; `compare(b, a)` is its reverse.

    Nothing is drawn at random: every pair of points alike is tried as the one that gives the
    movement. Equal input gives equal output, whichever of the two comes first.

    Raises:
        ValueError: `points_a` or `points_b` are not packed points.
    """
    if (points_b, box_b) < (points_a, box_a):
        return compare(points_b, box_b, points_a, box_a).reversed()
    a, b = unpack(points_a), unpack(points_b)
    straight = _agree(a, box_a, b, box_b)
    if _strength(straight) >= SURE:
        return straight
    flipped = _agree(a.mirrored(), _mirrored(box_a, a.frame[0]), b, box_b)
    if _strength(flipped) <= _strength(straight):
        return straight
    flip = np.array([[-1.0, 0, a.frame[0]], [0, 1, 0], [0, 0, 1]])
    return replace(flipped, transform=_matrix(np.array(flipped.transform) @ flip), mirrored=True)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Points alike, in columns: indices into `a` and `b`, places, how much nearer b is, and the
    square of either frame that each lies in."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    from_: NDArray[np.float64]
    to: NDArray[np.float64]
    scale: NDArray[np.float64]
    square_a: NDArray[np.int64]
    square_b: NDArray[np.int64]

    def of(self, mask: NDArray[np.bool_]) -> _Pairs:
        return _Pairs(*(getattr(self, column)[mask] for column in self.__slots__))

    def __len__(self) -> int:
        return len(self.a)


def _agree(a: Points, box_a: Box, b: Points, box_b: Box) -> Agreement:
    pairs = _alike(a, b)
    if len(pairs) < LEAST_PAIRS:
        return Agreement()
    on_a, on_b = a.inside(box_a)[pairs.a], b.inside(box_b)[pairs.b]
    off_a = ~a.inside(with_fittings(box_a)) & ~a.other
    off_b = ~b.inside(with_fittings(box_b)) & ~b.other
    ground = off_a[pairs.a] & off_b[pairs.b]
    votes = _followers(pairs, a.frame, b.frame)
    best = int(np.argmax(votes @ np.where(ground, GROUND, 1.0)))
    if np.count_nonzero(votes[best]) < LEAST_PAIRS:
        return Agreement()
    transform, follow = _refine(pairs, votes[best], a.frame, b.frame)
    lands = _moved(box_a, transform)
    strays = (votes & ~follow)[:, ground][ground]
    rival = _rival(pairs.of(ground), strays, box_a, lands)
    return Agreement(
        machine=_places(pairs, follow & on_a & on_b),
        around=_places(pairs, follow & ground),
        overlap=_overlap(box_a, a.frame, box_b, b.frame, transform),
        rival=rival,
        transform=_matrix(transform),
    )


def _alike(a: Points, b: Points) -> _Pairs:
    """Points alike: among the `RIVALS` most alike of each other, less the broadcaster's."""
    if not len(a) or not len(b):
        none = np.empty(0, np.int64)
        return _Pairs(none, none, np.empty((0, 2)), np.empty((0, 2)), np.empty(0), none, none)
    # Whole numbers below 2^24, so exact; and cv2 multiplies such small tables in one thread.
    product = cv2.gemm(a.steps, b.steps, 1.0, None, 0.0, flags=cv2.GEMM_2_T)
    cosine = product / (a.lengths[:, None] * b.lengths[None])
    first = min(RIVALS, len(a)), min(RIVALS, len(b))
    least_a = np.partition(cosine, -first[1], axis=1)[:, -first[1]]
    least_b = np.partition(cosine, -first[0], axis=0)[-first[0]]
    mutual = (cosine >= least_a[:, None]) & (cosine >= least_b[None]) & (cosine >= LEAST_ALIKE)
    i, j = np.nonzero(mutual)
    ratio = b.size[j].astype(float) / a.size[i]
    pairs = _Pairs(
        i, j, a.xy[i].astype(float), b.xy[j].astype(float), ratio, _squares(a)[i], _squares(b)[j]
    )
    pairs = pairs.of((ratio < SCALES) & (ratio > 1 / SCALES))
    return _less_broadcast(pairs, a.frame, b.frame)


def _squares(points: Points) -> NDArray[np.int64]:
    squares = (points.xy / max(points.frame) * PLACES).astype(np.int64)
    return np.asarray(squares[:, 0] * PLACES + squares[:, 1])


def _less_broadcast(pairs: _Pairs, a: tuple[int, int], b: tuple[int, int]) -> _Pairs:
    """The pairs without any point that has kept place and size on the screen where broadcasters
    put their text: a letter of a caption is like others in it, too.

    A tripod that has not moved loses its borders as well; its middle is left.
    """
    here, there = pairs.from_ / a, pairs.to / b
    still = (np.abs(here - there) < STILL).all(axis=1)
    still &= np.abs(np.log(pairs.scale * a[1] / b[1])) < 0.15
    x, y = here.T
    still &= (x < BORDERS[0]) | (x > BORDERS[2]) | (y < BORDERS[1]) | (y > BORDERS[3])
    drawn = np.isin(pairs.a, pairs.a[still]) | np.isin(pairs.b, pairs.b[still])
    return pairs.of(~drawn)


def _followers(pairs: _Pairs, a: tuple[int, int], b: tuple[int, int]) -> NDArray[np.bool_]:
    """(n, n): which pairs follow the movement (shift and scale) that each pair gives."""
    moved = (pairs.from_[None] - pairs.from_[:, None]) * pairs.scale[:, None, None]
    off = np.linalg.norm(moved - (pairs.to[None] - pairs.to[:, None]), axis=2)
    # The pixels of the nearer view are the measure, or shrinking all to a point would fit.
    diagonal = np.minimum(np.hypot(*b), np.hypot(*a) * pairs.scale)[:, None]
    like = np.abs(np.log(pairs.scale[None] / pairs.scale[:, None])) < 0.5
    return np.asarray((off < COARSE * diagonal) & like)


def _refine(
    pairs: _Pairs, follow: NDArray[np.bool_], a: tuple[int, int], b: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
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
        off = np.linalg.norm(flat @ solved - pairs.to, axis=1)
        scale = float(np.sqrt(np.linalg.det(transform[:2, :2])))
        reach = min(float(np.hypot(*b)), float(np.hypot(*a)) * scale) * tolerance
        like = np.abs(np.log(pairs.scale / scale)) < 0.5
        follow = (off < reach) & like
    else:
        return transform, follow
    return transform, np.zeros(len(pairs), bool)


def _sane(transform: NDArray[np.float64]) -> bool:
    """Whether a camera could have moved so: not mirrored, not flattened, not on its head."""
    linear = transform[:2, :2]
    if np.linalg.det(linear) <= 0:
        return False
    large, small = np.linalg.svd(linear, compute_uv=False)
    turn = np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])
    return bool(large < 3 * small and abs(turn) < 0.6)


def _places(pairs: _Pairs, which: NDArray[np.bool_]) -> int:
    """How many places take part: points of a lamp or a letter close together count once."""
    return min(len(set(pairs.square_a[which].tolist())), len(set(pairs.square_b[which].tolist())))


def _rival(pairs: _Pairs, votes: NDArray[np.bool_], box: Box, lands: Box) -> int:
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
        most = max(most, _places(pairs, votes[i]))
    return most


def _moved(box: Box, transform: NDArray[np.float64]) -> Box:
    corners = np.array([[box[i], box[j], 1.0] for i in (0, 2) for j in (1, 3)]) @ transform.T
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _overlap(
    box_a: Box, a: tuple[int, int], box_b: Box, b: tuple[int, int], transform: NDArray[np.float64]
) -> float:
    """IoU of the boxes laid on each other, in the frame where they fit worse."""
    back = np.asarray(np.linalg.inv(transform), np.float64)
    there = _agreeing(_moved(box_a, transform), box_b, _moved((0.0, 0.0, *a), transform), b)
    here = _agreeing(_moved(box_b, back), box_a, _moved((0.0, 0.0, *b), back), a)
    return min(there, here)


def _agreeing(box: Box, own: Box, seen: Box, frame: tuple[int, int]) -> float:
    """IoU of two boxes within what both frames show; 0 where that is but a strip of either."""
    common = _common(seen, (0.0, 0.0, *frame))
    box_in, own_in = _common(box, common), _common(own, common)
    if _area(box_in) < LEAST_SEEN * _area(box) or _area(own_in) < LEAST_SEEN * _area(own):
        return 0.0
    both = _area(_common(box_in, own_in))
    whole = _area(box_in) + _area(own_in) - both
    return both / whole if whole > 0 else 0.0


def _common(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _strength(agreement: Agreement) -> int:
    return agreement.machine + agreement.around


def _mirrored(box: Box, width: int) -> Box:
    return width - box[2], box[1], width - box[0], box[3]


def _matrix(array: NDArray[np.float64]) -> Matrix:
    rows = [tuple(float(v) for v in row) for row in array]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]


@cache
def _shuffle() -> NDArray[np.float32]:
    """Signs that bring 2048 numbers down to `LENGTH` and keep angles (Achlioptas 2003).

    RandomState, since NumPy promises its numbers for ever.
    """
    signs = np.random.RandomState(4).randint(0, 2, (2048, LENGTH)) * 2 - 1
    return signs.astype(np.float32)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
