"""Prints, which match footage: when they are taken, and what survives in them."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.known_again.prints import MIRROR, UNIT, WINDOW, PrintCollector, fingerprint, unpack
from detector.types import Frame, Picture, Print

NEAR = 7


def scene(seed: int, width: int = 640, height: int = 360) -> Picture:
    """A picture with things of all sizes in it."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128, np.uint8)
    for size, count in ((200, 6), (110, 14), (60, 30)):
        for _ in range(count):
            x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
            w, h = (int(v) for v in rng.integers(size // 3, size, 2))
            colour = [int(v) for v in rng.integers(0, 255, 3)]
            cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
    return picture


def small(picture: Picture, width: int = 64) -> Picture:
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(small(picture), cv2.COLOR_RGB2GRAY), np.uint8)


def collect(pictures: list[Picture], shot: int = 0) -> tuple[Print, ...]:
    """The prints of a densely decoded shot of 25 frames a second."""
    collector = PrintCollector()
    for number, picture in enumerate(pictures):
        collector.dense(Fraction(number, 25), small(picture), shot)
    return collector.finish()


def pan(count: int, step: int) -> list[Picture]:
    wide = scene(1, width=1400)
    return [wide[:, n * step : n * step + 640] for n in range(count)]


def shared(a: Picture, b: Picture, mirrored: bool = False) -> int:
    """Windows of the one with a window of the other that looks like them."""
    one, other = fingerprint(grey(a))[1:]["hash"], fingerprint(grey(b))[1:]["hash"]
    turned = other ^ (MIRROR if mirrored else np.uint64(0))
    return int((np.bitwise_count(one[:, None] ^ turned[None]) <= NEAR).any(axis=1).sum())


def test_a_picture_that_stands_gives_one_print():
    rng = np.random.default_rng(0)
    still = scene(1).astype(int)
    noisy = [
        np.clip(still + rng.normal(0, 6, still.shape), 0, 255).astype(np.uint8) for _ in range(20)
    ]
    assert [p.pts for p in collect(noisy)] == [0]


def test_a_moving_camera_gives_prints_as_it_moves():
    slow, fast = collect(pan(60, 2)), collect(pan(60, 8))
    assert 3 <= len(slow) < len(fast)
    assert {p.shot for p in fast} == {0}


def test_prints_of_a_recompressed_copy_are_taken_at_nearly_the_same_moments():
    def recompressed(picture: Picture) -> Picture:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

    pictures = pan(60, 5)
    first = [p.pts for p in collect(pictures)]
    again = [p.pts for p in collect([recompressed(picture) for picture in pictures])]
    assert len(first) > 5
    for one, other in ((first, again), (again, first)):
        assert all(min(abs(a - b) for b in other) <= Fraction(1, 5) for a in one)


def test_a_new_shot_has_a_print_of_its_own_though_it_shows_the_same():
    collector = PrintCollector()
    for number in range(10):
        collector.dense(Fraction(number, 25), small(scene(1)), number // 5)
    assert [(p.pts, p.shot) for p in collector.finish()] == [(0, 0), (Fraction(1, 5), 1)]


def test_keyframes_count_only_where_nothing_was_decoded_densely():
    collector = PrintCollector()
    for second in range(6):
        collector.keyframe(Frame(Fraction(second), scene(second), True))
    for number in range(50, 76):
        collector.dense(Fraction(number, 25), small(scene(100)), 0)
    found = [(p.pts, p.shot) for p in collector.finish()]
    assert found == [(0, None), (1, None), (2, 0), (4, None), (5, None)]


def test_keyframes_that_show_the_same_give_one_print():
    collector = PrintCollector()
    for second in range(4):
        collector.keyframe(Frame(Fraction(second), scene(1), True))
    assert [p.pts for p in collector.finish()] == [0]


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_flat_picture_has_no_windows_to_be_known_by(level):
    rng = np.random.default_rng(level)
    flat = np.clip(rng.normal(level, 2, (180, 320, 3)), 0, 255).astype(np.uint8)
    (only,) = collect([flat])
    assert len(only.hashes) == WINDOW.itemsize
    assert only.detail < 0.05


def test_a_full_picture_has_windows_all_inside_it():
    (only,) = collect([scene(1)])
    windows = unpack(only.hashes)
    assert len(windows) > 6
    assert only.detail > 0.3
    whole, rest = windows[0], windows[1:]
    assert (2 * int(whole["x"]), 2 * int(whole["y"])) == pytest.approx((UNIT, UNIT * 9 / 16), abs=2)
    for axis, length in (("x", UNIT), ("y", UNIT * 9 / 16)):
        middle, half = rest[axis].astype(int), rest["side"].astype(int) / 2
        assert (middle - half >= -2).all()
        assert (middle + half <= length + 2).all()


def test_windows_move_with_what_they_show():
    """Cropped anywhere, put into bars, captioned: some windows look the same as before."""
    original = scene(1)
    left, right = original[10:330, 20:588], original[60:340, 130:628]
    bars = np.zeros((640, 640, 3), np.uint8)
    bars[140:500] = original
    captioned = original.copy()
    captioned[290:335, 30:500] = (180, 20, 30)
    for copy in (left, right, bars, captioned):
        assert shared(original, copy) >= 3
    assert shared(original, scene(2)) == 0


def test_the_mirror_image_is_known_by_turned_bits():
    original = scene(1)
    mirrored = np.ascontiguousarray(original[:, ::-1])
    assert shared(original, mirrored, mirrored=True) > 6
    assert shared(original, mirrored) <= 1
    one, other = (fingerprint(grey(p))[0]["hash"] for p in (original, mirrored))
    assert int(np.bitwise_count(one ^ other ^ MIRROR)) <= 1


@given(st.integers(1, 64), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_any_thumbnail_has_a_fingerprint(width, height, seed):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width), np.uint8)
    windows = fingerprint(picture)
    assert windows.dtype == WINDOW
    assert len(windows) >= 1
    assert (fingerprint(picture) == windows).all()
