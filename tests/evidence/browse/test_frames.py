"""Frames cut: few at once, kept a while, and none of it without bounds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from datasets.errors import FootageError, UsageError
from detector.footage.files import open_footage
from detector.types import Footage
from evidence.browse.frames import FrameCutter, crop
from tests.detector.clips import number_of, write_clip


@pytest.fixture(scope="module")
def footage(tmp_path_factory) -> Footage:
    return open_footage(write_clip(tmp_path_factory.mktemp("frames") / "clip.mp4", 30))


def test_each_frame_is_the_one_asked_for(footage):
    cutter = FrameCutter()
    for number in (0, 7, 15, 29):
        assert number_of(cutter.frame(footage, Fraction(number, 25)).image) == number % 16


def test_a_kept_frame_needs_no_footage_any_more(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", 5)
    cutter, footage = FrameCutter(), open_footage(path)
    first, shown = cutter.jpeg(footage, Fraction(1, 10))
    path.unlink()
    assert cutter.jpeg(footage, Fraction(1, 10)) == (first, shown)
    assert shown == Fraction(2, 25)
    with pytest.raises(FootageError):
        cutter.jpeg(footage, Fraction(1, 5))


def test_many_who_ask_for_one_frame_have_it_cut_once(footage):
    cutter = FrameCutter(decoders=1, waiting=20)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cutter.frame(footage, Fraction(3, 5)), range(8)))
    assert all(frame is found[0] for frame in found)


@pytest.mark.parametrize(("waiting", "said"), [(0, "too many"), (1, "in time")])
def test_who_waits_among_too_many_or_too_long_is_sent_away(footage, waiting, said):
    cutter = FrameCutter(decoders=0, waiting=waiting, seconds=0.01)
    with pytest.raises(TimeoutError, match=said):
        cutter.frame(footage, Fraction(0))


def test_damaged_footage_is_told_by_name(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", 5)
    footage = open_footage(path)
    path.write_bytes(b"\0" * footage.size)
    with pytest.raises(FootageError):
        FrameCutter().frame(footage, Fraction(0))


def test_a_crop_reaches_no_further_than_the_frame():
    picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    assert crop(picture, (-5, -5, 100, 100), "unaltered") == crop(
        picture, (0, 0, 30, 20), "unaltered"
    )
    with pytest.raises(UsageError, match="30 x 20"):
        crop(picture, (30, 0, 40, 10), "enhanced")
