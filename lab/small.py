"""A tiny archive with one of everything a sweep must cope with, made in two seconds.

Clips of a second and a half. They show a machine with its builder's mark, the same file again, the
same picture recompressed, and the same machine from elsewhere in a later shot. One shows another
builder's machine. One file is torn off before its index, which no player opens.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from datasets.maker.clip import CameraView, ClipSpec, Encoding, ShotSpec, make_clip, recompress
from datasets.maker.lettering import BUILDER_MARKS
from datasets.maker.machine import random_machine
from datasets.maker.scene import Scene, random_scene

SIZE = (640, 360)
SECONDS = Fraction(3, 2)
TORN_BYTES = 3000

_STILL = (896, 504)  # 1.4 times the frame: what there is to pan over
_ENCODING = Encoding(size=SIZE, gop=25)


def make_small(folder: Path) -> Path:
    """Make the archive in `folder`, which is created; the same pictures every time."""
    folder.mkdir(parents=True, exist_ok=True)
    mazak = _scene(0, "MAZAK")
    _clip(folder / "mazak.mp4", mazak, CameraView(0.5, 0.5, 0.9), CameraView(0.52, 0.5, 0.9))
    shutil.copyfile(folder / "mazak.mp4", folder / "mazak-again.mp4")
    worse = replace(_ENCODING, size=(480, 270), crf=32)
    recompress(folder / "mazak.mp4", folder / "mazak-worse.mp4", worse)
    later = CameraView(0.45, 0.52, 0.98), CameraView(0.47, 0.5, 0.95)
    _clip(folder / "mazak-later.mp4", mazak, *later)
    _clip(folder / "okuma.mp4", _scene(8, "OKUMA"), CameraView(), CameraView(0.5, 0.5, 0.9))
    whole = (folder / "okuma.mp4").read_bytes()
    (folder / "torn.mp4").write_bytes(whole[:TORN_BYTES])
    for truth in folder.glob("*.json"):
        truth.unlink()
    return folder


def _scene(seed: int, text: str) -> Scene:
    mark = next(m for m in BUILDER_MARKS if m.text == text)
    rng = np.random.default_rng(seed)
    spec = random_machine(rng, variant="marked", mark=mark)
    scene = random_scene(seed, _STILL, machines=[spec], setting="hall")
    return replace(scene, clear=True)


def _clip(path: Path, scene: Scene, begin: CameraView, end: CameraView) -> None:
    shot = ShotSpec(scene, SECONDS, begin, end)
    make_clip(path, ClipSpec((shot,), encodings=(_ENCODING,), seed=scene.seed))
