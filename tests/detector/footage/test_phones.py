"""What phones take: photographs as HEIC and AVIF, and clips whose container mirrors them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import FootageUnreadable
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from detector.types import Frame
from tests.detector.clips import image, number_of, patch, red_corner, write_clip, write_picture
from tests.detector.heic import write_heic


def shown(path: Path, **limits: int) -> Frame:
    with Decoder(open_footage(path), Decoding(**limits)) as decoder:
        (frame,) = decoder.keyframes(Fraction(1))
    return frame


@pytest.mark.parametrize(
    ("quarters", "corner"),
    [(0, "top left"), (1, "bottom left"), (2, "bottom right"), (3, "top right")],
)
def test_a_phones_photograph_is_upright(tmp_path, quarters, corner):
    path = write_heic(tmp_path / "hall.heic", image(5), quarters)
    footage = open_footage(path)
    assert (footage.kind, footage.container) == ("still", "heic")
    picture = shown(path).image
    assert picture.shape == ((64, 96, 3) if quarters % 2 == 0 else (96, 64, 3))
    assert (red_corner(picture), number_of(picture)) == (corner, 5)


def test_one_that_says_no_more_than_that_it_is_a_picture_is_known_by_its_other_brands(tmp_path):
    path = write_heic(tmp_path / "hall.heif", image(3))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ftypheic", b"ftypmif1", 1))
    assert number_of(shown(path).image) == 3


def test_a_picture_of_the_web_is_read(tmp_path):
    path = write_picture(tmp_path / "hall.avif", 7, orientation=6)
    assert open_footage(path).container == "avif"
    picture = shown(path).image
    assert (picture.shape, red_corner(picture), number_of(picture)) == ((96, 64, 3), "top right", 7)


def test_in_a_folder_they_are_photographs_like_others(tmp_path):
    write_heic(tmp_path / "1.heic", image(1))
    write_picture(tmp_path / "2.jpg", 2)
    write_picture(tmp_path / "3.avif", 3)
    with Decoder(open_footage(tmp_path), Decoding()) as decoder:
        numbers = [number_of(frame.image) for frame in decoder.keyframes(Fraction(1))]
    assert numbers == [1, 2, 3] and decoder.loss.lost == 0


@pytest.mark.parametrize("kind", ["cut off", "damaged"])
def test_what_cannot_be_shown_is_refused_by_name(tmp_path, kind):
    path = tmp_path / "hall.heic"
    data = write_heic(path, np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8))
    whole = data.read_bytes()
    if kind == "cut off":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.write_bytes(whole.replace(b"hvcC", b"xxxx"))
    with pytest.raises(FootageUnreadable, match=r"hall\.heic"):
        shown(path)


def test_one_of_more_pixels_is_shrunk(tmp_path):
    picture = shown(write_heic(tmp_path / "hall.heic", image(3)), pixels=6000).image
    assert picture.shape[:2] == (63, 94) and number_of(picture) == 3


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        ((-1, 0, 0, 1), "top right"),
        ((1, 0, 0, -1), "bottom left"),
        ((0, 1, 1, 0), "top left"),
        ((0, -1, -1, 0), "bottom right"),
    ],
)
def test_a_mirrored_picture_is_mirrored_back(tmp_path, matrix, corner):
    clip = write_clip(tmp_path / "a.mp4", 2)
    a, b, c, d = (number << 16 for number in matrix)
    data = clip.read_bytes()
    place = data.index(struct.pack(">5i", 1 << 16, 0, 0, 0, 1 << 16), data.index(b"tkhd"))
    patch(clip, tmp_path / "mirrored.mp4", place, struct.pack(">5i", a, b, 0, c, d))
    picture = shown(tmp_path / "mirrored.mp4").image
    assert picture.shape == ((96, 64, 3) if b else (64, 96, 3))
    assert red_corner(picture) == corner
