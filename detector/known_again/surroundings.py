"""Whether two pictures show one machine in one place: points on it and around it agree.

Two machines of one model look alike; what stands around them does not. So points on the
machine and around it are counted apart, and both must follow one and the same movement of
the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detector.known_again.movement import (
    GROUND,
    LEAST_PAIRS,
    Floats,
    Mask,
    Pairs,
    alike,
    followers,
    laid_upon,
    places,
    refine,
    rival_of,
    squares,
    strays_from,
    transformed,
)
from detector.known_again.points import (
    Points,
    Size,
    aggregate,
    find_points,
    unpack,
    with_fittings,
    within,
)
from detector.look.appearance import look_of
from detector.types import Box, Picture

LENGTH = 256
"""Numbers to which what the points look like is brought down, at random."""
COLOURS = 0.5
"""What colours and pattern of the machine each weigh beside its points."""
ASIDE, ABOVE, NEARER = 0.6, 0.35, 1.6
"""How far the ground's movement may take the machine from where its own takes it, as shares of
its width and height, and in scale. A camera that steps aside shifts what stands at another depth;
the next machine of a row stands more than a width further on."""
CLOSE = 0.006
"""How far a point may be from where a camera that has not left its place puts it. A share of
the frame's diagonal: 4 pixels of 640 x 360."""
LEAST_OWN = 4
"""Pairs of points on the machine, without which nothing more is looked into."""
LAYERS, LEAST_LAYER = 4, 3
"""Movements of the ground that are looked into, on either side, and pairs that make one."""
NOTHING = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class ViewAgreement:
    """How far two views of a machine agree.

    machine, around: places where points follow the movement, on the machine in both views
    and in neither on any machine. overlap: 0..1, how well the movement lays one box on the
    other. rival: places on no machine that follow the best movement which puts it elsewhere.
    expected: places around the one machine that should be in sight around the other, in the
    frame that shows fewer: of one place seen twice some are found again.
    single: of the places around, those of points without a twin in their own picture.
    beside: places on other machines that follow the movement in both views, where they count.
    transform: pixels of `a` to pixels of `b`, 3 x 3. mirrored: one of the pictures is
    flipped left to right; the transform then includes the flip.
    """

    machine: int = 0
    around: int = 0
    overlap: float = 0.0
    rival: int = 0
    expected: int = 0
    single: int = 0
    beside: int = 0
    transform: Matrix = NOTHING
    mirrored: bool = False

    def reversed(self) -> ViewAgreement:
        """The same agreement, seen from `b`."""
        return replace(self, transform=_matrix(np.linalg.inv(np.array(self.transform))))


def look_of_sighting(
    picture: Picture, box: Box, overlays: Sequence[Box] = (), others: Sequence[Box] = ()
) -> tuple[bytes, bytes]:
    """What a machine and its surroundings look like in the frame in which it is best seen.

    picture: the whole upright frame.
    box: the machine in it, in pixels.
    overlays: where the broadcast has drawn over this frame; nothing there is looked at.
    others: the other machines in this frame. What stands in a row of one model looks alike wherever
    one stands in it: they are not what a machine is known by.
    Returns the appearance, a float32 vector of unit length as bytes, and the packed points
    (`detector.known_again.points`).
    """
    packed = find_points(picture, box, overlays, others)
    points = unpack(packed)
    parts = [aggregate(points.descriptors), aggregate(points.descriptors[points.inside(box)])]
    look, scene = look_of(picture, box), _unit(np.concatenate(parts) @ _shuffle())
    seen = np.concatenate([scene, COLOURS * look.colours, COLOURS * look.pattern])
    # Rounded, lest the last bit depend on how a processor adds.
    return np.round(_unit(seen), 4).astype("<f4").tobytes(), packed


Way = Literal["straight", "mirrored", "close", "deep"]
"""How the camera may have changed between two pictures.

- straight: it may have panned, zoomed or stepped a little.
- mirrored: one of the pictures may be the other way round as well; twice the work.
- close: it turned or zoomed in its place. All that both show then follows one movement closely,
however near or far it stands. Only that counts, on other machines too (`beside`): two machines
hardly stand to each other like this twice. `rival`, `expected` and `single` stay 0.
- deep: it has stepped aside. What stands nearer or farther than the machine then moves otherwise.
So the ground may follow a movement near to the machine's. `around` and `rival` count only points of
the ground without a twin in their own picture; `expected` and `single` stay 0.
"""


