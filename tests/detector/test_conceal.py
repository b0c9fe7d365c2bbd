"""Marks hidden on purpose are told; marks that are merely hard to read are not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.fonts import font
from detector.conceal import THRESHOLD, concealment, find_concealed
from detector.types import CONTROL, WORDMARK, Box, Detections, Picture, Reading

MARK: Box = (150.0, 100.0, 330.0, 160.0)
AT = Fraction(1)


def machine() -> Picture:
    """A machine's front with a mark, a window and a panel with buttons, and sensor noise."""
    image = Image.new("RGB", (480, 320), (200, 204, 206))
    draw = ImageDraw.Draw(image)
    draw.text((155, 96), "MAKINO", font=font(46), fill=(30, 30, 40))
    draw.rectangle((120, 180, 360, 300), fill=(60, 66, 70), outline=(20, 20, 20), width=3)
    for x in range(150, 330, 22):
        draw.ellipse((x, 70, x + 10, 80), fill=(160, 20, 20))
    rng = np.random.default_rng(4)
    noisy = np.asarray(image, np.float32) + rng.normal(0, 2, (320, 480, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def hidden(picture: Picture, how: str, strength: int) -> Picture:
    """The mark pixelated into blocks, or blurred, and the picture compressed after."""
    x1, y1, x2, y2 = (int(v) for v in MARK)
    part = picture[y1:y2, x1:x2]
    if how == "mosaic":
        size = ((x2 - x1) // strength, (y2 - y1) // strength)
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        part = cv2.resize(small, (x2 - x1, y2 - y1), interpolation=cv2.INTER_NEAREST)
    else:
        part = cv2.GaussianBlur(part, (0, 0), strength)
    result = picture.copy()
    result[y1:y2, x1:x2] = part
    return compressed(result)


def compressed(picture: Picture) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@dataclass(frozen=True)
class View:
    picture: Picture
    marks: Detections
    pts: Fraction = AT
    offset: tuple[float, float] = (1000.0, 0.0)


def view(picture: Picture, box: Box = MARK, class_id: int = WORDMARK) -> View:
    placed = np.asarray([box], np.float32) + np.asarray([1000, 0, 1000, 0], np.float32)
    marks = Detections(placed, np.asarray([0.7], np.float32), np.asarray([class_id]))
    return View(picture, marks)


@pytest.mark.parametrize(
    ("how", "strength"), [("mosaic", 10), ("mosaic", 12), ("blur", 9), ("blur", 14)]
)
def test_a_mosaic_or_a_blur_is_told(how: str, strength: int) -> None:
    [box] = find_concealed(view(hidden(machine(), how, strength)), [])
    assert box == (1150.0, 100.0, 1330.0, 160.0)


def test_a_plain_mark_is_not_hidden() -> None:
    assert concealment(compressed(machine()), MARK) < THRESHOLD


@pytest.mark.parametrize("sigma", [1.5, 3, 6])
def test_a_picture_out_of_focus_as_a_whole_hides_nothing(sigma: float) -> None:
    assert concealment(cv2.GaussianBlur(machine(), (0, 0), sigma), MARK) < THRESHOLD


def test_a_mark_too_small_to_read_is_not_called_hidden() -> None:
    small = cv2.resize(hidden(machine(), "mosaic", 15), None, fx=0.2, fy=0.2)
    box = (MARK[0] / 5, MARK[1] / 5, MARK[2] / 5, MARK[3] / 5)
    assert concealment(np.asarray(small, np.uint8), box) == 0.0


def test_what_was_read_is_not_hidden() -> None:
    reading = Reading("MAKINO", 0.8, (1150, 100, 1330, 160), AT, "latin")
    assert find_concealed(view(hidden(machine(), "blur", 9)), [reading]) == []


def test_only_wordmarks_are_asked_about() -> None:
    assert find_concealed(view(hidden(machine(), "blur", 9), class_id=CONTROL), []) == []


def test_a_box_off_the_picture_is_borne() -> None:
    assert concealment(machine(), (900.0, 900.0, 990.0, 960.0)) == 0.0
