"""One machine keeps one track through a shot, on samples unevenly apart."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detector.look.appearance import CameraMotion, look_of
from detector.look.track import SURE, Tracker
from detector.settings import Tracking
from detector.types import MACHINE, Detections, Frame, Picture, Shot
from tests.detector.colours import detections

WIDTH, HEIGHT = 640, 360


@dataclass(frozen=True)
class Placed:
    """A machine in the world: its box at time 0 and its speed, pixels and pixels a second."""

    box: tuple[float, float, float, float]
    speed: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Seen:
    frame: Frame
    detections: Detections
    truth: tuple[int, ...]


class Floor:
    """Renders frames of the world and gives the boxes a good detector would."""

    def __init__(
        self, machines: list[Placed], pan: tuple[float, float] = (0.0, 0.0), seed: int = 0
    ) -> None:
        self.machines = machines
        self.pan = pan
        self._rng = np.random.default_rng(seed)
        self._wall = _texture(self._rng, 900, 3000, cells=30, base=(120, 120, 118))
        self._faces = [
            _texture(self._rng, 200, 200, cells=7, base=self._rng.integers(40, 220, 3))
            for _ in machines
        ]

    def at(self, seconds: Fraction, missed: float = 0.0, jitter: float = 2.0) -> Seen:
        """The frame at a time; each machine is missed with a probability, boxes are off by
        a normal error of `jitter` pixels. Later machines stand in front of earlier ones."""
        t = float(seconds)
        x0, y0 = self.pan[0] * t, self.pan[1] * t
        image = self._background(x0, y0)
        boxes: list[list[float]] = []
        truth: list[int] = []
        for index, machine in enumerate(self.machines):
            dx, dy = machine.speed[0] * t - x0, machine.speed[1] * t - y0
            place = np.array(machine.box) + np.array([dx, dy, dx, dy])
            box = np.clip(place, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
            if box[2] - box[0] < 20 or box[3] - box[1] < 20:
                continue
            _paint(image, self._faces[index], place)
            if self._rng.random() < missed:
                continue
            boxes.append(list(box + self._rng.normal(0, jitter, 4)))
            truth.append(index)
        image = np.clip(image + self._rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        found = detections(*((MACHINE, box, 0.6) for box in boxes))
        return Seen(Frame(seconds, image), found, tuple(truth))

    def _background(self, x0: float, y0: float) -> Picture:
        left, top = round(x0) + 500, round(y0) + 250
        return self._wall[top : top + HEIGHT, left : left + WIDTH].copy()


def _texture(
    rng: np.random.Generator, rows: int, columns: int, cells: int, base: object
) -> NDArray[np.uint8]:
    coarse = rng.normal(0, 45, (cells, cells * columns // rows, 1))
    fine = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(np.asarray(base) + fine, 0, 255).astype(np.uint8)


def _paint(image: Picture, face: Picture, box: NDArray[np.float64]) -> None:
    x1, y1, x2, y2 = (round(float(v)) for v in box)
    whole = cv2.resize(face, (x2 - x1, y2 - y1))
    left, top, right, bottom = max(0, x1), max(0, y1), min(WIDTH, x2), min(HEIGHT, y2)
    image[top:bottom, left:right] = whole[top - y1 : bottom - y1, left - x1 : right - x1]


def changes_of_number(numbers: list[tuple[tuple[int, ...], list[int]]]) -> int:
    """Identity switches: how often a machine's track number differs from its last one."""
    last: dict[int, int] = {}
    count = 0
    for truth, given in numbers:
        for machine, number in zip(truth, given, strict=True):
            count += last.get(machine, number) != number
            last[machine] = number
    return count


F = Fraction
ROW = [Placed((20 + 230 * k, 90, 220 + 230 * k, 300)) for k in range(-1, 6)]
CROSSING = [Placed((20, 60, 220, 260), (60, 0)), Placed((420, 100, 620, 300), (-60, 0))]
PASSING = [*ROW[:4], Placed((-150, 100, 100, 340), (130, 0))]
SHOT = Shot(0, F(0), F(10), "hit")


def uneven(seed: int, count: int = 8) -> list[Fraction]:
    """Times about half a second apart, as a variable frame rate gives them."""
    rng = np.random.default_rng(seed)
    return [F(k, 2) + F(int(rng.integers(0, 12)), 100) for k in range(count)]


def followed(seen: list[Seen], settings: Tracking | None = None) -> tuple[int, Tracker]:
    """How often a machine changed its number, and the tracker."""
    tracker = Tracker(settings or Tracking())
    given = [(one.truth, tracker.update(one.frame, one.detections)) for one in seen]
    return changes_of_number(given), tracker


