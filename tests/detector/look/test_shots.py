"""Cuts are found where two scenes meet, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from detector.look.shots import ShotSplitter
from detector.types import Picture

RATE = 25


def scene(seed: int, grey: bool = False) -> Picture:
    """A scene 192 px wide; a thumbnail shows a window 64 x 36 of it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 235, (12, 24, 3)).astype(np.uint8)
    large = cv2.resize(coarse, (192, 96), interpolation=cv2.INTER_CUBIC)
    return np.repeat(large[..., :1], 3, 2) if grey else large


def window(picture: Picture, x: float = 0, y: float = 0, seed: int = 0) -> Picture:
    view = picture[round(y) : round(y) + 36, round(x) : round(x) + 64]
    noise = np.random.default_rng(seed).normal(0, 3, view.shape)
    return np.clip(view + noise, 0, 255).astype(np.uint8)


def held(picture: Picture, frames: int) -> list[Picture]:
    return [window(picture, seed=k) for k in range(frames)]


def brighter(picture: Picture, gain: float, lift: float = 0) -> Picture:
    return np.clip(picture * gain + lift, 0, 255).astype(np.uint8)


def cuts(frames: Iterable[Picture], times: list[Fraction] | None = None) -> list[int]:
    splitter = ShotSplitter()
    return [
        k
        for k, frame in enumerate(frames)
        if splitter.feed(times[k] if times else Fraction(k, RATE), frame)
    ]


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "black-and-white"])
def test_a_cut_is_found_at_its_first_frame(grey):
    for seed in range(8):
        frames = held(scene(seed, grey), 20) + held(scene(seed + 100, grey), 20)
        assert cuts(frames) == [20]


def test_three_scenes_have_two_cuts():
    frames = held(scene(1), 5) + held(scene(2), 3) + held(scene(3), 5)
    assert cuts(frames) == [5, 8]


def test_the_first_frame_of_a_span_is_no_cut():
    splitter = ShotSplitter()
    assert not splitter.feed(Fraction(0), window(scene(1)))
    splitter.reset()
    assert not splitter.feed(Fraction(9), window(scene(2)))


@pytest.mark.parametrize("speed", [0.5, 1, 3], ids=["slow", "steady", "fast"])
def test_a_pan_is_no_cut(speed):
    frames = [window(scene(4), speed * k, 10, k) for k in range(int(120 / speed))]
    assert cuts(frames) == []


@pytest.mark.parametrize(
    "flash",
    [
        lambda picture: np.full_like(picture, 255),
        lambda picture: brighter(picture, 1.0, 150),
        lambda picture: brighter(picture, 2.5),
        lambda picture: np.zeros_like(picture),
    ],
    ids=["white", "lifted", "burnt", "black"],
)
def test_a_flash_is_no_cut(flash):
    assert callable(flash)
    for seed in range(5):
        frames = held(scene(seed), 40)
        for at in (10, 11, 12, 25):
            frames[at] = flash(frames[at])
        assert cuts(frames) == []


def test_welding_sparks_are_no_cut():
    rng = np.random.default_rng(5)
    frames = held(scene(6), 60)
    for frame in frames[10:50]:
        x, y = rng.integers(10, 50), rng.integers(8, 28)
        if rng.random() < 0.5:
            cv2.circle(frame, (int(x), int(y)), 7, (255, 255, 255), -1)
    assert cuts(frames) == []


def test_a_light_switched_on_is_no_cut():
    frames = [brighter(frame, 0.4) for frame in held(scene(7), 10)] + held(scene(7), 10)
    assert cuts(frames) == []


@pytest.mark.parametrize("seconds", [0.4, 1])
@pytest.mark.parametrize("speed", [0, 1], ids=["still", "moving"])
def test_a_dissolve_is_one_cut_near_its_end(seconds, speed):
    """Two machines on its two sides would be one otherwise. `speed`: pixels a second."""
    for seed in range(6):
        a, b = scene(seed), scene(seed + 100)
        frames = []
        begin, length = 40, round(seconds * RATE)
        for k in range(begin + length + 40):
            share = np.clip((k - begin) / length, 0, 1)
            mixed = (1 - share) * a.astype(float) + share * b
            frames.append(window(np.clip(mixed, 0, 255).astype(np.uint8), speed * k / RATE, 4, k))
        (found,) = cuts(frames)
        assert begin + 0.4 * length <= found <= begin + length + RATE / 2


@pytest.mark.parametrize("seconds", [0.4, 1])
@pytest.mark.parametrize("form", ["level", "iris"])
def test_a_wipe_is_one_cut_near_its_end(form, seconds):
    rows, columns = np.mgrid[0:36, 0:64]
    level, iris = columns / 64, np.hypot(rows - 18, columns - 32) / 37
    place = (level if form == "level" else iris)[..., None]
    begin, length = 40, round(seconds * RATE)
    for seed in range(6):
        a, b = held(scene(seed), begin + length + 40), held(scene(seed + 100), begin + length + 40)
        splitter, found = ShotSplitter(), []
        for k in range(len(a)):
            wiped = np.where(place < (k - begin) / length, b[k], a[k])
            if splitter.feed(Fraction(k, RATE), wiped):
                found.append(k)
        (cut,) = found
        assert begin + 0.8 * length <= cut <= begin + length + RATE / 2
        assert splitter.until <= Fraction(begin, RATE) + Fraction(1, 5)


def test_what_crosses_the_picture_is_no_wipe():
    frames = held(scene(8), 75)
    for k, frame in enumerate(frames):
        left = max(0, 2 * (k - 20))
        frame[:, left : left + 20] = (40, 44, 60)
    assert cuts(frames) == []


def test_a_light_that_fades_in_is_no_dissolve():
    frames = [
        brighter(frame, 0.4 + 0.6 * min(1, k / 25)) for k, frame in enumerate(held(scene(7), 60))
    ]
    assert cuts(frames) == []


def test_black_between_two_scenes_is_one_cut():
    black = [np.zeros((36, 64, 3), np.uint8)] * 6
    assert cuts(held(scene(10), 10) + black + held(scene(11), 10)) == [16]


def test_black_between_one_scene_is_no_cut():
    black = [np.zeros((36, 64, 3), np.uint8)] * 6
    assert cuts(held(scene(10), 10) + black + held(scene(10), 10)) == []


def test_the_time_between_frames_may_be_uneven():
    rng = np.random.default_rng(3)
    steps = [Fraction(int(n), 90000) for n in rng.integers(900, 90000, 40)]
    times = [sum(steps[:k], Fraction(7, 3)) for k in range(40)]
    assert cuts(held(scene(12), 20) + held(scene(13), 20), times) == [20]
