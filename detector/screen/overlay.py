"""Text and graphics of the broadcast, told from what stands in the scene.

The sign is edges that keep their place and direction on the screen while the rest of the
picture changes, across cuts or under a moving camera: channel bugs, captions, tickers'
frames. They are found in the sweep over the whole footage; `detector.screen.caption` has the
sign for what stands too short for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import iou, widened
from detector.read.reader import Reader
from detector.types import Box, Frame, Picture, Reading

Frames = Callable[[Sequence[Fraction]], Iterable[Frame]]

# Pictures are compared at this width: a caption's letters are still some pixels high.
_WIDTH = 480
# Least gradient (Scharr, 0..255 scale, per pixel) of an edge.
_EDGE = 20.0
# So many differing frames make one look; looks overlap by half. Fewer, and slow pans and the
# still middle of a zoom pass for captions.
_LOOK = 6
# Least length of the mean unit gradient: 1 for an edge that stays, about 0.5 for chance.
_STEADY = 0.9
# The picture counts as changed where so much of its edges, cell by cell, is elsewhere now.
_CELLS = (16, 9)
_CELL_CHANGED = 0.5
_PICTURE_CHANGED = 0.6
# Least share of the weaker of the two edge directions: letters have both; a beam, a floor
# line or a pillarbox under a level pan has one.
_BOTH_WAYS = 0.2
# Of all edges ever seen inside a region at least so many stay, and right around it at most so
# few. On news clips captions and bugs had 0.37-0.99 and below 0.03, chance regions below 0.27.
_STEADY_INSIDE = 0.35
_STEADY_AROUND = 0.05
_AROUND = (16, 12)
# Sides of a region, as shares of the frame's width or height.
_LEAST_SIDE = 0.015
_MOST_AREA = 0.4
# Regions of looks at most so many seconds apart are one when they overlap so much.
_SAME_REGION = 0.5
_GAP = 10
# So many regions are read, the earliest; for each a frame has to be decoded again.
_MOST_READ = 200
# A reading belongs to the broadcast when so much of its box does.
_COVERED = 0.5


@dataclass(frozen=True, slots=True)
class OverlayRegion:
    """A place on the screen that the broadcast draws on from `first` to `last`.

    Times reach half a look (three differing frames) before the first and past the last look
    that showed it. seen: the time of a frame that shows it.
    """

    box: Box
    first: Fraction
    last: Fraction
    seen: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class OverlayMap:
    """Where and when the broadcast drew over the picture, and what it wrote. `texts` are marked
    `overlay`, each read once from one frame."""

    regions: tuple[OverlayRegion, ...] = ()
    texts: tuple[Reading, ...] = ()

    def share(self, box: Box, pts: Fraction | None = None) -> float:
        """Share of `box` (pixels of the frame) drawn over, 0..1; at `pts`, or ever if None."""
        regions = [region.box for region in self.regions] if pts is None else self.present(pts)
        return _covered_share(box, regions)

    def present(self, pts: Fraction) -> list[Box]:
        """Where the broadcast draws at `pts`, in pixels of the frame."""
        return [region.box for region in self.regions if region.first <= pts <= region.last]

    def covers(self, box: Box, pts: Fraction | None = None) -> bool:
        """Whether `box` belongs to the broadcast."""
        return self.share(box, pts) >= _COVERED

    def mark(self, readings: Sequence[Reading]) -> list[Reading]:
        """The readings, with `overlay` set on those that belong to the broadcast."""
        return [
            replace(reading, overlay=True) if self.covers(reading.box, reading.pts) else reading
            for reading in readings
        ]


@dataclass(slots=True)
class _Look:
    """Unit gradients summed over the differing frames of one look, and where any edge was."""

    sum: NDArray[np.float32]
    edges: NDArray[np.bool_]
    frames: int
    first: Fraction


@dataclass(slots=True)
class OverlayFinder:
    """Watches the frames of a footage, in time order, for what stays while they change.

    Apart from the regions found, memory does not grow with the footage.

    size: width and height of the footage, pixels, in which regions are given; the frames watched
    may be smaller ones, of the same proportions.

    >>> finder = OverlayFinder((1920, 1080))
    >>> finder.settle().regions
    ()
    """

    size: tuple[int, int]
    _previous: NDArray[np.float32] | None = None
    _looks: list[_Look] = field(default_factory=list)
    _found: list[OverlayRegion] = field(default_factory=list)

    def observe(self, frame: Frame) -> None:
        """Takes one frame in. Frames that hardly differ from the last one taken tell nothing."""
        gradients = unit_gradients(frame.image)
        if self._previous is not None and gradients.shape != self._previous.shape:
            self._previous, self._looks = None, []
        if self._previous is not None and not has_changed(self._previous, gradients):
            return
        self._previous = gradients
        if not self._looks or self._looks[-1].frames == _LOOK // 2:
            edges = np.zeros(gradients.shape[1:], bool)
            self._looks.append(_Look(np.zeros_like(gradients), edges, 0, frame.pts))
        for look in self._looks:
            look.sum += gradients
            look.edges |= (gradients != 0).any(axis=0)
            look.frames += 1
        if self._looks[0].frames == _LOOK:
            self._close(self._looks.pop(0), frame)

    def settle(self, reader: Reader | None = None, frames: Frames | None = None) -> OverlayMap:
        """The map of all that was observed.

        reader: reads what is written in the regions; nothing is read if None.
        frames: the frames on screen at given times, sorted, of the footage's own size; where to
        read from.
        """
        texts = () if reader is None or frames is None else tuple(self._texts(reader, frames))
        return OverlayMap(tuple(self._found), texts)

    def _texts(self, reader: Reader, frames: Frames) -> Iterator[Reading]:
        at: dict[Fraction, list[Box]] = {}
        for found in self._found[:_MOST_READ]:
            at.setdefault(found.seen, []).append(found.box)
        times = sorted(at)
        if not times:
            return
        for seen, frame in zip(times, frames(times), strict=False):
            # What cannot be decoded a second time, or came as another frame, stays unread.
            for box in at[seen] if frame.pts == seen else ():
                around = _grown(box, 0.25 * (box[3] - box[1]), self.size)
                for text in reader.read(_cut(frame.image, around), seen, around[:2]):
                    yield replace(text, overlay=True)

    def _close(self, look: _Look, frame: Frame) -> None:
        """Turns a full look into regions; one known from the look before is prolonged."""
        mean = look.sum / np.float32(look.frames)
        # What stands for half a look more fills no look of its own.
        half = (frame.pts - look.first) / 2
        first, last = look.first - half, frame.pts + half
        for box in steady_boxes(mean, look.edges, self.size):
            for number, found in enumerate(self._found):
                known, again = (np.array([one], np.float32) for one in (found.box, box))
                if first - found.last <= _GAP and iou(known, again)[0, 0] >= _SAME_REGION:
                    self._found[number] = replace(found, last=last)
                    break
            else:
                self._found.append(OverlayRegion(box, first, last, frame.pts))


def unit_gradients(picture: Picture) -> NDArray[np.float32]:
    """Directions of the edges, (2, h, w) at a width of 480: unit vectors, 0 where no edge is."""
    shrunk = min(1.0, _WIDTH / picture.shape[1])
    size = (max(1, round(picture.shape[1] * shrunk)), max(1, round(picture.shape[0] * shrunk)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # Scharr's kernel sums to 16 on each side.
    x, y = (cv2.Scharr(grey, cv2.CV_32F, dx, 1 - dx) / 16 for dx in (1, 0))
    strength = cv2.magnitude(x, y)
    scale = np.where(strength >= _EDGE, 1 / np.maximum(strength, _EDGE), 0).astype(np.float32)
    return np.stack([x * scale, y * scale])


def has_changed(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether most of the picture is another one, by its edges (2, h, w); captions aside. A flicker
    of light changes no edge; an operator walking through changes few cells."""
    agreement = np.asarray(before[0] * after[0] + before[1] * after[1] > 0.7, np.float32)
    edges = np.asarray((before[0] != 0) | (before[1] != 0) | (after[0] != 0) | (after[1] != 0))
    edges = edges.astype(np.float32)
    kept, there = (cv2.resize(m, _CELLS, interpolation=cv2.INTER_AREA) for m in (agreement, edges))
    textured = there > 0.02
    if not textured.any():
        return False
    changed = kept[textured] < (1 - _CELL_CHANGED) * there[textured]
    return bool(changed.mean() >= _PICTURE_CHANGED)


