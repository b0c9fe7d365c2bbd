"""Points of a picture, packed small, to recognise the same place later.

Upright SIFT (Lowe 2004) without orientation: footage is upright already, and points differ more so.
Stored as RootSIFT (Arandjelovic and Zisserman 2012), four bits an element. A point takes 70 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Box, Picture

MOST = 448
"""Points kept of a picture: 31.4 kB. Half as many are too few for a machine seen from elsewhere."""
LONGEST = 960
"""Pixels of the longer side of the picture in which points are sought; larger ones are shrunk."""
ON_MACHINE, ON_OTHERS = 0.3, 0.1
"""Shares of the points that are kept for the machine and for other machines, at most."""
NEAR = 1.0
"""Half of the other points come from so many sides of the machine's box about it, where a
view from nearer will find them again."""
ASIDE, ABOVE = 0.05, 0.15
"""Shares of a machine's box that its fittings stick out, aside and below, and above."""
STRONG = 0.0133
"""Response from which a point is taken before all weaker ones: SIFT's own default (a contrast of
0.04 over three steps an octave). What is weaker is mostly left by the coding of the film."""
TWIN, TWIN_APART = 0.85, 0.03
"""Cosine from which two points of one picture are twins, and how far from each other they lie,
as a share of its diagonal: a lamp in a row of lamps does not say where in the hall it is."""
CELLS = 6
"""The picture is cut into so many cells a side, and points are taken from each in turn. What
is drawn sharply in one corner must not take all the places."""
Size = tuple[int, int]
"""Width and height, pixels."""
_HEAD = struct.Struct("<2sHHH")  # magic, frame width, frame height, points
_MAGIC = b"N2"
_POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("size", "<u2"), ("descriptor", "u1", (64,))])
_STEPS = 16.0  # positions and sizes are kept in sixteenths of a working pixel
_OTHER = np.uint16(1 << 15)  # set in the size of a point on another machine
_TWIN = np.uint16(1 << 14)  # set in the size of a point that has a twin
_FULL = 0.35  # a RootSIFT element beyond this is cut off; 15 stands for it


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a picture, in columns.

    xy: (n, 2) float32, pixels of the frame.
    size: (n,) float32, diameters in pixels.
    steps: (n, 128) float32, descriptors in whole steps, 0..15.
    other: (n,) bool, on another machine.
    twin: (n,) bool, with a like one elsewhere in the picture.
    frame: width and height.
    """

    xy: NDArray[np.float32]
    size: NDArray[np.float32]
    steps: NDArray[np.float32]
    other: NDArray[np.bool_]
    twin: NDArray[np.bool_]
    frame: Size

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """(n,): lengths of the descriptors, in steps."""
        square = (self.steps**2).sum(axis=1, dtype=np.float64)
        return np.asarray(np.maximum(np.sqrt(square), 1e-6))

    @property
    def descriptors(self) -> NDArray[np.float32]:
        """(n, 128): the descriptors, of unit length."""
        return np.asarray(self.steps / self.lengths[:, None], np.float32)

    def inside(self, box: Box) -> NDArray[np.bool_]:
        """(n,): which points lie in a box."""
        return within(self.xy, [box])

    def cosines(self, other: Points) -> NDArray[np.float64]:
        """(n, m): how like the descriptors of two pictures are."""
        # Whole numbers below 2^24, so exact; and cv2 multiplies such small tables in one thread.
        product = cv2.gemm(self.steps, other.steps, 1.0, None, 0.0, flags=cv2.GEMM_2_T)
        return np.asarray(product / (self.lengths[:, None] * other.lengths[None]), np.float64)

    def mirrored(self) -> Points:
        """The points of the picture flipped left to right.

        A SIFT descriptor has 4 rows, 4 columns and 8 directions counted from the x axis. The flip
        reverses the columns and turns direction k into 4 - k.
        """
        xy = self.xy * np.array((-1, 1), np.float32) + np.array((self.frame[0], 0), np.float32)
        turned = self.steps.reshape(-1, 4, 4, 8)[:, :, ::-1, (4 - np.arange(8)) % 8]
        return Points(xy, self.size, turned.reshape(-1, 128), self.other, self.twin, self.frame)


def within(xy: NDArray[np.float32], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """(n,): which of the places (n, 2) lie in any of the boxes."""
    x, y = xy.T
    inside = np.zeros(len(xy), bool)
    for x1, y1, x2, y2 in boxes:
        inside |= (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    return inside


def with_fittings(box: Box) -> Box:
    """A machine's box with what sticks out of it and is none of its surroundings: signal tower,
    pendant, conveyor, cables."""
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * ASIDE, (y2 - y1) * ASIDE
    return x1 - across, y1 - (y2 - y1) * ABOVE, x2 + across, y2 + down


def find_points(
    picture: Picture, box: Box, overlays: Sequence[Box] = (), others: Sequence[Box] = ()
) -> bytes:
    """The points of a frame, packed, those of a machine and of what is around it.

    picture: the whole upright frame.
    box: the machine, in its pixels.
    overlays: what the broadcast drew over the picture; no point is taken from there.
    others: the other machines in the frame; their points are marked.
    """
    rows, columns = picture.shape[:2]
    scale = min(1.0, LONGEST / max(rows, columns))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)

    def placed(points: Sequence[cv2.KeyPoint]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        at = np.array([k.pt for k in points], np.float32).reshape(-1, 2) / np.float32(scale)
        return at, within(at, [with_fittings(one) for one in others]) & ~within(at, [box])

    sift = cv2.SIFT.create(contrastThreshold=0.012, edgeThreshold=12)
    found = _once(sift.detect(grey, None))
    free = ~within(placed(found)[0], overlays)
    found = [k for k, keep in zip(found, free, strict=True) if keep]
    strength = np.array([k.response for k in found])
    chosen = _choose(*placed(found), strength, box, (columns, rows))
    kept, descriptors = sift.compute(grey, [found[i] for i in chosen]) if chosen else ([], None)
    return _pack(kept, descriptors, placed(kept)[1], (columns, rows), float(np.hypot(*grey.shape)))


def are_points(packed: bytes) -> bool:
    """Whether the bytes are points that `unpack` takes; an earlier version's are not."""
    if packed[:2] != _MAGIC or len(packed) < _HEAD.size:
        return False
    count: int = _HEAD.unpack_from(packed)[3]
    return len(packed) == _HEAD.size + count * _POINT.itemsize


