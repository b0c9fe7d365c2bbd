"""A sheet of metal (or glass, or card) to draw on in metres, and the marks put on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from datasets.maker.canvas import Picture
from datasets.maker.lettering import Colour, Cutout
from datasets.maker.marks import Script

Role = Literal["builder", "series", "control"]
Place = tuple[float, float, float, float]  # x, y, width, height in metres from the top left


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """A mark on a sheet; `id` is a builder's or a control's where it names one."""

    role: Role
    text: str
    script: Script
    id: str | None
    place: Place
    concealed: bool = False


class Sheet:
    """A texture of `width` x `height` metres at `scale` pixels a metre.

    Attributes:
        image: (rows, columns, 3) uint8.
        cover: (rows, columns) uint8, or None where the sheet is opaque.
        marks: what has been written on it.
        panels: places of operator panels drawn on it.
    """

    def __init__(self, width: float, height: float, scale: float, colour: Colour) -> None:
        self.width, self.height, self.scale = width, height, scale
        rows, columns = max(2, round(height * scale)), max(2, round(width * scale))
        self.image: Picture = np.empty((rows, columns, 3), np.uint8)
        self._fill(0, 0, columns, rows, colour)
        self.cover: Picture | None = None
        self.marks: list[PlacedMark] = []
        self.panels: list[Place] = []

    def px(self, metres: float) -> int:
        return round(metres * self.scale)

    def _corners(self, place: Place) -> tuple[int, int, int, int]:
        x, y, w, h = place
        return self.px(x), self.px(y), self.px(x + w), self.px(y + h)

    def rect(self, place: Place, colour: Colour) -> None:
        self._fill(*self._corners(place), colour)

    def _fill(self, x1: int, y1: int, x2: int, y2: int, colour: Colour) -> None:
        # NumPy repeats three bytes sixty times as slowly.
        if x2 > x1 and y2 > y1:
            cv2.rectangle(self.image, (x1, y1), (x2 - 1, y2 - 1), colour, cv2.FILLED)

    def frame(self, place: Place, colour: Colour, thickness: float) -> None:
        x1, y1, x2, y2 = self._corners(place)
        width = max(1, self.px(thickness))
        cv2.rectangle(self.image, (x1, y1), (x2 - 1, y2 - 1), colour, width)

    def line(
        self, a: tuple[float, float], b: tuple[float, float], colour: Colour, thickness: float
    ) -> None:
        start, end = ((self.px(x), self.px(y)) for x, y in (a, b))
        cv2.line(self.image, start, end, colour, max(1, self.px(thickness)), cv2.LINE_AA)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        centre = (self.px(x), self.px(y))
        cv2.circle(self.image, centre, max(1, self.px(radius)), colour, -1, cv2.LINE_AA)

    def poly(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        corners = np.array([(self.px(x), self.px(y)) for x, y in points], np.int32)
        cv2.fillPoly(self.image, [corners], colour, cv2.LINE_AA)

    def cut(self, points: Sequence[tuple[float, float]]) -> None:
        """Keep only the inside of a polygon."""
        self.cover = np.zeros(self.image.shape[:2], np.uint8)
        corners = np.array([(self.px(x), self.px(y)) for x, y in points], np.int32)
        cv2.fillPoly(self.cover, [corners], 255, cv2.LINE_AA)

    def region(self, place: Place) -> Picture:
        """The pixels of a place, to be changed in place; may be empty."""
        x1, y1, x2, y2 = self._corners(place)
        return self.image[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]

    def gradient(self, place: Place, top: float, bottom: float) -> None:
        """Multiply a place by a gain that runs from `top` to `bottom`."""
        here = self.region(place)
        if here.size:
            gain = np.linspace(top, bottom, here.shape[0], dtype=np.float32)[:, None, None]
            here[...] = np.clip(here * gain, 0, 255).astype(np.uint8)

    def paste(self, drawn: Cutout, place: Place) -> None:
        """Stretch an RGBA cut-out over a place."""
        x1, y1, x2, y2 = self._corners(place)
        if x2 - x1 < 2 or y2 - y1 < 2:
            return
        fitted = cv2.resize(drawn, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
        top, left = max(0, -y1), max(0, -x1)
        here = self.image[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
        fitted = fitted[top : top + here.shape[0], left : left + here.shape[1]]
        weight = fitted[..., 3:].astype(np.float32) / 255
        here[...] = (here * (1 - weight) + fitted[..., :3] * weight).astype(np.uint8)

    def shade(self, rng: np.random.Generator, level: float, grime: float) -> None:
        """Light and dirt over the whole sheet: one smooth gain map.

        level: overall gain; grime: strength of blotches and of the dirt that gathers below.
        """
        cells = rng.normal(0, 0.35 * grime, (9, 12)).astype(np.float32)
        cells += np.linspace(0.06, -0.08, 9, dtype=np.float32)[:, None]
        left, right = (float(v) for v in rng.normal(0, 0.06, 2))
        cells += np.linspace(left, right, 12, dtype=np.float32)[None, :]
        cells[-1] -= grime * 0.8
        rows, columns = self.image.shape[:2]
        gain = level * (1 + cv2.resize(cells, (columns, rows), interpolation=cv2.INTER_CUBIC))
        shaded = cv2.multiply(self.image, cv2.merge([gain, gain, gain]), dtype=cv2.CV_8U)
        self.image[...] = shaded
