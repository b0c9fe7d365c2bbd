"""A still shows the machine without hiding it, and the mark as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.fonts import font
from datasets.registry import Registry
from detector.look.stills import crop_mark, find_mark
from detector.types import Analysis
from evidence.clip.record import to_record
from evidence.clip.stills import (
    GRADE_COLOURS,
    MARK_COLOUR,
    caption,
    draw_still,
    enlarge,
    hide_parts,
    seen_marks,
    tag,
    touch,
    wrap,
)


def still(analysis: Analysis, registry: Registry, index: int, picture: np.ndarray) -> np.ndarray:
    record = to_record(analysis, registry)
    return np.asarray(draw_still(picture, analysis.sightings[index], record["machines"][index]))


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (np.abs(picture.astype(int) - colour) < 12).all(axis=2)


@pytest.mark.parametrize("shade", [8, 128, 250], ids=["dark", "grey", "bright"])
def test_box_and_mark_are_drawn_whatever_is_behind(analysis, registry, shade):
    picture = np.full((270, 480, 3), shade, np.uint8)
    drawn = still(analysis, registry, 0, picture)
    box = near(drawn, GRADE_COLOURS["A"])
    _, columns = np.nonzero(box)
    assert abs(columns.min() - 40) <= 3 and abs(columns.max() - 300) <= 3
    assert near(drawn, MARK_COLOUR).any()


def test_the_caption_stands_below_the_frame(analysis, registry):
    picture = np.full((270, 480, 3), 128, np.uint8)
    drawn = still(analysis, registry, 1, picture)
    assert drawn.shape[1] == 480 and drawn.shape[0] > 270
    assert (drawn[-2:] < 40).all()
    # A photograph has no time.
    machine = to_record(analysis, registry)["machines"][0]
    timed, untimed = (caption(machine, timed=timed) for timed in (True, False))
    assert [one for one in timed if one not in untimed] == ["at 0:01.0"]


def test_the_pixels_of_the_mark_are_not_drawn_on(analysis, registry):
    picture = np.random.default_rng(1).integers(90, 160, (270, 480, 3), np.uint8)
    drawn = still(analysis, registry, 0, picture)
    assert (drawn[70:90, 60:160] == picture[70:90, 60:160]).all()


@pytest.mark.parametrize("size", [(64, 48), (320, 240), (1920, 1080)])
@pytest.mark.parametrize("text", ["A", "Станкомашстрой 大连机床 " * 4])
def test_labels_stay_inside_the_picture(size, text):
    for x in (-30.0, size[0] / 2, size[0] - 2.0):
        for y in (-30.0, size[1] / 2, size[1] - 2.0):
            draw = ImageDraw.Draw(Image.new("RGB", size))
            x1, y1, x2, y2 = tag(draw, (x, y, x + 20, y + 20), text, (9, 9, 9), font(13))
            assert x1 >= 0 and y1 >= 0 and x2 <= size[0] and y2 <= size[1]


def test_labels_do_not_cover_another_mark():
    draw = ImageDraw.Draw(Image.new("RGB", (400, 300)))
    below = (100.0, 122.0, 200.0, 140.0)
    place = tag(
        draw, (100.0, 100.0, 200.0, 120.0), "MAZAK", MARK_COLOUR, font(13), below=True, free=[below]
    )
    assert not touch(place, below)


def test_every_script_is_drawn(analysis, registry):
    missing = font(40).getmask("\uffff").getbbox()
    for letter in "AЖ大瀋":
        assert font(40).getmask(letter).getbbox() != missing


def test_the_crop_is_the_frame_pixel_by_pixel():
    picture = np.random.default_rng(2).integers(0, 255, (100, 200, 3), np.uint8)
    crop = crop_mark(picture, (50.0, 40.0, 90.0, 60.0))
    assert (np.asarray(crop) == picture[37:63, 44:96]).all()
    large = enlarge(crop)
    times = large.width // crop.width
    assert times > 1 and large.size == (crop.width * times, crop.height * times)
    assert (np.asarray(large)[::times, ::times] == np.asarray(crop)).all()


@pytest.mark.parametrize(
    "box", [(-9.0, -9.0, 5.0, 5.0), (300.0, 300.0, 400.0, 400.0), (7.0, 7.0, 7.0, 7.0)]
)
def test_a_mark_at_the_edge_still_gives_a_picture(box):
    crop = crop_mark(np.zeros((100, 200, 3), np.uint8), box)
    assert crop.width >= 1 and crop.height >= 1


def test_the_mark_shown_is_the_weightiest_evidence_and_no_broadcast_text(analysis):
    named, concealed, _ = analysis.sightings
    mark = find_mark(named)
    assert mark is not None and mark.box == (60.0, 70.0, 160.0, 90.0)
    hidden = find_mark(concealed)
    assert hidden is not None and hidden.box == (90.0, 60.0, 190.0, 90.0)
    assert (
        find_mark(replace(concealed, attribution=replace(concealed.attribution, evidence=())))
        is None
    )
    assert {reading.text for reading in seen_marks(analysis.sightings[0])} == {"MAZAK"}


def test_a_caption_is_wrapped_to_the_width():
    letters = font(13)
    for line in wrap(["unknown", "grade U", "a name " * 30, "m1"], letters, 200):
        assert letters.getlength(line) <= 200


@pytest.mark.parametrize("box", [(20, 10, 60, 40), (60, 40, 20, 10), (62, -5000, 20.4, 900000)])
def test_a_part_is_hidden_whichever_corners_it_is_given_by(box):
    picture = np.random.default_rng(0).integers(0, 255, (50, 80, 3), np.uint8)
    image = Image.fromarray(picture)
    hide_parts(image, [box, (90, 5, 99, 9)])
    changed = (np.asarray(image) != picture).any(axis=2)
    assert changed[12:38, 22:58].mean() > 0.95 and not changed[:, :20].any()
