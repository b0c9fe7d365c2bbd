"""Points on a machine and around it, and one photograph saved twice, on drawn pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.maker.broadcast import Overlay, draw_overlay
from datasets.maker.machine import random_machine
from datasets.maker.scene import draw_scene, random_scene
from detector.known_again.movement import transformed
from detector.known_again.photograph import one_photograph
from detector.known_again.points import MOST, are_points, find_points, unpack
from detector.known_again.surroundings import (
    ViewAgreement,
    compare,
    look_of_sighting,
)
from detector.types import Box, Picture

SIZE = (640, 360)
CAPTION = Overlay("ВЕСТИ", ("УДМУРТИЯ", "НОВЫЙ УЧАСТОК ЗАПУЩЕН В ЦЕХЕ № 3 ПО ПЛАНУ"))


@pytest.fixture(scope="module")
def drawn() -> tuple[Picture, Box]:
    """A hall and the largest machine in it."""
    picture, truth = draw_scene(random_scene(1, SIZE, setting="hall", negative=False))
    boxes = [machine.box for machine in truth.machines]
    return picture, max(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))


@pytest.fixture(scope="module")
def other_hall() -> tuple[Picture, Box]:
    picture, truth = draw_scene(random_scene(9, SIZE, setting="hall", negative=False))
    return picture, truth.machines[0].box


def nearer(picture: Picture, box: Box, scale: float = 1.3) -> tuple[Picture, Box]:
    """The picture enlarged about the machine, and the machine in it."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    matrix = np.array([[scale, 0, x * (1 - scale)], [0, scale, y * (1 - scale)]])
    moved = np.asarray(cv2.warpAffine(picture, matrix, SIZE), np.uint8)
    x1, y1, x2, y2 = (
        float(np.clip(scale * v + (1 - scale) * c, 0, most))
        for v, c, most in zip(box, (x, y, x, y), SIZE * 2, strict=True)
    )
    return moved, (x1, y1, x2, y2)


def shifted(picture: Picture, box: Box, share: float) -> tuple[Picture, Box]:
    """The machine moved sideways by a share of its width, before a ground that stays; the side on
    which there is room."""
    x1, y1, x2, y2 = (round(v) for v in box)
    by = round((x2 - x1) * share) * (1 if x1 + x2 < SIZE[0] else -1)
    copy = picture.copy()
    copy[y1:y2, x1:x2] = 128
    left, right = max(0, x1 + by), min(SIZE[0], x2 + by)
    copy[y1:y2, left:right] = picture[y1:y2, left - by : right - by]
    return copy, (float(left), box[1], float(right), box[3])


def mirrored(picture: Picture, box: Box) -> tuple[Picture, Box]:
    flipped = np.ascontiguousarray(picture[:, ::-1])
    return flipped, (SIZE[0] - box[2], box[1], SIZE[0] - box[0], box[3])


def agreement(a: tuple[Picture, Box], b: tuple[Picture, Box]) -> ViewAgreement:
    return compare(find_points(*a), a[1], find_points(*b), b[1])


def test_a_look_is_a_unit_vector_and_few_bytes(drawn):
    appearance, points = look_of_sighting(*drawn)
    vector = np.frombuffer(appearance, "<f4")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)
    assert len(appearance) + len(points) < 34_000
    assert (appearance, points) == look_of_sighting(*drawn)
    assert 50 < len(unpack(points)) <= MOST


def test_the_same_place_from_nearer_agrees_on_the_machine_and_around(drawn):
    near = nearer(*drawn)
    found = agreement(drawn, near)
    assert found.machine >= 8 and found.around >= 8 and found.overlap > 0.8
    assert not found.mirrored
    transform = np.array(found.transform)
    assert transform[0, 0] == pytest.approx(1.3, abs=0.05)
    assert transform[1, 1] == pytest.approx(1.3, abs=0.05)


def test_another_hall_does_not(drawn, other_hall):
    found = agreement(drawn, other_hall)
    assert found.machine + found.around < 8


def test_comparing_the_other_way_round_is_the_reverse(drawn):
    near = nearer(*drawn)
    there, back = agreement(drawn, near), agreement(near, drawn)
    assert (there.machine, there.around, there.rival) == (back.machine, back.around, back.rival)
    assert there.overlap == back.overlap
    both = np.array(there.transform) @ np.array(back.transform)
    assert both == pytest.approx(np.eye(3), abs=1e-6)