def unpack(packed: bytes) -> Points:
    """What `find_points` packed. Raises ValueError: the bytes are not such points."""
    if not are_points(packed):
        raise ValueError(f"{len(packed)} bytes that are not packed points")
    _, width, height, count = _HEAD.unpack_from(packed)
    table = np.frombuffer(packed, _POINT, count, _HEAD.size)
    scale = np.float32(max(1.0, max(width, height) / LONGEST) / _STEPS)
    nibbles = np.empty((count, 128), np.uint8)
    nibbles[:, ::2], nibbles[:, 1::2] = table["descriptor"] >> 4, table["descriptor"] & 15
    xy = np.stack([table["x"], table["y"]], axis=1).astype(np.float32) * scale
    size = (table["size"] & ~(_OTHER | _TWIN)).astype(np.float32) * scale
    other, twin = (table["size"] & _OTHER) > 0, (table["size"] & _TWIN) > 0
    return Points(xy, size, nibbles.astype(np.float32), other, twin, (width, height))


def _pack(
    kept: Sequence[cv2.KeyPoint],
    descriptors: NDArray[np.float32] | None,
    other: NDArray[np.bool_],
    frame: Size,
    diagonal: float,
) -> bytes:
    table = np.zeros(len(kept), _POINT)
    if descriptors is not None and len(kept):
        at = np.array([k.pt for k in kept])
        table["x"], table["y"] = np.clip(np.round(at.T * _STEPS), 0, 65535)
        size = np.clip(np.round([k.size * _STEPS for k in kept]), 0, _TWIN - 1).astype(np.uint16)
        total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
        root = np.sqrt(np.maximum(descriptors, 0) / total)
        steps = np.round(np.clip(root / _FULL, 0, 1) * 15).astype(np.uint8)
        table["descriptor"] = (steps[:, ::2] << 4) | steps[:, 1::2]
        twin = _twins(at, steps.astype(np.float32), diagonal)
        table["size"] = size | other * _OTHER | twin * _TWIN
    return _HEAD.pack(_MAGIC, *frame, len(table)) + table.tobytes()


