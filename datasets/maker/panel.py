"""The operator panel: a screen, keys, a mode dial, an emergency stop and its maker's badge."""

from __future__ import annotations

import numpy as np

from datasets.maker.lettering import Colour, Lettering, draw_lettering
from datasets.maker.marks import Script
from datasets.maker.sheet import Place, PlacedMark, Sheet

_SCREENS: tuple[Colour, ...] = ((28, 52, 88), (14, 18, 22), (190, 200, 205), (30, 90, 120))
_KEYS: tuple[Colour, ...] = ((205, 205, 198), (90, 95, 100), (40, 44, 48), (225, 225, 220))


def draw_panel(
    sheet: Sheet,
    place: Place,
    rng: np.random.Generator,
    ground: Colour,
    badge: tuple[str, str, Script, Colour, Colour] | None,
) -> None:
    """Draw an operator panel over `place` and note it, with its badge, on the sheet.

    badge: control id, text, script, plate colour, letter colour; None leaves the panel blank.
    """
    x, y, w, h = place
    sheet.rect(place, ground)
    sheet.frame(place, _scaled(ground, 0.6), 0.008)
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
    _draw_lower(sheet, below, rng, keys)
    sheet.panels.append(place)


def _scaled(colour: Colour, gain: float) -> Colour:
    r, g, b = (int(min(255, c * gain)) for c in colour)
    return r, g, b


def _draw_badge(
    sheet: Sheet,
    area: Place,
    rng: np.random.Generator,
    badge: tuple[str, str, Script, Colour, Colour],
) -> None:
    control, text, script, plate, ink = badge
    style = Lettering(ink=ink, plate=plate if rng.random() < 0.7 else None, weight=0.05)
    if style.plate is None and abs(sum(ink) - sum(plate)) < 150:
        style = Lettering(ink=ink, plate=plate, weight=0.05)
    x, y, w, h = area
    drawn = draw_lettering(text, style, max(6.0, h * sheet.scale * 0.7))
    wide = min(w, h * drawn.shape[1] / drawn.shape[0])
    tall = wide * drawn.shape[0] / drawn.shape[1]
    left = x if rng.random() < 0.6 else x + (w - wide) / 2
    spot = (left, y + (h - tall) / 2, wide, tall)
    sheet.paste(drawn, spot)
    sheet.marks.append(PlacedMark("control", text, script, control, spot))


def _draw_screen(sheet: Sheet, place: Place, rng: np.random.Generator) -> None:
    x, y, w, h = place
    sheet.rect((x - 0.012, y - 0.012, w + 0.024, h + 0.024), (24, 26, 30))
    ground = _SCREENS[rng.integers(len(_SCREENS))]
    sheet.rect(place, ground)
    lit = (210, 230, 235) if sum(ground) < 300 else (40, 50, 60)
    sheet.rect((x, y, w, 0.08 * h), _scaled(ground, 0.6) if sum(ground) > 300 else (60, 110, 150))
    for i in range(int(rng.integers(4, 9))):
        length = rng.uniform(0.1, 0.5) * w
        sheet.line(
            (x + 0.05 * w, y + (0.16 + 0.09 * i) * h),
            (x + 0.05 * w + length, y + (0.16 + 0.09 * i) * h),
            lit, 0.012 * h * rng.uniform(0.8, 2.5),
        )  # fmt: skip
    if rng.random() < 0.6:
        sheet.rect((x + 0.6 * w, y + 0.15 * h, 0.35 * w, 0.5 * h), _scaled(ground, 1.5))
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
    sheet: Sheet,
    area: tuple[float, float, float, float],
    rng: np.random.Generator,
    colour: Colour,
    columns: int,
    rows: int,
) -> None:
    x1, y1, x2, y2 = area
    step_x, step_y = (x2 - x1) / columns, (y2 - y1) / rows
    for i in range(columns):
        for j in range(rows):
            tint = colour if rng.random() < 0.9 else _scaled(colour, 0.6)
            sheet.rect(
                (x1 + i * step_x + 0.1 * step_x, y1 + j * step_y + 0.12 * step_y,
                 0.8 * step_x, 0.76 * step_y),
                tint,
            )  # fmt: skip


def _draw_lower(
    sheet: Sheet,
    area: tuple[float, float, float, float],
    rng: np.random.Generator,
    keys: Colour,
) -> None:
    x1, y1, x2, y2 = area
    w, h = x2 - x1, y2 - y1
    if h < 0.04:
        return
    sheet.rect((x1, y1, w, h), _scaled(keys, 0.45))
    split = x1 + w * rng.uniform(0.45, 0.7)
    _draw_keys(sheet, (x1 + 0.02 * w, y1 + 0.06 * h, split, y1 + 0.6 * h), rng, keys, 8, 3)
    lamps: tuple[Colour, ...] = ((60, 170, 80), (200, 60, 50), (230, 190, 50), (230, 230, 230))
    for i in range(6):
        here = (x1 + w * (0.06 + 0.09 * i), y1 + 0.8 * h)
        sheet.disc(*here, min(0.03 * w, 0.08 * h), lamps[rng.integers(len(lamps))])
    dial = (split + (x2 - split) * 0.3, y1 + 0.35 * h)
    radius = min((x2 - split) * 0.2, h * 0.25)
    sheet.disc(*dial, radius, (225, 225, 222))
    sheet.disc(*dial, radius * 0.6, (35, 36, 40))
    stop = (x2 - (x2 - split) * 0.22, y1 + h * (0.35 if rng.random() < 0.5 else 0.7))
    sheet.disc(*stop, radius * 0.95, (225, 195, 40))
    sheet.disc(*stop, radius * 0.68, (205, 25, 30))
    sheet.disc(stop[0] - radius * 0.15, stop[1] - radius * 0.2, radius * 0.2, (240, 110, 105))
