"""Marks hidden on purpose are reported; marks that are merely hard to read are not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.errors import ModelError
from datasets.fonts import font
from datasets.maker.broadcast import mosaic
from datasets.registry import load_registry
from detector.boxes import iou
from detector.examining.examine import Examiner
from detector.look.detect import YoloDetector
from detector.look.legibility import LegibleView
from detector.look.watch import Watched
from detector.read.concealment import PACKAGED, ConcealmentDetector
from detector.read.logos import Recogniser
from detector.read.reader import PaddleReader
from detector.screen.overlay import OverlayMap
from detector.settings import Settings
from detector.types import CONTROL, Box, Detections, Observation, Picture, Reading, Shot, Track

MARK: Box = (150.0, 100.0, 330.0, 160.0)
AT = Fraction(1)
AWAY = 1000.0


@pytest.fixture(scope="module")
def concealment() -> ConcealmentDetector:
    return ConcealmentDetector()


def machine() -> Picture:
    """A machine's front with a mark, a window and a panel with buttons, and sensor noise."""
    image = Image.new("RGB", (480, 320), (200, 204, 206))
    draw = ImageDraw.Draw(image)
    draw.text((155, 96), "MAKINO", font=font(46), fill=(30, 30, 40))
    draw.rectangle((120, 180, 360, 300), fill=(60, 66, 70), outline=(20, 20, 20), width=3)
    for x in range(150, 330, 22):
        draw.ellipse((x, 70, x + 10, 80), fill=(160, 20, 20))
    rng = np.random.default_rng(4)
    noisy = np.asarray(image, np.float32) + rng.normal(0, 2, (320, 480, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def hidden(how: str, strength: int) -> Picture:
    """The mark pixelated, so many blocks high, or smeared, and the picture compressed after."""
    picture = machine()
    if how == "mosaic":
        mosaic(picture, MARK, strength)
    else:
        x1, y1, x2, y2 = (int(v) for v in MARK)
        here = picture[y1 - 10 : y2 + 10, x1 - 10 : x2 + 10]
        here[...] = cv2.GaussianBlur(here, (0, 0), strength)
    return compressed(picture)


def compressed(picture: Picture) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@dataclass(frozen=True)
class View:
    picture: Picture
    marks: Detections = field(default_factory=Detections.none)
    pts: Fraction = AT
    offset: tuple[float, float] = (AWAY, 0.0)
    box_in_crop: Box = (10.0, 10.0, 470.0, 310.0)


@pytest.mark.parametrize(
    ("how", "strength"), [("mosaic", 3), ("mosaic", 5), ("blur", 14), ("blur", 20)]
)
def test_a_mosaic_or_a_blur_is_told_in_pixels_of_the_frame(concealment, how, strength):
    (box,) = concealment.find(View(hidden(how, strength)), [])
    there = np.asarray([MARK], np.float32) + np.asarray([AWAY, 0, AWAY, 0], np.float32)
    assert iou(np.asarray([box], np.float32), there)[0, 0] > 0.4


def test_a_plain_mark_is_not_hidden(concealment):
    assert concealment.find(View(compressed(machine())), []) == []


@pytest.mark.parametrize("sigma", [1.5, 3, 6])
def test_a_picture_out_of_focus_as_a_whole_hides_nothing(concealment, sigma):
    soft = np.asarray(cv2.GaussianBlur(machine(), (0, 0), sigma), np.uint8)
    assert concealment.find(View(soft), []) == []


def test_a_mark_too_small_to_read_is_not_called_hidden(concealment):
    small = cv2.resize(hidden("mosaic", 3), None, fx=0.15, fy=0.15)
    assert concealment.hidden(np.asarray(small, np.uint8)) == []


def test_what_was_read_is_not_hidden(concealment):
    view, read = (
        View(hidden("blur", 14)),
        Reading("MAKINO", 0.8, (1150, 100, 1330, 160), AT, "latin"),
    )
    assert concealment.find(view, [read]) == []
    assert concealment.find(view, [replace(read, pts=Fraction(9))]) != []


def test_on_a_control_nothing_is_called_hidden(concealment):
    panel = np.asarray([[1140, 90, 1340, 170]], np.float32)
    marks = Detections(panel, np.asarray([0.7], np.float32), np.asarray([CONTROL]))
    assert concealment.find(View(hidden("blur", 14), marks), []) == []


def test_what_is_hidden_beside_the_machine_is_not_told(concealment):
    below = replace(View(hidden("blur", 14)), box_in_crop=(10.0, 175.0, 470.0, 310.0))
    assert concealment.find(below, []) == []


def test_a_place_is_asked_about_where_half_of_it_is_shown(concealment):
    view, plain = View(hidden("mosaic", 3)), View(compressed(machine()))
    (box,) = concealment.find(view, [])
    beside = (AWAY - 80.0, 0.0, AWAY + 20.0, 40.0)
    assert concealment.are_hidden(view, [box, beside]) == [True, None]
    assert concealment.are_hidden(plain, [box, beside]) == [False, None]
    assert concealment.are_hidden(plain, []) == []


def test_what_is_found_both_ways_is_told_once(concealment):
    for block in (9, 12, 15):
        picture = machine()
        x1, y1, x2, y2 = (int(v) for v in MARK)
        levels = np.random.default_rng(5).normal(130, 40, (60 // block + 1, 180 // block + 1, 1))
        blocks = np.kron(levels, np.ones((block, block, 3)))[: y2 - y1, : x2 - x1]
        picture[y1:y2, x1:x2] = np.clip(blocks, 0, 255)
        assert len(concealment.hidden(compressed(picture))) == 1


PAN = 24


def walker(picture: Picture, x: int) -> None:
    """Somebody in a patterned jacket, the face pixelated; the machine bears no mark there."""
    picture[92:172, 140:340] = (200, 204, 206)
    rng = np.random.default_rng(6)
    jacket = picture[172:266, x - 40 : x + 40]
    jacket[:] = (60, 70, 110)
    for _ in range(30):
        at, shade = rng.integers(0, 80, 2).tolist(), rng.integers(90, 220, 3).tolist()
        cv2.circle(jacket, at, int(rng.integers(2, 6)), shade, -1)
    face = picture[112:172, x - 24 : x + 24]
    face[:] = rng.integers(60, 230, (10, 8, 3)).repeat(6, axis=0).repeat(6, axis=1)


@pytest.mark.parametrize(
    ("what", "others", "told"),
    [
        ("mark", (), True),
        ("mark", ((120.0, 84.0, 380.0, 300.0),), False),
        ("face", (), False),
        ("standing", (), True),
    ],
    ids=["a hidden mark", "its neighbour's", "a hidden face that walks by", "one that stays"],
)
def test_what_is_hidden_is_told_where_it_stays_on_the_machine(concealment, what, others, told):
    """The camera pans by so much from the clearer of two views to the other."""
    views, box = [], (10.0, 10.0, 450.0, 310.0)
    for n, (pan, x) in enumerate([(0, 180), (PAN, 300)]):
        picture = machine()
        for number in range(24):  # screws, so that the machine can be followed
            place = np.random.default_rng(number).integers((30, 20), (440, 60))
            cv2.circle(picture, (int(place[0]), int(place[1])), 2 + number % 3, (40, 40, 50), -1)
        if what == "mark":
            mosaic(picture, MARK, 3)
        else:
            walker(picture, x if what == "face" else 180)
        shown = compressed(np.ascontiguousarray(picture[:, pan : pan + 480 - PAN]))
        none = Detections.none()
        views.append(LegibleView(Fraction(n), box, shown, (0, 0), 1.0 - n / 2, none, 0.0))
    seen = Observation(Fraction(0), box, 0.9)
    track = Track(Shot(0, Fraction(0), Fraction(1), "hit"), (seen,))
    beside = dict.fromkeys((view.pts for view in views), others)
    watched = Watched(track, seen, tuple(views), beside, None)
    examiner = examiner_with(concealment)
    found = examiner.sighting("m1", examiner.examine(watched, OverlayMap()))
    assert found is not None and found.attribution.concealed == told


def examiner_with(concealment: ConcealmentDetector) -> Examiner:
    settings, registry = Settings(), load_registry()
    reader, looks = PaddleReader(settings.reading), Recogniser(registry=registry)
    detector = YoloDetector(None, settings.detecting)
    return Examiner(detector, reader, looks, concealment, registry, settings)


@pytest.mark.parametrize(("confidence", "looked_for"), [(0.49, False), (0.5, True)])
def test_what_is_hidden_is_looked_for_only_on_what_would_be_told_without_it(
    concealment, confidence, looked_for
):
    """On a machine that is nowhere half sure, and otherwise bare."""
    box = (10.0, 10.0, 470.0, 310.0)
    picture = hidden("mosaic", 3)
    view = LegibleView(AT, box, picture, (0, 0), 1.0, Detections.none(), 0.0)
    seen = Observation(AT, box, confidence)
    watched = Watched(Track(Shot(0, AT, AT, "hit"), (seen,)), seen, (view,), {AT: ()}, None)
    examiner = examiner_with(concealment)
    examined = examiner.examine(watched, OverlayMap())
    assert bool(examined.concealed) == looked_for
    assert (examiner.sighting("m1", examined) is not None) == looked_for


def test_a_picture_of_any_size_is_looked_at_and_answered_in_its_own_pixels(concealment):
    large = np.asarray(cv2.resize(hidden("mosaic", 3), None, fx=3, fy=3), np.uint8)
    chances, scale = concealment.chances(large)
    assert chances.shape == (-(-round(960 * scale) // 4), 320) and scale == 1280 / 1440
    for x1, y1, x2, y2 in concealment.hidden(large):
        assert 0 <= x1 < x2 <= 1440 and 0 <= y1 < y2 <= 960
    chances, scale = concealment.chances(np.zeros((1, 1, 3), np.uint8))
    assert chances.shape == (1, 1) and scale == 1


def test_a_damaged_network_is_named(tmp_path):
    folder = tmp_path / "conceal_model"
    shutil.copytree(PACKAGED, folder)
    (folder / "hidden.bin").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"hidden\.xml: damaged.*reinstall"):
        ConcealmentDetector(folder=folder)
    (folder / "hidden.json").unlink()
    with pytest.raises(ModelError, match="hidden marks cannot be read"):
        ConcealmentDetector(folder=folder)
