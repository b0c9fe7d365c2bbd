"""Detection: boxes come back in the frame's pixels, and only a sound model is used."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.errors import ModelError
from datasets.maker.scene import draw_scene, random_scene
from detector.boxes import iou, suppress
from detector.inference import IN_FLIGHT, Engine
from detector.look.bars import within_bars
from detector.look.detect import (
    STRIDE,
    YoloDetector,
    bearing,
    letterbox,
    merged,
    shows_hall,
    suppressed,
)
from detector.settings import Detecting
from detector.types import CONTROL, MACHINE, MANUAL, WORDMARK
from tests.detector.colours import detections, painted, write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def detector(folder) -> YoloDetector:
    return YoloDetector(folder)


@pytest.mark.parametrize(
    ("width", "height"),
    [(1280, 720), (720, 1280), (640, 480), (352, 288), (1001, 333), (4096, 2160), (64, 64)],
)
def test_boxes_are_in_pixels_of_the_frame_whatever_its_shape(detector, width, height):
    box = (width // 8, height // 4, width // 2, height * 3 // 4)
    (found,) = detector.detect([painted(width, height, (MACHINE, box, 0.9))])
    assert list(found.class_id) == [MACHINE]
    # A pixel of the network's input is `width / 640` pixels of the frame.
    assert np.abs(found.xyxy[0] - box).max() <= 1 + 1.5 * max(width, height) / 640
    assert found.confidence[0] == pytest.approx(0.9, abs=0.01)


def test_machines_and_marks_have_thresholds_of_their_own(detector):
    picture = painted(
        640,
        480,
        (MACHINE, (20, 20, 200, 200), 0.3),
        (WORDMARK, (300, 20, 400, 60), 0.3),
        (CONTROL, (300, 200, 400, 300), 0.18),
    )
    (found,) = detector.detect([picture])
    assert list(found.class_id) == [WORDMARK]
    (found,) = detector.detect([picture], least=0.25)
    assert sorted(found.class_id) == [MACHINE, WORDMARK]


@pytest.mark.parametrize(
    ("mark", "kept"),
    [(0.3, [0.25]), (0.17, [0.25]), (0.07, [])],
    ids=["sure mark", "faint mark", "no mark"],
)
def test_a_less_sure_machine_is_kept_for_a_mark_of_its_own(detector, mark, kept):
    picture = painted(
        640, 480, (MACHINE, (20, 20, 200, 200), 0.25), (WORDMARK, (60, 60, 140, 100), mark)
    )
    (found,) = detector.detect([picture])
    assert found.of(MACHINE).confidence == pytest.approx(kept, abs=0.01)
    # What made it worth a look is no mark by itself.
    assert len(found.of(WORDMARK)) == (mark >= detector.settings.mark_confidence)


MACHINES = {(0, 0, 100, 100): 0.9, (10, 10, 90, 90): 0.2, (200, 0, 300, 100): 0.2,
            (190, 0, 310, 120): 0.3}  # fmt: skip


def test_a_mark_on_a_sure_machine_keeps_no_other_and_of_two_the_surest():
    found = detections(
        *((MACHINE, box, sure) for box, sure in MACHINES.items()),
        *((WORDMARK, (x, 40, x + 20, 60), 0.1) for x in (40, 240, 500)),
    )
    sure = np.array([True] + [False] * 6)
    assert list(np.flatnonzero(bearing(found, sure))) == [3]


def test_a_mark_too_small_in_the_frame_is_found_looking_closer(folder):
    detector = YoloDetector(folder, Detecting(image_size=160))
    mark = (1204, 700, 1210, 704)
    picture = painted(1920, 1080, (MACHINE, (1150, 600, 1300, 800), 1.0), (WORDMARK, mark, 1.0))
    (far,) = detector.detect([picture])
    assert not len(far.of(WORDMARK))
    near = detector.look_closer(picture, (1150, 600, 1300, 800)).of(WORDMARK)
    assert len(near) == 1
    assert np.abs(near.xyxy[0] - mark).max() <= 3


@pytest.mark.parametrize(
    ("cnc", "manual", "is_one"), [(0.9, 0.6, MACHINE), (0.5, 0.8, MANUAL)], ids=["cnc", "manual"]
)
def test_one_machine_is_a_cnc_or_a_manual_one_as_the_surer_box_says(cnc, manual, is_one):
    box = (0, 0, 100, 100)
    found = detections((MACHINE, box, cnc), (MANUAL, (3, 2, 104, 99), manual), (WORDMARK, box, 0.4))
    kept = suppressed(found, 0.6)
    assert sorted(kept.class_id) == sorted([is_one, WORDMARK])


def test_a_manual_machine_is_seen_as_such_and_keeps_no_faint_cnc_for_its_mark(detector):
    manual = (MANUAL, (20, 20, 200, 200), 0.8)
    mark = (WORDMARK, (60, 60, 140, 100), 0.5)
    (found,) = detector.detect([painted(640, 480, manual, mark)])
    assert sorted(found.class_id) == [WORDMARK, MANUAL]


HALL = (
    (MACHINE, (100, 500, 400, 700), 0.9),
    (MANUAL, (1200, 500, 1500, 700), 0.9),
    (WORDMARK, (905, 603, 911, 607), 0.9),
)


def test_a_hall_is_looked_at_again_with_more_pixels(folder):
    hall = painted(1920, 1080, *HALL)
    (once,) = YoloDetector(folder, Detecting(image_size=160, hall_size=None)).detect([hall])
    (twice,) = YoloDetector(folder, Detecting(image_size=160, hall_size=1280)).detect([hall])
    assert sorted(once.class_id) == [MACHINE, MANUAL]
    assert sorted(twice.class_id) == [MACHINE, WORDMARK, MANUAL]


@pytest.mark.parametrize(
    ("machines", "shape", "scale", "hall"),
    [(2, (1080, 1920), 0.25, True), (1, (1080, 1920), 0.25, False), (2, (1080, 1920), 0.9, False)],
    ids=["two far machines", "one", "nothing more to see"],
)
def test_a_hall_shows_machines_far_away(machines, shape, scale, hall):
    found = detections(*((MACHINE, (200 * k, 0, 200 * k + 150, 150), 0.5) for k in range(machines)))
    assert shows_hall(found, shape, scale) is hall


def test_the_input_is_a_rectangle_that_fits():
    boxed, scale, offset = letterbox(painted(1280, 720), 640)
    assert boxed.shape == (384, 640, 3)
    assert scale == 0.5
    assert offset == (0, 12)


@given(width=st.integers(1, 3000), height=st.integers(1, 3000), side=st.integers(32, 700))
def test_a_letterbox_always_fits_its_picture(width, height, side):
    picture = np.broadcast_to(np.uint8(0), (height, width, 3))
    boxed, scale, (left, top) = letterbox(np.ascontiguousarray(picture), side)
    rows, columns = boxed.shape[:2]
    assert rows % 32 == columns % 32 == 0
    assert left + max(1, round(width * scale)) <= columns
    assert top + max(1, round(height * scale)) <= rows
    assert max(rows, columns) - side < 32


def test_suppression_keeps_the_surest_of_a_class_and_other_classes():
    boxes = np.array([[0, 0, 100, 100], [2, 2, 102, 102], [0, 0, 100, 100]], np.float32)
    confidence = np.array([0.5, 0.9, 0.4], np.float32)
    kept = suppress(boxes, confidence, np.array([0, 0, 1], np.int64), 0.6)
    assert list(kept) == [1, 2]


def test_intersection_over_union_is_computed_pairwise():
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert iou(a, b)[0] == pytest.approx([1, 1 / 3, 0])


def test_the_digest_is_the_models(folder, tmp_path):
    other = write_model(tmp_path / "other", [1, 3, -1, 640])
    assert YoloDetector(folder).digest == YoloDetector(folder).digest
    with pytest.raises(ModelError, match="one size only"):
        YoloDetector(other)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"model\.json: cannot be read"):
        YoloDetector(tmp_path / "nowhere")


def test_an_exchanged_file_is_noticed(tmp_path):
    folder = write_model(tmp_path)
    weights = folder / "model.bin"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=r"model\.bin: its SHA-256"):
        YoloDetector(folder)


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "expected an object"),
        ('{"classes": ["machine", "person"], "files": {}}', "expected the classes"),
        ('{"classes": null}', "expected the classes"),
        ('{"classes": ["machine", "wordmark", "control", "manual machine"]}', "names None"),
    ],
    ids=["broken", "deep", "list", "other-classes", "no-classes", "no-hashes"],
)
def test_a_wrong_card_is_refused(tmp_path, card, says):
    folder = write_model(tmp_path)
    (folder / "model.json").write_text(card, "utf-8")
    with pytest.raises(ModelError, match=says):
        YoloDetector(folder)


def test_a_file_that_is_no_network_is_refused(tmp_path):
    folder = write_model(tmp_path)
    (folder / "model.xml").write_bytes(b"<html></html>")
    card = json.loads((folder / "model.json").read_text("utf-8"))
    card["files"]["model.xml"] = hashlib.sha256(b"<html></html>").hexdigest()
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match="OpenVINO cannot read it"):
        YoloDetector(folder)


def test_memory_does_not_grow_with_every_size_of_picture_met():
    detector = YoloDetector(engine=Engine(1))
    full = np.zeros((640, 640, 3), np.uint8)
    detector.detect([full] * IN_FLIGHT)
    before = _resident()
    # Crops of machines are of any shape. Enlarged to 640 pixels, whole steps of 32, they are of one
    # of these to the network; the largest was met already.
    for side in range(STRIDE, 640, STRIDE):
        detector.detect([full[:side]])
        detector.detect([full[:, :side]])
    assert _resident() - before < 200 << 20


def _resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_two_looks_are_one_box_and_the_mean_confidence_of_a_machine():
    mark = (0, 200, 50, 220)
    first = detections(
        (MACHINE, (0, 0, 100, 100), 0.9), (MACHINE, (300, 0, 400, 100), 0.4), (WORDMARK, mark, 0.3)
    )
    second = detections(
        (MACHINE, (10, 0, 110, 100), 0.3), (WORDMARK, mark, 0.5), (WORDMARK, (500, 0, 600, 90), 0.4)
    )
    found = merged(first, second, 0.6)
    assert found.confidence.tolist() == pytest.approx([0.6, 0.5, 0.4, 0.2])
    assert found.class_id.tolist() == [MACHINE, WORDMARK, WORDMARK, MACHINE]
    assert found.xyxy[0].tolist() == pytest.approx([2.5, 0, 102.5, 100])


def framed(
    picture: NDArray[np.uint8], beside: int = 0, above: int = 0, noise: int = 0
) -> NDArray[np.uint8]:
    """The picture between black bars so many pixels wide."""
    height, width, _ = picture.shape
    whole = np.random.default_rng(0).integers(
        0, noise + 1, (height + 2 * above, width + 2 * beside, 3)
    )
    whole[above : above + height, beside : beside + width] = picture
    return whole.astype(np.uint8)


@pytest.mark.parametrize(("beside", "above"), [(0, 0), (57, 0), (58, 0), (0, 101), (31, 42)])
def test_bars_are_found_to_the_pixel(beside, above):
    picture = np.random.default_rng(1).integers(40, 200, (180, 240, 3)).astype(np.uint8)
    found = within_bars(framed(picture, beside, above, noise=15))
    assert found == (beside, above, beside + 240, above + 180)


def test_what_is_dark_or_stands_before_black_is_no_bar():
    ground = np.zeros((240, 320, 3), np.uint8)
    assert within_bars(ground) == (0, 0, 320, 240), "nothing at all"
    product = ground.copy()
    for row in range(60, 200):
        product[row, 60 + row // 4 : 260 - row // 4] = 180
    assert within_bars(product) == (0, 0, 320, 240), "a thing before black"
    one_sided = ground.copy()
    one_sided[:, 90:] = 120
    assert within_bars(one_sided) == (0, 0, 320, 240), "a wall in the dark"
    captioned = framed(np.full((240, 160, 3), 120, np.uint8), beside=80)
    captioned[100:140, 10:70] = 220
    assert within_bars(captioned) == (0, 0, 320, 240), "something stands on a bar"


def test_between_bars_the_same_is_found_in_the_frames_pixels():
    detector = YoloDetector(engine=Engine(1))
    picture, _ = draw_scene(random_scene(1, (640, 360), setting="hall", negative=False))
    (plain,) = detector.detect([picture])
    (found,) = detector.detect([framed(picture, beside=200)])
    assert len(plain.of(MACHINE))
    assert found.xyxy == pytest.approx(plain.xyxy + np.float32([200, 0, 200, 0]))
    assert found.confidence == pytest.approx(plain.confidence)
    assert found.class_id.tolist() == plain.class_id.tolist()
