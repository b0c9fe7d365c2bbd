"""How networks are compiled on every backend and processor, and what that leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import SettingsError, UsageError
from datasets.maker.scene import draw_scene, random_scene
from detector import inference
from detector.boxes import iou
from detector.inference import Backend, Engine, open_session
from detector.look import model_files
from detector.look.detect import YoloDetector, letterbox
from detector.look.scout import Scout
from detector.read.concealment import ConcealmentDetector
from detector.read.logos import Recogniser
from detector.read.reader import PaddleReader
from detector.settings import Settings, TextRecognition
from tests.detector.read.test_reader import panel

ENDING = """
import gc, os, signal
import openvino
from detector.inference import core
networks = [core().compile_model(small(), "CPU") for _ in range(3)]
while networks:
    del networks[0]
    gc.collect()
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
os.kill(os.getpid(), signal.SIGUSR1)
"""
SMALL = """
def small():
    from openvino import Model, Type, opset8
    given = opset8.parameter([1, 3], Type.f32)
    return Model([opset8.relu(given)], [given])
"""


def test_signals_are_heard_where_networks_came_and_went():
    """Each core of OpenVINO lays a stack for signals: with one a network the last to end left the
    process with the first one's, which was gone."""
    ran = subprocess.run(
        [sys.executable, "-c", SMALL + ENDING], capture_output=True, text=True, check=False
    )
    assert ran.returncode != -signal.SIGSEGV, "a signal was not survived"
    assert (ran.returncode, ran.stdout) == (0, "heard\n"), ran.stderr


def test_a_process_has_one_core_whoever_asks_first(monkeypatch):
    made: list[object] = []

    def make() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    monkeypatch.setattr("openvino.Core", make)
    monkeypatch.setattr(inference, "_core", None)
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda _: inference.core(), range(4)))
    assert len(made) == 1 and asked == 4 * made


def test_a_network_that_was_kept_computes_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    picture = np.random.default_rng(0).integers(0, 256, (200, 320, 3), np.uint8)
    folder = model_files.PACKAGED
    answers = []
    for _ in range(2):
        monkeypatch.setattr(inference, "_loaded", {})
        _, session = model_files.load_network(folder, Engine(1))
        answers.append(session.infer(letterbox(picture, 320)[0][None])[0])
        (kept,) = (tmp_path / "nameplate").iterdir()
    assert np.array_equal(*answers)
    assert kept.stat().st_size > model_files.PACKAGED.joinpath("model.bin").stat().st_size


REFUSED = """
import sys
from datasets.errors import FootageError
from detector import Analyst
try:
    Analyst().analyze(sys.argv[1])
except FootageError as error:
    print(error.kind, "openvino" in sys.modules)
"""


def test_no_network_is_loaded_for_a_file_that_is_refused(tmp_path):
    file = tmp_path / "page.mp4"
    file.write_text("<html></html>", "utf-8")
    command = [sys.executable, "-c", REFUSED, str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "disguised False\n"


FOUND = """
import hashlib
from datasets.maker.scene import draw_scene
from datasets.maker.scene import random_scene
from detector.inference import Engine
from detector.look.detect import YoloDetector
pictures = [draw_scene(random_scene(seed, (640, 360)))[0] for seed in range(12)]
told = hashlib.sha256()
for found in YoloDetector(engine=Engine(1)).detect(pictures, least=0.05):
    told.update(found.xyxy.tobytes() + found.confidence.tobytes())
print(told.hexdigest())
"""


THREADS = """
import os
from detector.types import Detections
import numpy as np
square = np.ones((600, 600), np.float32)
assert (square @ square).max() == 600
print(len(os.listdir("/proc/self/task")))
"""


def test_arithmetic_beside_the_networks_starts_no_threads():
    plain = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=plain, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


def has_amx() -> bool:
    try:
        return "amx_int8" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


@pytest.mark.skipif(not has_amx(), reason="the processor has no AMX, with which it could differ")
def test_a_processor_with_amx_finds_what_one_without_it_finds():
    assert found_with({}) == found_with({"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"})


def found_with(instructions: dict[str, str]) -> str:
    plain = {key: value for key, value in os.environ.items() if key != "ONEDNN_MAX_CPU_ISA"}
    done = subprocess.run(
        [sys.executable, "-c", FOUND],
        env={**plain, **instructions},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


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
