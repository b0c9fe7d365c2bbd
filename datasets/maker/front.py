"""The front of a machine: door, windows, colour blocking, marks, the built-in panel."""

from __future__ import annotations

import numpy as np

from datasets.maker.lettering import Colour, random_lettering
from datasets.maker.machine import MachineSpec, script_of
from datasets.maker.panel import draw_panel
from datasets.maker.sheet import Place, Sheet
from datasets.maker.sheetmetal import (
    darker,
    draw_handle,
    draw_nameplate,
    draw_paper,
    draw_seams,
    draw_stickers,
    draw_window,
    write_mark,
)


def paint_front(sheet: Sheet, rng: np.random.Generator, spec: MachineSpec) -> None:
    """The front of a box-shaped machine: hood above, door between two fixed panels."""
    w, h = sheet.width, sheet.height
    hood = h * rng.uniform(0.1, 0.2)
    foot = h * rng.uniform(0.14, 0.3)
    left, right = w * rng.uniform(0.16, 0.3), w * rng.uniform(0.64, 0.8)
    door: Place = (left, hood, right - left, h - hood - foot)
    _block(sheet, spec, door)
    _seam(sheet, spec.body, (0, hood), (w, hood))
    _draw_door(sheet, door, rng, spec)
    _foot(sheet, foot, rng, spec)
    if not spec.pendant:
        panel_w = min(w - right - 0.1, 0.62)
        tall = min(0.95, h - hood - foot - 0.1)
        place = (right + (w - right - panel_w) / 2, hood + 0.12, panel_w, tall)
        draw_panel(sheet, place, rng, darker(spec.dark, 0.95), spec.badge)
    else:
        draw_stickers(sheet, (right + 0.06, hood + 0.3, w - right - 0.2, 0.6), rng)
    draw_stickers(sheet, (0.06, h * 0.5, left * 0.7, h * 0.25), rng)
    if rng.random() < 0.3:
        draw_paper(sheet, (0.08, h * 0.4, min(0.21, left * 0.5), 0.3), rng)
    if rng.random() < 0.5:
        draw_nameplate(sheet, right + 0.08, h - foot - 0.18, rng)
    _write(sheet, rng, spec, hood, left, door)


def paint_upper(sheet: Sheet, rng: np.random.Generator, spec: MachineSpec) -> None:
    """The upper front of a lathe: a sliding door left of the panel, fixed metal about it."""
    w, h = sheet.width, sheet.height
    hood = h * rng.uniform(0.1, 0.24)
    left, right = w * rng.uniform(0.2, 0.36), w * rng.uniform(0.6, 0.76)
    door: Place = (left, hood, right - left, h - hood)
    _block(sheet, spec, door)
    draw_seams(sheet, rng, spec.body, 1.1, across=True)
    _draw_door(sheet, door, rng, spec)
    if not spec.pendant:
        panel_w = min(w - right - 0.14, 0.7)
        place = (right + 0.07, 0.1 * h, panel_w, min(0.8 * h, 0.95))
        draw_panel(sheet, place, rng, darker(spec.dark, 0.95), spec.badge)
    draw_stickers(sheet, (0.06, h * 0.55, left * 0.7, h * 0.3), rng)
    _write(sheet, rng, spec, hood, left, door)


def _seam(sheet: Sheet, colour: Colour, a: tuple[float, float], b: tuple[float, float]) -> None:
    sheet.line(a, b, darker(colour, 0.55), 0.014)
    sheet.line((a[0], a[1] + 0.014), (b[0], b[1] + 0.014), darker(colour, 1.1), 0.008)


def _block(sheet: Sheet, spec: MachineSpec, door: Place) -> None:
    """Colour blocking: the part of the front that wears the accent."""
    w, h = sheet.width, sheet.height
    x, y, dw, _ = door
    if spec.pattern == "lower":
        sheet.rect((0, 0.66 * h, w, 0.34 * h), spec.dark)
    elif spec.pattern == "left":
        sheet.rect((x + dw, 0, w - x - dw, h), spec.accent)
    elif spec.pattern == "slant":
        sheet.poly([(0.6 * w, 0), (w, 0), (w, h), (0.45 * w, h)], spec.accent)
    elif spec.pattern == "band":
        sheet.rect((0, y + 0.7 * (h - y), w, 0.12 * h), spec.accent)


