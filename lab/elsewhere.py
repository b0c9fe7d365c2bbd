"""Stills of what most footage in an archive shows: no shop floor. Drawn from a seed.

They are there to be decoded and passed over: textured as photographs are, and nothing in
them like a machine.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

Canvas = NDArray[np.float32]


def draw(seed: int, size: tuple[int, int]) -> Picture:
    """A landscape, a town or a person who speaks: RGB (height, width, 3) of `size`."""
    rng = np.random.default_rng(seed)
    kinds: tuple[Callable[[np.random.Generator, int, int], Canvas], ...] = (
        _landscape,
        _town,
        _speaker,
    )
    canvas = kinds[seed % len(kinds)](rng, *size)
    grain = rng.normal(0, 3, canvas.shape).astype(np.float32)
    return np.asarray(np.clip(canvas + grain, 0, 255), np.uint8)


def _clouds(rng: np.random.Generator, width: int, height: int, finest: int = 6) -> Canvas:
    """Noise of many scales, (height, width), about -1..1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(finest):
        coarse = rng.normal(0, 1, (2 + 2**octave, 3 + 2**octave)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return np.asarray(total / 2, np.float32)


def _ramp(width: int, height: int, top: Canvas, bottom: Canvas) -> Canvas:
    part = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return np.repeat(top * (1 - part) + bottom * part, width, axis=1)


def _colour(rng: np.random.Generator, low: float, high: float) -> Canvas:
    return rng.uniform(low, high, 3).astype(np.float32)


def _landscape(rng: np.random.Generator, width: int, height: int) -> Canvas:
    """Sky with clouds, and ranges of hills, each nearer one darker and rougher."""
    sky = np.array([120, 160, 215], np.float32)
    canvas = _ramp(width, height, sky, sky + 45)
    canvas += np.maximum(0, _clouds(rng, width, height))[..., None] * 50
    rows = np.arange(height, dtype=np.float32)[:, None]
    for nearness in (0.35, 0.5, 0.7):
        skyline = height * (nearness + 0.1 * _clouds(rng, width, 2)[0])
        ground = np.array([70, 105, 60], np.float32) * (1.3 - nearness)
        texture = _clouds(rng, width, height, 9)[..., None] * 25
        canvas = np.where((rows >= skyline)[..., None], ground + texture, canvas)
    return canvas


def _town(rng: np.random.Generator, width: int, height: int) -> Canvas:
    """Facades with windows along a street, under a grey sky."""
    canvas = _ramp(width, height, _colour(rng, 150, 200), _colour(rng, 190, 230))
    street = round(height * 0.8)
    x = 0
    while x < width:
        wide = round(width * rng.uniform(0.12, 0.25))
        top = round(height * rng.uniform(0.08, 0.4))
        canvas[top:street, x : x + wide] = _colour(rng, 90, 190)
        window = max(4, round(height * rng.uniform(0.03, 0.05)))
        for row in range(top + window, street - 2 * window, 2 * window):
            for column in range(x + window, x + wide - window, round(1.8 * window)):
                pane = _colour(rng, 30, 70) if rng.random() < 0.8 else _colour(rng, 170, 230)
                canvas[row : row + window, column : column + round(0.8 * window)] = pane
        x += wide
    canvas[street:] = _colour(rng, 70, 100)
    return canvas + _clouds(rng, width, height, 9)[..., None] * 12


def _speaker(rng: np.random.Generator, width: int, height: int) -> Canvas:
    """Head and shoulders before a soft background."""
    canvas = _ramp(width, height, _colour(rng, 40, 160), _colour(rng, 60, 200))
    canvas += _clouds(rng, width, height, 3)[..., None] * 30
    x, y = round(width * rng.uniform(0.35, 0.65)), round(height * 0.42)
    head = round(height * 0.16)
    skin, hair, coat = _colour(rng, 150, 210), _colour(rng, 20, 90), _colour(rng, 20, 110)
    skin[1:] *= (0.78, 0.66)
    for at, axes, colour in (
        ((x, height), (round(2.6 * head), round(2.4 * head)), coat),
        ((x, y + round(1.2 * head)), (round(0.45 * head), head), skin),
        ((x, y - head // 5), (round(0.85 * head), round(1.15 * head)), hair),
        ((x, y + head // 8), (round(0.75 * head), head), skin),
    ):
        cv2.ellipse(canvas, at, axes, 0, 0, 360, colour.tolist(), -1, cv2.LINE_AA)
    for side in (-1, 1):
        eye = (x + side * round(0.3 * head), y)
        cv2.circle(canvas, eye, max(2, head // 12), (30, 25, 20), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (x, y + head // 2), (head // 4, head // 14), 0, 0, 360, (150, 80, 80), -1)
    return canvas + _clouds(rng, width, height, 9)[..., None] * 8
