"""Marks hidden on purpose: pixelated, or blurred though all around them is sharp.

A hidden mark is evidence, so it is told; but ordinary footage is blurred too, so little is
called hidden. A mosaic is known by its lattice: grey levels that change only where rows and
columns of one period begin. A blur is known by comparison: no edge within the box is nearly
as steep as those right around it on the same machine. Tape and stickers leave nothing of the
mark to see and are not told from bare sheet metal.

Measured on the training photographs: of 119 ordinary marks of 16 pixels and more none was
called hidden; of 58 legible builder marks hidden by hand and recompressed, 49 blurred ones
(sigma a quarter of the height) and 21 to 23 pixelated ones (four to six blocks high) were.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.read import overlap_of_smaller
from detector.types import WORDMARK, Box, Detections, Picture, Reading

# A mark of fewer pixels' height could not be read unhidden either.
LEAST_HEIGHT = 16
# Least concealment that is called so.
THRESHOLD = 0.5
# A mosaic: periods looked for, in pixels; least contrast of its blocks, in grey levels.
_SHORTEST, _LONGEST = 4.0, 48.0
_LEAST_CONTRAST = 5.0
# Share of all change that falls on the lattice, and least share of pixels flat within their
# block: lettering has a lattice of its own (stems, top and foot of a line) but no flat blocks.
_LATTICE = (0.6, 0.95)
_FLAT, _FLAT_SHARE = 4.0, 0.35
# Below this height, in pixels, too few blocks fit in to tell them from letters.
_LEAST_MOSAIC = 24
# A blur: how many times wider edges are within the box than around it.
_WIDER = (2.5, 4.5)
# Edges must be so many pixels wide within and so few around: sharp surroundings, soft mark.
_SOFT = 5.0
_SHARP = 3.5
# A reading that covers so much of a mark's box shows that it is legible.
_READ = 0.3


class View(Protocol):
    """One frame in which a machine is well seen; `detector.legible.LegibleView` is one."""

    @property
    def pts(self) -> Fraction: ...
    @property
    def picture(self) -> Picture: ...
    @property
    def offset(self) -> tuple[float, float]: ...
    @property
    def marks(self) -> Detections: ...


def find_concealed(view: View, readings: Sequence[Reading]) -> list[Box]:
    """Boxes of wordmarks hidden on purpose, in pixels of the frame.

    Args:
        view: crop of a machine with the marks detected on it, boxes in pixels of the frame.
        readings: what was read in that frame; a mark that was read is not hidden.
    """
    dx, dy = view.offset
    read = [r.box for r in readings if r.pts == view.pts and len(r.text) > 1]
    found: list[Box] = []
    for x1, y1, x2, y2 in view.marks.of(WORDMARK).xyxy.tolist():
        if any(overlap_of_smaller((x1, y1, x2, y2), box) >= _READ for box in read):
            continue
        if concealment(view.picture, (x1 - dx, y1 - dy, x2 - dx, y2 - dy)) >= THRESHOLD:
            found.append((x1, y1, x2, y2))
    return found


def concealment(picture: Picture, box: Box) -> float:
    """How much a mark looks hidden, 0..1.

    Args:
        picture: RGB crop of the machine.
        box: the mark, pixels of `picture`.
    """
    x1, y1, x2, y2 = (round(v) for v in box)
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = max(0, x1), max(0, y1), min(width, x2), min(height, y2)
    if min(y2 - y1, x2 - x1) < LEAST_HEIGHT:
        return 0.0
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mark = grey[y1:y2, x1:x2]
    return max(mosaic(mark), blur(grey, (x1, y1, x2, y2)))


def mosaic(mark: NDArray[np.float32]) -> float:
    """How surely grey levels (h, w) are blocks on a lattice, 0..1: the weaker of both axes."""
    if min(mark.shape) < _LEAST_MOSAIC or float(mark.std()) < _LEAST_CONTRAST:
        return 0.0
    down, across = (np.abs(np.diff(mark, axis=axis)) for axis in (0, 1))
    flat = (down[:, :-1] <= _FLAT) & (across[:-1] <= _FLAT)
    if float(flat.mean()) < _FLAT_SHARE:
        return 0.0
    share = min(_lattice_share(down.mean(axis=1)), _lattice_share(across.mean(axis=0)))
    return _ramp(share, _LATTICE)


def blur(grey: NDArray[np.float32], box: tuple[int, int, int, int]) -> float:
    """How much softer the edges within `box` are than those around it, 0..1."""
    x1, y1, x2, y2 = box
    within = edge_width(grey[y1:y2, x1:x2])
    around = min((edge_width(part) for part in _surroundings(grey, box)), default=np.inf)
    if within < _SOFT or around > _SHARP:
        return 0.0
    return _ramp(within / around, _WIDER)


def edge_width(grey: NDArray[np.float32]) -> float:
    """Width of the steepest edge in pixels: the range of grey over its steepest slope.

    Infinite where there is too little contrast to have an edge.
    """
    low, high = np.percentile(grey, (2, 98))
    if high - low < 4 * _LEAST_CONTRAST:
        return float("inf")
    slopes = np.sort(np.concatenate([np.abs(np.diff(grey, axis=axis)).ravel() for axis in (0, 1)]))
    # Of the steepest slopes the tenth, lest one faulty pixel pass for an edge.
    return float(high - low) / max(float(slopes[-min(10, len(slopes))]), 1e-6)


def _lattice_share(change: NDArray[np.float32]) -> float:
    """Greatest share of the change (n,) along an axis that falls on evenly spaced lines.

    The median is taken off first: it is what recompression does everywhere. Periods need not
    be whole, since a mosaic may have been scaled since; at least three must fit in.
    """
    change = np.maximum(change - 1.5 * np.median(change), 0)
    total = float(change.sum())
    if total <= 0:
        return 0.0
    best = 0.0
    for period in np.arange(_SHORTEST, min(_LONGEST, len(change) / 3), 0.25):
        for phase in np.arange(0, period, 0.5):
            lines = np.floor(np.arange(phase, len(change), period)).astype(np.intp)
            best = max(best, float(change[lines].sum()) / total)
    return best


def _surroundings(
    grey: NDArray[np.float32], box: tuple[int, int, int, int]
) -> list[NDArray[np.float32]]:
    """The parts of the picture beside, above and below a box, one box's height wide."""
    x1, y1, x2, y2 = box
    height, width = grey.shape
    reach = 2 * (y2 - y1)
    left, right = max(0, x1 - reach), min(width, x2 + reach)
    parts = [
        grey[max(0, y1 - reach) : y1, left:right],
        grey[y2 : min(height, y2 + reach), left:right],
        grey[y1:y2, left:x1],
        grey[y1:y2, x2:right],
    ]
    return [part for part in parts if min(part.shape) >= LEAST_HEIGHT // 2]


def _ramp(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return min(1.0, max(0.0, (value - low) / (high - low)))
