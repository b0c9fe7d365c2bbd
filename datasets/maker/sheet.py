"""Sheets of metal to paint on: marks, covers, windows, stickers; and the faces they cover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.maker.canvas import Box, Camera, Face, Picture, Vector, axes, box_faces
from datasets.maker.lettering import (
    LISTS,
    BuilderMark,
    Chance,
    Colour,
    Cutout,
    Lettering,
    Script,
    blend,
    draw_lettering,
    pick,
)

Role = Literal["builder", "series", "control"]
Cover = Literal["none", "tape", "sticker", "mosaic", "blur"]
_Three = tuple[float, float, float]
_Pen = tuple[Colour, float]
Place = tuple[float, float, float, float]  # x, y, width, height in metres from the top left


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """A mark: on a sheet its box is a `Place`, in a picture in its pixels. `id`: a builder's or a
    control's where it names one; `of`: its machine's index."""

    box: Box
    role: Role
    text: str
    script: Script
    id: str | None
    of: int = -1
    concealed: bool = False
    legible: bool = False


def darker(colour: Colour, gain: float) -> Colour:
    """`colour` times `gain`, clipped."""
    r, g, b = (int(min(255, max(0, c * gain))) for c in colour)
    return r, g, b


class Sheet:
    """A texture of `width` x `height` metres at `scale` pixels a metre.

    image: (rows, columns, 3) uint8.
    cover: (rows, columns) uint8, or None where the sheet is opaque.
    marks: what has been written on it.
    panels: places of operator panels drawn on it.
    """

    def __init__(self, width: float, height: float, scale: float, colour: Colour) -> None:
        self.width, self.height, self.scale = width, height, scale
        rows, columns = max(2, round(height * scale)), max(2, round(width * scale))
        self.image: Picture = np.empty((rows, columns, 3), np.uint8)
        cv2.rectangle(self.image, (0, 0), (columns - 1, rows - 1), colour, cv2.FILLED)
        self.cover: Picture | None = None
        self.marks: list[DrawnMark] = []
        self.panels: list[Place] = []

    def px(self, metres: float) -> int:
        return round(metres * self.scale)

    def _corners(self, place: Place) -> tuple[int, int, int, int]:
        x, y, w, h = place
        return self.px(x), self.px(y), self.px(x + w), self.px(y + h)

    def rect(self, place: Place, colour: Colour) -> None:
        x1, y1, x2, y2 = self._corners(place)
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
        """A stroke with round ends."""
        start, end = self.pixels((a, b))
        for layer, ink in self._layers(colour):
            cv2.line(layer, start, end, ink, max(1, self.px(thickness)), cv2.LINE_AA)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        centre = (self.px(x), self.px(y))
        cv2.circle(self.image, centre, max(1, self.px(radius)), colour, -1, cv2.LINE_AA)

    def poly(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        for layer, ink in self._layers(colour):
            cv2.fillPoly(layer, [self.pixels(points)], ink, cv2.LINE_AA)

    def _layers(self, colour: Colour) -> list[tuple[Picture, tuple[int, ...]]]:
        """What a shape is drawn into: the image, and the cover where there is one."""
        covers = [] if self.cover is None else [(self.cover, (255,))]
        return [(self.image, colour), *covers]

    def pixels(self, points: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
        return np.array([(self.px(x), self.px(y)) for x, y in points], np.int32)

    def open(self) -> None:
        """From now on only what lines and polygons are drawn over is seen of the sheet."""
        self.cover = np.zeros(self.image.shape[:2], np.uint8)

    def cut(self, points: Sequence[tuple[float, float]]) -> None:
        """Keep only the inside of a polygon."""
        self.open()
        cv2.fillPoly(self.cover, [self.pixels(points)], 255, cv2.LINE_AA)

    def region(self, place: Place) -> Picture:
        """The pixels of a place, to be changed in place; may be empty."""
        x1, y1, x2, y2 = self._corners(place)
        return self.image[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]

    def paste(self, drawn: Cutout, place: Place) -> None:
        """Stretch an RGBA cut-out over a place."""
        x1, y1, x2, y2 = self._corners(place)
        if x2 - x1 < 2 or y2 - y1 < 2:
            return
        fitted = cv2.resize(drawn, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
        here = self.region(place)
        blend(here, fitted[max(0, -y1) :, max(0, -x1) :][: here.shape[0], : here.shape[1]])

    def shade(self, rng: Chance, level: float, grime: float) -> None:
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

    def write_mark(
        self, area: Place, rng: Chance, mark: BuilderMark, style: Lettering, cover: Cover = "none"
    ) -> None:
        """Writes a mark as large as `area` allows, and notes it; one of no builder is a series.

        A taped or stickered mark is hidden here; a mosaic or a blur is the broadcaster's and
        is put on the finished picture.
        """
        x, y, w, h = area
        if w <= 0 or h <= 0:
            return
        size = max(6.0, h * self.scale * (0.6 if style.plate else 1.0))
        drawn = draw_lettering(mark.text, style, size)
        ratio = drawn.shape[1] / drawn.shape[0]
        wide = min(w, h * ratio)
        tall = wide / ratio
        place = (x + (w - wide) * rng.choice((0.0, 0.5)), y + (h - tall) / 2, wide, tall)
        self.paste(drawn, place)
        if cover == "sticker":
            self._hide_under_sticker(place, rng)
        elif cover == "tape":
            self._hide_under_tape(place, rng)
        role: Role = "builder" if mark.builder else "series"
        id, hidden = mark.builder or None, cover != "none"
        self.marks.append(DrawnMark(place, role, mark.text, mark.script, id, concealed=hidden))

    def _hide_under_sticker(self, place: Place, rng: Chance) -> None:
        x, y, w, h = place
        grow = 0.12 * h
        paper = pick(rng, LISTS.colours["papers"])
        self.rect((x - grow, y - grow, w + 2 * grow, h + 2 * grow), paper)
        self._lines(place, rng, (3, 0.25, 0.25), (0.0, 0.3, 0.9), (darker(paper, 0.7), 0.006))

    def _hide_under_tape(self, place: Place, rng: Chance) -> None:
        x, y, w, h = place
        grow = 0.12 * h
        tape = pick(rng, LISTS.colours["tapes"])
        strips = 2 if h > 0.12 else 1
        for i in range(strips):
            top = y - grow + (h + 2 * grow) * i / strips
            tilt = rng.uniform(-0.02, 0.02) * w * 0.2
            bottom = top + (h + 2 * grow) / strips * 1.08
            left, right = x - grow - rng.uniform(0, 0.06), x + w + grow + rng.uniform(0, 0.06)
            strip = [(left, top), (right, top + tilt), (right, bottom + tilt), (left, bottom)]
            self.poly(strip, darker(tape, rng.uniform(0.92, 1.06)))

    def _lines(self, place: Place, rng: Chance, rows: _Three, ends: _Three, pen: _Pen) -> None:
        """Lines of writing. rows: how many, the first and the step; ends: left, right at least and
        at most; all as shares of the place. pen: colour and thickness."""
        x, y, w, h = place
        for i in range(int(rows[0])):
            at = y + h * (rows[1] + rows[2] * i)
            right = x + w * rng.uniform(ends[1], ends[2])
            self.line((x + ends[0] * w, at), (right, at), *pen)

    def draw_window(self, place: Place, rng: Chance, lamp: bool) -> None:
        """A dark pane in a rubber frame: the working room behind, the hall in front."""
        x, y, w, h = place
        self.rect((x - 0.03, y - 0.03, w + 0.06, h + 0.06), (28, 30, 32))
        glass = pick(rng, LISTS.colours["panes"])
        self.rect(place, glass)
        here = self.region(place)
        if lamp:
            if here.size:
                gain = np.linspace(2.4, 0.9, here.shape[0], dtype=np.float32)[:, None, None]
                here[...] = np.clip(here * gain, 0, 255).astype(np.uint8)
            self.rect((x + 0.1 * w, y + 0.03 * h, 0.8 * w, 0.03 * h), (225, 232, 225))
        metal = darker(glass, rng.uniform(1.5, 2.6))
        middle = x + w * rng.uniform(0.3, 0.7)
        self.rect((middle - 0.1 * w, y, 0.2 * w, 0.45 * h), metal)
        self.rect((middle - 0.04 * w, y + 0.45 * h, 0.08 * w, 0.15 * h), darker(metal, 1.2))
        self.rect((x, y + 0.75 * h, w, 0.12 * h), darker(metal, 0.8))
        if not here.size:
            return
        rows, columns = here.shape[:2]
        down, across = np.linspace(0, rng.uniform(0.3, 1.0), rows), np.linspace(0, 1, columns)
        slant = np.add.outer(down, across).astype(np.float32)
        sheen = np.zeros_like(slant)
        for _ in range(int(rng.integers(1, 4))):
            centre, width = rng.uniform(0, 1.6), rng.uniform(0.03, 0.2)
            sheen += (np.abs(slant - centre) < width) * rng.uniform(8, 45)
        here[...] = np.clip(here + sheen[..., None], 0, 255).astype(np.uint8)

    def draw_handle(self, x: float, y: float, length: float, rng: Chance) -> None:
        """A vertical bar handle with its shadow."""
        colour = pick(rng, LISTS.colours["handles"])
        self.line((x + 0.02, y + 0.02), (x + 0.02, y + length + 0.02), (60, 60, 60), 0.03)
        self.line((x, y), (x, y + length), colour, 0.035)

    def draw_vents(self, place: Place, colour: Colour) -> None:
        """A grille of louvres."""
        x, y, w, h = place
        for i in range(int(h / 0.035)):
            at = y + i * 0.035
            self.line((x, at), (x + w, at), darker(colour, 0.45), 0.012)

    def draw_stickers(self, place: Place, rng: Chance) -> None:
        """Warning signs and instruction labels: writing too small to read, nobody's mark."""
        for _ in range(int(rng.integers(1, 5))):
            x, y = (place[i] + rng.uniform(0, 0.8) * place[i + 2] for i in (0, 1))
            if rng.random() < 0.4:
                side = rng.uniform(0.06, 0.12)
                self.poly([(x, y), (x + side / 2, y - side), (x + side, y)], (235, 200, 30))
                stroke = (x + side * 0.46, y - side * 0.6, side * 0.1, side * 0.4)
                self.rect(stroke, (20, 20, 20))
                continue
            wide, tall = rng.uniform(0.06, 0.18), rng.uniform(0.05, 0.2)
            self.rect((x, y, wide, tall), (232, 232, 226))
            head = pick(rng, LISTS.colours["label heads"])
            self.rect((x, y, wide, tall * 0.22), head)
            label = (x, y, wide, tall)
            self._lines(label, rng, (4, 0.35, 0.15), (0.08, 0.5, 0.9), ((90, 90, 90), 0.004))

    def draw_nameplate(self, x: float, y: float, rng: Chance) -> None:
        """The small metal type plate; its writing is below what a camera resolves."""
        place = (x, y, rng.uniform(0.14, 0.22), rng.uniform(0.09, 0.14))
        self.rect(place, (186, 188, 186))
        self.frame(place, (80, 82, 84), 0.004)
        self._lines(place, rng, (4, 0.25, 0.18), (0.1, 0.5, 0.9), ((60, 62, 64), 0.005))

    def draw_paper(self, place: Place, rng: Chance) -> None:
        """A sheet of paper someone has taped to the machine."""
        self.rect(place, (236, 236, 230))
        self._lines(place, rng, (6, 0.15, 0.13), (0.1, 0.4, 0.9), ((130, 130, 135), 0.004))

    def draw_seams(self, rng: Chance, colour: Colour, every: float, *, across: bool) -> None:
        """The joints between panels, a dark line with a lit edge."""
        length = self.width if across else self.height
        at = every * rng.uniform(0.6, 1.2)
        while at < length - 0.15:
            for place, gain in ((at, 0.6), (at + 0.012, 1.12)):
                a = (place, 0.0) if across else (0.0, place)
                b = (place, self.height) if across else (self.width, place)
                self.line(a, b, darker(colour, gain), 0.008)
            at += every * rng.uniform(0.8, 1.2)


