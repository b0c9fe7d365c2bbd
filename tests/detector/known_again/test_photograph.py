"""Telling one photograph saved twice from two photographs of one place."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from datasets.maker.lettering import BUILDER_MARKS
from datasets.maker.machine import random_machine
from datasets.maker.scene import draw_scene
from datasets.maker.stills import random_scene
from detector.known_again.movement import moved
from detector.known_again.photograph import one_photograph
from detector.known_again.points import find_points
from detector.types import Box, Picture

SIZE = (960, 540)


def hall(seed: int) -> tuple[Picture, Box]:
    spec = random_machine(np.random.default_rng(1), BUILDER_MARKS, variant="marked")
    scene = random_scene(seed, SIZE, machines=[spec] * 3, setting="hall")
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


def captioned(picture: Picture) -> Picture:
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
    "captioned": captioned,
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_made_of_a_photograph_is_that_photograph(photograph, edit):
    picture, box = photograph
    copy = EDITS[edit](picture)
    points = find_points(picture, box), find_points(copy, (10, 10, 300, 300))
    found = one_photograph(*points)
    assert found is not None
    frame = moved((0.0, 0.0, *SIZE), found.transform)
    whole = (0.0, 0.0, copy.shape[1], copy.shape[0])
    cut = (-30, -20, SIZE[0] - 30, SIZE[1] - 20)
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
    seen = cv2.warpPerspective(picture, matrix, SIZE, borderMode=cv2.BORDER_REFLECT)
    return saved(np.asarray(seen, np.uint8), quality=90)


def other_state(picture: Picture) -> Picture:
    """From a stand, with something else before the machine."""
    x1, y1, x2, y2 = (int(v) for v in hall(1)[1])
    other = cv2.resize(hall(51)[0], (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    picture = picture.copy()
    picture[y1:y2, x1:x2] = other
    return saved(picture, quality=90)


def other_hall(_: Picture) -> Picture:
    return saved(hall(51)[0])


@pytest.mark.parametrize("edit", [from_aside, other_state, other_hall])
def test_another_photograph_is_not(photograph, edit):
    picture, box = photograph
    assert one_photograph(find_points(picture, box), find_points(edit(picture), box)) is None


def test_what_is_no_points_or_too_few_is_no_photograph(photograph):
    picture, box = photograph
    flat = find_points(np.full_like(picture, 200), box)
    assert one_photograph(flat, flat) is None
    assert one_photograph(b"", find_points(picture, box)) is None
