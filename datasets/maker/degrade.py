"""What cameras and broadcasters do to a picture."""

from __future__ import annotations

import cv2
import numpy as np

from datasets.maker.canvas import Box, Picture


def expose(picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """Bloom about lamps, exposure, white balance and a vignette.

    strength: 0 leaves exposure and balance alone.
    """
    h, w = picture.shape[:2]
    small = cv2.resize(picture, (max(8, w // 8), max(8, h // 8)), interpolation=cv2.INTER_AREA)
    lit = np.where(small.min(axis=2, keepdims=True) > 238, small, 0).astype(np.uint8)
    glow = cv2.GaussianBlur(lit, (0, 0), max(1.0, w / 160))
    picture = cv2.addWeighted(
        picture, 1.0, cv2.resize(glow, (w, h), interpolation=cv2.INTER_LINEAR), 0.35, 0
    )
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


def grain(picture: Picture, rng: np.random.Generator, sigma: float) -> Picture:
    """Sensor noise of `sigma` grey levels."""
    noise = np.empty(picture.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, (0, 0, 0), (sigma, sigma, sigma))
    return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)


class Grain:
    """Sensor noise for many frames: one field drawn once, laid at a new place each time."""

    def __init__(self, size: tuple[int, int], rng: np.random.Generator, sigma: float) -> None:
        w, h = size
        field = np.empty((h + 64, w + 64, 3), np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(field, (0, 0, 0), (sigma, sigma, sigma))
        self._field, self._rng = field, rng

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


def wear(picture: Picture, rng: np.random.Generator) -> Picture:
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
