"""What a machine looks like, small enough to compare at every frame, and how the camera moved."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import shrink
from detector.look.shots import FLAT, structure_kept
from detector.types import Box, Picture

PATCH = 32
"""Pixels of the side a machine is shrunk to before anything is computed of it."""

ONE_THING = 0.5
"""Correlation of two patches below which they show two things. In four clips of halls the same
machine keeps 0.54 at least from one sample to the next, and to the one after. Of 686 pairs of
machines in product pictures, one followed by the other in a presentation, 72 keep as much."""

CELLS = 12
"""Pixels of the side of its luma pattern: coarse, so that a box a little off still fits."""

CAMERA_WIDTH = 160
"""Pixels of the longer side of the pictures between which camera motion is sought."""

CAMERA_REACH = 0.4
"""A shift beyond this share of the frame leaves too little common picture to believe."""

LOST = 0.5
"""Two pictures that agree less than this, however shifted, have too little in common to say where
the camera went. In pans of half a screen between two samples it is 0.1 to 0.3. In clips of halls,
from one sample with a machine to the next, 0.73 and more."""

Shift = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Appearance:
    """Colours: square root of an HSV histogram, unit length. Pattern: luma, mean 0, unit length.
    Patch: what both were computed of last, (`PATCH`, `PATCH`, 3)."""

    colours: NDArray[np.float32]
    pattern: NDArray[np.float32]
    patch: Picture

    def similarity(self, other: Appearance) -> float:
        """0..1: mean of the Bhattacharyya coefficient of the colours and of the pattern's
        correlation, whose negative values count as 0."""
        colours = float(self.colours @ other.colours)
        pattern = max(0.0, float(self.pattern @ other.pattern))
        return min(1.0, (colours + pattern) / 2)

    def blended(self, newer: Appearance, share: float) -> Appearance:
        """This appearance moved towards a newer one by `share` (0..1)."""
        return Appearance(
            _unit((1 - share) * self.colours + share * newer.colours),
            _unit((1 - share) * self.pattern + share * newer.pattern),
            newer.patch,
        )


def look_of(picture: Picture, box: Box) -> Appearance:
    """The appearance of a box (pixels) of a picture; of at least one pixel, whatever the box."""
    rows, columns = picture.shape[:2]
    left, top = min(max(0, int(box[0])), columns - 1), min(max(0, int(box[1])), rows - 1)
    right = min(max(left + 1, round(box[2])), columns)
    bottom = min(max(top + 1, round(box[3])), rows)
    patch = cv2.resize(
        picture[top:bottom, left:right], (PATCH, PATCH), interpolation=cv2.INTER_AREA
    )
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    # Hue means nothing in grey pixels, and factories are full of them. Hue x saturation in
    # one histogram puts those into few cells; brightness has one of its own.
    tint = cv2.calcHist([hsv], [0, 1], None, [12, 4], [0, 180, 0, 256]).ravel()
    light = cv2.calcHist([hsv], [2], None, [12], [0, 256]).ravel()
    luma = cv2.resize(
        cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), (CELLS, CELLS), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    return Appearance(
        _unit(np.sqrt(np.concatenate([tint, light])).astype(np.float32)),
        _unit((luma - luma.mean()).ravel()),
        np.asarray(patch, np.uint8),
    )


def one_thing(a: Picture, b: Picture) -> bool:
    """Whether two patches may show one machine; in the dark, or in a flash, they may."""
    if min(float(patch.std(axis=(0, 1)).max()) for patch in (a, b)) < FLAT:
        return True
    return structure_kept(a, b) >= ONE_THING


class CameraMotion:
    """The camera's shift from one sampled frame to the next.

    Phase correlation is exact where most of the picture stays. With half of it gone, the best place
    of the one's middle in the other holds longer. Both are tried; the one under which the pictures
    agree better counts.

    lost: the last two pictures do not tell where the camera went.
    """

    def __init__(self) -> None:
        self.lost = False
        self._before: NDArray[np.float32] | None = None
        self._passed: Picture | None = None

    def let_pass(self, picture: Picture) -> None:
        """The next picture, where nobody asks how far the scene moved."""
        self._passed = picture

    def shift(self, picture: Picture) -> tuple[float, float]:
        """How far the scene moved since the picture before, (x, y) in pixels of the picture.

        (0, 0) for the first picture, and wherever shifting does not make the two agree
        better than leaving them: zooms, other scenes, too little in common.
        """
        luma, scale = _small_luma(picture)
        before, self._before = self._before, luma
        if self._passed is not None:
            before, self._passed = _small_luma(self._passed)[0], None
        self.lost = False
        if before is None or before.shape != luma.shape:
            return 0.0, 0.0
        window = cv2.createHanningWindow(luma.shape[::-1], cv2.CV_32F)
        # Copies: OpenCV 5 multiplies the window into the pictures it is given.
        phase, _ = cv2.phaseCorrelate(before.copy(), luma.copy(), window)
        x, y = max(
            ((0.0, 0.0), phase, _middle(before, luma), _middle(luma, before, -1.0)),
            key=lambda shift: _agreement(before, luma, shift),
        )
        self.lost = _agreement(before, luma, (x, y)) < LOST
        return x / scale, y / scale


def _small_luma(picture: Picture) -> tuple[NDArray[np.float32], float]:
    """A picture's luma, shrunk to `CAMERA_WIDTH`, and by how much it was scaled."""
    rows, columns = picture.shape[:2]
    scale = CAMERA_WIDTH / max(rows, columns)
    size = (max(8, round(columns * scale)), max(8, round(rows * scale)))
    return cv2.cvtColor(shrink(picture, size), cv2.COLOR_RGB2GRAY).astype(np.float32), scale


def _middle(a: NDArray[np.float32], b: NDArray[np.float32], sign: float = 1.0) -> Shift:
    """Where the middle half of `a` correlates best in `b`, as a shift times `sign`."""
    down, across = a.shape[0] // 4, a.shape[1] // 4
    middle = a[down : a.shape[0] - down, across : a.shape[1] - across]
    fit = np.nan_to_num(cv2.matchTemplate(b, middle, cv2.TM_CCOEFF_NORMED))
    _, _, _, (x, y) = cv2.minMaxLoc(fit)
    return sign * (x - across), sign * (y - down)


def _agreement(before: NDArray[np.float32], after: NDArray[np.float32], shift: Shift) -> float:
    """Correlation of the common part when `before` is moved by a shift onto `after`; -1
    beyond `CAMERA_REACH`."""
    rows, columns = before.shape
    x, y = round(shift[0]), round(shift[1])
    if abs(x) > CAMERA_REACH * columns or abs(y) > CAMERA_REACH * rows:
        return -1.0
    a = before[max(0, -y) : rows - max(0, y), max(0, -x) : columns - max(0, x)]
    b = after[max(0, y) : rows - max(0, -y), max(0, x) : columns - max(0, -x)]
    return float(_unit((a - a.mean()).ravel()) @ _unit((b - b.mean()).ravel()))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 0 else vector, np.float32)
