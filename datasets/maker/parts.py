"""A machine's parts in the world: faces with the painter of each, back to front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from datasets.maker.canvas import Camera, Face, Vector, axes, box_faces
from datasets.maker.front import draw_panel, paint_front, paint_upper
from datasets.maker.lettering import BuilderMark, Chance, Colour, random_lettering
from datasets.maker.machine import MachineSpec
from datasets.maker.sheet import Sheet, darker

Painter = Callable[[Sheet, np.random.Generator], None]
_LEVELS = {"front": 1.0, "left": 0.78, "right": 0.84, "back": 0.7, "top": 1.08}


@dataclass(frozen=True, slots=True)
class PartFace:
    """One face of a thing: its ground colour, light, painter, and whether it is body."""

    face: Face
    colour: Colour
    level: float
    paint: Painter
    body: bool = True
    grime: float = 0.12


def plain(sheet: Sheet, rng: Chance) -> None:
    """Nothing but the ground colour."""


def box_parts(
    corner: Vector,
    yaw: float,
    size: tuple[float, float, float],
    colour: Colour,
    camera: Camera,
    *,
    body: bool = True,
    grime: float = 0.12,
    painters: dict[str, Painter] | None = None,
) -> list[PartFace]:
    """The visible faces of a box, each with its painter (plain where none is named)."""
    painters = painters or {}
    return [
        PartFace(face, colour, _LEVELS[name], painters.get(name, plain), body, grime)
        for name, face in box_faces(corner, yaw, size).items()
        if camera.sees(face)
    ]


def _shift(corner: Vector, yaw: float, x: float, y: float, z: float) -> Vector:
    across, inward = axes(yaw)
    return np.asarray(corner + across * x + inward * z + np.array([0.0, y, 0.0]), np.float64)


def machine_parts(spec: MachineSpec, corner: Vector, yaw: float, camera: Camera) -> list[PartFace]:
    """All visible faces of a machine whose lower left front corner stands at `corner`."""
    rng = np.random.default_rng(spec.seed)
    w, h, d = spec.size
    behind: list[PartFace] = []
    if spec.column:
        wide, extra = rng.uniform(0.7, 1.1), rng.uniform(0.35, 0.9)
        at = _shift(corner, yaw, (w - wide) * rng.uniform(0.35, 0.65), h - 0.1, 0.45 * d)
        shade = spec.dark if rng.random() < 0.5 else spec.accent
        front: Painter = partial(_paint_column, spec=replace(spec, body=shade))
        size = (wide, extra, 0.5 * d)
        behind += box_parts(at, yaw, size, shade, camera, painters={"front": front})
    aside: list[PartFace] = []
    if spec.conveyor:
        on_right = bool(rng.random() < 0.6)
        at = _shift(corner, yaw, w if on_right else -0.7, 0.0, 0.3 * d)
        chute = (0.7, float(rng.uniform(0.5, 1.1)), 0.6)
        boxes = box_parts(at, yaw, chute, spec.dark, camera, body=False)
        nearer = on_right == camera.sees(box_faces(corner, yaw, spec.size)["right"])
        aside, behind = (boxes, behind) if nearer else ([], behind + boxes)
    body = (_lathe_body if spec.kind == "lathe" else _box_body)(spec, corner, yaw, camera)
    before = _pendant(spec, corner, yaw, camera, rng) if spec.pendant else []
    if spec.tower:
        behind += _tower(_shift(corner, yaw, rng.uniform(0.1, 0.9) * w, h, 0.35 * d), camera)
    return behind + body + aside + before


def _paint_side(sheet: Sheet, rng: Chance, spec: MachineSpec, marked: bool) -> None:
    w, h = sheet.width, sheet.height
    sheet.draw_seams(rng, spec.body, 0.9, across=True)
    if spec.pattern in ("lower", "band"):
        sheet.rect((0, 0.62 * h, w, 0.38 * h), spec.accent if spec.pattern == "band" else spec.dark)
    if rng.random() < 0.7:
        x = rng.uniform(0.1, 0.5) * w
        sheet.frame((x, 0.25 * h, 0.4 * w, 0.5 * h), darker(spec.body, 0.6), 0.015)
        sheet.draw_vents((x + 0.05 * w, 0.55 * h, 0.3 * w, 0.15 * h), spec.body)
    sheet.draw_stickers((0.1 * w, 0.3 * h, 0.7 * w, 0.3 * h), rng)
    if marked and spec.mark:
        area = (0.12 * w, 0.07 * h, rng.uniform(0.4, 0.75) * w, rng.uniform(0.08, 0.13) * h)
        sheet.write_mark(area, rng, "builder", spec.mark, spec.mark_style, spec.cover)
    sheet.rect((0, h - 0.14, w, 0.14), darker(spec.dark, 0.7))


def _paint_column(sheet: Sheet, rng: Chance, spec: MachineSpec) -> None:
    sheet.draw_seams(rng, spec.body, 0.5, across=False)
    if spec.mark and rng.random() < 0.45:
        w, h = sheet.width, sheet.height
        style = random_lettering(rng, spec.body, spec.mark.script)
        area = (0.12 * w, 0.15 * h, 0.76 * w, min(0.3 * h, 0.22))
        sheet.write_mark(area, rng, "builder", spec.mark, style, spec.cover)


def _box_body(spec: MachineSpec, corner: Vector, yaw: float, camera: Camera) -> list[PartFace]:
    rng = np.random.default_rng(spec.seed + 1)
    painters: dict[str, Painter] = {"front": partial(paint_front, spec=spec)}
    for side in ("left", "right"):
        painters[side] = partial(_paint_side, spec=spec, marked=bool(rng.random() < 0.4))
    return box_parts(corner, yaw, spec.size, spec.body, camera, painters=painters)


def _lathe_body(spec: MachineSpec, corner: Vector, yaw: float, camera: Camera) -> list[PartFace]:
    """A bed below, an upper front that leans back, sides cut to that outline."""
    rng = np.random.default_rng(spec.seed + 1)
    w, h, d = spec.size
    bed = h * rng.uniform(0.34, 0.46)
    lean = d * rng.uniform(0.08, 0.25)
    sides = box_faces(corner, yaw, spec.size)
    foot = [(0.0, h), (0.0, 0.0), (d - lean, 0.0), (d, h - bed), (d, h)]

    def paint_end(sheet: Sheet, rng: Chance, mirrored: bool, marked: bool) -> None:
        _paint_side(sheet, rng, spec, marked)
        sheet.cut([(d - x, y) if mirrored else (x, y) for x, y in foot])

    across, inward, up = sides["front"].u, sides["right"].u, np.array([0.0, 1.0, 0.0])
    slope = up * (h - bed) + inward * lean
    length = float(np.linalg.norm(slope))
    skins: list[tuple[Face, float, Painter]] = []
    for name, mirrored in (("left", False), ("right", True)):
        if camera.sees(sides[name]):
            painter = partial(paint_end, mirrored=mirrored, marked=bool(rng.random() < 0.3))
            skins.append((sides[name], _LEVELS[name], painter))
    top = Face(corner + up * h + inward * d, across, -inward, w, d - lean)
    upper = Face(corner + up * h + inward * lean, across, -slope / length, w, length)
    lower = Face(corner + up * bed, across, -up, w, bed)
    skins.append((top, _LEVELS["top"], plain))
    skins.append((upper, 1.04, partial(paint_upper, spec=spec)))
    skins.append((lower, 0.92, partial(_paint_bed, spec=spec)))
    return [PartFace(f, spec.body, level, paint) for f, level, paint in skins if camera.sees(f)]


def _paint_bed(sheet: Sheet, rng: Chance, spec: MachineSpec) -> None:
    w, h = sheet.width, sheet.height
    ground = spec.dark if spec.pattern in ("lower", "slant", "door") else spec.body
    sheet.rect((0, 0, w, h), ground)
    sheet.draw_seams(rng, ground, 0.9, across=True)
    sheet.rect((0, 0, w, 0.03), darker(ground, 0.55))
    if rng.random() < 0.5:
        sheet.draw_vents((0.8 * w, 0.3 * h, 0.13 * w, 0.4 * h), ground)
    sheet.draw_stickers((0.05 * w, 0.4 * h, 0.6 * w, 0.3 * h), rng)
    if spec.series and rng.random() < 0.4:
        style = random_lettering(rng, ground, "latin")
        area = (0.06 * w, 0.2 * h, 0.3 * w, min(0.13, 0.22 * h))
        sheet.write_mark(area, rng, "series", BuilderMark("", spec.series, "latin"), style)
    sheet.rect((0, h - 0.1, w, 0.1), (26, 27, 29))


def _tower(foot: Vector, camera: Camera) -> list[PartFace]:
    """The signal tower: a pole and three lamps; not part of the body."""
    parts = box_parts(foot, 0.0, (0.03, 0.22, 0.03), (150, 152, 154), camera, body=False)
    for i, colour in enumerate(((50, 160, 80), (236, 180, 40), (216, 44, 40))):
        at = foot + np.array([-0.02, 0.22 + 0.09 * i, -0.02])
        parts += box_parts(at, 0.0, (0.075, 0.085, 0.07), colour, camera, body=False, grime=0.02)
    return parts


def _pendant(
    spec: MachineSpec, corner: Vector, yaw: float, camera: Camera, rng: Chance
) -> list[PartFace]:
    """The operator panel on its arm, before the right end of the front."""
    w, h, _ = spec.size
    wide, tall = rng.uniform(0.45, 0.62), rng.uniform(0.6, 0.95)
    x = w - wide - rng.uniform(-0.25, 0.3)
    y = rng.uniform(0.95, 1.15)
    at = _shift(corner, yaw, x, y, -rng.uniform(0.15, 0.32))
    shell = spec.dark if rng.random() < 0.5 else spec.body
    face_colour = darker(shell, 0.8) if rng.random() < 0.5 else (70, 74, 78)

    def paint(sheet: Sheet, rng: Chance) -> None:
        sheet.rect((0, 0, sheet.width, sheet.height), shell)
        place = (0.02, 0.02, sheet.width - 0.04, sheet.height - 0.04)
        draw_panel(sheet, place, rng, face_colour, spec.badge)

    hung = _shift(corner, yaw, x + wide * 0.4, y + tall, -0.12)
    length = max(0.1, h - y - tall + 0.05)
    arm = box_parts(hung, yaw, (0.08, length, 0.1), darker(shell, 0.8), camera)
    turned, size = yaw + float(rng.uniform(-0.35, 0.15)), (wide, tall, 0.14)
    box = box_parts(at, turned, size, shell, camera, painters={"front": paint}, grime=0.05)
    return arm + sorted(box, key=lambda part: part.level == 1.0)
