"""Upright pictures: the same whatever came before; combs and fine print, told apart."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from detector.footage.frames import Upright, is_woven
from detector.types import Picture


def frame_of(grey: Picture, kind: str = "yuv420p") -> av.VideoFrame:
    """A frame whose brightness is `grey`, (height, width)."""
    return av.VideoFrame.from_ndarray(np.stack([grey] * 3, axis=2), format="rgb24").reformat(
        format=kind
    )


def test_a_picture_does_not_depend_on_those_before_it():
    rng = np.random.default_rng(5)
    frames = [frame_of(rng.integers(0, 255, (180, 320), np.uint8)) for _ in range(6)]
    # Colours told otherwise half-way, and the kind of the pixels.
    for frame in frames[2:4]:
        frame.colorspace = Colorspace.ITU709
    frames[4:] = [frame.reformat(format="yuv444p") for frame in frames[4:]]
    one = Fraction(1)
    upright = Upright(frames[0], one)
    for frame in frames:
        fresh = Upright(frames[0], one)
        assert np.array_equal(upright.thumbnail(frame, one), fresh.thumbnail(frame, one))
        assert np.array_equal(upright.picture(frame, one), fresh.picture(frame, one))
        assert np.array_equal(upright.picture(frame, one, 160), fresh.picture(frame, one, 160))


@pytest.mark.parametrize("width", [37, 320, 643])
@pytest.mark.parametrize(("share", "woven"), [(0.0, False), (0.03, True)])
def test_a_frame_is_woven_where_lines_alternate(width, share, woven):
    rng = np.random.default_rng(width)
    grey = np.repeat(rng.integers(60, 90, (90, 1), np.uint8), 2 * width, axis=1).repeat(2, axis=0)
    comb = slice(0, round(share * 2 * width) + (1 if share else 0))
    grey[::2, comb], grey[1::2, comb] = 40, 200
    assert is_woven(frame_of(grey)) is woven
