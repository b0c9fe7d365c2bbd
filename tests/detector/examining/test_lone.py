"""Marks read on no machine: told with their place, and nothing claimed by them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from datasets.maker.broadcast import wear
from datasets.maker.lettering import Lettering, draw_lettering
from detector import Analyst
from detector.look.detect import YoloDetector
from detector.look.watch import watch
from detector.settings import Settings
from detector.types import MACHINE, MANUAL, WORDMARK, Detections, LoneMark, Picture
from tests.detector.clips import write_clip
from tests.detector.colours import painted, write_model
from tests.detector.look.test_passes import WHOLE, Dense


def draw_plate(lines: Sequence[str], height: int, rng: np.random.Generator) -> Picture:
    """A plate on sheet metal, RGB, its letters `height` pixels high."""
    dark = bool(rng.random() < 0.3)
    ink, ground = ((235, 235, 230), (40, 48, 70)) if dark else ((25, 27, 32), (205, 207, 204))
    weight = float(rng.uniform(0.0, 0.05))
    style = Lettering(ink, serif=bool(rng.random() < 0.2), weight=weight)
    cuts = [draw_lettering(line, style, height) for line in lines]
    pad, gap = 2 * height, round(0.7 * height)
    inner_height = sum(cut.shape[0] for cut in cuts) + gap * (len(cuts) - 1)
    size = (inner_height + 2 * pad, max(cut.shape[1] for cut in cuts) + 2 * pad)
    plate = np.full((*size, 3), ground, np.uint8)
    y = pad
    for cut in cuts:
        rows, columns = cut.shape[:2]
        here = plate[y : y + rows, pad : pad + columns]
        cover = cut[..., 3:].astype(np.float32) / 255
        here[...] = (here * (1 - cover) + cut[..., :3] * cover).astype(np.uint8)
        y += rows + gap
    metal = np.full((size[0] + 80, size[1] + 80, 3), (150, 156, 150), np.uint8)
    metal[40:-40, 40:-40] = plate
    return wear(metal, rng)


SIZE = (640, 360)
RATE = 10
FIRM = ("滕州市金瑞达数控机床有限公司", "MADE IN CHINA")


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    return Analyst(threads=1)


def sheet(*texts: tuple[str, int, int], seed: int = 0, height: int = 50) -> Picture:
    """Sheet metal larger than the picture, with texts whose corners stand at these places."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(120, 190, (8, 12)).astype(np.uint8)
    metal = cv2.resize(coarse, (900, 520), interpolation=cv2.INTER_CUBIC)
    whole = Image.fromarray(np.repeat(metal[..., None], 3, axis=2))
    for text, x, y in texts:
        cut = Image.fromarray(draw_lettering(text, Lettering((20, 24, 60)), height))
        whole.paste(cut, (x, y), cut)
    return np.asarray(whole, np.uint8)


def pan(whole: Picture, seconds: float = 2.0, step: int = 4) -> list[Picture]:
    """What a camera sees that goes over it."""
    width, height = SIZE
    return [
        whole[60 : 60 + height, x : x + width] for x in range(0, int(RATE * seconds) * step, step)
    ]


def lone_marks(analyst: Analyst, path: Path, pictures: Sequence[Picture]) -> list[LoneMark]:
    film = [np.ascontiguousarray(picture) for picture in pictures]
    found = analyst.analyze(write_clip(path, len(film), rate=RATE, size=SIZE, images=film))
    assert found.sightings == ()
    return list(found.lone_marks)


def test_a_mark_that_fills_the_picture_is_told_where_no_machine_is(analyst, tmp_path):
    shots = pan(sheet(seed=1))
    shots += pan(sheet(("HURCO", 260, 200), ("CAUTION", 230, 300), height=60))
    [mark] = lone_marks(analyst, tmp_path / "clip.mp4", shots)
    assert (mark.id, mark.builder, mark.plate, mark.evidence.text) == ("k1", "hurco", None, "HURCO")
    assert mark.shot.index == 1 and mark.shot.start <= (mark.evidence.pts or 0) <= mark.shot.end
    assert {read.text for read in mark.readings} == {"HURCO", "CAUTION"}
    assert mark.evidence.box is not None and mark.evidence.box[1] == pytest.approx(130, abs=20)