def steady_boxes(
    mean: NDArray[np.float32], edges: NDArray[np.bool_], size: tuple[int, int]
) -> list[Box]:
    """Boxes, in pixels of a frame of `size`, around edges that stayed where others did not.

    mean: (2, h, w), mean of the unit gradients over differing frames.
    edges: (h, w), where any of the frames had an edge.
    size: width and height of the frame.
    """
    steady = np.hypot(mean[0], mean[1]) >= _STEADY
    height, width = steady.shape
    # Letters and words grow together, lines of a caption as well.
    reach = np.ones((max(3, height // 40) | 1, max(3, width // 30) | 1), np.uint8)
    joined = cv2.morphologyEx(steady.astype(np.uint8), cv2.MORPH_CLOSE, reach)
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    boxes = []
    for x, y, w, h, _area in stats[1:].tolist():
        large = w >= _LEAST_SIDE * width and h >= _LEAST_SIDE * height
        small = w * h <= _MOST_AREA * width * height
        if large and small and _stands_out(mean, steady, edges, (x, y, x + w, y + h)):
            sx, sy = size[0] / width, size[1] / height
            placed = (x * sx, y * sy, (x + w) * sx, (y + h) * sy)
            # An edge lies half outside what it bounds.
            boxes.append(_grown(placed, sx, size))
    return boxes


def _stands_out(
    mean: NDArray[np.float32],
    steady: NDArray[np.bool_],
    edges: NDArray[np.bool_],
    box: tuple[int, int, int, int],
) -> bool:
    """Whether most edges in a box stay, in both directions, and hardly any around it do."""
    x1, y1, x2, y2 = box
    inside = (slice(y1, y2), slice(x1, x2))
    edged = [float(np.abs(part[inside])[steady[inside]].sum()) for part in mean]
    if min(edged) < _BOTH_WAYS * (edged[0] + edged[1]):
        return False
    across, down = _AROUND
    around = slice(max(0, y1 - down), y2 + down), slice(max(0, x1 - across), x2 + across)
    edges_in, steady_in = int(edges[inside].sum()), int(steady[inside].sum())
    edges_out = int(edges[around].sum()) - edges_in
    steady_out = int(steady[around].sum()) - steady_in
    return (
        steady_in >= _STEADY_INSIDE * edges_in
        and edges_out > 0
        and steady_out <= _STEADY_AROUND * edges_out
    )


def _grown(box: Box, by: float, size: tuple[int, int]) -> Box:
    """A box grown on all sides by so many pixels, within a frame of that width and height."""
    (width, height), (x1, y1, x2, y2) = map(float, size), widened(box, by)
    return max(0.0, x1), max(0.0, y1), min(width, x2), min(height, y2)


def _cut(picture: Picture, box: Box) -> Picture:
    x1, y1, x2, y2 = (round(v) for v in box)
    return picture[y1:y2, x1:x2].copy()


def _covered_share(box: Box, regions: Sequence[Box]) -> float:
    """Share of `box` under the union of `regions`, on a grid of 32 x 32 points."""
    xs = box[0] + (np.arange(32) + 0.5) / 32 * (box[2] - box[0])
    ys = box[1] + (np.arange(32) + 0.5) / 32 * (box[3] - box[1])
    covered = np.zeros((32, 32), bool)
    for x1, y1, x2, y2 in regions:
        covered |= ((ys >= y1) & (ys <= y2))[:, None] & ((xs >= x1) & (xs <= x2))[None, :]
    return float(covered.mean())
