"""A made mark on a real machine, at a given height in pixels, as a few moving frames.

The letters' ink is so many pixels high in the frame. The photograph is scaled until the
machine is as large as a machine with such a mark would be, and lies on a blurred copy of
itself where it does not fill the frame, as broadcasters do it. The mark stands in perspective,
takes the light of the sheet metal under it, is softened like the rest of the picture, and
pans with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.maker.broadcast import grain
from datasets.maker.lettering import Colour, Cutout, Lettering, draw_lettering, random_lettering
from detector.types import Box, Picture, Script
from training.evaluate.faces import MachineFace, flat_place

FRAME = (1280, 720)
RATE, FRAMES = 25, 30
"""Frames a second, and of one clip: 1.2 s are looked at three times."""

MARK_SHARE = (0.03, 0.07)
"""Height of the letters over that of the machine: so are most in the labelled photographs."""

MACHINE_HEIGHT = (160.0, 680.0)
"""Pixels a machine is high in the frame at least and at most; beyond, its mark is smaller or
larger for its size than `MARK_SHARE`."""

MOST_ENLARGED = 2.0
"""A photograph is enlarged so many times at most."""

MOST_SHARE, MOST_WIDE = 0.16, 0.65
"""Largest mark: share of the machine's height for its letters, of its width for its length."""

ROOM = 32
"""Pixels around the frame to pan over."""

YAW, ROLL, SHRINK = np.radians(25), np.radians(2.5), 0.12
"""Most that the face is turned away and tilted; how much its far end is smaller at 90 degrees."""

SOFT = (0.4, 0.8)
"""Gaussian sigma in pixels that a mark is softened by, least and most."""

LEAST_CONTRAST = 70.0
"""Luma between ink and ground: badge makers want to be read. Red on orange is not asked for."""

MOST_UNEVEN = 25.0
"""Grey levels the sheet metal under a mark without a plate may vary by (standard deviation)."""

WHITE, BLACK = (245, 245, 242), (20, 22, 26)

LIGHT = (0.7, 1.3)
"""Least and most that an ink is darkened and lightened with the sheet metal under it."""

GRAIN = 2.0
"""Grey levels of noise over the whole picture, that of a good camera."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """A still larger than the frame, to pan over; boxes in its pixels; `pan`: from, to."""

    still: Picture
    machine: Box
    mark: Box
    pan: tuple[tuple[float, float], tuple[float, float]]

    def corner(self, frame: int) -> tuple[float, float]:
        """Where the frame's corner lies on the still."""
        (x1, y1), (x2, y2) = self.pan
        share = frame / (FRAMES - 1)
        return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share

    def mark_at(self, frame: int) -> Box:
        """The mark's box in pixels of that frame."""
        return _moved(self.mark, self.corner(frame))

    def frames(self) -> Iterator[tuple[int, Picture]]:
        """The clip: number and RGB picture of `FRAME`'s size."""
        for number in range(FRAMES):
            x, y = self.corner(number)
            matrix = np.array([[1.0, 0, -x], [0, 1.0, -y]])
            picture = cv2.warpAffine(self.still, matrix, FRAME, flags=cv2.INTER_LINEAR)
            yield number, np.asarray(picture, np.uint8)


def mount(
    picture: Picture,
    face: MachineFace,
    whole: NDArray[np.uint8],
    text: str,
    script: Script,
    height: float,
    rng: np.random.Generator,
) -> Mounted | None:
    """Writes `text` on a machine.

    Args:
        picture: the photograph as stored, its own marks painted over, RGB.
        face: the machine in it; whole: of `faces.body`.
        script: chooses among the styles.
        height: of the letters' ink in the frame, pixels.
        rng: draws everything else, always the same number of times.

    Returns:
        None where the photograph is too small to show such a mark on this machine.
    """
    seeds = rng.integers(2**31, size=3)
    share, yaw, roll = rng.uniform(*MARK_SHARE), rng.uniform(-YAW, YAW), rng.uniform(-ROLL, ROLL)
    softness, ends = rng.uniform(*SOFT), rng.uniform(0, 2 * ROOM, 4)
    x1, y1, x2, y2 = face.box
    machine_height = float(np.clip(height / share, *MACHINE_HEIGHT))
    scale = min(machine_height / (y2 - y1), MOST_ENLARGED)
    if height > MOST_SHARE * scale * (y2 - y1):
        return None
    still, offset = _on_canvas(picture, face.box, scale)
    dx, dy = offset
    machine = (x1 * scale + dx, y1 * scale + dy, x2 * scale + dx, y2 * scale + dy)
    lettered = _lettered(still, machine, whole, face.usual, (text, script, height), seeds[0])
    if lettered is None:
        return None
    cutout, place = lettered
    size = (cutout.shape[1] / 2, cutout.shape[0] / 2)
    quad = _quad(place, size, yaw, roll)
    _lay(still, cutout, quad, float(softness))
    still = grain(still, np.random.default_rng(seeds[1]), GRAIN)
    low, high = quad.min(axis=0), quad.max(axis=0)
    mark = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    pan = ((float(ends[0]), float(ends[1])), (float(ends[2]), float(ends[3])))
    return Mounted(still, machine, mark, pan)


def _lettered(
    still: Picture,
    machine: Box,
    whole: NDArray[np.uint8],
    usual: tuple[float, float],
    mark: tuple[str, Script, float],
    seed: int,
) -> tuple[Cutout, tuple[float, float]] | None:
    """The mark in a style that is read where it will stand, and the middle of that place."""
    text, script, height = mark
    # First for the size of the place; then anew, in an ink that stands out on that very place.
    style = _style(_ground(still, machine), script, np.random.default_rng(seed))
    cutout = _cut(text, style, height)
    size = (cutout.shape[1] / 2, cutout.shape[0] / 2)
    if size[0] > MOST_WIDE * (machine[2] - machine[0]):
        return None
    place = flat_place(still, machine, whole, usual, size)
    if place is None:
        return None
    around = _around(place, size)
    style = _style(_ground(still, around), script, np.random.default_rng(seed))
    if style.plate is None and _unevenness(still, around) > MOST_UNEVEN:
        return None
    return _cut(text, style, height), place