@pytest.mark.parametrize(("text", "at"), [("HURCO", 220), ("DMTGX", 285)])
def test_between_black_bars_it_is_told_in_the_frames_pixels_and_cut_off_it_is_none(
    analyst, tmp_path, text, at
):
    still = np.zeros((360, 640, 3), np.uint8)
    still[:, 200:440] = sheet((text, at, 220), height=44)[60:420, 200:440]
    found = lone_marks(analyst, tmp_path / "clip.mp4", [still] * 20)
    told = [(mark.builder, mark.evidence.box) for mark in found]
    if text == "HURCO":
        [(builder, box)] = told
        assert builder == "hurco" and box is not None
        assert box[0] == pytest.approx(220, abs=20) and box[1] == pytest.approx(160, abs=20)
    else:
        assert told == []


def test_a_plate_tells_where_a_machine_was_made(analyst, tmp_path):
    plate = draw_plate((*FIRM, "数控车床"), 24, np.random.default_rng(3))
    path = tmp_path / "plate.png"
    Image.fromarray(plate).save(path)
    found = analyst.analyze(path)
    assert found.sightings == ()
    [mark] = found.lone_marks
    assert (mark.builder, mark.plate, mark.evidence.kind) == (None, "CN", "plate")


@pytest.mark.parametrize(
    "text",
    [("CAUTION", 300, 220), ("FANUC", 300, 220), ("MAZATROL", 200, 220), ("HISIONS", 407, 220)],
    ids=lambda one: one[0],
)
def test_what_names_no_builder_or_goes_on_beyond_the_edge_is_none(analyst, tmp_path, text):
    still = [sheet(text)[60:420, :640]] * 20
    assert lone_marks(analyst, tmp_path / "clip.mp4", still) == []


def test_a_mark_of_an_origin_under_test_is_told_where_it_stands_whole(analyst, tmp_path):
    still = [sheet(("HISION", 200, 220), ("CFV850", 200, 290))[60:420, :640]] * 20
    [mark] = lone_marks(analyst, tmp_path / "clip.mp4", still)
    assert mark.builder == "hision"


class Pending:
    """Gives the same for any number of pictures."""

    def __init__(self, found: Detections, count: int) -> None:
        self.found, self.count = found, count

    def result(self) -> list[Detections]:
        return [self.found] * self.count


@pytest.fixture
def see(analyst, monkeypatch):
    """Has the detector see boxes of (class, box, confidence) in every picture."""

    def put(*boxes: tuple[int, tuple[int, int, int, int], float]) -> None:
        kinds, places, sure = zip(*boxes, strict=True)
        found = Detections(np.float32(places), np.float32(sure), np.int64(kinds))
        monkeypatch.setattr(
            analyst.detector, "begin", lambda pictures, *_, **__: Pending(found, len(pictures))
        )

    return put


def test_a_machine_that_is_none_in_the_end_hides_no_mark(analyst, see, tmp_path):
    """Nothing reports a box that the detector is less sure of and that has no reading."""
    see((MACHINE, (20, 20, 90, 90), 0.45))
    pictures = pan(sheet(("HURCO", 260, 200), height=60))
    [mark] = lone_marks(analyst, tmp_path / "clip.mp4", pictures)
    assert mark.builder == "hurco"


PLACE = (250, 90, 520, 180)


@pytest.mark.parametrize(
    ("beside", "machine", "told"),
    [
        ((WORDMARK, PLACE, 0.6), (20, 20, 90, 340), ["hurco"]),
        ((MANUAL, (180, 40, 500, 300), 0.8), (20, 20, 90, 340), ["hurco"]),
        ((WORDMARK, PLACE, 0.6), (180, 40, 500, 300), []),
    ],
    ids=["on nothing", "on a manual machine", "on the machine itself"],
)
def test_beside_a_machine_a_mark_is_told_that_is_not_on_it(
    analyst, see, tmp_path, beside, machine, told
):
    see((MACHINE, machine, 0.9), beside)
    path = tmp_path / "hall.png"
    Image.fromarray(sheet(("HURCO", 260, 160), height=60)[60:420, :640]).save(path)
    found = analyst.analyze(path)
    assert len(found.sightings) == 1
    assert [mark.builder for mark in found.lone_marks] == told
    named = {lead.builder for lead in found.sightings[0].attribution.leads}
    assert named == (set() if told else {"hurco"})


