"""Every backend on the same pictures: all say what OpenVINO on the processor says."""

from __future__ import annotations

import sys
from fractions import Fraction

import numpy as np
import pytest

from datasets.errors import SettingsError, UsageError
from datasets.maker.scene import draw_scene
from datasets.maker.stills import random_scene
from detector.boxes import iou
from detector.inference import Backend, Engine, open_session
from detector.look.detect import YoloDetector
from detector.look.scout import Scout
from detector.read.concealment import ConcealmentDetector
from detector.read.logos import Recogniser
from detector.read.reader import PaddleReader
from detector.settings import Settings, TextRecognition
from tests.detector.read.test_reader import panel

CONFIDENCE = 0.03
"""The detector computes in eight bits, and each backend rounds its own way."""

SIDES = 5.0
"""Pixels by which a box may differ: the stride of the finest look is eight."""

USUAL = Engine(1)


@pytest.fixture(params=["openvino-gpu", "onnxruntime", "tensorrt"])
def other(request) -> Engine:
    """Each backend; on a machine without its card it computes on the processor."""
    backend: Backend = request.param
    if backend != "openvino-gpu":
        pytest.importorskip("onnxruntime")
    return Engine(1, backend)


def test_machines_and_marks_are_the_same(other):
    pictures = [draw_scene(random_scene(seed, (640, 360)))[0] for seed in (0, 1, 2, 4)]
    usual, others = (YoloDetector(engine=engine).detect(pictures) for engine in (USUAL, other))
    assert sum(map(len, usual)) > 10
    for one, two in zip(usual, others, strict=True):
        for a, b in ((one, two), (two, one)):
            # What is about as sure as its threshold may be above it for one of them alone.
            least = np.where(a.class_id == 0, 0.4, 0.2) + CONFIDENCE
            sure = a.where(a.confidence >= least)
            overlap = iou(sure.xyxy, b.xyxy) * (sure.class_id[:, None] == b.class_id)
            same = overlap.argmax(axis=1)
            assert sure.confidence == pytest.approx(b.confidence[same], abs=CONFIDENCE)
            assert sure.xyxy == pytest.approx(b.xyxy[same], abs=SIDES)


def test_the_other_networks_say_the_same(other):
    machine = draw_scene(random_scene(0, (640, 360)))[0]
    shown = panel(("MAZAK", 100, 80), ("ЗАВОД", 100, 180), ("大连机床", 100, 280))
    said = []
    for engine in (USUAL, other):
        readings = PaddleReader(TextRecognition(), engine).read(shown, Fraction(0))
        marks = np.random.default_rng(0).integers(0, 256, (3, 32, 128), np.uint8)
        said.append(
            {
                "texts": [one.text for one in readings],
                "scores": np.array([one.score for one in readings]),
                "boxes": np.array([one.box for one in readings]),
                "scout": Scout.open(engine).scores([machine, shown, machine[:, ::-1]]),
                "hidden": ConcealmentDetector(engine).chances(machine)[0],
                "marks": Recogniser(engine=engine)._embedder.embed(list(marks)),
            }
        )
    one, two = said
    assert sorted(one["texts"]) == ["MAZAK", "ЗАВОД", "大连机床"]
    assert one.pop("texts") == two.pop("texts")
    for name, value in one.items():
        assert value == pytest.approx(two[name], abs=1e-3), name


def test_a_backend_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"onnxruntime is not installed.*nameplate\[onnx\]"):
        open_session("ab", lambda: None, Engine(1, "onnxruntime"))
    with pytest.raises(SettingsError, match=r"inference\.backend"):
        Settings.parse({"inference": {"backend": "abacus"}})
