"""The hall: floor, walls, windows and lamps, or a photographer's backdrop."""

from __future__ import annotations

import cv2
import numpy as np

from datasets.maker.canvas import Canvas, Face, Vector
from datasets.maker.lettering import Colour, Lettering, draw_lettering
from datasets.maker.sheet import Sheet, darker
from datasets.maker.words import FLOORS, HALL_WORDS, WALLS


def draw_backdrop(canvas: Canvas, rng: np.random.Generator) -> None:
    """A plain studio ground with a soft horizon."""
    h = canvas.picture.shape[0]
    white = rng.random() < 0.55
    top = np.array([250.0] * 3 if white else rng.uniform(120, 245, 3).mean() + rng.normal(0, 5, 3))
    bottom = top * (1.0 if white and rng.random() < 0.6 else rng.uniform(0.75, 0.95))
    mix = np.linspace(0, 1, h)[:, None] ** rng.uniform(0.8, 3)
    rows = np.clip(top * (1 - mix) + bottom * mix, 0, 255).astype(np.uint8)
    canvas.picture[...] = rows[:, None, :]


def draw_hall(canvas: Canvas, rng: np.random.Generator, half_width: float, depth: float) -> None:
    """A room about the camera: walls at +-`half_width` and at `depth` metres, floor at 0."""
    height = float(rng.uniform(4.5, 9.0))
    near = -2.0
    light = float(rng.uniform(0.75, 1.1))
    ex, ey, ez = np.eye(3)
    corner = np.array([-half_width, height, depth])
    wall = WALLS[rng.integers(len(WALLS))]
    back = Face(corner, ex, -ey, 2 * half_width, height)
    canvas.lay(back, _wall(rng, wall, back, light, 40).image)
    for x, along in ((-half_width, ez), (half_width, -ez)):
        start = np.array([x, height, near if x < 0 else depth])
        side = Face(start, along, -ey, depth - near, height)
        canvas.lay(side, _wall(rng, wall, side, light * 0.85, 40).image)
    ceiling = Face(np.array([-half_width, height, near]), ex, ez, 2 * half_width, depth - near)
    canvas.lay(ceiling, _ceiling(rng, ceiling, light).image)
    floor = Face(np.array([-half_width, 0.0, depth]), ex, -ez, 2 * half_width, depth - near)
    canvas.lay(floor, _floor(rng, floor, light).image)