Painter = Callable[[Sheet, Chance], None]
LEVELS = {"front": 1.0, "left": 0.78, "right": 0.84, "back": 0.7, "top": 1.08}


def unpainted(sheet: Sheet, rng: Chance) -> None:
    """Leaves the ground colour as it is."""


@dataclass(frozen=True, slots=True)
class PartFace:
    """One face of a thing: its ground colour, light, painter, and whether it is body."""

    face: Face
    colour: Colour
    level: float
    paint: Painter
    body: bool = True
    grime: float = 0.12


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a thing stands: its lower left front corner, its turn in radians, and who looks."""

    corner: Vector
    yaw: float
    camera: Camera

    def shifted(self, x: float, y: float, z: float) -> Stand:
        """The same, so many metres along the thing's front, up, and into it."""
        across, inward = axes(self.yaw)
        corner = self.corner + across * x + inward * z + np.array([0.0, y, 0.0])
        return Stand(np.asarray(corner, np.float64), self.yaw, self.camera)

    def box(
        self,
        size: tuple[float, float, float],
        colour: Colour,
        *,
        body: bool = True,
        grime: float = 0.12,
        painters: Mapping[str, Painter] = MappingProxyType({}),
    ) -> list[PartFace]:
        """The visible faces of a box, each with its painter (unpainted where none is named)."""
        return [
            PartFace(face, colour, LEVELS[name], painters.get(name, unpainted), body, grime)
            for name, face in box_faces(self.corner, self.yaw, size).items()
            if self.camera.sees(face)
        ]