def test_a_mirror_image_is_recognised_as_one(drawn):
    found = agreement(drawn, mirrored(*drawn))
    assert found.mirrored and found.machine >= 8 and found.around >= 8
    assert found.overlap > 0.9
    assert np.array(found.transform) @ (0, 0, 1) == pytest.approx([SIZE[0], 0, 1], abs=3)


def test_captions_are_no_surroundings(drawn, other_hall):
    pictures = []
    for picture, _ in (drawn, other_hall):
        copy = picture.copy()
        draw_overlay(copy, CAPTION)
        pictures.append(copy)
    box = (240.0, 120.0, 400.0, 220.0)
    found = agreement((pictures[0], box), (pictures[1], box))
    assert found.around < 4
    boxes = [text.box for text in draw_overlay(pictures[0], CAPTION)]
    points = unpack(find_points(pictures[0], box, boxes))
    x, y = points.xy.T
    for x1, y1, x2, y2 in boxes:
        assert not ((x > x1) & (x < x2) & (y > y1) & (y < y2)).any()


def test_a_picture_that_came_back_unmoved_is_still_known_by_its_middle(drawn):
    found = agreement(drawn, drawn)
    assert found.machine >= 8 and found.around >= 4 and found.overlap > 0.95


def test_points_on_other_machines_are_no_surroundings(drawn):
    picture, box = drawn
    everything = (0.0, 0.0, float(SIZE[0]), float(SIZE[1]))
    points = find_points(picture, box, (), [everything])
    assert unpack(points).other.any()
    found = compare(points, box, find_points(*nearer(picture, box)), nearer(picture, box)[1])
    assert found.around == 0 and found.machine >= 8


def test_a_camera_that_stepped_aside_is_known_by_what_stands_near(drawn):
    picture, box = drawn
    aside, there = shifted(picture, box, share=0.25)
    found = compare(find_points(picture, box), box, find_points(aside, there), there, "deep")
    assert found.machine >= 8 and found.around >= 5 and found.overlap > 0.8
    further, there = shifted(picture, box, share=1.2)
    found = compare(find_points(picture, box), box, find_points(further, there), there, "deep")
    assert found.around < 5 or found.rival > found.around


def test_seen_from_one_point_the_machine_beside_it_follows_closely_unless_it_was_moved(drawn):
    picture, box = drawn
    # What stands on the other side of the picture, for a second machine.
    left = box[0] + box[2] > SIZE[0]
    beside = (0.0, 60.0, box[0], 300.0) if left else (box[2], 60.0, float(SIZE[0]), 300.0)
    points = find_points(picture, box, (), [beside])
    zoomed, there = nearer(picture, box)
    _, beside_there = nearer(picture, beside)
    found = compare(points, box, find_points(zoomed, there, (), [beside_there]), there, "close")
    assert found.machine >= 12 and found.beside >= 8 and found.overlap > 0.9
    moved, elsewhere = shifted(picture, beside, share=0.1)
    other = compare(points, box, find_points(moved, box, (), [elsewhere]), box, "close")
    assert other.beside < found.beside / 2


def test_what_stands_in_a_row_in_its_own_picture_has_a_twin(drawn):
    picture, box = drawn
    tile = picture[:120, :160]
    rows = np.ascontiguousarray(np.tile(tile, (3, 4, 1)))
    assert unpack(find_points(rows, box)).twin.mean() > 0.8
    assert unpack(find_points(picture, box)).twin.mean() < 0.8


def test_mirrored_points_are_those_of_the_mirrored_picture(drawn):
    picture, box = drawn
    turned = unpack(find_points(*drawn)).mirrored()
    there = unpack(find_points(*mirrored(picture, box)))
    apart = np.linalg.norm(turned.xy[:, None] - there.xy[None], axis=2)
    i, j = np.nonzero(apart < 0.6)
    cosine = (turned.descriptors[i] * there.descriptors[j]).sum(axis=1)
    assert len(i) > 50 and float(np.median(cosine)) > 0.97


