"""What every detector promises (`detector.look.detector.Detector`), asked of each there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detector.inference import Engine
from detector.look.detect import YoloDetector
from detector.look.detector import Detector
from detector.types import CLASSES, MACHINE, Detections, Picture
from tests.detector.colours import painted, write_model

MAKERS: dict[str, Callable[[Path], Detector]] = {
    "packaged": lambda folder: YoloDetector(engine=Engine(1)),
    "on ONNX Runtime": lambda folder: YoloDetector(engine=Engine(1, "onnxruntime")),
    "exported folder": lambda folder: YoloDetector(write_model(folder)),
}
FAINT = 0.005


@pytest.fixture(scope="module", params=MAKERS)
def detector(request, tmp_path_factory) -> Detector:
    if "ONNX" in request.param:
        pytest.importorskip("onnxruntime")
    return MAKERS[request.param](tmp_path_factory.mktemp("model"))


def hall() -> Picture:
    """Texture and a painted machine: enough for any network to find something faint in."""
    picture = painted(320, 240, (MACHINE, (40, 60, 160, 200), 1.0))
    noise = np.random.default_rng(3).integers(0, 40, picture.shape, dtype=np.uint8)
    return np.minimum(picture.astype(np.uint16) + noise, 255).astype(np.uint8)


def equal(one: Detections, other: Detections) -> bool:
    columns = ("xyxy", "confidence", "class_id")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in columns)


def test_boxes_lie_in_the_picture_and_the_surest_is_first(detector):
    picture = hall()
    (found,) = detector.detect([picture], FAINT)
    assert len(found)
    rows, columns = picture.shape[:2]
    assert (found.xyxy >= 0).all() and (found.xyxy <= [columns, rows, columns, rows]).all()
    assert (found.xyxy[:, 2:] > found.xyxy[:, :2]).all()
    assert list(found.confidence) == sorted(found.confidence, reverse=True)
    assert set(found.class_id) <= set(range(len(CLASSES)))


def test_a_picture_gives_the_same_alone_and_among_others_in_order(detector):
    pictures = [hall(), painted(160, 300), hall()[:, ::-1].copy(), hall()[20:220]]
    alone = [detector.detect([one], FAINT)[0] for one in pictures]
    assert all(map(equal, detector.detect(pictures, FAINT), alone))
    assert all(map(equal, detector.begin(pictures, FAINT).result(), alone))
    assert detector.detect([]) == []


def test_a_closer_look_stays_at_its_box(detector):
    picture, (x1, y1, x2, y2) = hall(), (40.0, 60.0, 160.0, 200.0)
    found = detector.look_closer(picture, (x1, y1, x2, y2))
    margin = 0.2 * max(x2 - x1, y2 - y1)
    assert (found.xyxy >= [x1 - margin, y1 - margin] * 2).all()
    assert (found.xyxy <= [x2 + margin, y2 + margin] * 2).all()
    assert not len(detector.look_closer(picture, (400, 300, 500, 400)))


def test_a_detector_says_which_model_it_is(detector):
    assert len(bytes.fromhex(detector.digest)) == 32
    assert 0 <= detector.settings.confidence <= 1


def test_a_photograph_and_its_mirror_image_show_the_same(detector):
    picture = hall()
    (seen,) = detector.detect([picture], FAINT, still=True)
    (mirrored,) = detector.detect([np.ascontiguousarray(picture[:, ::-1])], FAINT, still=True)
    assert seen.confidence[0] == pytest.approx(mirrored.confidence[0], abs=1e-3)
    left, top, right, bottom = seen.xyxy[0]
    width = picture.shape[1]
    assert mirrored.xyxy[0] == pytest.approx([width - right, top, width - left, bottom], abs=1)
