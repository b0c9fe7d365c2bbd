"""Films that are drawn: the demo, long ones, and halls filmed from several places."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
import numpy as np

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay
from datasets.maker.canvas import Box
from datasets.maker.clip import CameraView, ClipSpec, ClipTruth, ShotSpec, make_clip, write_truth
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
_ROOM = 1.4
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
    wanted: Sequence[tuple[Variant, str | None]],
    rng: np.random.Generator,
    size: tuple[int, int],
) -> Scene:
    """A scene in which every machine asked for is well seen, found by trying seeds."""
    still = (round(size[0] * _ROOM), round(size[1] * _ROOM))
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
        scene.camera,
        size=(_TRIAL_WIDTH, round(h * factor)),
        focal=scene.camera.focal * factor,
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


def long_clip(
    path: Path,
    minutes: float,
    seed: int = 0,
    size: tuple[int, int] = (640, 360),
    *,
    block: float = 1.0,
) -> ClipTruth:
    """Long footage for benchmarks: mostly empty halls, repeated without encoding again.

    Args:
        path: an .mp4 or .mkv file; its truth lies beside it.
        minutes: length, rounded to whole blocks, at least one.
        seed: the same seed gives the same footage.
        size: width and height.
        block: minutes that are drawn and encoded: twelve shots, two with a machine.

    Raises:
        DataError: `minutes` or `block` is not positive, or the file cannot be written.
    """
    if minutes <= 0 or block <= 0:
        raise DataError(f"{path}: {minutes} minutes of {block} is no length; give more than 0")
    repeats = max(1, round(minutes / block))
    rng = np.random.default_rng((seed, 13))
    length = Fraction(block).limit_denominator(1000) * 5  # a twelfth of the block, in seconds
    shots: list[ShotSpec] = []
    for index in range(12):
        wanted: tuple[tuple[Variant, str | None], ...] = ()
        if index in (3, 8):
            text = BUILDER_MARKS[rng.integers(10)].text
            wanted = (("marked", text),)
        shots.append(_pan(_scene_for(wanted, rng, size), length, rng))
    how = Encoding(size=size, crf=28)
    spec = ClipSpec(tuple(shots), Overlay(bug="ВЕСТИ"), (how,), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / f"block{path.suffix}"
        truth = make_clip(drawn, spec)
        _repeat(drawn, path, repeats, truth.frames)
    truth = _repeated(truth, repeats)
    write_truth(path, truth)
    return truth


def _repeat(block: Path, path: Path, repeats: int, frames: int) -> None:
    """Write the packets of `block` over and over, each time later by its length."""
    try:
        with av.open(str(path), "w") as target:
            with av.open(str(block)) as source:
                stream = source.streams.video[0]
                copy = target.add_stream_from_template(stream)
                length = round(frames / stream.average_rate / stream.time_base)
            for i in range(repeats):
                with av.open(str(block)) as source:
                    for packet in source.demux(video=0):
                        if packet.dts is None or packet.pts is None:
                            continue
                        packet.pts += i * length
                        packet.dts += i * length
                        packet.stream = copy
                        target.mux(packet)
    except OSError as error:
        raise DataError(f"{path}: could not be written ({error}); check the folder") from error


def _repeated(truth: ClipTruth, repeats: int) -> ClipTruth:
    length = float(truth.frames / truth.rate)
    shots, machines = list(truth.shots), list(truth.machines)
    for i in range(1, repeats):
        late = i * length
        shots += [(a + late, b + late) for a, b in truth.shots]
        machines += [
            replace(
                m,
                shot=m.shot + i * len(truth.shots),
                start=m.start + late,
                end=m.end + late,
                boxes=tuple((t + late, box) for t, box in m.boxes),
            )
            for m in truth.machines
        ]
    return replace(
        truth, frames=truth.frames * repeats, shots=tuple(shots), machines=tuple(machines)
    )


Angle = Literal["home", "framed", "zoomed", "moved", "turned"]
_HALL_TRIES = 60
_GLIMPSE = 320  # pixels


def lay_out(
    specs: Sequence[MachineSpec],
    rng: np.random.Generator,
    size: tuple[int, int],
    least: int = 2,
) -> Scene:
    """A hall with most machines well seen from the door, found by trying seeds.

    Args:
        size: of the frame, pixels; the still drawn is larger.
        least: so many machines must be well seen, or all where there are fewer.

    Raises:
        DataError: no such hall was found.
    """
    still = (round(size[0] * _ROOM), round(size[1] * _ROOM))
    for _ in range(_HALL_TRIES):
        scene = random_scene(int(rng.integers(2**31)), still, machines=specs, setting="hall")
        scene = replace(scene, settled=scene.camera, clutter=int(rng.integers(14, 24)))
        seen = [m for m in _glimpse(scene).machines if _large(m.box, still)]
        if len(seen) >= min(least, len(specs)):
            return scene
    raise DataError(f"no hall for {len(specs)} machines in {_TRIES} tries; use another seed")


def _large(box: Box, size: tuple[int, int]) -> bool:
    return (box[2] - box[0]) * (box[3] - box[1]) > 0.03 * size[0] * size[1]


def shoot(home: Scene, angle: Angle, seconds: Fraction, rng: np.random.Generator) -> ShotSpec:
    """A slow pan over a hall laid out before, so that a machine at least is well seen."""
    scene = home
    for _ in range(_HALL_TRIES):
        seen = _seen_from(home, angle, rng)
        if angle == "home" or any(_large(m.box, seen.camera.size) for m in _glimpse(seen).machines):
            scene = seen
            break
    width = float(rng.uniform(0.85, 1.0)) if angle == "home" else float(rng.uniform(0.7, 0.95))
    x, y = (0.5, 0.5) if angle == "home" else (float(v) for v in rng.uniform(0.35, 0.65, 2))
    turn = float(rng.uniform(-0.05, 0.05))
    return ShotSpec(scene, seconds, CameraView(x - turn, y, width), CameraView(x + turn, y, width))


def _glimpse(scene: Scene) -> Truth:
    """What is seen of a scene's machines, nearly: drawn small and without the hall."""
    camera = scene.camera
    w, h = camera.size
    factor = max(w, h) / _GLIMPSE
    size = (round(w / factor), round(h / factor))
    small = replace(camera, size=size, focal=camera.focal / factor)
    bare = replace(scene, camera=small, setting="studio", clutter=0)
    return draw_scene(bare)[1].moved(camera.size, (factor, factor), (0, 0))