def _twins(
    at: NDArray[np.float64], steps: NDArray[np.float32], diagonal: float
) -> NDArray[np.bool_]:
    """(n,): which points have a like one in the same picture that lies elsewhere."""
    # Whole numbers below 2^24, so exact.
    product = cv2.gemm(steps, steps, 1.0, None, 0.0, flags=cv2.GEMM_2_T).astype(np.float64)
    lengths = np.maximum(np.sqrt(np.diag(product)), 1e-6)
    alike = product >= TWIN * lengths[:, None] * lengths[None]
    away = np.linalg.norm(at[:, None] - at[None], axis=2) > TWIN_APART * diagonal
    return np.asarray((alike & away).any(axis=1))


def _once(found: Sequence[cv2.KeyPoint]) -> list[cv2.KeyPoint]:
    """Each place once and upright: SIFT gives a point for each of its directions."""
    places: dict[tuple[float, float, float], cv2.KeyPoint] = {}
    for point in found:
        point.angle = 0.0
        places.setdefault((*point.pt, point.size), point)
    return list(places.values())


def _choose(
    at: NDArray[np.float32],
    other: NDArray[np.bool_],
    response: NDArray[np.float64],
    box: Box,
    frame: Size,
) -> list[int]:
    """Which points to keep: of the machine, of other machines, near about it, of all the rest."""
    wide, high = (box[2] - box[0]) * NEAR, (box[3] - box[1]) * NEAR
    on = within(at, [box])
    near = within(at, [(box[0] - wide, box[1] - high, box[2] + wide, box[3] + high)])
    ground = ~within(at, [with_fittings(box)]) & ~other
    cells = (at / np.array(frame) * CELLS).astype(int) @ (1, CELLS)
    inside = (at - box[:2]) / np.maximum(np.subtract(box[2:], box[:2]), 1)
    own = np.where(on, (inside * CELLS).astype(int) @ (1, CELLS), 0)
    machine = _in_turn(np.flatnonzero(on), own, response)
    others = _in_turn(np.flatnonzero(other), cells, response)
    ring = _in_turn(np.flatnonzero(ground & near), cells, response)
    rest = _in_turn(np.flatnonzero(ground & ~near), cells, response)
    kept = machine[: round(MOST * ON_MACHINE)] + others[: round(MOST * ON_OTHERS)]
    kept += ring[: (MOST - len(kept)) // 2]
    for more in (rest, ring, machine, others):
        taken = set(kept)
        kept += [i for i in more if i not in taken][: MOST - len(kept)]
    return sorted(kept)


def _in_turn(
    which: NDArray[np.int64], cells: NDArray[np.int64], response: NDArray[np.float64]
) -> list[int]:
    """The points `which`, the strongest of each cell first, then the second of each, ...; those
    that are weak after all others."""
    strong = response[which] >= STRONG
    if strong.any() and not strong.all():
        weak = _in_turn(which[~strong], cells, response)
        return _in_turn(which[strong], cells, response) + weak
    order = which[np.argsort(-response[which], kind="stable")]
    turn: dict[int, int] = {}
    ranks = []
    for index in order:
        cell = int(cells[index])
        ranks.append(turn.get(cell, 0))
        turn[cell] = ranks[-1] + 1
    return [int(i) for i in order[np.argsort(ranks, kind="stable")]]


CENTRES: NDArray[np.float32] = np.load(Path(__file__).with_name("centres.npy")) / np.float32(500)
"""(8, 128): the k-means of every third point of a third of the training photographs (seed 1), kept
in steps of 1/500."""


def aggregate(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """All of some descriptors (n, 128) as one vector (1024,), of unit length or 0.

    A VLAD (Jegou and others 2010): each point goes to the nearest of eight centres, and what is
    left of it beyond that centre is added up.

    Square roots of every element and of every centre's part keep a grille with a hundred like slots
    from outweighing the rest.
    """
    parts = np.zeros(CENTRES.shape, np.float32)
    if len(descriptors):
        nearest = np.argmax(descriptors @ CENTRES.T - (CENTRES**2).sum(axis=1) / 2, axis=1)
        np.add.at(parts, nearest, descriptors - CENTRES[nearest])
    parts = np.sign(parts) * np.sqrt(np.abs(parts))
    length = np.linalg.norm(parts, axis=1, keepdims=True)
    vector = (parts / np.sqrt(np.maximum(length, 1e-9))).ravel()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