def _draw_door(sheet: Sheet, door: Place, rng: np.random.Generator, spec: MachineSpec) -> None:
    x, y, w, h = door
    colour = spec.accent if spec.pattern == "door" else darker(spec.body, rng.uniform(0.9, 1.04))
    if spec.pattern not in ("slant",) or rng.random() < 0.5:
        sheet.rect(door, colour)
    sheet.frame(door, darker(colour, 0.5), 0.02)
    sheet.rect((x, y + 0.02, w, 0.05), darker(colour, 0.7))  # the rail's shadow
    lamp = bool(rng.random() < 0.4)
    double = w > 1.0 and rng.random() < 0.55
    top, tall = y + h * rng.uniform(0.1, 0.2), h * rng.uniform(0.42, 0.72)
    if double:
        half = w / 2
        for i in range(2):
            draw_window(
                sheet, (x + 0.1 * w + half * i * 0.96, top, half - 0.16 * w, tall), rng, lamp
            )
        sheet.line((x + half, y), (x + half, y + h), darker(colour, 0.45), 0.016)
        for at in (x + half - 0.06, x + half + 0.06):
            draw_handle(sheet, at, y + 0.4 * h, min(0.4, 0.35 * h), rng)
    else:
        margin = w * rng.uniform(0.1, 0.25)
        draw_window(sheet, (x + margin, top, w - 1.6 * margin, tall), rng, lamp)
        draw_handle(sheet, x + 0.4 * margin, y + 0.35 * h, min(0.45, 0.4 * h), rng)


def _foot(sheet: Sheet, foot: float, rng: np.random.Generator, spec: MachineSpec) -> None:
    w, h = sheet.width, sheet.height
    colour = spec.dark if spec.pattern in ("lower", "door", "slant") else darker(spec.body, 0.93)
    sheet.rect((0, h - foot, w, foot), colour)
    _seam(sheet, colour, (0, h - foot), (w, h - foot))
    draw_seams_in = int(rng.integers(1, 4))
    for i in range(1, draw_seams_in + 1):
        x = w * i / (draw_seams_in + 1)
        sheet.line((x, h - foot), (x, h - 0.1), darker(colour, 0.7), 0.008)
    sheet.rect((0, h - 0.1, w, 0.1), (26, 27, 29))  # the gap above the floor, feet in the dark


def _write(
    sheet: Sheet,
    rng: np.random.Generator,
    spec: MachineSpec,
    hood: float,
    left: float,
    door: Place,
) -> None:
    """The builder's mark and the series: on the left panel, the hood or the door."""
    w, h = sheet.width, sheet.height
    # A long mark wants the hood's width, a short one looks at home on the left panel.
    long = spec.mark is not None and len(spec.mark.text) > (6 if spec.mark.script == "han" else 8)
    spots = ("hood",) if long else ("panel", "hood")
    spot = spots[rng.integers(len(spots))]
    tall = rng.uniform(0.09, 0.2)
    if spot == "hood":
        area: Place = (0.05 * w, 0.12 * hood, rng.uniform(0.45, 0.8) * w, min(tall, 0.76 * hood))
        below: Place = (0.05 * w, hood + 0.12 * h, left * 0.9 - 0.05 * w, min(0.12, tall * 0.7))
    else:
        area = (0.12 * left, hood + 0.06 * h, 0.8 * left, tall)
        below = (0.12 * left, hood + 0.06 * h + tall * 1.35, 0.7 * left, min(0.11, tall * 0.65))
    if spec.mark:
        write_mark(
            sheet, area, rng, "builder", spec.mark.text, spec.mark.script, spec.mark.builder,
            spec.mark_style, spec.cover,
        )  # fmt: skip
    if spec.series:
        spare = below
        if rng.random() < 0.3:
            x, y, dw, dh = door
            spare = (x + 0.1 * dw, y + 0.88 * dh, 0.5 * dw, min(0.09, 0.09 * dh))
            colour = spec.accent if spec.pattern == "door" else spec.body
            style = random_lettering(rng, colour, "latin")
        else:
            style = spec.series_style
        write_mark(sheet, spare, rng, "series", spec.series, script_of(spec.series), None, style)
