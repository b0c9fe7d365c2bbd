"""Whether two pictures show one machine in one place: points on it and around it agree.

Two machines of one model look alike; what stands around them does not. So points on the
machine and around it are counted apart, and both must follow one and the same movement of
the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from detector.appearance import look_of
from detector.codebook import aggregate
from detector.keypoints import Points, find_points, unpack, with_fittings, within
from detector.movement import (
    GROUND,
    LEAST_PAIRS,
    Floats,
    Mask,
    alike,
    followers,
    laid_upon,
    moved,
    places,
    refine,
    rival_of,
    squares,
)
from detector.types import Box, Picture

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
    expected: places around the one machine that should be in sight around the other, in the
    frame that shows fewer: of one place seen twice some are found again.
    transform: pixels of `a` to pixels of `b`, 3 x 3. mirrored: one of the pictures is
    flipped left to right; the transform then includes the flip.
    """

    machine: int = 0
    around: int = 0
    overlap: float = 0.0
    rival: int = 0
    expected: int = 0
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
    # Rounded, lest the last bit depend on how a processor adds.
    return np.round(_unit(seen), 4).astype("<f4").tobytes(), packed


def compare(
    points_a: bytes, box_a: Box, points_b: bytes, box_b: Box, *, mirrored: bool = True
) -> Agreement:
    """Whether two frames show one machine in one place; `compare(b, a)` is its reverse.

    Nothing is drawn at random: every pair of points alike is tried as the one that gives the
    movement. Equal input gives equal output, whichever of the two comes first.

    Args:
        points_a, points_b: as `look_of_sighting` packed them.
        box_a, box_b: the machine, in pixels of either frame.
        mirrored: whether one of the pictures may be the other way round; twice the work.

    Raises:
        ValueError: `points_a` or `points_b` are not packed points.
    """
    if (points_b, box_b) < (points_a, box_a):
        return compare(points_b, box_b, points_a, box_a, mirrored=mirrored).reversed()
    a, b = unpack(points_a), unpack(points_b)
    straight = _agree(a, box_a, b, box_b)
    if not mirrored:
        return straight
    flipped = _agree(a.mirrored(), _mirrored(box_a, a.frame[0]), b, box_b)
    if _strength(flipped) <= _strength(straight):
        return straight
    flip = np.array([[-1.0, 0, a.frame[0]], [0, 1, 0], [0, 0, 1]])
    return replace(flipped, transform=_matrix(np.array(flipped.transform) @ flip), mirrored=True)


def _agree(a: Points, box_a: Box, b: Points, box_b: Box) -> Agreement:
    pairs = alike(a, b)
    if len(pairs) < LEAST_PAIRS:
        return Agreement()
    on_a, on_b = a.inside(box_a)[pairs.a], b.inside(box_b)[pairs.b]
    off_a = ~a.inside(with_fittings(box_a)) & ~a.other
    off_b = ~b.inside(with_fittings(box_b)) & ~b.other
    ground = off_a[pairs.a] & off_b[pairs.b]
    votes = followers(pairs, a.frame, b.frame)
    best = int(np.argmax(votes @ np.where(ground, GROUND, 1.0)))
    if np.count_nonzero(votes[best]) < LEAST_PAIRS:
        return Agreement()
    transform, follow = refine(pairs, votes[best], a.frame, b.frame)
    lands = moved(box_a, transform)
    strays = (votes & ~follow)[:, ground][ground]
    rival = rival_of(pairs.of(ground), strays, box_a, lands)
    return Agreement(
        machine=places(pairs, follow & on_a & on_b),
        around=places(pairs, follow & ground),
        overlap=laid_upon(box_a, a.frame, box_b, b.frame, transform),
        rival=rival,
        expected=min(
            _in_view(a, off_a, box_b, b.frame, transform),
            _in_view(b, off_b, box_a, a.frame, np.asarray(np.linalg.inv(transform), np.float64)),
        ),
        transform=_matrix(transform),
    )


def _in_view(points: Points, off: Mask, box: Box, frame: tuple[int, int], transform: Floats) -> int:
    """Places of the points around one machine that the other frame should show around its own."""
    flat = np.column_stack([points.xy[off], np.ones(int(off.sum()))])
    there = (flat @ transform.T)[:, :2].astype(np.float32)
    seen = within(there, [(0.0, 0.0, *frame)]) & ~within(there, [with_fittings(box)])
    return len(np.unique(squares(points)[off][seen]))


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