def compare(
    points_a: bytes, box_a: Box, points_b: bytes, box_b: Box, way: Way = "mirrored"
) -> ViewAgreement:
    """Whether two frames show one machine in one place; `compare(b, a)` is its reverse.

    Nothing is drawn at random: every pair of points alike is tried as the one that gives the
    movement. Equal input gives equal output, whichever of the two comes first.

    points_a, points_b: as `look_of_sighting` packed them.
    box_a, box_b: the machine, in pixels of either frame.
    Raises ValueError: `points_a` or `points_b` are not packed points.
    """
    if (points_b, box_b) < (points_a, box_a):
        return compare(points_b, box_b, points_a, box_a, way).reversed()
    agree = {
        "straight": _agree,
        "mirrored": _agree_mirrored,
        "close": _agree_closely,
        "deep": _agree_in_depth,
    }[way]
    a, b, pairs = _matched(points_a, points_b)
    return agree(a, box_a, b, box_b, pairs)


def _agree_mirrored(a: Points, box_a: Box, b: Points, box_b: Box, pairs: Pairs) -> ViewAgreement:
    straight = _agree(a, box_a, b, box_b, pairs)
    turned, width = a.mirrored(), a.frame[0]
    box = (width - box_a[2], box_a[1], width - box_a[0], box_a[3])
    flipped = _agree(turned, box, b, box_b, alike(turned, b))
    if flipped.machine + flipped.around <= straight.machine + straight.around:
        return straight
    flip = np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]])
    return replace(flipped, transform=_matrix(np.array(flipped.transform) @ flip), mirrored=True)


@lru_cache(maxsize=2)
def _matched(points_a: bytes, points_b: bytes) -> tuple[Points, Points, Pairs]:
    """Points and pairs of two pictures; the last are kept, since they are looked at in two ways."""
    a, b = unpack(points_a), unpack(points_b)
    return a, b, alike(a, b)


def _agree(a: Points, box_a: Box, b: Points, box_b: Box, pairs: Pairs) -> ViewAgreement:
    own = a.inside(box_a)[pairs.a] & b.inside(box_b)[pairs.b]
    # Most pairs of sightings end here, before anything that takes time.
    if len(pairs) < LEAST_PAIRS or np.count_nonzero(own) < LEAST_OWN:
        return ViewAgreement()
    off_a, off_b = _off(a, box_a), _off(b, box_b)
    ground = off_a[pairs.a] & off_b[pairs.b]
    votes = followers(pairs, a.frame, b.frame)
    best = int(np.argmax(votes @ np.where(ground, GROUND, 1.0)))
    if np.count_nonzero(votes[best]) < LEAST_PAIRS:
        return ViewAgreement()
    transform, follow = refine(pairs, votes[best], a.frame, b.frame)
    back = np.asarray(np.linalg.inv(transform), np.float64)
    strays = (votes & ~follow)[:, ground][ground]
    here = _in_view(a, off_a, box_b, b.frame, transform)
    there = _in_view(b, off_b, box_a, a.frame, back)
    return ViewAgreement(
        machine=places(pairs, follow & own),
        around=places(pairs, follow & ground),
        single=places(pairs, follow & ground & ~a.twin[pairs.a] & ~b.twin[pairs.b]),
        overlap=laid_upon(box_a, a.frame, box_b, b.frame, transform),
        rival=rival_of(pairs.of(ground), strays, box_a, transformed(box_a, transform)),
        expected=min(here, there),
        transform=_matrix(transform),
    )


def _agree_closely(a: Points, box_a: Box, b: Points, box_b: Box, pairs: Pairs) -> ViewAgreement:
    own = a.inside(box_a)[pairs.a] & b.inside(box_b)[pairs.b]
    beside = a.other[pairs.a] & b.other[pairs.b]
    ground = _off(a, box_a)[pairs.a] & _off(b, box_b)[pairs.b]
    if np.count_nonzero(own) < LEAST_PAIRS or np.count_nonzero(beside) < LEAST_PAIRS:
        return ViewAgreement()
    votes = followers(pairs, a.frame, b.frame)
    best = int(np.argmax(votes @ np.where(ground, GROUND, (own | beside).astype(float))))
    transform, follow = refine(pairs, votes[best], a.frame, b.frame)
    follow &= strays_from(pairs, transform, a.frame, b.frame) < CLOSE
    return ViewAgreement(
        machine=places(pairs, follow & own),
        around=places(pairs, follow & ground),
        beside=places(pairs, follow & beside),
        overlap=laid_upon(box_a, a.frame, box_b, b.frame, transform),
        transform=_matrix(transform),
    )


