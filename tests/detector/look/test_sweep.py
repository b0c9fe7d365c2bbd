"""The first pass sees every keyframe once, and plans what to look at closely."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction

import cv2
import numpy as np
import pytest

from detector.look.batches import BATCH
from detector.look.detect import Pending, YoloDetector
from detector.look.sweep import sweep
from detector.settings import Sweeping
from detector.types import MACHINE, Frame, Picture
from tests.detector.colours import painted, write_model

F = Fraction


class Keyframes:
    """Keyframes of known pictures; remembers which of their arrays are still held."""

    def __init__(self, pictures: list[tuple[Fraction, Picture]]) -> None:
        self.pictures = pictures
        self.most_alive = 0

    def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]:
        refs: list[weakref.ref[Picture]] = []
        for pts, picture in self.pictures:
            image = picture.copy()
            refs.append(weakref.ref(image))
            self.most_alive = max(self.most_alive, sum(ref() is not None for ref in refs))
            yield Frame(pts, image, keyframe=True)
            del image


@pytest.fixture(scope="module")
def detector(tmp_path_factory) -> YoloDetector:
    return YoloDetector(write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def given(detector, monkeypatch) -> list[Picture]:
    """The pictures that the detector is given."""
    pictures: list[Picture] = []
    begin = detector.begin

    def noted(batch: Sequence[Picture], least: float, side: int) -> Pending:
        pictures.extend(batch)
        return begin(batch, least, side)

    monkeypatch.setattr(detector, "begin", noted)
    return pictures


def machine_at(x: int, brightness: float = 1.0) -> Picture:
    return painted(320, 192, (MACHINE, (x, 40, x + 80, 120), brightness))


def test_a_hit_is_a_machine_of_enough_confidence(detector):
    pictures = [
        (F(0), painted(320, 192)),
        (F(2), machine_at(50, 0.33)),
        (F(4), machine_at(150, 0.22)),
        (F(6), machine_at(100, 0.8)),
    ]
    glances = sweep(Keyframes(pictures), lambda: detector, Sweeping()).glances
    assert [glance.pts for glance in glances] == [0, 2, 4, 6]
    assert [glance.hit for glance in glances] == [False, True, False, True]
    assert glances[3].confidence == pytest.approx(0.8, abs=0.01)


def test_a_keyframe_that_shows_the_same_is_not_detected_on_again(detector, given):
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(machine_at(60) + rng.normal(0, 3, (192, 320, 3)), 0, 255).astype(np.uint8)
        for _ in range(3)
    ]
    pictures = [(F(k), picture) for k, picture in enumerate([*noisy, machine_at(200)])]
    seen: list[Fraction] = []
    glances = sweep(
        Keyframes(pictures), lambda: detector, Sweeping(), lambda frame: seen.append(frame.pts)
    ).glances
    assert [(one == pictures[k][1]).all() for k, one in zip((0, 3), given, strict=True)]
    assert all(glance.hit for glance in glances)
    assert seen == [0, 1, 2, 3]


def test_a_slow_change_is_seen_in_the_end(detector, given):
    pictures = [(F(k), np.full((192, 320, 3), 60 + 4 * k, np.uint8)) for k in range(12)]
    sweep(Keyframes(pictures), lambda: detector, Sweeping())
    assert len(given) >= 3


def test_pictures_are_dropped_once_looked_at(detector):
    source = Keyframes([(F(k), machine_at(10 + (37 * k) % 200)) for k in range(60)])
    assert len(sweep(source, lambda: detector, Sweeping()).glances) == 60
    # One batch fills while another is looked at.
    assert source.most_alive <= 2 * BATCH + 1


@pytest.mark.parametrize(("budget", "spacing"), [(1.0, F(1, 2)), (0.5, F(1)), (0.1, F(5))])
def test_the_budget_spaces_the_keyframes(detector, budget, spacing):
    asked: list[Fraction] = []

    class Asked(Keyframes):
        def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]:
            asked.append(spacing)
            return super().keyframes(spacing, widest)

    sweep(Asked([(F(0), machine_at(50))]), lambda: detector, Sweeping(budget=budget))
    assert asked == [spacing]


def test_keyframes_are_looked_at_in_a_size_of_their_own(detector):
    """Of this machine there is nothing left in a picture of a quarter of its size."""
    pictures = [(F(0), painted(1280, 768, (MACHINE, (600, 300, 603, 303), 0.9)))]
    for side, hit in ((1280, True), (320, False)):
        (glance,) = sweep(Keyframes(pictures), lambda: detector, Sweeping(image_size=side)).glances
        assert glance.hit is hit


def test_another_scene_is_told_from_a_moved_one(detector):
    rng = np.random.default_rng(3)
    halls = [cv2.resize(rng.integers(0, 255, (12, 20, 3), np.uint8), (400, 240)) for _ in range(2)]
    shown = [halls[0][:192, :320], halls[0][10:202, 20:340], halls[1][:192, :320]]
    glances = sweep(
        Keyframes([(F(2 * k), np.ascontiguousarray(p)) for k, p in enumerate(shown)]),
        lambda: detector,
        Sweeping(),
    ).glances
    assert [glance.cut for glance in glances] == [False, False, True]
