"""A text drawn over a take in which the camera moves, and one that stands on the machine."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.fonts import font
from datasets.maker.clip import demo_spec
from datasets.maker.scene import draw_scene
from detector import Analyst
from detector.look.legibility import LegibleView
from detector.screen.caption import BackgroundPoints
from detector.settings import Settings
from detector.types import Box, Detections, Picture, Reading
from tests.detector.clips import write_clip

CONTROL_ONLY = 6
SIZE = (640, 360)
RATE, FRAMES = 12, 25
PLACE = (230, 130)
TEXT: Box = (230.0, 130.0, 330.0, 154.0)


@pytest.fixture(scope="module")
def hall() -> Picture:
    """A machine without a builder's mark, twice as large as the screen."""
    return draw_scene(demo_spec().shots[CONTROL_ONLY].scene)[0]


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


def view(at: int, picture: Picture) -> LegibleView:
    """A machine that fills the picture."""
    whole = (0.0, 0.0, float(picture.shape[1]), 360.0)
    return LegibleView(Fraction(at), whole, picture, (0, 0), 1.0, Detections.none(), 0.0)


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
def test_a_text_that_stays_while_the_picture_moves_is_drawn_over_it(hall, how, second, expected):
    views = [view(n, written(seen(hall, share, how), PLACE)) for n, share in enumerate((0.2, 0.8))]
    found = BackgroundPoints().drawn_over([read("HERMLE", 0), second], views)
    assert len(found) == expected


@pytest.mark.parametrize(("text_by", "expected"), [(9.0, 0), (0.0, 2)], ids=["mark", "watermark"])
def test_a_mark_that_moves_a_little_with_the_machine_is_not_drawn_over_it(hall, text_by, expected):
    """The camera pans by a little more than a text's place is uncertain by: 11 pixels, of 10."""
    box, wide = (230.0, 130.0, 400.0, 170.0), seen(hall, 0.5, "still")
    views = [view(n, np.ascontiguousarray(wide[:, by : by + 600])) for n, by in enumerate((11, 0))]
    then = (box[0] + text_by, box[1], box[2] + text_by, box[3])
    found = BackgroundPoints().drawn_over([read("HERMLE", 0, box), read("HERMLE", 1, then)], views)
    assert len(found) == expected


def placed(at: tuple[int, int]) -> Box:
    return at[0], at[1], at[0] + 100.0, at[1] + 24.0


@pytest.mark.parametrize(
    ("second", "twice", "expected"),
    [((430, 170), False, 2), ((430, 170), True, 0), (PLACE, False, 0)],
    ids=["passes by", "stands there twice, each read once", "stands there"],
)
def test_a_text_that_leaves_its_place_on_a_machine_passes_it_by(hall, second, twice, expected):
    views = []
    for n, at in enumerate((PLACE, second)):
        picture = seen(hall, 0.2 + 0.6 * n, "still")
        for place in (PLACE, second) if twice else (at,):
            picture = written(picture, place)
        views.append(view(n, picture))
    readings = [read("HERMLE", n, placed(at)) for n, at in enumerate((PLACE, second))]
    assert len(set(BackgroundPoints().passing(readings, views))) == expected


@pytest.mark.parametrize(("walks", "said"), [(True, None), (False, "hermle")])
def test_a_mark_that_is_carried_past_a_machine_claims_no_origin_under_test(
    hall, tmp_path, walks, said
):
    """It stands on a jacket, a trolley or a door."""
    frames = [
        written(seen(hall, n / (FRAMES - 1), "still"), (120 + (12 * n if walks else 140), 150))
        for n in range(FRAMES)
    ]
    clip = write_clip(tmp_path / "walk.mp4", FRAMES, rate=RATE, size=SIZE, images=frames)
    settings = Settings.parse({"attributing": {"tested_origins": ["DE"]}})
    sightings = Analyst(settings).analyze(clip).sightings
    assert any("HERMLE" in line.text for one in sightings for line in one.attribution.evidence)
    assert {one.attribution.builder for one in sightings} - {None} == {said} - {None}


@pytest.mark.parametrize(("drawn_over", "builder"), [(True, None), (False, "hermle")])
def test_a_watermark_over_a_pan_names_no_builder(analyst, hall, tmp_path, drawn_over, builder):
    ground = hall if drawn_over else written(hall, (620, 330))
    frames = [seen(ground, n / (FRAMES - 1), "pan") for n in range(FRAMES)]
    if drawn_over:
        frames = [written(frame, PLACE) for frame in frames]
    clip = write_clip(tmp_path / "pan.mp4", FRAMES, rate=RATE, size=SIZE, images=frames)
    sightings = analyst.analyze(clip).sightings
    assert sightings and any("HERMLE" in r.text for one in sightings for r in one.readings)
    assert {one.attribution.builder for one in sightings} - {None} == {builder} - {None}
