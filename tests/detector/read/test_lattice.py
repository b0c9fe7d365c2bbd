"""Mosaics are known by their lattice; what is as regular without being one is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detector.boxes import iou
from detector.read.lattice import LARGEST, PART, Lattice
from detector.types import Box, Picture

PLACE: Box = (160.0, 90.0, 320.0, 150.0)


def sheet() -> Picture:
    """Bare metal in uneven light, with a sensor's noise."""
    light = np.linspace(150, 210, 480)[None, :, None] * np.ones((320, 1, 3))
    return np.clip(light + np.random.default_rng(2).normal(0, 2, light.shape), 0, 255).astype(
        np.uint8
    )


def pixelated(block: int, contrast: float = 40.0) -> Picture:
    """The sheet with squares of so many pixels in `PLACE`, compressed."""
    picture = sheet()
    x1, y1, x2, y2 = (int(v) for v in PLACE)
    rows, columns = -(-(y2 - y1) // block), -(-(x2 - x1) // block)
    levels = np.random.default_rng(5).normal(130, contrast, (rows, columns, 1))
    whole = np.kron(levels, np.ones((block, block, 3)))[: y2 - y1, : x2 - x1]
    picture[y1:y2, x1:x2] = np.clip(whole, 0, 255)
    return compressed(picture)


def compressed(picture: Picture) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def scaled(picture: Picture, by: float) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=by, fy=by, interpolation=cv2.INTER_LINEAR))


def fits(found: list[Box], by: float = 1.0) -> bool:
    """Whether all that was found has its middle on the place, and one is about as large."""
    x1, y1, x2, y2 = (by * v for v in PLACE)
    for a, b, c, d in found:
        if not (x1 <= (a + c) / 2 <= x2 and y1 <= (b + d) / 2 <= y2):
            return False
    overlaps = iou(np.array(found, np.float32), np.array([(x1, y1, x2, y2)], np.float32))
    return float(overlaps.max()) > 0.6


@pytest.mark.parametrize("block", [5, 6, 8, 10, 12, 15, 20])
def test_a_mosaic_is_found_whatever_its_blocks(block):
    picture = pixelated(block)
    lattice = Lattice(picture)
    found = lattice.mosaics()
    assert found and fits(found)
    x1, y1, x2, y2 = PLACE
    assert lattice.highest(PLACE) >= PART > lattice.highest((x1, y1 + 150, x2, y2 + 150))
    assert lattice.highest((900.0, 0.0, 950.0, 30.0)) == 0


@pytest.mark.parametrize("by", [0.75, 1.3, 1.7])
def test_a_mosaic_that_was_scaled_since_is_found(by):
    found = Lattice(scaled(pixelated(10), by)).mosaics()
    assert found and fits(found, by)


def test_in_a_large_picture_it_is_told_in_the_pictures_own_pixels():
    picture = np.asarray(cv2.resize(pixelated(8), None, fx=4, fy=4, interpolation=0), np.uint8)
    assert max(picture.shape) > LARGEST
    found = Lattice(picture).mosaics()
    assert found and fits(found, 4)


@pytest.mark.parametrize("size", [(1, 1), (9, 300), (19, 19), (21, 21)])
def test_a_picture_too_small_for_a_mosaic_has_none(size):
    picture = np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)
    assert Lattice(picture).mosaics() == []


def barred(bar: int, apart: int) -> Picture:
    """A window with bars both ways."""
    picture = sheet()
    part = picture[60:260, 100:380]
    part[:] = 60
    for start in range(0, 280, apart):
        part[:, start : start + bar] = part[start : start + bar] = 200
    return compressed(picture)


def keys(side: int, gap: int) -> Picture:
    """Keys of two shades in rows, a letter's stroke on each."""
    picture = sheet()
    rng = np.random.default_rng(8)
    for y in range(60, 240, side + gap):
        for x in range(100, 380, side + gap):
            picture[y : y + side, x : x + side] = rng.choice([70, 90])
            picture[y + side // 3 : y + side // 3 + 2, x + 3 : x + side - 3] = 230
    return compressed(picture)


def slats(apart: int) -> Picture:
    """Slats: regular one way alone."""
    picture = sheet()
    for y in range(60, 260, apart):
        picture[y : y + apart // 2, 100:380] = 90
    return compressed(picture)


def lettering() -> Picture:
    picture = sheet()
    for line in range(5):
        at = (90, 90 + 40 * line)
        cv2.putText(picture, "HEIDENHAIN iTNC", at, cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 30), 2)
    return compressed(picture)


@pytest.mark.parametrize(
    "picture",
    [
        sheet(),
        barred(4, 20),
        barred(6, 24),
        barred(10, 40),
        keys(16, 6),
        keys(24, 8),
        slats(16),
        lettering(),
        scaled(lettering(), 0.6),
    ],
)
def test_what_is_regular_otherwise_is_no_mosaic(picture):
    assert Lattice(picture).mosaics() == []
