"""The hall, or a photographer's backdrop, and what stands in it that is no CNC machine."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from datasets.maker.canvas import Canvas, Face, Vector, axes
from datasets.maker.lettering import LISTS, Chance, Colour, Lettering, draw_lettering, pick
from datasets.maker.sheet import Painter, PartFace, Sheet, Stand, darker


def draw_backdrop(canvas: Canvas, rng: Chance) -> None:
    """A plain studio ground with a soft horizon."""
    h = canvas.picture.shape[0]
    white = rng.random() < 0.55
    top = np.array([250.0] * 3 if white else rng.uniform(120, 245, 3).mean() + rng.normal(0, 5, 3))
    bottom = top * (1.0 if white and rng.random() < 0.6 else rng.uniform(0.75, 0.95))
    mix = np.linspace(0, 1, h)[:, None] ** rng.uniform(0.8, 3)
    rows = np.clip(top * (1 - mix) + bottom * mix, 0, 255).astype(np.uint8)
    canvas.picture[...] = rows[:, None, :]


def draw_hall(canvas: Canvas, rng: Chance, half_width: float, depth: float) -> None:
    """A room about the camera: walls at +-`half_width` and at `depth` metres, floor at 0."""
    height, near, light = float(rng.uniform(4.5, 9.0)), -2.0, float(rng.uniform(0.75, 1.1))
    (ex, ey, ez), wide, long = np.eye(3), 2 * half_width, depth - near
    wall = pick(rng, LISTS.colours["walls"])
    back = Face(np.array([-half_width, height, depth]), ex, -ey, wide, height)
    left = Face(np.array([-half_width, height, near]), ez, -ey, long, height)
    right = Face(np.array([half_width, height, depth]), -ez, -ey, long, height)
    for side, level in ((back, light), (left, light * 0.85), (right, light * 0.85)):
        canvas.lay(side, _wall(rng, wall, side, level).image)
    ceiling = Face(np.array([-half_width, height, near]), ex, ez, wide, long)
    canvas.lay(ceiling, _ceiling(rng, ceiling, light).image)
    floor = Face(np.array([-half_width, 0.0, depth]), ex, -ez, wide, long)
    canvas.lay(floor, _floor(rng, floor, light).image)


def _floor(rng: Chance, face: Face, light: float) -> Sheet:
    ground = darker(pick(rng, LISTS.colours["floors"]), light)
    w, h = face.width, face.height
    sheet = Sheet(w, h, 34, ground)
    rows, columns = sheet.image.shape[:2]
    speckle = np.zeros((rows, columns), np.float32)
    for step, strength in ((70, 12.0), (11, 7.0), (2, 5.0)):
        cells = rng.normal(0, strength, (max(2, rows // step), max(2, columns // step)))
        speckle += cv2.resize(cells.astype(np.float32), (columns, rows))
    sheet.image[...] = cv2.add(sheet.image, cv2.merge([speckle] * 3), dtype=cv2.CV_8U)
    if rng.random() < 0.6:
        paint = darker((206, 178, 48) if rng.random() < 0.75 else (220, 220, 216), light)
        for x in rng.uniform(0.2, 0.8, 2) * w:
            sheet.line((x, 0), (x, h), paint, 0.1)
        y = rng.uniform(0.3, 0.9) * h
        sheet.line((0, y), (w, y), paint, 0.1)
    return sheet


def _wall(rng: Chance, colour: Colour, face: Face, light: float) -> Sheet:
    ground = darker(colour, light)
    w, h = face.width, face.height
    sheet = Sheet(w, h, 40, ground)
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


def _windows(sheet: Sheet, rng: Chance) -> None:
    wide, tall = rng.uniform(1.5, 4.0), rng.uniform(0.8, 2.0)
    top = rng.uniform(0.08, 0.25) * sheet.height
    sky = np.clip(rng.uniform(150, 255) + np.array([-12.0, 0.0, 10.0]), 0, 255)
    pane: Colour = (int(sky[0]), int(sky[1]), int(sky[2]))
    x = 0.5
    while x + wide < sheet.width:
        sheet.rect((x, top, wide, tall), pane)
        for bar in (x + wide * i / 4 for i in range(1, 4)):
            sheet.line((bar, top), (bar, top + tall), (90, 92, 94), 0.05)
        sheet.line((x, top + tall / 2), (x + wide, top + tall / 2), (90, 92, 94), 0.05)
        sheet.frame((x, top, wide, tall), (80, 82, 84), 0.08)
        x += wide + rng.uniform(0.4, 1.5)


def _poster(sheet: Sheet, rng: Chance, light: float) -> None:
    wide, tall = rng.uniform(0.6, 2.6), rng.uniform(0.4, 1.2)
    x = rng.uniform(0, max(0.1, sheet.width - wide))
    y = sheet.height - rng.uniform(1.6, 3.2)
    ground = darker(pick(rng, LISTS.colours["posters"]), light)
    sheet.rect((x, y, wide, tall), ground)
    ink: Colour = (245, 245, 240) if sum(ground) < 400 else (180, 40, 40)
    if rng.random() < 0.6:
        drawn = draw_lettering(pick(rng, LISTS.hall), Lettering(ink), 20)
        high = min(0.5 * tall, wide * 0.84 * drawn.shape[0] / drawn.shape[1])
        width = high * drawn.shape[1] / drawn.shape[0]
        sheet.paste(drawn, (x + 0.08 * wide, y + 0.2 * tall, width, high))
        return
    for at in (y + tall * (0.2 + 0.14 * i) for i in range(5)):
        sheet.line((x + 0.1 * wide, at), (x + wide * rng.uniform(0.4, 0.9), at), ink, 0.03)


def _ceiling(rng: Chance, face: Face, light: float) -> Sheet:
    tone = rng.uniform(70, 190) * light
    w, h = face.width, face.height
    sheet = Sheet(w, h, 25, (int(tone), int(tone), int(tone * 1.02)))
    for y in np.arange(1.0, h, rng.uniform(1.5, 3.5)):
        sheet.line((0, y), (w, y), darker((int(tone),) * 3, 0.65), 0.2)
    rows = int(rng.integers(3, 6))
    for x in (w * (i + 0.5) / rows for i in range(rows)):
        for y in np.arange(1.0, h, 3.0):
            sheet.rect((x - 0.12, y, 0.24, 1.5), (255, 255, 250))
    return sheet


def shadow_polygon(corner: Vector, yaw: float, size: tuple[float, float, float]) -> Vector:
    """The footprint of a box on the floor, a little enlarged, as world points (4, 3)."""
    w, _, d = size
    across, inward = axes(yaw)
    grow = 0.12
    points = [
        corner + across * x + inward * z
        for x, z in ((-grow, -2 * grow), (w + grow, -2 * grow), (w + grow, d), (-grow, d))
    ]
    return np.asarray(np.stack(points) * np.array([1.0, 0.0, 1.0]), np.float64)


_Look = tuple[tuple[float, ...], Colour, Painter]
"""Of a thing width, height and, where it is no card, depth; its colour; what paints its front."""
Point = tuple[float, float]


def _shares(sheet: Sheet, *points: Point) -> list[Point]:
    """Points given as shares of a sheet, in metres."""
    return [(x * sheet.width, y * sheet.height) for x, y in points]


def _person(rng: Chance) -> _Look:
    """Someone in working clothes."""
    tall = float(rng.uniform(1.6, 1.88))
    clothes = pick(rng, LISTS.colours["clothes"])
    legs = darker(clothes, rng.uniform(0.6, 1.0))
    hair = (50, 42, 36)
    helmet = pick(rng, LISTS.colours["helmets"]) if rng.random() < 0.4 else hair
    swing, step = rng.uniform(-0.15, 0.25, 2), rng.uniform(0.02, 0.16)

    def paint(sheet: Sheet, rng: Chance) -> None:
        m, k = sheet.width / 2, tall / 1.75

        def limb(x1: float, y1: float, x2: float, y2: float, width: float, ink: Colour) -> None:
            sheet.line((m + x1 * k, y1 * k), (m + x2 * k, y2 * k), ink, width)

        sheet.open()
        sleeve, skin, down = darker(clothes, 0.9), (196, 150, 124), abs(swing[1])
        for side in (-1, 1):
            limb(side * 0.09, 0.92, side * (0.09 + step), 1.68, 0.15 * k, legs)
            limb(side * (0.1 + step), 1.7, side * (0.14 + step), 1.72, 0.08, (25, 25, 25))
        trunk = ((-0.22, 0.32), (0.22, 0.32), (0.19, 0.95), (-0.19, 0.95))
        sheet.poly([(m + x * k, y * k) for x, y in trunk], clothes)
        for side in (-1, 1):
            limb(side * 0.22, 0.37, side * 0.3, 0.62, 0.12 * k, sleeve)
            limb(side * 0.3, 0.62, side * (0.26 - swing[0]), 0.85 - down, 0.1 * k, sleeve)
            hand = (side * (0.25 - swing[0]), 0.87 - down)
            limb(*hand, *hand, 0.09 * k, skin)
        limb(0, 0.2, 0, 0.3, 0.1 * k, (180, 136, 112))
        limb(0, 0.1, 0, 0.15, 0.17 * k, skin)
        limb(0, 0.06, 0, 0.08, 0.19 * k, helmet)

    return (0.9, tall), clothes, paint


def _cabinet(rng: Chance) -> _Look:
    """A locker, a tool cupboard or an electrical cabinet."""
    size = (rng.uniform(0.6, 1.6), rng.uniform(0.9, 2.1), rng.uniform(0.4, 0.7))
    colour = pick(rng, LISTS.colours["cabinets"])
    drawers = rng.random() < 0.4

    def paint(sheet: Sheet, rng: Chance) -> None:
        w, h = sheet.width, sheet.height
        count = int(rng.integers(3, 7)) if drawers else int(rng.integers(1, 4))
        for i in range(count):
            if drawers:
                place = (0.04 * w, h * (0.04 + 0.9 * i / count), 0.92 * w, 0.86 * h / count)
            else:
                place = (w * (0.03 + 0.95 * i / count), 0.04 * h, 0.9 * w / count, 0.9 * h)
            sheet.frame(place, darker(colour, 0.6), 0.015)
            x, y, pw, ph = place
            sheet.rect((x + 0.4 * pw, y + 0.45 * ph, 0.2 * pw, 0.03), darker(colour, 0.4))
        if not drawers:
            sheet.draw_vents((0.2 * w, 0.1 * h, 0.3 * w, 0.12 * h), colour)
            sheet.draw_stickers((0.2 * w, 0.4 * h, 0.5 * w, 0.2 * h), rng)

    return size, colour, paint


def _rack(rng: Chance) -> _Look:
    """Open shelving with boxes."""
    size = (rng.uniform(1.2, 2.8), rng.uniform(1.6, 3.2), 0.6)
    frame = pick(rng, LISTS.colours["racks"])

    def paint(sheet: Sheet, rng: Chance) -> None:
        w, h = sheet.width, sheet.height
        sheet.rect((0, 0, w, h), (54, 54, 56))
        shelf = h / rng.integers(3, 6)
        y = shelf
        while y <= h + 0.01:
            x = 0.06
            while x < w - 0.2:
                wide, tall = rng.uniform(0.15, 0.5), rng.uniform(0.3, 0.85) * shelf
                tone = pick(rng, LISTS.colours["boxes"])
                if rng.random() < 0.8:
                    sheet.rect((x, y - tall, min(wide, w - x - 0.06), tall), tone)
                x += wide + rng.uniform(0.02, 0.1)
            sheet.rect((0, y - 0.05, w, 0.06), frame)
            y += shelf
        for x in (0.0, w - 0.07):
            sheet.rect((x, 0, 0.07, h), frame)

    return size, frame, paint


def _drill_press(rng: Chance) -> _Look:
    """A manual pillar drill."""
    colour = pick(rng, LISTS.colours["drills"])

    def paint(sheet: Sheet, rng: Chance) -> None:
        sheet.open()
        sheet.poly(_shares(sheet, (0.2, 1), (0.8, 1), (0.75, 0.93), (0.25, 0.93)), colour)
        pillar = _shares(sheet, (0.62, 0.15), (0.62, 0.95))
        arbor = _shares(sheet, (0.35, 0.28), (0.35, 0.42))
        sheet.line(pillar[0], pillar[1], (170, 172, 174), 0.11)
        sheet.poly(_shares(sheet, (0.2, 0.04), (0.85, 0.02), (0.85, 0.26), (0.25, 0.28)), colour)
        sheet.line(arbor[0], arbor[1], (150, 152, 154), 0.06)
        table = _shares(sheet, (0.15, 0.6), (0.75, 0.6), (0.75, 0.64), (0.15, 0.64))
        sheet.poly(table, darker(colour, 0.8))
        [(x, y)] = _shares(sheet, (0.3, 0.22))
        for turn in (0.3, 1.4, 2.5):
            end = (x + 0.2 * np.cos(turn), y + 0.2 * np.sin(turn))
            sheet.line((x, y), end, (40, 40, 42), 0.02)

    return (0.7, float(rng.uniform(1.6, 2.0))), colour, paint


def _robot(rng: Chance) -> _Look:
    """A robot arm: a machine, but no machine tool."""
    colour = pick(rng, LISTS.colours["robots"])
    bends = rng.uniform(-0.35, 0.35, 3)

    def paint(sheet: Sheet, rng: Chance) -> None:
        w, h = sheet.width, sheet.height
        sheet.open()
        foot = _shares(sheet, (0.3, 1), (0.7, 1), (0.62, 0.8), (0.38, 0.8))
        sheet.poly(foot, (70, 72, 76))
        joint = (0.5 * w, 0.78 * h)
        for i, (length, thick) in enumerate(((0.36, 0.24), (0.32, 0.18), (0.16, 0.1))):
            turn = -np.pi / 2 + bends[i] * (1 + i) + i * 0.5
            end = (joint[0] + np.cos(turn) * length * h, joint[1] + np.sin(turn) * length * h)
            sheet.line(joint, end, darker(colour, 1 - 0.08 * i), thick)
            sheet.line(joint, joint, darker(colour, 0.6), thick * 0.8)
            joint = end

    return (2.0, float(rng.uniform(1.6, 2.4))), colour, paint


_THINGS: dict[Callable[[Chance], _Look], float] = {
    _person: 0.3, _cabinet: 0.3, _rack: 0.2, _drill_press: 0.12, _robot: 0.08,
}  # fmt: skip


def random_thing(rng: Chance, stand: Stand) -> tuple[list[PartFace], tuple[float, float, float]]:
    """One of the hall's other things: its faces and its size. It is a box, or a card that faces the
    camera."""
    size, colour, paint = list(_THINGS)[rng.choice(len(_THINGS), p=list(_THINGS.values()))](rng)
    if len(size) == 3:
        box = (size[0], size[1], size[2])
        return stand.box(box, colour, body=False, painters={"front": paint}), box
    width, height = size
    middle = stand.corner + np.array([width / 2, 0, 0])
    away = middle - stand.camera.position
    across, _ = axes(-float(np.arctan2(away[0], away[2])))
    top = middle - across * width / 2 + np.array([0, height, 0])
    face = Face(top, across, np.array([0.0, -1.0, 0.0]), width, height)
    return [PartFace(face, (128, 128, 128), 1.0, paint, False)], (width, height, 0.35)