@pytest.mark.parametrize(
    "picture",
    [np.zeros((180, 320, 3), np.uint8), np.full((4, 4, 3), 200, np.uint8)],
    ids=["black", "tiny"],
)
def test_a_picture_of_nothing_agrees_with_nothing(picture, drawn):
    appearance, points = look_of_sighting(picture, (0.0, 0.0, 2.0, 2.0))
    assert np.isfinite(np.frombuffer(appearance, "<f4")).all()
    assert compare(points, (0.0, 0.0, 2.0, 2.0), find_points(*drawn), drawn[1]) == ViewAgreement()


@given(st.binary(max_size=200))
def test_bytes_that_are_no_points_are_refused(data):
    if not are_points(data):
        with pytest.raises(ValueError, match="not packed points"):
            unpack(data)


def test_cut_short_points_are_refused(drawn):
    points = find_points(*drawn)
    assert are_points(points) and not are_points(points[:-1]) and not are_points(points + b"x")


WIDE = (960, 540)


def hall(seed: int) -> tuple[Picture, Box]:
    spec = random_machine(np.random.default_rng(1), variant="marked")
    scene = random_scene(seed, WIDE, machines=[spec] * 3, setting="hall")
    picture, truth = draw_scene(replace(scene, settled=scene.camera, clutter=18))
    return picture, truth.machines[1].box


@pytest.fixture(scope="module")
def photograph() -> tuple[Picture, Box]:
    return hall(1)


def saved(picture: Picture, share: float = 1.0, quality: int = 70) -> Picture:
    size = (round(picture.shape[1] * share), round(picture.shape[0] * share))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def with_caption(picture: Picture) -> Picture:
    picture = picture.copy()
    picture[440:510] = (20, 30, 170)
    place, font = (40, 490), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, "A factory at night", place, font, 1.4, (250, 250, 250), 3)
    return saved(picture)


EDITS = {
    "saved": saved,
    "smaller": lambda picture: saved(picture, 0.75),
    "half": lambda picture: saved(picture, 0.5, 60),
    "cut": lambda picture: saved(picture[20:-10, 30:-25]),
    "mirrored": lambda picture: saved(np.ascontiguousarray(picture[:, ::-1])),
    "captioned": with_caption,
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_made_of_a_photograph_is_that_photograph(photograph, edit):
    picture, box = photograph
    copy = EDITS[edit](picture)
    points = find_points(picture, box), find_points(copy, (10, 10, 300, 300))
    found = one_photograph(*points)
    assert found is not None
    frame = transformed((0.0, 0.0, *WIDE), found.transform)
    whole = (0.0, 0.0, copy.shape[1], copy.shape[0])
    cut = (-30, -20, WIDE[0] - 30, WIDE[1] - 20)
    assert frame == pytest.approx(cut if edit == "cut" else whole, abs=2)
    assert (found.transform[0, 0] < 0) == (edit == "mirrored")
    back = one_photograph(*reversed(points))
    assert back is not None
    assert back.transform @ found.transform == pytest.approx(np.eye(3), abs=1e-6)


def from_aside(picture: Picture) -> Picture:
    """From a step aside: the corners lie elsewhere by 1 % of the width."""
    corners = np.array([(0, 0), (960, 0), (960, 540), (0, 540)], np.float32)
    there = corners + np.array([(8, -6), (-9, 5), (7, 9), (-6, -8)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, there)
    seen = cv2.warpPerspective(picture, matrix, WIDE, borderMode=cv2.BORDER_REFLECT)
    return saved(np.asarray(seen, np.uint8), quality=90)


def other_state(picture: Picture) -> Picture:
    """From a stand, with something else before the machine."""
    x1, y1, x2, y2 = (int(v) for v in hall(1)[1])
    other = cv2.resize(hall(51)[0], (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    picture = picture.copy()
    picture[y1:y2, x1:x2] = other
    return saved(picture, quality=90)


def elsewhere(_: Picture) -> Picture:
    return saved(hall(51)[0])


@pytest.mark.parametrize("edit", [from_aside, other_state, elsewhere])
def test_another_photograph_is_not(photograph, edit):
    picture, box = photograph
    assert one_photograph(find_points(picture, box), find_points(edit(picture), box)) is None


def test_what_is_no_points_or_too_few_is_no_photograph(photograph):
    picture, box = photograph
    flat = find_points(np.full_like(picture, 200), box)
    assert one_photograph(flat, flat) is None
    assert one_photograph(b"", find_points(picture, box)) is None
