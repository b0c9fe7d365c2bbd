"""How networks are compiled, and what that leaves in the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from detector import inference

ENDING = """
import gc, os, signal
import openvino
from detector.inference import compile_network
networks = [compile_network(small(), 1) for _ in range(3)]
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


def test_signals_are_heard_where_networks_came_and_went() -> None:
    """Each core of OpenVINO lays a stack for signals: with one a network the last to end left the
    process with the first one's, which was gone."""
    ran = subprocess.run(
        [sys.executable, "-c", SMALL + ENDING], capture_output=True, text=True, check=False
    )
    assert ran.returncode != -signal.SIGSEGV, "a signal was not survived"
    assert (ran.returncode, ran.stdout) == (0, "heard\n"), ran.stderr


def test_a_process_has_one_core_whoever_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
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
