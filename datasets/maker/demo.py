"""The demo: a film that is drawn, of machines of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from datasets.maker.broadcast import Overlay
from datasets.maker.clip import CameraView, ClipSpec, ClipTruth, ShotSpec, make_clip
from datasets.maker.encode import Encoding
from datasets.maker.machine import MachineSpec, Variant, random_machine
from datasets.maker.scene import Scene
from datasets.maker.stills import random_scene
from datasets.maker.words import BUILDER_MARKS

# Still height over frame height: what is left to pan over.
ROOM = 1.4
SIZE = (1280, 720)
# What stands in each shot, and the draw that shows it whole, large and legible.
_SHOTS: tuple[tuple[tuple[tuple[Variant, str | None], ...], int], ...] = (
    ((), 0),
    ((("marked", "MAZAK"),), 2),
    ((("marked", "大连机床"),), 1),
    ((("marked", "СТАНКОМАШСТРОЙ"), ("marked", "OKUMA")), 15),
    ((("unknown", None),), 4),
    ((("concealed", "沈阳机床"),), 11),
    ((("control-only", None),), 23),
    ((("marked", "秦川机床"), ("marked", "СТЕРЛИТАМАК")), 66),
    ((("marked", "DMG MORI"),), 2),
)


@cache
def demo_spec() -> ClipSpec:
    """The demo: marks in Latin, Han and Cyrillic, one machine unknown, one concealed, one
    with its control's badge alone; pans, cuts, a bug, a caption, two recompressions."""
    rng = np.random.default_rng((0, 11))
    shots = [
        _pan(_scene_for(wanted, draws, rng), Fraction(4 if wanted else 3), rng)
        for wanted, draws in _SHOTS
    ]
    last = Encoding(size=SIZE, crf=26)
    return ClipSpec(
        shots=tuple(shots),
        overlay=Overlay(bug="ЗВЕЗДА", caption=("УДМУРТИЯ", "Новый участок запущен в цехе № 3")),
        encodings=(
            replace(last, codec="mpeg4", crf=10),
            replace(last, codec="mpeg4", crf=None, bit_rate=4_000_000),
            last,
        ),
    )


def demo_clip(path: Path) -> ClipTruth:
    """Draws the demo to `path` (its truth beside it as JSON).

    Raises:
        DataError: as for `make_clip`.
    """
    return make_clip(path, demo_spec())


def _scene_for(
    wanted: Sequence[tuple[Variant, str | None]], draws: int, rng: np.random.Generator
) -> Scene:
    still = (round(SIZE[0] * ROOM), round(SIZE[1] * ROOM))
    scene = random_scene(int(rng.integers(2**31)), still, negative=True, setting="hall")
    for _ in range(draws):
        specs = [_spec(rng, variant, text) for variant, text in wanted]
        scene = random_scene(int(rng.integers(2**31)), still, machines=specs, setting="hall")
    return replace(scene, clear=bool(wanted))


def _spec(rng: np.random.Generator, variant: Variant, text: str | None) -> MachineSpec:
    mark = next((m for m in BUILDER_MARKS if m.text == text), None)
    spec = random_machine(rng, BUILDER_MARKS, variant=variant, mark=mark)
    return replace(spec, cover="mosaic") if variant == "concealed" else spec


def _pan(scene: Scene, seconds: Fraction, rng: np.random.Generator) -> ShotSpec:
    width = float(rng.uniform(0.82, 0.95))
    turn = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.02, 0.06))
    begin = CameraView(0.5 - turn, 0.52, width)
    end = CameraView(0.5 + turn, 0.5, width * float(rng.uniform(0.88, 1.05)))
    return ShotSpec(scene, seconds, begin, end)