def _floor(rng: np.random.Generator, face: Face, light: float) -> Sheet:
    ground = darker(FLOORS[rng.integers(len(FLOORS))], light)
    sheet = Sheet(face.width, face.height, 34, ground)
    rows, columns = sheet.image.shape[:2]
    speckle = np.zeros((rows, columns), np.float32)
    for step, strength in ((70, 12.0), (11, 7.0), (2, 5.0)):
        cells = rng.normal(0, strength, (max(2, rows // step), max(2, columns // step)))
        speckle += cv2.resize(
            cells.astype(np.float32), (columns, rows), interpolation=cv2.INTER_LINEAR
        )
    sheet.image[...] = cv2.add(sheet.image, cv2.merge([speckle] * 3), dtype=cv2.CV_8U)
    if rng.random() < 0.6:
        paint: Colour = (206, 178, 48) if rng.random() < 0.75 else (220, 220, 216)
        for x in rng.uniform(0.2, 0.8, 2) * face.width:
            sheet.line((x, 0), (x, face.height), darker(paint, light), 0.1)
        y = rng.uniform(0.3, 0.9) * face.height
        sheet.line((0, y), (face.width, y), darker(paint, light), 0.1)
    return sheet


def _wall(
    rng: np.random.Generator, colour: Colour, face: Face, light: float, scale: float
) -> Sheet:
    ground = darker(colour, light)
    sheet = Sheet(face.width, face.height, scale, ground)
    w, h = face.width, face.height
    style = rng.integers(3)
    if style == 0:
        for x in np.arange(0, w, 0.3):
            sheet.line((x, 0), (x, h), darker(ground, 0.88), 0.06)
    elif style == 1:
        for y in np.arange(0, h, 1.2):
            sheet.line((0, y), (w, y), darker(ground, 0.8), 0.03)
        for x in np.arange(0, w, 3.0):
            sheet.line((x, 0), (x, h), darker(ground, 0.8), 0.03)
    if rng.random() < 0.6:
        _windows(sheet, rng)
    for _ in range(int(rng.integers(0, 5))):
        _poster(sheet, rng, light)
    sheet.shade(rng, 1.0, 0.08)
    return sheet


def _windows(sheet: Sheet, rng: np.random.Generator) -> None:
    w, h = sheet.width, sheet.height
    wide, tall = rng.uniform(1.5, 4.0), rng.uniform(0.8, 2.0)
    top = rng.uniform(0.08, 0.25) * h
    sky = np.clip(rng.uniform(150, 255) + np.array([-12.0, 0.0, 10.0]), 0, 255).astype(int)
    pane: Colour = (int(sky[0]), int(sky[1]), int(sky[2]))
    x = 0.5
    while x + wide < w:
        sheet.rect((x, top, wide, tall), pane)
        for i in range(1, 4):
            bar = x + wide * i / 4
            sheet.line((bar, top), (bar, top + tall), (90, 92, 94), 0.05)
        sheet.line((x, top + tall / 2), (x + wide, top + tall / 2), (90, 92, 94), 0.05)
        sheet.frame((x, top, wide, tall), (80, 82, 84), 0.08)
        x += wide + rng.uniform(0.4, 1.5)


def _poster(sheet: Sheet, rng: np.random.Generator, light: float) -> None:
    w, h = sheet.width, sheet.height
    wide, tall = rng.uniform(0.6, 2.6), rng.uniform(0.4, 1.2)
    x, y = rng.uniform(0, max(0.1, w - wide)), h - rng.uniform(1.6, 3.2)
    grounds: tuple[Colour, ...] = ((232, 232, 226), (190, 40, 44), (40, 80, 150), (40, 120, 80))
    ground = darker(grounds[rng.integers(len(grounds))], light)
    sheet.rect((x, y, wide, tall), ground)
    ink: Colour = (245, 245, 240) if sum(ground) < 400 else (180, 40, 40)
    if rng.random() < 0.6:
        drawn = draw_lettering(HALL_WORDS[rng.integers(len(HALL_WORDS))], Lettering(ink), 20)
        room = wide * 0.84
        high = min(0.5 * tall, room * drawn.shape[0] / drawn.shape[1])
        width = high * drawn.shape[1] / drawn.shape[0]
        sheet.paste(drawn, (x + 0.08 * wide, y + 0.2 * tall, width, high))
        return
    for i in range(5):
        at = y + tall * (0.2 + 0.14 * i)
        sheet.line((x + 0.1 * wide, at), (x + wide * rng.uniform(0.4, 0.9), at), ink, 0.03)


def _ceiling(rng: np.random.Generator, face: Face, light: float) -> Sheet:
    tone = rng.uniform(70, 190) * light
    sheet = Sheet(face.width, face.height, 25, (int(tone), int(tone), int(tone * 1.02)))
    w, h = face.width, face.height
    for y in np.arange(1.0, h, rng.uniform(1.5, 3.5)):
        sheet.line((0, y), (w, y), darker((int(tone),) * 3, 0.65), 0.2)
    rows = int(rng.integers(3, 6))
    for i in range(rows):
        x = w * (i + 0.5) / rows
        for y in np.arange(1.0, h, 3.0):
            sheet.rect((x - 0.12, y, 0.24, 1.5), (255, 255, 250))
    return sheet


def shadow_polygon(corner: Vector, yaw: float, size: tuple[float, float, float]) -> Vector:
    """The footprint of a box on the floor, a little enlarged, as world points (4, 3)."""
    w, _, d = size
    across = np.array([np.cos(yaw), 0.0, np.sin(yaw)])
    inward = np.array([-np.sin(yaw), 0.0, np.cos(yaw)])
    grow = 0.12
    points = [
        corner + across * x + inward * z
        for x, z in ((-grow, -2 * grow), (w + grow, -2 * grow), (w + grow, d), (-grow, d))
    ]
    return np.asarray(np.stack(points) * np.array([1.0, 0.0, 1.0]), np.float64)
