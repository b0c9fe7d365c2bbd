"""From a cut-out to what a camera, a broadcaster and a hasty box make of it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.read.logo_input import Grey, fit
from training.embed_cuts import Cut

_LOWEST, _HIGHEST = 10.0, 40.0
_LEAST_CONTRAST = 28


def degrade(cut: Cut, rng: np.random.Generator, grounds: Sequence[Grey], much: float = 1.0) -> Grey:
    """The embedder's input (32, 128) for one look at a cut.

    Args:
        cut: drawn, a logo, or from a photograph.
        rng: decides everything.
        grounds: grey pictures to lay drawn marks on.
        much: 1 as in training; less for gentler looks (prototypes).
    """
    picture = _laid(cut, rng, grounds) if cut.cover is not None else _boxed(cut, rng, much)
    if rng.random() < 0.7 * much:
        picture = _turned(picture, rng, much)
    picture = _shrunk(picture, rng, much)
    if rng.random() < 0.35 * much:
        picture = _blurred(picture, rng)
    if rng.random() < 0.4 * much:
        noise = rng.normal(0, rng.uniform(2, 14), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5 * much:
        quality = int(rng.integers(8, 60))
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    if rng.random() < 0.25 * much:
        picture = _lit(picture, rng)
    if rng.random() < 0.12:
        picture = 255 - picture
    return fit(picture)


def _laid(cut: Cut, rng: np.random.Generator, grounds: Sequence[Grey]) -> Grey:
    """A covered cut on a ground, its box drawn tight or loose."""
    assert cut.cover is not None
    rows, columns = cut.tone.shape
    pads = [round(rows * float(rng.uniform(-0.06, 0.3))) for _ in range(4)]
    top, left = max(0, pads[0]), max(0, pads[1])
    size = rows + top + max(0, pads[2]), columns + left + max(0, pads[3])
    level = float(rng.uniform(10, 245))
    ground = _ground(rng, grounds, size, level)
    cover = cut.cover.astype(np.float32) / 255
    tone = cut.tone.astype(np.float32)
    # Drawn letters are of one tone and take any ink; a plate or a logo keeps its own.
    if cover.mean() < 0.75 and float(tone[cover > 0.5].std() if (cover > 0.5).any() else 0) < 12:
        ink = float(rng.uniform(0, 255))
        if abs(ink - level) < _LEAST_CONTRAST:
            ink = level + _LEAST_CONTRAST * (1 if level < 128 else -1) * float(rng.uniform(1, 3))
        tone = np.full_like(tone, ink)
    here = ground[top : top + rows, left : left + columns]
    here[...] = here * (1 - cover) + tone * cover
    cropped = ground[max(0, -pads[0]) :, max(0, -pads[1]) :]
    below, beside = max(0, -pads[2]), max(0, -pads[3])
    cropped = cropped[: cropped.shape[0] - below or None, : cropped.shape[1] - beside or None]
    return np.clip(cropped, 0, 255).astype(np.uint8)


def _ground(
    rng: np.random.Generator, grounds: Sequence[Grey], size: tuple[int, int], level: float
) -> NDArray[np.float32]:
    rows, columns = size
    if grounds and rng.random() < 0.4:
        chosen = grounds[int(rng.integers(len(grounds)))]
        plain = cv2.resize(chosen, (columns, rows)).astype(np.float32)
        return np.asarray((plain - plain.mean()) * rng.uniform(0.2, 0.8) + level, np.float32)
    slope = rng.uniform(-25, 25, 2)
    down = np.linspace(-1, 1, rows, dtype=np.float32)[:, None] * np.float32(slope[0])
    across = np.linspace(-1, 1, columns, dtype=np.float32)[None] * np.float32(slope[1])
    return np.asarray(down + across + np.float32(level), np.float32)


def _boxed(cut: Cut, rng: np.random.Generator, much: float) -> Grey:
    """A cut from a photograph, its box moved on each side by up to a seventh of its height."""
    x1, y1, x2, y2 = cut.inner
    reach = 0.14 * min(y2 - y1, x2 - x1) * much
    moved = rng.uniform(-reach * 0.6, reach, 4)
    left, top = max(0, round(x1 - moved[0])), max(0, round(y1 - moved[1]))
    right, bottom = round(x2 + moved[2]), round(y2 + moved[3])
    picture = cut.tone[top : max(bottom, top + 4), left : max(right, left + 4)]
    return picture if min(picture.shape) >= 3 else cut.tone


def _turned(picture: Grey, rng: np.random.Generator, much: float) -> Grey:
    """Seen askew: each corner moved by up to an eighth of the height, and leant."""
    rows, columns = picture.shape
    reach = 0.13 * rows * much
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    moved = corners + rng.uniform(-reach, reach, (4, 2)).astype(np.float32)
    lean = float(rng.uniform(-0.15, 0.15)) * rows * much
    moved[:2, 0] += lean
    wide = float(rng.uniform(0.75, 1.2))
    moved[:, 0] *= wide
    matrix = cv2.getPerspectiveTransform(corners, moved)
    size = (max(4, round(columns * wide)), rows)
    return np.asarray(
        cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _shrunk(picture: Grey, rng: np.random.Generator, much: float) -> Grey:
    rows, columns = picture.shape
    lowest = _LOWEST if much >= 1 else 18.0
    wanted = float(np.exp(rng.uniform(np.log(lowest), np.log(_HIGHEST))))
    scale = min(1.0, wanted / min(rows, columns))
    size = max(4, round(columns * scale)), max(4, round(rows * scale))
    how = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _blurred(picture: Grey, rng: np.random.Generator) -> Grey:
    if rng.random() < 0.5:
        sigma = float(rng.uniform(0.4, 1.2))
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
    length = int(rng.integers(2, 5))
    kernel = np.full((1, length), 1 / length, np.float32)
    turned = kernel if rng.random() < 0.7 else kernel.T
    return np.asarray(cv2.filter2D(picture, -1, turned), np.uint8)


def _lit(picture: Grey, rng: np.random.Generator) -> Grey:
    """A reflection across it, or a shadow on one side."""
    columns = picture.shape[1]
    centre, width = rng.uniform(0, columns), rng.uniform(0.1, 0.5) * columns
    band = np.exp(-(((np.arange(columns) - centre) / width) ** 2)) * rng.uniform(-70, 90)
    return np.asarray(np.clip(picture + band[None], 0, 255), np.uint8)
