"""How networks are compiled, and what that leaves in the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from detector import inference
from detector.inference import Engine
from detector.look import model_files
from detector.look.detect import letterbox

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
