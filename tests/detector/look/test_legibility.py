"""The frames in which a machine can best be read are the ones kept."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from detector.look import legibility as legible
from detector.look.legibility import LegibleFrames, legibility, marks_of, sharpness
from detector.look.stills import encode_frame
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections, Frame, Picture
from tests.detector.colours import detections

F = Fraction
BOX: Box = (200, 100, 500, 400)


def picture(seed: int = 0) -> Picture:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (60, 80, 3)).astype(np.uint8)
    image = cv2.resize(coarse, (800, 600), interpolation=cv2.INTER_CUBIC)
    for k in range(6):
        cv2.putText(image, "MAZAK 800", (210, 140 + 45 * k), 0, 1.2, (255, 255, 255), 2)
    return np.asarray(image, np.uint8)


def marks(*entries: tuple[int, Box]) -> Detections:
    return detections(*((class_id, box, 0.5) for class_id, box in entries))


def views(frames: LegibleFrames, *offers: tuple[Fraction, Picture, Box]) -> list[Fraction]:
    for pts, image, box in offers:
        frames.offer(0, Frame(pts, image), box, Detections.none())
    return [view.pts for view in frames.take(0)]


def test_a_sharp_machine_is_more_legible_than_a_blurred_one():
    image = picture()
    scores = [
        sharpness(cv2.GaussianBlur(image, (0, 0), blur) if blur else image, BOX)
        for blur in (0, 1, 2, 4)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 2 * scores[1] > 4 * scores[2]


@pytest.mark.parametrize("kernel", [(15, 1), (1, 15)], ids=["sideways", "up-and-down"])
def test_a_smear_in_one_direction_is_seen(kernel):
    image = picture()
    assert sharpness(cv2.blur(image, kernel), BOX) < sharpness(image, BOX) / 3


def test_contrast_alone_does_not_make_a_machine_legible():
    image = picture()
    pale = (image * 0.5 + 90).astype(np.uint8)
    assert sharpness(pale, BOX) == pytest.approx(sharpness(image, BOX), rel=0.15)


def test_larger_is_more_legible():
    image = picture()
    assert legibility(image, BOX, marks()) > legibility(image, (200, 100, 300, 200), marks())


def test_a_machine_cut_off_by_the_frame_is_less_legible():
    image = picture()
    rolled = np.roll(image, -200, axis=1)
    whole = legibility(image, BOX, marks())
    assert legibility(rolled, (0, 100, 300, 400), marks()) == pytest.approx(0.75 * whole, rel=0.01)


def test_a_wordmark_counts_for_more_than_a_control_and_the_taller_the_more():
    image = picture()
    tall, low = (210, 105, 420, 145), (210, 120, 420, 130)
    none = legibility(image, BOX, marks())
    small = legibility(image, BOX, marks((WORDMARK, low)))
    control = legibility(image, BOX, marks((CONTROL, tall)))
    word = legibility(image, BOX, marks((WORDMARK, tall)))
    assert none < small < word
    assert none < control < word <= 1


def test_marks_belong_to_the_machine_they_lie_on():
    found = marks(
        (WORDMARK, (210, 105, 300, 140)),
        (WORDMARK, (210, 80, 300, 100)),
        (CONTROL, (600, 100, 700, 200)),
        (MACHINE, BOX),
    )
    kept = marks_of(BOX, found, picture())
    assert kept.xyxy.tolist() == [[210, 105, 300, 140], [210, 80, 300, 100]]


def test_the_best_frames_come_first():
    image = picture()
    offers = [
        (F(k), cv2.GaussianBlur(image, (0, 0), blur) if blur else image, BOX)
        for k, blur in [(0, 3), (3, 0), (6, 2), (9, 1), (12, 4)]
    ]
    assert views(LegibleFrames(3), *offers) == [3, 9, 6]


def test_neighbours_make_way_for_a_frame_nearly_as_good_farther_off():
    image = picture()
    slightly = cv2.GaussianBlur(image, (0, 0), 0.4)
    offers = [(F(k, 2), image, BOX) for k in range(4)] + [(F(8), slightly, BOX)]
    kept = views(LegibleFrames(2), *offers)
    assert F(8) in kept and len(kept) == 2


def test_neighbours_stay_where_all_else_is_blurred():
    image = picture()
    blurred = cv2.GaussianBlur(image, (0, 0), 4)
    offers = [(F(0), image, BOX), (F(1, 2), image, BOX), (F(8), blurred, BOX)]
    assert views(LegibleFrames(2), *offers) == [0, F(1, 2)]


def test_a_foreshortened_view_ranks_behind_the_widest():
    image = picture()
    narrow, wide = (200, 100, 330, 400), BOX
    kept = views(LegibleFrames(1), (F(0), image, narrow), (F(9), image, wide))
    assert kept == [9]


def test_a_view_is_a_copy_with_a_margin_and_knows_its_place():
    image = picture()
    frames = LegibleFrames(3)
    word = (WORDMARK, (210.0, 105.0, 300.0, 140.0))
    frames.offer(7, Frame(F(1), image), BOX, marks(word, (MACHINE, BOX)))
    before = image[76:424, 176:524].copy()
    image[:] = 0
    (view,) = frames.take(7)
    assert view.offset == (176, 76)
    assert np.array_equal(view.picture, before)
    assert view.box == BOX
    assert view.box_in_crop == (24, 24, 324, 324)
    assert view.marks.xyxy.tolist() == [[210, 105, 300, 140]]
    local = marks((WORDMARK, (34, 29, 124, 64)))
    assert view.in_frame(local).xyxy.tolist() == [[210, 105, 300, 140]]


def test_a_view_ends_where_black_bars_begin():
    image = picture()
    image[:, :190] = image[:, -190:] = 0
    frames = LegibleFrames(3)
    frames.offer(7, Frame(F(1), image), BOX, marks((MACHINE, BOX)))
    (view,) = frames.take(7)
    assert view.offset == (190, 76)
    assert view.picture.shape[1] == min(524, image.shape[1] - 190) - 190


def test_tracks_are_kept_apart_and_taken_once():
    frames = LegibleFrames(2)
    for k in range(4):
        frames.offer(k % 2, Frame(F(k), picture()), BOX, marks())
    assert {view.pts for view in frames.take(0)} == {0, 2}
    assert frames.take(0) == []
    assert {view.pts for view in frames.take(1)} == {1, 3}


def test_an_empty_box_is_no_view():
    frames = LegibleFrames(3)
    frames.offer(0, Frame(F(0), picture()), (900, 700, 950, 750), marks())
    assert frames.take(0) == []


def test_memory_is_bounded_and_each_track_keeps_one_view(monkeypatch):
    one = 348 * 348 * 3
    monkeypatch.setattr(legible, "HELD", 5 * one)
    frames = LegibleFrames(3)
    for k in range(12):
        frames.offer(k % 4, Frame(F(k), picture(k)), BOX, marks())
    assert not frames.full
    kept = [frames.take(track) for track in range(4)]
    assert sum(view.picture.nbytes for of_track in kept for view in of_track) <= 5 * one
    assert all(kept)


def test_no_track_loses_its_last_view_however_many_there_are(monkeypatch):
    monkeypatch.setattr(legible, "HELD", 5 * 348 * 348 * 3)
    frames = LegibleFrames(3)
    for k in range(24):
        frames.offer(k % 8, Frame(F(k), picture(k)), BOX, marks())
    assert frames.full
    assert [len(frames.take(track)) for track in range(8)] == [1] * 8


def test_frames_kept_whole_count_and_go_with_their_views(monkeypatch):
    one = 348 * 348 * 3
    whole = len(encode_frame(picture()))
    monkeypatch.setattr(legible, "HELD", 2 * one + 3 * whole // 2)
    frames = LegibleFrames(3)
    for k in range(2):
        frames.offer(0, Frame(F(k), picture()), BOX, marks())
        frames.offer(1, Frame(F(k), picture()), BOX, marks())
        frames.keep_whole(Frame(F(k), picture()))
    frames.keep_whole(Frame(F(9), picture()))
    kept = [view for track in range(2) for view in frames.take(track)]
    assert [view.whole for view in kept] == [encode_frame(picture())] * 2
    assert len({view.pts for view in kept}) == 1