def test_a_sellers_badge_and_a_plate_are_both_told(analyst, tmp_path):
    badge = Image.fromarray(draw_plate(("METALTEC",), 40, np.random.default_rng(1)))
    plate = Image.fromarray(draw_plate(FIRM, 24, np.random.default_rng(3)))
    whole = Image.new("RGB", (max(badge.width, plate.width), 900), (150, 150, 150))
    whole.paste(badge, (0, 0))
    whole.paste(plate, (0, 900 - plate.height))
    path = tmp_path / "both.png"
    whole.save(path)
    [mark] = analyst.analyze(path).lone_marks
    assert (mark.builder, mark.plate, mark.evidence.text) == ("metaltec", "CN", "METALTEC")
    assert mark.readings[0].text == "METALTEC"


def test_a_caption_over_two_scenes_is_none(analyst, tmp_path):
    def captioned(pictures: Sequence[Picture]) -> list[Picture]:
        cut = Image.fromarray(draw_lettering("HURCO", Lettering((250, 250, 250)), 40))
        drawn = []
        for picture in pictures:
            whole = Image.fromarray(np.ascontiguousarray(picture))
            whole.paste((160, 24, 34), (60, 280, 260, 340))
            whole.paste(cut, (80, 290), cut)
            drawn.append(np.asarray(whole, np.uint8))
        return drawn

    one, other = sheet(("CAUTION", 300, 220), seed=4), sheet(("PLEASE WAIT", 200, 150), seed=5)
    assert lone_marks(analyst, tmp_path / "a.mp4", captioned(pan(one) + pan(other))) == []
    # Over the second scene alone it goes as it came, with the cut: that no program can tell.
    [mark] = lone_marks(analyst, tmp_path / "b.mp4", pan(one) + captioned(pan(other)))
    assert mark.builder == "hurco"


def test_none_is_sought_where_the_settings_say_so(tmp_path):
    settings = Settings.parse({"reading": {"lone_side": 0}})
    shots = pan(sheet(("HURCO", 300, 220)))
    assert lone_marks(Analyst(settings, threads=1), tmp_path / "clip.mp4", shots) == []


def test_the_sharpest_frame_of_a_shot_in_which_no_machine_is_sure_is_kept(tmp_path):
    detector = YoloDetector(write_model(tmp_path))
    whole = sheet(("HURCO", 300, 220))
    scenes = [whole[60 : 60 + 360, x : x + 640] for x in range(0, 180, 30)]
    grey = [
        np.asarray((scene if n == 2 else cv2.GaussianBlur(scene, (0, 0), 3)) * 0.3, np.uint8)
        for n, scene in enumerate(scenes)
    ]
    [shot] = watch(Dense(grey), WHOLE, detector, Settings())
    assert shot.machines == [] and shot.lone is not None and shot.lone.frame.pts * 4 == 2
    # Confidence is brightness here: a weak box is no machine yet, a sure one is.
    for brightness, kept in ((0.45, True), (0.9, False)):
        machine = painted(640, 360, (MACHINE, (60, 40, 220, 200), brightness))
        [shot] = watch(Dense([machine] * 4), WHOLE, detector, Settings())
        assert len(shot.machines) == 1 and (shot.lone is not None) == kept


def test_marks_beside_machines_and_manual_machines_are_kept(tmp_path):
    detector = YoloDetector(write_model(tmp_path))
    machine, on_it = (60, 40, 220, 300), (100, 100, 160, 120)
    beside, manual = (300, 20, 360, 34), (400, 40, 600, 300)
    shown = [(MACHINE, machine, 0.9), (WORDMARK, beside, 0.9)]
    for more, kept in (
        ([shown[0], (WORDMARK, on_it, 0.9)], None),
        (shown, 0),
        ([*shown, (MANUAL, manual, 0.9)], 1),
    ):
        [shot] = watch(Dense([painted(640, 360, *more)] * 4), WHOLE, detector, Settings())
        if kept is None:
            assert shot.lone is None
            continue
        assert shot.lone is not None and len(shot.lone.manual) == kept
        assert shot.lone.marks == (pytest.approx(beside, abs=8),)
