"""Fronts of machines and their control panels."""

from __future__ import annotations

import numpy as np

from datasets.maker.lettering import (
    Badge,
    BuilderMark,
    Chance,
    Colour,
    Lettering,
    draw_lettering,
    random_lettering,
    script_of,
)
from datasets.maker.machine import MachineSpec
from datasets.maker.sheet import DrawnMark, Place, Sheet, darker

_SCREENS: tuple[Colour, ...] = ((28, 52, 88), (14, 18, 22), (190, 200, 205), (30, 90, 120))
_KEYS: tuple[Colour, ...] = ((205, 205, 198), (90, 95, 100), (40, 44, 48), (225, 225, 220))


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
    keys = _KEYS[rng.integers(len(_KEYS))]
    if side[2] - side[0] > 0.08 * w:
        _draw_keys(sheet, side, rng, keys, columns=4 if tall else 7, rows=8)
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
    ground = _SCREENS[rng.integers(len(_SCREENS))]
    dark = sum(ground) < 300
    sheet.rect(place, ground)
    lit = (210, 230, 235) if dark else (40, 50, 60)
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


def _draw_keys(
    sheet: Sheet, area: Place, rng: Chance, colour: Colour, columns: int, rows: int
) -> None:
    """`area`: its left, top, right and bottom."""
    x1, y1, x2, y2 = area
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
    _draw_keys(sheet, (x1 + 0.02 * w, y1 + 0.06 * h, split, y1 + 0.6 * h), rng, keys, 8, 3)
    lamps: tuple[Colour, ...] = ((60, 170, 80), (200, 60, 50), (230, 190, 50), (230, 230, 230))
    for i in range(6):
        lamp, radius = lamps[rng.integers(len(lamps))], min(0.03 * w, 0.08 * h)
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
    hood = h * rng.uniform(0.1, 0.2)
    foot = h * rng.uniform(0.14, 0.3)
    left, right = w * rng.uniform(0.16, 0.3), w * rng.uniform(0.64, 0.8)
    door: Place = (left, hood, right - left, h - hood - foot)
    _block(sheet, spec, door)
    _seam(sheet, spec.body, hood)
    _draw_door(sheet, door, rng, spec)
    _foot(sheet, foot, rng, spec)
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
    _write(sheet, rng, spec, hood, left, door)


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
    _write(sheet, rng, spec, hood, left, door)


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


def _foot(sheet: Sheet, foot: float, rng: Chance, spec: MachineSpec) -> None:
    w, h = sheet.width, sheet.height
    colour = spec.dark if spec.pattern in ("lower", "door", "slant") else darker(spec.body, 0.93)
    sheet.rect((0, h - foot, w, foot), colour)
    _seam(sheet, colour, h - foot)
    seams = int(rng.integers(1, 4))
    for x in (w * i / (seams + 1) for i in range(1, seams + 1)):
        sheet.line((x, h - foot), (x, h - 0.1), darker(colour, 0.7), 0.008)
    sheet.rect((0, h - 0.1, w, 0.1), (26, 27, 29))  # the gap above the floor, feet in the dark


def _write(
    sheet: Sheet, rng: Chance, spec: MachineSpec, hood: float, left: float, door: Place
) -> None:
    """The builder's mark and the series: on the left panel, the hood or the door."""
    w, h = sheet.width, sheet.height
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
        sheet.write_mark(area, rng, "builder", spec.mark, spec.mark_style, spec.cover)
    if spec.series:
        style = spec.series_style
        if rng.random() < 0.3:
            x, y, dw, dh = door
            below = (x + 0.1 * dw, y + 0.88 * dh, 0.5 * dw, min(0.09, 0.09 * dh))
            colour = spec.accent if spec.pattern == "door" else spec.body
            style = random_lettering(rng, colour, "latin")
        series = BuilderMark("", spec.series, script_of(spec.series))
        sheet.write_mark(below, rng, "series", series, style)