def _off(points: Points, box: Box) -> Mask:
    """(n,): which points lie on no machine."""
    return ~points.inside(with_fittings(box)) & ~points.other


def _agree_in_depth(a: Points, box_a: Box, b: Points, box_b: Box, pairs: Pairs) -> ViewAgreement:
    """The same where machine and ground each follow a movement of their own."""
    own = pairs.of(a.inside(box_a)[pairs.a] & b.inside(box_b)[pairs.b])
    if len(own) < LEAST_PAIRS:
        return ViewAgreement()
    votes = followers(own, a.frame, b.frame)
    transform, follow = refine(own, votes[np.argmax(votes.sum(axis=1))], a.frame, b.frame)
    if np.count_nonzero(follow) < LEAST_PAIRS:
        return ViewAgreement()
    off_a = ~a.inside(with_fittings(box_a)) & ~a.twin
    off_b = ~b.inside(with_fittings(box_b)) & ~b.twin
    ground = pairs.of(off_a[pairs.a] & off_b[pairs.b])
    bare = ~a.other[ground.a] & ~b.other[ground.b]
    around, rival = _layers(ground, bare, a.frame, b.frame, box_a, transform)
    return ViewAgreement(
        machine=places(own, follow),
        around=around,
        overlap=laid_upon(box_a, a.frame, box_b, b.frame, transform),
        rival=rival,
        transform=_matrix(transform),
    )


def _layers(ground: Pairs, bare: Mask, a: Size, b: Size, box: Box, transform: Floats) -> Size:
    """Places that follow the best movement of the ground that leaves the machine about where its
    own movement takes it, and the best that does not.

    bare: those on no machine, which alone count; the others help to find a movement.
    """
    votes = followers(ground, a, b)
    there = transformed(box, transform)
    size = np.array([there[2] - there[0], there[3] - there[1]])
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1.0])
    done = np.zeros(len(ground), bool)
    best, looked = [0, 0], [0, 0]
    for i in np.argsort(-votes.sum(axis=1), kind="stable"):
        if np.count_nonzero(votes[i]) < LEAST_LAYER or min(looked) >= LAYERS:
            break
        if done[i]:
            continue
        tried, follow = refine(ground, votes[i], a, b)
        if np.count_nonzero(follow) < LEAST_LAYER:
            continue
        done |= follow
        off = np.abs((tried @ middle - transform @ middle)[:2]) / size
        grown = abs(float(np.log(np.linalg.det(tried[:2, :2]) / np.linalg.det(transform[:2, :2]))))
        elsewhere = int(off[0] > ASIDE or off[1] > ABOVE or grown > 2 * np.log(NEARER))
        best[elsewhere] = max(best[elsewhere], places(ground, follow & bare))
        looked[elsewhere] += 1
    return best[0], best[1]


def _in_view(points: Points, off: Mask, box: Box, frame: Size, transform: Floats) -> int:
    """Places of the points around one machine that the other frame should show around its own."""
    flat = np.column_stack([points.xy[off], np.ones(int(off.sum()))])
    there = (flat @ transform.T)[:, :2].astype(np.float32)
    seen = within(there, [(0.0, 0.0, *frame)]) & ~within(there, [with_fittings(box)])
    return len(np.unique(squares(points)[off][seen]))


def _matrix(array: NDArray[np.float64]) -> Matrix:
    rows = [tuple(float(v) for v in row) for row in array]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]


@cache
def _shuffle() -> NDArray[np.float32]:
    """Signs that bring 2048 numbers down to `LENGTH` and keep angles (Achlioptas 2003).
    RandomState, since NumPy promises its numbers for ever."""
    signs = np.random.RandomState(4).randint(0, 2, (2048, LENGTH)) * 2 - 1
    return signs.astype(np.float32)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
