"""A machine's parts in the world: faces with the painter of each, back to front."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from datasets.maker.canvas import Face, Size, box_faces
from datasets.maker.lettering import (
    LISTS,
    Badge,
    BuilderMark,
    Chance,
    Colour,
    Lettering,
    draw_lettering,
    pick,
    random_lettering,
    script_of,
)
from datasets.maker.machine import MachineSpec
from datasets.maker.sheet import (
    LEVELS,
    DrawnMark,
    Painter,
    PartFace,
    Place,
    Sheet,
    Stand,
    darker,
    unpainted,
)


def machine_parts(spec: MachineSpec, stand: Stand) -> list[PartFace]:
    """All visible faces of a machine that stands there."""
    rng = np.random.default_rng(spec.seed)
    w, h, d = spec.size
    behind: list[PartFace] = []
    if spec.column:
        wide, extra = rng.uniform(0.7, 1.1), rng.uniform(0.35, 0.9)
        at = stand.shifted((w - wide) * rng.uniform(0.35, 0.65), h - 0.1, 0.45 * d)
        shade = spec.dark if rng.random() < 0.5 else spec.accent
        front: Painter = partial(_paint_column, spec=replace(spec, body=shade))
        behind += at.box((wide, extra, 0.5 * d), shade, painters={"front": front})
    aside: list[PartFace] = []
    if spec.conveyor:
        on_right = bool(rng.random() < 0.6)
        at = stand.shifted(w if on_right else -0.7, 0.0, 0.3 * d)
        chute = at.box((0.7, float(rng.uniform(0.5, 1.1)), 0.6), spec.dark, body=False)
        right = box_faces(stand.corner, stand.yaw, spec.size)["right"]
        if on_right == stand.camera.sees(right):
            aside = chute
        else:
            behind += chute
    body = (_lathe_body if spec.kind == "lathe" else _box_body)(spec, stand)
    before = _pendant(spec, stand, rng) if spec.pendant else []
    if spec.tower:
        foot = stand.shifted(rng.uniform(0.1, 0.9) * w, h, 0.35 * d)
        behind += _tower(Stand(foot.corner, 0.0, stand.camera))
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
        sheet.write_mark(area, rng, spec.mark, spec.mark_style, spec.cover)
    sheet.rect((0, h - 0.14, w, 0.14), darker(spec.dark, 0.7))


def _paint_column(sheet: Sheet, rng: Chance, spec: MachineSpec) -> None:
    sheet.draw_seams(rng, spec.body, 0.5, across=False)
    if spec.mark and rng.random() < 0.45:
        w, h = sheet.width, sheet.height
        style = random_lettering(rng, spec.body, spec.mark.script)
        area = (0.12 * w, 0.15 * h, 0.76 * w, min(0.3 * h, 0.22))
        sheet.write_mark(area, rng, spec.mark, style, spec.cover)


def _box_body(spec: MachineSpec, stand: Stand) -> list[PartFace]:
    rng = np.random.default_rng(spec.seed + 1)
    painters: dict[str, Painter] = {"front": partial(paint_front, spec=spec)}
    for side in ("left", "right"):
        painters[side] = partial(_paint_side, spec=spec, marked=bool(rng.random() < 0.4))
    return stand.box(spec.size, spec.body, painters=painters)


def _lathe_body(spec: MachineSpec, stand: Stand) -> list[PartFace]:
    """A bed below, an upper front that leans back, sides cut to that outline."""
    rng = np.random.default_rng(spec.seed + 1)
    w, h, d = spec.size
    bed, lean = h * rng.uniform(0.34, 0.46), d * rng.uniform(0.08, 0.25)
    corner, camera = stand.corner, stand.camera
    sides = box_faces(corner, stand.yaw, spec.size)
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
            skins.append((sides[name], LEVELS[name], painter))
    top = Face(corner + up * h + inward * d, across, -inward, w, d - lean)
    upper = Face(corner + up * h + inward * lean, across, -slope / length, w, length)
    lower = Face(corner + up * bed, across, -up, w, bed)
    skins.append((top, LEVELS["top"], unpainted))
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
        sheet.write_mark(area, rng, BuilderMark("", spec.series, "latin"), style)
    sheet.rect((0, h - 0.1, w, 0.1), (26, 27, 29))


def _tower(foot: Stand) -> list[PartFace]:
    """The signal tower: a pole and three lamps; not part of the body."""
    parts = foot.box((0.03, 0.22, 0.03), (150, 152, 154), body=False)
    for i, colour in enumerate(((50, 160, 80), (236, 180, 40), (216, 44, 40))):
        at = foot.shifted(-0.02, 0.22 + 0.09 * i, -0.02)
        parts += at.box((0.075, 0.085, 0.07), colour, body=False, grime=0.02)
    return parts


def _pendant(spec: MachineSpec, stand: Stand, rng: Chance) -> list[PartFace]:
    """The operator panel on its arm, before the right end of the front."""
    w, h, _ = spec.size
    wide, tall = rng.uniform(0.45, 0.62), rng.uniform(0.6, 0.95)
    x, y = w - wide - rng.uniform(-0.25, 0.3), rng.uniform(0.95, 1.15)
    at = stand.shifted(x, y, -rng.uniform(0.15, 0.32))
    shell = spec.dark if rng.random() < 0.5 else spec.body
    face_colour = darker(shell, 0.8) if rng.random() < 0.5 else (70, 74, 78)

    def paint(sheet: Sheet, rng: Chance) -> None:
        sheet.rect((0, 0, sheet.width, sheet.height), shell)
        place = (0.02, 0.02, sheet.width - 0.04, sheet.height - 0.04)
        draw_panel(sheet, place, rng, face_colour, spec.badge)

    length = max(0.1, h - y - tall + 0.05)
    arm = stand.shifted(x + wide * 0.4, y + tall, -0.12).box(
        (0.08, length, 0.1), darker(shell, 0.8)
    )
    turned = Stand(at.corner, stand.yaw + float(rng.uniform(-0.35, 0.15)), stand.camera)
    box = turned.box((wide, tall, 0.14), shell, painters={"front": paint}, grime=0.05)
    return arm + sorted(box, key=lambda part: part.level == 1.0)


def draw_panel(
    sheet: Sheet, place: Place, rng: Chance, ground: Colour, badge: Badge | None
) -> None:
    """Draw an operator panel over `place` and note it, with its badge, on the sheet."""
    x, y, w, h = place
    sheet.rect(place, ground)
    sheet.frame(place, darker(ground, 0.6), 0.008)
    margin = 0.06 * w
    top = y + (0.11 * h if badge else 0.06 * h)
    if badge:
        _draw_badge(sheet, (x + margin, y + 0.025 * h, w - 2 * margin, 0.06 * h), rng, badge)
    tall = h > 0.85 * w
    screen_h = 0.40 * h if tall else 0.62 * h
    screen_w = (0.68 if rng.random() < 0.5 and tall else 0.88) * (w if tall else 0.62 * w)
    screen = (x + margin, top, min(screen_w, w - 2 * margin), screen_h)
    _draw_screen(sheet, screen, rng)
    side = (screen[0] + screen[2] + 0.03 * w, top, x + w - margin, top + screen_h)
    keys = pick(rng, LISTS.colours["keys"])
    if side[2] - side[0] > 0.08 * w:
        _draw_keys(sheet, side, rng, keys, (4 if tall else 7, 8))
    below = (x + margin, top + screen_h + 0.03 * h, x + w - margin, y + h - 0.05 * h)
    if below[3] - below[1] >= 0.04:
        _draw_lower(sheet, below, rng, keys)
    sheet.panels.append(place)


def _draw_badge(sheet: Sheet, area: Place, rng: Chance, badge: Badge) -> None:
    control, text, plate, ink = badge
    bare = rng.random() >= 0.7 and abs(sum(ink) - sum(plate)) >= 150
    style = Lettering(ink=ink, plate=None if bare else plate, weight=0.05)
    x, y, w, h = area
    drawn = draw_lettering(text, style, max(6.0, h * sheet.scale * 0.7))
    wide = min(w, h * drawn.shape[1] / drawn.shape[0])
    tall = wide * drawn.shape[0] / drawn.shape[1]
    left = x if rng.random() < 0.6 else x + (w - wide) / 2
    spot = (left, y + (h - tall) / 2, wide, tall)
    sheet.paste(drawn, spot)
    sheet.marks.append(DrawnMark(spot, "control", text, script_of(text), control))


def _draw_screen(sheet: Sheet, place: Place, rng: Chance) -> None:
    x, y, w, h = place
    sheet.rect((x - 0.012, y - 0.012, w + 0.024, h + 0.024), (24, 26, 30))
    ground = pick(rng, LISTS.colours["screens"])
    sheet.rect(place, ground)
    lit = (210, 230, 235) if sum(ground) < 300 else (40, 50, 60)
    sheet.rect((x, y, w, 0.08 * h), darker(ground, 0.6) if sum(ground) > 300 else (60, 110, 150))
    for i in range(int(rng.integers(4, 9))):
        length, at = rng.uniform(0.1, 0.5) * w, y + (0.16 + 0.09 * i) * h
        start, thickness = x + 0.05 * w, 0.012 * h * rng.uniform(0.8, 2.5)
        sheet.line((start, at), (start + length, at), lit, thickness)
    if rng.random() < 0.6:
        sheet.rect((x + 0.6 * w, y + 0.15 * h, 0.35 * w, 0.5 * h), darker(ground, 1.5))
    for i in range(5):
        sheet.rect((x + (0.02 + 0.2 * i) * w, y + 0.9 * h, 0.16 * w, 0.08 * h), (150, 160, 165))
    # The hall's light on the glass.
    here = sheet.region(place)
    if here.size:
        rows, columns = here.shape[:2]
        slant = np.add.outer(np.arange(rows) / max(1, rows), np.arange(columns) / max(1, columns))
        glow = np.exp(-((slant - rng.uniform(0.2, 1.6)) ** 2) / 0.08) * rng.uniform(0, 70)
        here[...] = np.clip(here + glow[..., None], 0, 255).astype(np.uint8)


def _draw_keys(sheet: Sheet, area: Place, rng: Chance, colour: Colour, grid: Size) -> None:
    """`area`: its left, top, right and bottom; `grid`: columns and rows."""
    (x1, y1, x2, y2), (columns, rows) = area, grid
    w, h = (x2 - x1) / columns, (y2 - y1) / rows
    for x in (x1 + i * w for i in range(columns)):
        for y in (y1 + j * h for j in range(rows)):
            tint = colour if rng.random() < 0.9 else darker(colour, 0.6)
            sheet.rect((x + 0.1 * w, y + 0.12 * h, 0.8 * w, 0.76 * h), tint)


def _draw_lower(sheet: Sheet, area: Place, rng: Chance, keys: Colour) -> None:
    """Keys, lamps, a dial and the emergency stop; `area` as of `_draw_keys`."""
    x1, y1, x2, y2 = area
    w, h = x2 - x1, y2 - y1
    sheet.rect((x1, y1, w, h), darker(keys, 0.45))
    split = x1 + w * rng.uniform(0.45, 0.7)
    _draw_keys(sheet, (x1 + 0.02 * w, y1 + 0.06 * h, split, y1 + 0.6 * h), rng, keys, (8, 3))
    for i in range(6):
        lamp, radius = pick(rng, LISTS.colours["lamps"]), min(0.03 * w, 0.08 * h)
        sheet.disc(x1 + w * (0.06 + 0.09 * i), y1 + 0.8 * h, radius, lamp)
    dial = (split + (x2 - split) * 0.3, y1 + 0.35 * h)
    radius = min((x2 - split) * 0.2, h * 0.25)
    sheet.disc(*dial, radius, (225, 225, 222))
    sheet.disc(*dial, radius * 0.6, (35, 36, 40))
    stop = (x2 - (x2 - split) * 0.22, y1 + h * (0.35 if rng.random() < 0.5 else 0.7))
    sheet.disc(*stop, radius * 0.95, (225, 195, 40))
    sheet.disc(*stop, radius * 0.68, (205, 25, 30))
    sheet.disc(stop[0] - radius * 0.15, stop[1] - radius * 0.2, radius * 0.2, (240, 110, 105))


def paint_front(sheet: Sheet, rng: Chance, spec: MachineSpec) -> None:
    """The front of a box-shaped machine: hood above, door between two fixed panels."""
    w, h = sheet.width, sheet.height
    hood, foot = h * rng.uniform(0.1, 0.2), h * rng.uniform(0.14, 0.3)
    left, right = w * rng.uniform(0.16, 0.3), w * rng.uniform(0.64, 0.8)
    door: Place = (left, hood, right - left, h - hood - foot)
    _block(sheet, spec, door)
    _seam(sheet, spec.body, hood)
    _draw_door(sheet, door, rng, spec)
    ground = spec.dark if spec.pattern in ("lower", "door", "slant") else darker(spec.body, 0.93)
    sheet.rect((0, h - foot, w, foot), ground)
    _seam(sheet, ground, h - foot)
    seams = int(rng.integers(1, 4))
    for x in (w * i / (seams + 1) for i in range(1, seams + 1)):
        sheet.line((x, h - foot), (x, h - 0.1), darker(ground, 0.7), 0.008)
    sheet.rect((0, h - 0.1, w, 0.1), (26, 27, 29))  # the gap above the floor, feet in the dark
    if not spec.pendant:
        panel_w = min(w - right - 0.1, 0.62)
        tall = min(0.95, h - hood - foot - 0.1)
        place = (right + (w - right - panel_w) / 2, hood + 0.12, panel_w, tall)
        draw_panel(sheet, place, rng, darker(spec.dark, 0.95), spec.badge)
    else:
        sheet.draw_stickers((right + 0.06, hood + 0.3, w - right - 0.2, 0.6), rng)
    sheet.draw_stickers((0.06, h * 0.5, left * 0.7, h * 0.25), rng)
    if rng.random() < 0.3:
        sheet.draw_paper((0.08, h * 0.4, min(0.21, left * 0.5), 0.3), rng)
    if rng.random() < 0.5:
        sheet.draw_nameplate(right + 0.08, h - foot - 0.18, rng)
    _write(sheet, rng, spec, door)


def paint_upper(sheet: Sheet, rng: Chance, spec: MachineSpec) -> None:
    """The upper front of a lathe: a sliding door left of the panel, fixed metal about it."""
    w, h = sheet.width, sheet.height
    hood = h * rng.uniform(0.1, 0.24)
    left, right = w * rng.uniform(0.2, 0.36), w * rng.uniform(0.6, 0.76)
    door: Place = (left, hood, right - left, h - hood)
    _block(sheet, spec, door)
    sheet.draw_seams(rng, spec.body, 1.1, across=True)
    _draw_door(sheet, door, rng, spec)
    if not spec.pendant:
        panel_w = min(w - right - 0.14, 0.7)
        place = (right + 0.07, 0.1 * h, panel_w, min(0.8 * h, 0.95))
        draw_panel(sheet, place, rng, darker(spec.dark, 0.95), spec.badge)
    sheet.draw_stickers((0.06, h * 0.55, left * 0.7, h * 0.3), rng)
    _write(sheet, rng, spec, door)


def _seam(sheet: Sheet, colour: Colour, y: float) -> None:
    sheet.line((0, y), (sheet.width, y), darker(colour, 0.55), 0.014)
    sheet.line((0, y + 0.014), (sheet.width, y + 0.014), darker(colour, 1.1), 0.008)


def _block(sheet: Sheet, spec: MachineSpec, door: Place) -> None:
    """Colour blocking: the part of the front that wears the accent."""
    w, h = sheet.width, sheet.height
    x, y, dw, _ = door
    if spec.pattern == "slant":
        sheet.poly([(0.6 * w, 0), (w, 0), (w, h), (0.45 * w, h)], spec.accent)
    places = {
        "lower": ((0, 0.66 * h, w, 0.34 * h), spec.dark),
        "left": ((x + dw, 0, w - x - dw, h), spec.accent),
        "band": ((0, y + 0.7 * (h - y), w, 0.12 * h), spec.accent),
    }
    if spec.pattern in places:
        sheet.rect(*places[spec.pattern])


def _draw_door(sheet: Sheet, door: Place, rng: Chance, spec: MachineSpec) -> None:
    x, y, w, h = door
    colour = spec.accent if spec.pattern == "door" else darker(spec.body, rng.uniform(0.9, 1.04))
    if spec.pattern != "slant" or rng.random() < 0.5:
        sheet.rect(door, colour)
    sheet.frame(door, darker(colour, 0.5), 0.02)
    sheet.rect((x, y + 0.02, w, 0.05), darker(colour, 0.7))  # the rail's shadow
    lamp = bool(rng.random() < 0.4)
    double = w > 1.0 and rng.random() < 0.55
    top, tall = y + h * rng.uniform(0.1, 0.2), h * rng.uniform(0.42, 0.72)
    if double:
        half = w / 2
        for left in (x + 0.1 * w, x + 0.1 * w + half * 0.96):
            sheet.draw_window((left, top, half - 0.16 * w, tall), rng, lamp)
        sheet.line((x + half, y), (x + half, y + h), darker(colour, 0.45), 0.016)
        for at in (x + half - 0.06, x + half + 0.06):
            sheet.draw_handle(at, y + 0.4 * h, min(0.4, 0.35 * h), rng)
    else:
        margin = w * rng.uniform(0.1, 0.25)
        sheet.draw_window((x + margin, top, w - 1.6 * margin, tall), rng, lamp)
        sheet.draw_handle(x + 0.4 * margin, y + 0.35 * h, min(0.45, 0.4 * h), rng)


def _write(sheet: Sheet, rng: Chance, spec: MachineSpec, door: Place) -> None:
    """The builder's mark and the series: on the left panel, the hood or the door."""
    w, h, left, hood = sheet.width, sheet.height, door[0], door[1]
    # A long mark wants the hood's width, a short one looks at home on the left panel.
    long = spec.mark is not None and len(spec.mark.text) > (6 if spec.mark.script == "han" else 8)
    on_hood = bool(rng.integers(1 if long else 2)) or long
    tall = rng.uniform(0.09, 0.2)
    if on_hood:
        area: Place = (0.05 * w, 0.12 * hood, rng.uniform(0.45, 0.8) * w, min(tall, 0.76 * hood))
        below: Place = (0.05 * w, hood + 0.12 * h, left * 0.9 - 0.05 * w, min(0.12, tall * 0.7))
    else:
        x, y = 0.12 * left, hood + 0.06 * h
        area = (x, y, 0.8 * left, tall)
        below = (x, y + tall * 1.35, 0.7 * left, min(0.11, tall * 0.65))
    if spec.mark:
        sheet.write_mark(area, rng, spec.mark, spec.mark_style, spec.cover)
    if spec.series:
        style = spec.series_style
        if rng.random() < 0.3:
            x, y, dw, dh = door
            below = (x + 0.1 * dw, y + 0.88 * dh, 0.5 * dw, min(0.09, 0.09 * dh))
            colour = spec.accent if spec.pattern == "door" else spec.body
            style = random_lettering(rng, colour, "latin")
        series = BuilderMark("", spec.series, script_of(spec.series))
        sheet.write_mark(below, rng, series, style)