@pytest.mark.parametrize("missed", [0.0, 0.2], ids=["all-seen", "a-fifth-missed"])
@pytest.mark.parametrize(
    ("machines", "pan"),
    [(ROW, (0, 0)), (ROW, (60, 0)), (ROW, (200, 0)), (ROW, (-120, 30)), (CROSSING, (0, 0))],
    ids=["still", "slow-pan", "fast-pan", "diagonal-pan", "crossing"],
)
def test_each_machine_keeps_its_number(machines, pan, missed):
    floor = Floor(machines, pan, seed=1)
    seen = [floor.at(t, missed=missed) for t in uneven(1)]
    changes, _ = followed(seen)
    assert changes == 0


def test_a_machine_keeps_its_number_in_a_pan_as_fast_as_half_a_screen():
    """By the overlap of boxes alone it changes ten times."""
    floor = Floor(ROW, (300, 0), seed=2)
    changes, _ = followed([floor.at(t) for t in uneven(2)])
    assert changes <= 1


@pytest.mark.parametrize("pan", [700, 900])
def test_machines_before_and_after_a_pan_too_fast_to_be_followed_are_not_one(pan):
    row = [Placed((20 + 230 * k, 90, 220 + 230 * k, 300)) for k in range(-1, 14)]
    tracker, borne = Tracker(Tracking()), dict[int, set[int]]()
    floor = Floor(row, (pan, 0), seed=4)
    for seen in (floor.at(F(k, 2)) for k in range(5)):
        numbers = tracker.update(seen.frame, seen.detections)
        for number, machine in zip(numbers, seen.truth, strict=True):
            borne.setdefault(number, set()).add(machine)
    assert len(borne) > 10 and all(len(machines) == 1 for machines in borne.values())


@pytest.mark.parametrize(("seconds", "machines"), [(2, 1), (6, 2)], ids=["on one", "to the next"])
def test_a_pan_over_machines_that_fill_the_screen_goes_from_one_to_the_next(seconds, machines):
    """They touch, so that one box fills the screen, whatever is behind it."""
    floor = Floor([Placed((650.0 * k, 0, 650.0 * (k + 1), HEIGHT)) for k in range(3)], (150, 0))
    seen = [floor.at(F(k, 2)) for k in range(2 * seconds)]
    filling = detections((MACHINE, (2, 2, WIDTH - 2, HEIGHT - 2), 0.9))
    tracker = Tracker(Tracking())
    numbers = [tracker.update(one.frame, filling)[0] for one in seen]
    assert len(set(numbers)) == machines


def test_a_machine_passing_in_front_leaves_the_others_their_numbers():
    floor = Floor(PASSING, seed=0)
    seen = [floor.at(t) for t in uneven(0)]
    changes, tracker = followed(seen)
    assert changes == 0
    assert len(tracker.finish(SHOT)) == len({m for one in seen for m in one.truth})


@pytest.mark.parametrize(("gap", "tracks"), [(F(3, 2), 1), (F(4), 2)], ids=["short", "long"])
def test_an_occlusion_is_bridged_within_the_patience(gap, tracks):
    floor = Floor([ROW[1]])
    seen = [floor.at(F(k, 2)) for k in range(3)]
    seen += [floor.at(1 + F(k, 2), missed=1.0) for k in range(1, int(2 * gap))]
    seen += [floor.at(1 + gap), floor.at(F(3, 2) + gap)]
    _, tracker = followed(seen, Tracking(patience=F(2)))
    assert len(tracker.finish(SHOT)) == tracks


@pytest.mark.parametrize("apart", [F(5, 2), F(3), F(20)], ids=str)
def test_a_machine_is_one_however_far_apart_the_frames_are(apart):
    """A camera that takes a picture every few seconds."""
    floor = Floor(ROW[1:3])
    changes, tracker = followed([floor.at(k * apart) for k in range(5)])
    assert changes == 0
    assert [len(track.observations) for track in tracker.finish(SHOT)] == [5, 5]


def test_another_machine_in_the_same_place_is_another_track():
    here, there = Floor([ROW[1]], seed=5), Floor([ROW[1]], seed=6)
    seen = [here.at(F(k, 2)) for k in range(3)] + [there.at(F(k, 2)) for k in range(3, 6)]
    _, tracker = followed(seen, Tracking(gate=0.6))
    assert len(tracker.finish(SHOT)) == 2


@pytest.mark.parametrize("dissolving", [False, True])
def test_what_comes_in_a_machines_place_without_a_cut_is_another_track(dissolving):
    """The next picture of a presentation: all around it stays."""
    slide, tracker = Floor([ROW[1]], seed=9).at(F(0)), Tracker(Tracking())
    x1, y1, x2, y2 = (round(v) for v in ROW[1].box)
    here, there = slide.frame.image, slide.frame.image.copy()
    there[y1:y2, x1:x2] = here[y1:y2, x1:x2][::-1]
    between = [cv2.addWeighted(here, 0.5, there, 0.5, 0)] if dissolving else []
    for n, picture in enumerate([here, here, *between, there, there]):
        tracker.update(Frame(F(n, 2), picture), slide.detections)
    before, after = tracker.finish(SHOT)
    assert len(before.observations) == 2 + dissolving and len(after.observations) == 2