def _seen_from(scene: Scene, angle: Angle, rng: np.random.Generator) -> Scene:
    """The same hall through a camera that stands elsewhere and looks at one of its machines."""
    home = scene.camera
    if angle in ("home", "framed"):
        return scene
    standing = scene.machines[rng.integers(len(scene.machines))]
    w, h, d = standing.spec.size
    cos, sin = np.cos(standing.yaw), np.sin(standing.yaw)
    middle = np.array(standing.corner) + np.array(
        [w / 2 * cos - d / 2 * sin, h / 2, w / 2 * sin + d / 2 * cos]
    )
    position, focal = home.position.copy(), home.focal
    far = middle - position
    if angle == "zoomed":
        focal *= float(rng.uniform(1.4, 2.2))
    else:
        low, high = (0.04, 0.2) if angle == "moved" else (0.36, 0.6)
        turn = float(rng.choice((-1.0, 1.0)) * rng.uniform(low, high))
        near = float(rng.uniform(0.75, 1.1))
        c, s = np.cos(turn), np.sin(turn)
        position[0] = middle[0] - near * (c * far[0] - s * far[2])
        position[2] = max(-1.8, middle[2] - near * (s * far[0] + c * far[2]))
        position[1] += float(rng.uniform(-0.3, 0.5))
        inside = scene.half_width - 0.6
        position[0] = float(np.clip(position[0], -inside, inside))
    look = middle - position
    yaw = float(np.arctan2(look[0], look[2]))
    pitch = float(-np.arctan2(look[1], np.hypot(look[0], look[2])))
    camera = replace(home, position=position, yaw=yaw, pitch=pitch, focal=focal)
    return replace(scene, camera=camera)
