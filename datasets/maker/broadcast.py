"""What broadcasts and cameras add: captions, grain, mosaics, wear."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.maker.canvas import Box, Picture, Size
from datasets.maker.lettering import (
    LISTS,
    Chance,
    Colour,
    Cutout,
    Lettering,
    blend,
    draw_lettering,
    pick,
)


def expose(picture: Picture, rng: Chance, strength: float = 1.0) -> Picture:
    """Bloom about lamps, exposure, white balance and a vignette.

    strength: 0 leaves exposure and balance alone.
    """
    h, w = picture.shape[:2]
    small = cv2.resize(picture, (max(8, w // 8), max(8, h // 8)), interpolation=cv2.INTER_AREA)
    lit = np.where(small.min(axis=2, keepdims=True) > 238, small, 0).astype(np.uint8)
    glow = cv2.GaussianBlur(lit, (0, 0), max(1.0, w / 160))
    glow = cv2.resize(glow, (w, h), interpolation=cv2.INTER_LINEAR)
    picture = cv2.addWeighted(picture, 1.0, glow, 0.35, 0)
    tones = np.linspace(0, 1, 256)
    gamma = float(np.exp(rng.normal(0, 0.22 * strength)))
    gain = float(np.exp(rng.normal(0, 0.12 * strength)))
    balance = np.exp(rng.normal(0, 0.05 * strength, 3))
    curves = np.clip(255 * gain * balance * tones[:, None] ** gamma, 0, 255).astype(np.uint8)
    picture = cv2.LUT(picture, curves[None])
    fall = rng.uniform(0.0, 0.35)
    y, x = np.mgrid[-1:1:24j, -1:1:32j]
    edge = cv2.resize((1 - fall * (x**2 + y**2) / 2).astype(np.float32), (w, h))
    return np.asarray(cv2.multiply(picture, cv2.merge([edge] * 3), dtype=cv2.CV_8U), np.uint8)


def grain(picture: Picture, rng: Chance, sigma: float) -> Picture:
    """Sensor noise of `sigma` grey levels."""
    noise = _noise(picture.shape, rng, sigma)
    return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)


def _noise(shape: tuple[int, ...], rng: Chance, sigma: float) -> NDArray[np.int16]:
    noise = np.empty(shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, (0, 0, 0), (sigma, sigma, sigma))
    return noise


class Grain:
    """Sensor noise for many frames: one field drawn once, laid at a new place each time."""

    def __init__(self, size: Size, rng: Chance, sigma: float) -> None:
        w, h = size
        self._field, self._rng = _noise((h + 64, w + 64, 3), rng, sigma), rng

    def add(self, picture: Picture) -> Picture:
        """The picture with noise; of the size given."""
        h, w = picture.shape[:2]
        y, x = self._rng.integers(64, size=2)
        noise = self._field[y : y + h, x : x + w]
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)


def mosaic(picture: Picture, box: Box, blocks: int = 5) -> None:
    """Hide a box under a mosaic of about `blocks` rows, in place."""
    here = _region(picture, box, 0.12)
    if here.size:
        h, w = here.shape[:2]
        wide = max(2, round(blocks * w / max(1, h)))
        small = cv2.resize(here, (min(w, wide), min(h, blocks)), interpolation=cv2.INTER_AREA)
        here[...] = cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)


def smear(picture: Picture, box: Box) -> None:
    """Hide a box under a strong Gaussian blur, in place."""
    here = _region(picture, box, 0.2)
    if here.size:
        here[...] = cv2.GaussianBlur(here, (0, 0), max(2.0, here.shape[0] / 2.2))


def _region(picture: Picture, box: Box, grow: float) -> Picture:
    h, w = picture.shape[:2]
    edge = grow * (box[3] - box[1]) + 2
    x1, y1 = max(0, int(box[0] - edge)), max(0, int(box[1] - edge))
    x2, y2 = min(w, int(box[2] + edge)), min(h, int(box[3] + edge))
    return picture[y1:y2, x1:x2]


def wear(picture: Picture, rng: Chance) -> Picture:
    """One of a camera's or an archive's blemishes: soft focus, motion, JPEG, noise."""
    if rng.random() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 1.6)))
    if rng.random() < 0.12:
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        picture = cv2.filter2D(picture, -1, kernel if rng.random() < 0.7 else kernel.T)
    if rng.random() < 0.7:
        picture = grain(picture, rng, float(rng.uniform(1, 9)))
    if rng.random() < 0.08:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        picture = cv2.merge([grey] * 3)
    if rng.random() < 0.5:
        quality = int(rng.integers(25, 90))
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(picture, np.uint8)


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
    overlay: Overlay, size: Size
) -> tuple[tuple[tuple[int, int, Cutout], ...], tuple[DrawnOverlay, ...]]:
    """The overlay's cut-outs with their top left corners, and its texts with boxes."""
    w, h = size
    cuts: list[tuple[str, int, int, Cutout]] = []
    if overlay.bug:
        style = Lettering((255, 255, 255), outline=(40, 40, 44), weight=0.05, emblem="ring")
        drawn = draw_lettering(overlay.bug, style, h * 0.035).copy()
        drawn[..., 3] = (drawn[..., 3] * 0.85).astype(np.uint8)
        x = round(w * 0.95) - drawn.shape[1] if overlay.right else round(w * 0.05)
        cuts.append((overlay.bug, x, round(h * 0.06), drawn))
    if overlay.caption:
        strap, line = overlay.caption
        dark = sum(overlay.bar) < 450
        ink, pale, below = ((250,) * 3, (240, 240, 242), (24, 26, 30)) if dark else (
            (24, 26, 30), (40, 44, 52), (240, 240, 240)
        )  # fmt: skip
        first = draw_lettering(strap, Lettering(ink, plate=overlay.bar), h * 0.026)
        second = draw_lettering(line, Lettering(below, plate=pale, weight=0.02), h * 0.032)
        y = round(h * 0.92) - second.shape[0]
        cuts.append((strap, round(w * 0.07), y - first.shape[0], first))
        cuts.append((line, round(w * 0.07), y, second))
    texts = (
        DrawnOverlay(text, (float(x), float(y), float(x + cut.shape[1]), float(y + cut.shape[0])))
        for text, x, y, cut in cuts
    )
    return tuple((x, y, drawn) for _, x, y, drawn in cuts), tuple(texts)


def draw_overlay(picture: Picture, overlay: Overlay) -> tuple[DrawnOverlay, ...]:
    """Lay the overlay over a picture, in place; returns its texts with their boxes."""
    h, w = picture.shape[:2]
    cuts, texts = render_overlay(overlay, (w, h))
    for x, y, drawn in cuts:
        here = picture[max(0, y) : y + drawn.shape[0], max(0, x) : x + drawn.shape[1]]
        blend(here, drawn[max(0, -y) :, max(0, -x) :][: here.shape[0], : here.shape[1]])
    return texts


def random_overlay(picture: Picture, rng: Chance) -> None:
    """A random bug, caption or both, in place."""
    overlay = Overlay(
        bug=pick(rng, LISTS.bugs) if rng.random() < 0.8 else None,
        caption=pick(rng, LISTS.captions) if rng.random() < 0.6 else None,
        right=bool(rng.random() < 0.6),
        bar=pick(rng, LISTS.colours["bars"]),
    )
    draw_overlay(picture, overlay)
