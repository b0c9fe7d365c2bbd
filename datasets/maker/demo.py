"""The demo: a film that is drawn, of machines of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay
from datasets.maker.clip import CameraView, ClipSpec, ClipTruth, ShotSpec, make_clip
from datasets.maker.encode import Encoding
from datasets.maker.lettering import BUILDER_MARKS, BuilderMark
from datasets.maker.machine import MachineSpec, Truth, Variant, random_machine
from datasets.maker.scene import Scene, draw_scene
from datasets.maker.stills import random_scene

_TRIES = 80
_TRIAL_WIDTH = 900  # pixels
# A builder's mark is at least this share of the still's height: 20 px in a 720-line clip.
_MARK_SHARE = 0.02
# Still height over frame height: what is left to pan over.
ROOM = 1.4
_DEMO: tuple[tuple[tuple[Variant, str | None], ...], ...] = (
    (),
    (("marked", "MAZAK"),),
    (("marked", "大连机床"),),
    (("marked", "СТАНКОМАШСТРОЙ"), ("marked", "OKUMA")),
    (("unknown", None),),
    (("concealed", "沈阳机床"),),
    (("control-only", None),),
    (("marked", "秦川机床"), ("marked", "СТЕРЛИТАМАК")),
    (("marked", "DMG MORI"),),
)


@cache
def demo_spec(seed: int = 0, size: tuple[int, int] = (1280, 720)) -> ClipSpec:
    """The demo: marks in Latin, Han and Cyrillic, one machine unknown, one concealed, one
    with its control's badge alone; pans, cuts, a bug, a caption, two recompressions."""
    rng = np.random.default_rng((seed, 11))
    shots: list[ShotSpec] = []
    for wanted in _DEMO:
        scene = _scene_for(wanted, rng, size)
        shots.append(_pan(scene, Fraction(3 if not wanted else 4), rng))
    last = Encoding(size=size, crf=26)
    return ClipSpec(
        shots=tuple(shots),
        overlay=Overlay(bug="ЗВЕЗДА", caption=("УДМУРТИЯ", "Новый участок запущен в цехе № 3")),
        encodings=(
            replace(last, codec="mpeg4", crf=10),
            replace(last, codec="mpeg4", crf=None, bit_rate=4_000_000),
            last,
        ),
        seed=seed,
    )


def demo_clip(path: Path, seed: int = 0) -> ClipTruth:
    """Draw the demo to `path` (its truth beside it as JSON).

    Raises:
        DataError: as for `make_clip`.
    """
    return make_clip(path, demo_spec(seed))


def _scene_for(
    wanted: Sequence[tuple[Variant, str | None]], rng: np.random.Generator, size: tuple[int, int]
) -> Scene:
    """A scene in which every machine asked for is well seen, found by trying seeds."""
    still = (round(size[0] * ROOM), round(size[1] * ROOM))
    scene = random_scene(int(rng.integers(2**31)), still, negative=True, setting="hall")
    if not wanted:
        return scene
    for _ in range(_TRIES):
        specs = [_spec(rng, variant, text) for variant, text in wanted]
        scene = random_scene(int(rng.integers(2**31)), still, machines=specs, setting="hall")
        scene = replace(scene, clear=True)
        # Tried small and without the hall: neither changes what is seen of the machines.
        trial = replace(_small(scene), setting="studio", clutter=0)
        if _fit(draw_scene(trial)[1], specs):
            return scene
    raise DataError(f"no scene for {wanted} in {_TRIES} tries; use another seed")


def _spec(rng: np.random.Generator, variant: Variant, text: str | None) -> MachineSpec:
    mark: BuilderMark | None = next((m for m in BUILDER_MARKS if m.text == text), None)
    spec = random_machine(rng, BUILDER_MARKS, variant=variant, mark=mark)
    return replace(spec, cover="mosaic") if variant == "concealed" else spec


def _small(scene: Scene) -> Scene:
    w, h = scene.camera.size
    factor = _TRIAL_WIDTH / w
    camera = replace(
        scene.camera, size=(_TRIAL_WIDTH, round(h * factor)), focal=scene.camera.focal * factor
    )
    return replace(scene, camera=camera)


def _fit(truth: Truth, specs: Sequence[MachineSpec]) -> bool:
    """Every machine whole and large, its mark high enough to be read in the clip."""
    height = _MARK_SHARE * truth.size[1]
    edge = 0.07 if len(specs) == 1 else 0.03
    if len(truth.machines) != len(specs) or any(m.truncated for m in truth.machines):
        return False
    for index, spec in enumerate(specs):
        own = [m for m in truth.marks if m.of == index]
        role = "control" if spec.variant == "control-only" else "builder"
        least = height / 2 if role == "control" else height
        clear = [m for m in own if m.role == role and (m.legible or m.concealed)]
        tall = max((m.box[3] - m.box[1] for m in clear), default=0.0)
        if spec.variant != "unknown" and tall < least:
            return False
        x1, y1, x2, y2 = truth.machines[index].box
        w, h = truth.size
        if (x2 - x1) * (y2 - y1) < 0.09 * w * h / len(specs) or x1 < edge * w or x2 > w - edge * w:
            return False
    return True


def _pan(scene: Scene, seconds: Fraction, rng: np.random.Generator) -> ShotSpec:
    width = float(rng.uniform(0.82, 0.95))
    turn = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.02, 0.06))
    begin = CameraView(0.5 - turn, 0.52, width)
    end = CameraView(0.5 + turn, 0.5, width * float(rng.uniform(0.88, 1.05)))
    return ShotSpec(scene, seconds, begin, end)
