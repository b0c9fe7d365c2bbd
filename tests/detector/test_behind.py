"""A text drawn over a take in which the camera moves, and one that stands on the machine."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.fonts import font
from datasets.maker import demo_spec, draw_scene
from detector import Analyst
from detector.behind import Behind
from detector.legible import LegibleView
from detector.types import Box, Detections, Picture, Reading
from tests.detector.clips import write_clip

CONTROL_ONLY = 6
SIZE = (640, 360)
PLACE = (230, 130)
TEXT: Box = (230.0, 130.0, 330.0, 154.0)


@pytest.fixture(scope="module")
def hall() -> Picture:
    """A machine without a builder's mark, twice as large as the screen."""
    return draw_scene(demo_spec(seed=0).shots[CONTROL_ONLY].scene)[0]


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    """The model is loaded once: on a busy machine that alone may take minutes."""
    return Analyst()


def written(picture: Picture, at: tuple[int, int]) -> Picture:
    drawn = Image.fromarray(picture)
    panel = (at[0] - 8, at[1] - 8, at[0] + 120, at[1] + 32)
    ImageDraw.Draw(drawn).rectangle(panel, fill=(20, 30, 120))
    ImageDraw.Draw(drawn).text(at, "HERMLE", "white", font(24))
    return np.asarray(drawn, np.uint8)


def seen(hall: Picture, share: float, how: str) -> Picture:
    """What a camera shows that has done so much of its movement."""
    picture = Image.fromarray(hall)
    width, height = picture.size
    scale = {"pan": 1.4, "zoom": 1 + 0.5 * share, "still": 1.4}[how]
    across, down = width / scale, height / scale
    x, y = (width - across) * (share if how == "pan" else 0.5), (height - down) / 2
    shown = picture.resize(SIZE, Image.Resampling.BICUBIC, box=(x, y, x + across, y + down))
    noise = np.random.default_rng(round(100 * share)).normal(0, 3, (*SIZE[::-1], 3))
    return np.clip(np.asarray(shown) + noise, 0, 255).astype(np.uint8)


def read(text: str, at: int, box: Box = TEXT) -> Reading:
    return Reading(text, 0.95, box, Fraction(at), "latin")


@pytest.mark.parametrize(
    ("how", "second", "expected"),
    [
        ("pan", read("HERMLE", 1), 2),
        ("zoom", read("HERML", 1), 2),
        ("still", read("HERMLE", 1), 0),
        ("pan", read("HERMLE", 1, (130.0, 130.0, 230.0, 154.0)), 0),
        ("pan", read("STOP", 1), 0),
    ],
    ids=["pan", "zoom", "tripod", "moves with it", "another text"],
)
def test_a_text_that_stays_while_the_picture_moves_is_drawn_over_it(
    hall: Picture, how: str, second: Reading, expected: int
) -> None:
    views = [
        LegibleView(
            Fraction(n),
            (0.0, 0.0, 640.0, 360.0),
            written(seen(hall, share, how), PLACE),
            (0, 0),
            1.0,
            Detections.none(),
            0.0,
        )
        for n, share in enumerate((0.2, 0.8))
    ]
    found = Behind().drawn_over([read("HERMLE", 0), second], views)
    assert len(found) == expected


@pytest.mark.parametrize(("drawn_over", "builder"), [(True, None), (False, "hermle")])
def test_a_watermark_over_a_pan_names_no_builder(
    analyst: Analyst, hall: Picture, tmp_path: Path, drawn_over: bool, builder: str | None
) -> None:
    ground = hall if drawn_over else written(hall, (620, 330))
    frames = [seen(ground, n / 49, "pan") for n in range(50)]
    if drawn_over:
        frames = [written(frame, PLACE) for frame in frames]
    clip = write_clip(tmp_path / "pan.mp4", size=SIZE, images=frames)
    sightings = analyst.analyze(clip).sightings
    assert sightings and any("HERMLE" in r.text for one in sightings for r in one.readings)
    assert {one.attribution.builder for one in sightings} - {None} == {builder} - {None}