def _on_canvas(picture: Picture, machine: Box, scale: float) -> tuple[Picture, tuple[float, float]]:
    """The scaled photograph on a blurred copy of itself, the machine in the middle."""
    width, height = FRAME[0] + 2 * ROOM, FRAME[1] + 2 * ROOM
    rows, columns = picture.shape[:2]
    tiny = cv2.resize(picture, (32, 18), interpolation=cv2.INTER_AREA)
    canvas = cv2.resize(tiny, (width, height), interpolation=cv2.INTER_CUBIC)
    dx = _offset(width, columns * scale, (machine[0] + machine[2]) / 2 * scale)
    dy = _offset(height, rows * scale, (machine[1] + machine[3]) / 2 * scale)
    if scale < 1:
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        matrix = np.array([[1.0, 0, dx], [0, 1.0, dy]])
    else:
        shrunk, matrix = picture, np.array([[scale, 0, dx], [0, scale, dy]])
    laid = cv2.warpAffine(
        shrunk, matrix, (width, height), canvas, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
    )
    return np.asarray(laid, np.uint8), (dx, dy)


def _offset(room: float, length: float, middle: float) -> float:
    """Where the picture begins, so that the machine is in the middle and no room stays empty
    that could be filled."""
    wanted = room / 2 - middle
    if length >= room:
        return float(round(min(0.0, max(room - length, wanted))))
    return float(round(max(0.0, min(room - length, wanted))))


def _ground(still: Picture, box: Box) -> Colour:
    """The median colour in a box."""
    x1, y1, x2, y2 = (max(0, round(v)) for v in box)
    r, g, b = np.median(still[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].reshape(-1, 3), axis=0)
    return int(r), int(g), int(b)


def _unevenness(still: Picture, box: Box) -> float:
    """Standard deviation of luma in a box, grey levels."""
    x1, y1, x2, y2 = (max(0, round(v)) for v in box)
    return float(cv2.cvtColor(still[y1:y2, x1:x2], cv2.COLOR_RGB2GRAY).std())


def _around(place: tuple[float, float], size: tuple[float, float]) -> Box:
    x, y, w, h = *place, *size
    return (x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def _style(ground: Colour, script: Script, rng: np.random.Generator) -> Lettering:
    """A style without an emblem, which would be read as a letter now and then, in an ink that
    stands out by `LEAST_CONTRAST`."""
    style = replace(random_lettering(rng, ground, script, extra_faces=True), emblem="none")
    under = _lightness(style.plate or ground)
    if abs(_lightness(style.ink) - under) >= LEAST_CONTRAST:
        return style
    return replace(style, ink=BLACK if under > 128 else WHITE)


def _lightness(colour: Colour) -> float:
    """Luma, 0..255 (ITU-R BT.601)."""
    r, g, b = colour
    return 0.299 * r + 0.587 * g + 0.114 * b


def _cut(text: str, style: Lettering, height: float) -> Cutout:
    """The mark at twice its size, its ink (without the plate) `height` pixels high in all."""
    wanted = 2 * height
    bare = draw_lettering(text, replace(style, plate=None), wanted)
    return draw_lettering(text, style, wanted * wanted / bare.shape[0])


def _quad(
    place: tuple[float, float], size: tuple[float, float], yaw: float, roll: float
) -> NDArray[np.float64]:
    """Corners of a mark turned away by `yaw` and tilted by `roll`, clockwise from top left."""
    w, h = size[0] * np.cos(yaw), size[1]
    near, far = h * (1 + SHRINK * np.sin(yaw)) / 2, h * (1 - SHRINK * np.sin(yaw)) / 2
    corners = np.array([[-w / 2, -near], [w / 2, -far], [w / 2, far], [-w / 2, near]])
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    return np.asarray(corners @ turn + place, np.float64)


def _lay(still: Picture, cutout: Cutout, quad: NDArray[np.float64], softness: float) -> None:
    """Lays the mark into the still, in place: softened, in the light of what is under it."""
    rows, columns = cutout.shape[:2]
    edge = rows
    left, top = (max(0, int(v) - edge) for v in quad.min(axis=0))
    right, bottom = (int(v) + edge for v in quad.max(axis=0))
    here = still[top:bottom, left:right]
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, (quad - (left, top)).astype(np.float32))
    cover = cutout[..., 3:].astype(np.float32) / 255
    ink = np.concatenate([cutout[..., :3].astype(np.float32) * cover, cover], axis=2)
    laid = cv2.warpPerspective(ink, matrix, here.shape[1::-1], flags=cv2.INTER_LINEAR)
    laid = cv2.GaussianBlur(laid, (0, 0), softness)
    luma = cv2.cvtColor(here, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = cv2.GaussianBlur(luma, (0, 0), max(3.0, rows / 2))
    x, y = (int(v) for v in quad.mean(axis=0) - (left, top))
    light = np.clip(light / max(1.0, float(light[y, x])), *LIGHT)
    mixed = here * (1 - laid[..., 3:]) + laid[..., :3] * light[..., None]
    np.copyto(here, np.clip(mixed, 0, 255).astype(np.uint8))


def _moved(box: Box, corner: tuple[float, float]) -> Box:
    x, y = corner
    return (box[0] - x, box[1] - y, box[2] - x, box[3] - y)
