"""The detector finds the same whatever the processor can do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOUND = """
import hashlib
from datasets.maker.scene import draw_scene
from datasets.maker.stills import random_scene
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
