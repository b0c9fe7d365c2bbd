"""Clips shown in a frame of another shape: what lies between the bars is what is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.maker.scene import draw_scene
from datasets.maker.stills import random_scene
from detector.inference import Engine
from detector.look.bars import within_bars
from detector.look.detect import YoloDetector
from detector.types import MACHINE


def framed(
    picture: NDArray[np.uint8], beside: int = 0, above: int = 0, noise: int = 0
) -> NDArray[np.uint8]:
    """The picture between black bars so many pixels wide."""
    height, width, _ = picture.shape
    whole = np.random.default_rng(0).integers(
        0, noise + 1, (height + 2 * above, width + 2 * beside, 3)
    )
    whole[above : above + height, beside : beside + width] = picture
    return whole.astype(np.uint8)


@pytest.mark.parametrize(("beside", "above"), [(0, 0), (57, 0), (58, 0), (0, 101), (31, 42)])
def test_bars_are_found_to_the_pixel(beside, above):
    picture = np.random.default_rng(1).integers(40, 200, (180, 240, 3)).astype(np.uint8)
    found = within_bars(framed(picture, beside, above, noise=15))
    assert found == (beside, above, beside + 240, above + 180)


def test_what_is_dark_or_stands_before_black_is_no_bar():
    ground = np.zeros((240, 320, 3), np.uint8)
    assert within_bars(ground) == (0, 0, 320, 240), "nothing at all"
    product = ground.copy()
    for row in range(60, 200):
        product[row, 60 + row // 4 : 260 - row // 4] = 180
    assert within_bars(product) == (0, 0, 320, 240), "a thing before black"
    one_sided = ground.copy()
    one_sided[:, 90:] = 120
    assert within_bars(one_sided) == (0, 0, 320, 240), "a wall in the dark"
    captioned = framed(np.full((240, 160, 3), 120, np.uint8), beside=80)
    captioned[100:140, 10:70] = 220
    assert within_bars(captioned) == (0, 0, 320, 240), "something stands on a bar"


def test_between_bars_the_same_is_found_in_the_frames_pixels():
    detector = YoloDetector(engine=Engine(1))
    picture, _ = draw_scene(random_scene(1, (640, 360), setting="hall", negative=False))
    (plain,) = detector.detect([picture])
    (found,) = detector.detect([framed(picture, beside=200)])
    assert len(plain.of(MACHINE))
    assert found.xyxy == pytest.approx(plain.xyxy + np.float32([200, 0, 200, 0]))
    assert found.confidence == pytest.approx(plain.confidence)
    assert found.class_id.tolist() == plain.class_id.tolist()