def test_tracks_carry_their_times_and_boxes():
    floor = Floor([ROW[1]])
    seen = [floor.at(t) for t in uneven(4, 5)]
    _, tracker = followed(seen)
    (track,) = tracker.finish(SHOT)
    assert [o.pts for o in track.observations] == uneven(4, 5)
    assert track.shot is SHOT
    assert np.abs(np.array(track.observations[0].box) - ROW[1].box).max() < 12
    assert tracker.numbers == [0]


@pytest.mark.parametrize(
    ("samples", "confidence", "kept"),
    [(1, 0.5, 1), (4, 0.5, 0), (4, SURE + 0.05, 1)],
    ids=["shot-sampled-once", "fleeting", "fleeting-but-sure"],
)
def test_what_is_seen_once_too_seldom_is_dropped(samples, confidence, kept):
    floor = Floor([])
    tracker = Tracker(Tracking(least_observations=2))
    for k in range(samples):
        seen = floor.at(F(k, 2))
        once = [(MACHINE, (400, 50, 500, 150), confidence)] if k == 0 else []
        tracker.update(seen.frame, detections(*once))
    assert len(tracker.finish(SHOT)) == kept


def test_a_part_taken_for_a_machine_of_its_own_is_its_double():
    floor = Floor([Placed((100, 60, 400, 300))])
    tracker = Tracker(Tracking())
    for k in range(4):
        frame = floor.at(F(k, 2)).frame
        door = (MACHINE, (110, 70, 300, 290), 0.5)
        tracker.update(frame, detections((MACHINE, (100, 60, 400, 300), 0.8), door))
    (track,) = tracker.finish(SHOT)
    assert track.observations[0].box == (100, 60, 400, 300)
    assert tracker.numbers == [0]


def test_a_small_machine_in_front_of_a_large_one_stays():
    floor = Floor([Placed((100, 60, 400, 300)), Placed((150, 200, 250, 290))])
    _, tracker = followed([floor.at(F(k, 2)) for k in range(4)])
    assert len(tracker.finish(SHOT)) == 2


def test_a_shot_without_machines_has_no_tracks():
    _, tracker = followed([Floor([]).at(F(k, 2)) for k in range(3)])
    assert tracker.finish(SHOT) == []


@pytest.mark.parametrize("step", [(0, 0), (40, 0), (-100, 20), (150, -30)])
def test_the_cameras_shift_is_measured(step):
    floor = Floor(ROW, step, seed=7)
    camera = CameraMotion()
    assert camera.shift(floor.at(F(0)).frame.image) == (0, 0)
    x, y = camera.shift(floor.at(F(1)).frame.image)
    # One pixel of the small picture is four of the frame.
    assert abs(x + step[0]) <= 4 and abs(y + step[1]) <= 4


@pytest.mark.parametrize("passed", [1, 3])
def test_pictures_without_a_machine_are_let_pass_and_the_shift_after_them_is_the_same(passed):
    floor = Floor(ROW, (40, 10), seed=7)
    pictures = [floor.at(F(k, 2)).frame.image for k in range(passed + 2)]
    asked, spared = CameraMotion(), CameraMotion()
    for picture in pictures[:passed]:
        asked.shift(picture)
        spared.let_pass(picture)
    for picture in pictures[passed:]:
        assert spared.shift(picture) == asked.shift(picture)
        assert spared.lost == asked.lost


def test_another_scene_is_no_camera_motion():
    camera = CameraMotion()
    camera.shift(np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    assert camera.shift(np.full((HEIGHT, WIDTH, 3), 120, np.uint8)) == (0, 0)


def test_a_machine_looks_like_itself_and_not_like_another():
    floor = Floor(ROW[1:3], seed=8)
    image = floor.at(F(0)).frame.image
    one, other = (look_of(image, machine.box) for machine in ROW[1:3])
    again = look_of(floor.at(F(1)).frame.image, (24, 95, 225, 303))
    assert one.similarity(again) > 0.85
    assert one.similarity(again) > one.similarity(other) + 0.2


@pytest.mark.parametrize("box", [(-50, -50, 5, 5), (600, 300, 900, 900), (700, 400, 800, 500)])
def test_a_box_beyond_the_frame_has_an_appearance(box):
    image = Floor([]).at(F(0)).frame.image
    x1, y1, x2, y2 = box
    assert np.isfinite(look_of(image, (x1, y1, x2, y2)).colours).all()
