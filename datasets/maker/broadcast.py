"""The broadcaster's layer: a channel bug and a caption at a fixed place on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from datasets.maker.canvas import Box, Picture
from datasets.maker.lettering import Colour, Cutout, Lettering, draw_lettering
from datasets.maker.marks import BUGS, CAPTIONS

_BARS: tuple[Colour, ...] = ((160, 24, 34), (24, 60, 130), (30, 34, 40), (225, 226, 228))


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the broadcaster shows: the bug's text, and a caption's strap and line."""

    bug: str | None = None
    caption: tuple[str, str] | None = None
    right: bool = True
    bar: Colour = (160, 24, 34)


@dataclass(frozen=True, slots=True)
class DrawnOverlay:
    """One text of the broadcast and where it stands on the screen."""

    text: str
    box: Box


@lru_cache(maxsize=16)
def render_overlay(
    overlay: Overlay, size: tuple[int, int]
) -> tuple[tuple[tuple[int, int, Cutout], ...], tuple[DrawnOverlay, ...]]:
    """The overlay's cut-outs with their top left corners, and its texts with boxes."""
    w, h = size
    cuts: list[tuple[int, int, Cutout]] = []
    texts: list[DrawnOverlay] = []

    def place(text: str, drawn: Cutout, x: int, y: int) -> None:
        cuts.append((x, y, drawn))
        box = (float(x), float(y), float(x + drawn.shape[1]), float(y + drawn.shape[0]))
        texts.append(DrawnOverlay(text, box))

    if overlay.bug:
        style = Lettering((255, 255, 255), outline=(40, 40, 44), weight=0.05, emblem="ring")
        drawn = draw_lettering(overlay.bug, style, h * 0.035).copy()
        drawn[..., 3] = (drawn[..., 3] * 0.85).astype(np.uint8)
        x = round(w * 0.95) - drawn.shape[1] if overlay.right else round(w * 0.05)
        place(overlay.bug, drawn, x, round(h * 0.06))
    if overlay.caption:
        strap, line = overlay.caption
        ink: Colour = (250, 250, 250) if sum(overlay.bar) < 450 else (24, 26, 30)
        pale: Colour = (240, 240, 242) if sum(overlay.bar) < 450 else (40, 44, 52)
        first = draw_lettering(strap, Lettering(ink, plate=overlay.bar), h * 0.026)
        below = (24, 26, 30) if sum(pale) > 450 else (240, 240, 240)
        second = draw_lettering(line, Lettering(below, plate=pale, weight=0.02), h * 0.032)
        y = round(h * 0.92) - second.shape[0]
        place(strap, first, round(w * 0.07), y - first.shape[0])
        place(line, second, round(w * 0.07), y)
    return tuple(cuts), tuple(texts)


def draw_overlay(picture: Picture, overlay: Overlay) -> tuple[DrawnOverlay, ...]:
    """Lay the overlay over a picture, in place; returns its texts with their boxes."""
    h, w = picture.shape[:2]
    cuts, texts = render_overlay(overlay, (w, h))
    for x, y, drawn in cuts:
        here = picture[max(0, y) : y + drawn.shape[0], max(0, x) : x + drawn.shape[1]]
        cut = drawn[max(0, -y) :, max(0, -x) :][: here.shape[0], : here.shape[1]]
        weight = cut[..., 3:].astype(np.float32) / 255
        here[...] = (here * (1 - weight) + cut[..., :3] * weight).astype(np.uint8)
    return texts


def random_overlay(picture: Picture, rng: np.random.Generator) -> None:
    """A random bug, caption or both, in place."""
    overlay = Overlay(
        bug=BUGS[rng.integers(len(BUGS))] if rng.random() < 0.8 else None,
        caption=CAPTIONS[rng.integers(len(CAPTIONS))] if rng.random() < 0.6 else None,
        right=bool(rng.random() < 0.6),
        bar=_BARS[rng.integers(len(_BARS))],
    )
    draw_overlay(picture, overlay)
