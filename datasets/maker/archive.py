"""Archives in which the same machines turn up again and again, and whose are known to be whose.

A hall is drawn once and filmed from several places. Some halls hold a row of machines of one
model, alike to the last sticker; some hold models that stand in another hall as well. Clips
cut between halls and come back to them; some are copies of others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay
from datasets.maker.canvas import Box
from datasets.maker.clip import ClipSpec, ClipTruth, ShotSpec, View, make_clip
from datasets.maker.encode import Codec, Encoding, available
from datasets.maker.machine import MachineSpec, random_machine
from datasets.maker.marks import BUGS, BUILDER_MARKS, CAPTIONS
from datasets.maker.scene import Scene, draw_scene
from datasets.maker.stills import random_scene
from datasets.maker.truth import Truth

Angle = Literal["home", "framed", "zoomed", "moved", "turned"]
_ANGLES: tuple[Angle, ...] = ("home", "framed", "zoomed", "moved", "turned")
_OFTEN = (0.25, 0.25, 0.2, 0.2, 0.1)
_ROOM = 1.4  # still height over frame height: what is left to pan over
_TRIES = 60
_GLIMPSE = 320  # pixels
_CODECS: tuple[Codec, ...] = ("libx264", "mpeg4", "libvpx-vp9", "libx265")


@dataclass(frozen=True, slots=True)
class ArchiveSpec:
    """How large an archive is made.

    clips: how many, copies among them; copies: share that are copies of an earlier one;
    halls: how many, in turn a row of one model, a mixed one, and one with the models of the
    one before; shots, seconds: of a clip, of a shot; size: of the frame of most clips.
    """

    seed: int = 0
    clips: int = 8
    halls: int = 4
    shots: int = 4
    seconds: Fraction = Fraction(2)
    size: tuple[int, int] = (480, 270)
    copies: float = 0.25


@dataclass(frozen=True, slots=True)
class Hall:
    """A hall and the machines in it, by their number in the scene: ids and models."""

    name: str
    scene: Scene
    machines: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appearing:
    """A machine on screen: which, in which shot, from when to when, its boxes by time.

    angle: how the camera stands to the hall: `home`; the same place `framed` otherwise or
    `zoomed`; `moved` by some steps; `turned` by more than 20 degrees about the machine.
    """

    machine: str
    shot: int
    hall: str
    angle: Angle
    start: float
    end: float
    legible: bool
    boxes: tuple[tuple[float, Box], ...]


@dataclass(frozen=True, slots=True)
class ArchiveClip:
    """One clip: its file, the one it is a copy of, how, and the machines in it."""

    file: str
    copy_of: str | None
    mirrored: bool
    size: tuple[int, int]
    shots: tuple[tuple[float, float], ...]
    machines: tuple[Appearing, ...]


@dataclass(frozen=True, slots=True)
class ArchiveTruth:
    """Which machine is where and when. `machines`: the hall, model and builder of each."""

    machines: dict[str, dict[str, str | None]]
    clips: tuple[ArchiveClip, ...]


def make_archive(folder: Path, spec: ArchiveSpec | None = None) -> ArchiveTruth:
    """Draw an archive; its truth lies in it as `archive.json`.

    Args:
        folder: made if need be.
        spec: equal specs give equal archives.

    Raises:
        DataError: the folder cannot be written, or no hall could be laid out.
    """
    spec = spec or ArchiveSpec()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made ({error.strerror}); name another") from error
    halls = _halls(spec)
    clips: list[ArchiveClip] = []
    drawn: list[tuple[ClipSpec, list[tuple[Hall, Angle]]]] = []
    originals: list[int] = []
    for index in range(spec.clips):
        rng = np.random.default_rng((spec.seed, 21, index))
        source = None
        if originals and index >= 2 and rng.random() < spec.copies:
            source = originals[rng.integers(len(originals))]
            clip, plan = drawn[source]
            clip = _copied(clip, rng)
        else:
            clip, plan = _clip(spec, halls, rng)
            originals.append(index)
        drawn.append((clip, plan))
        path = folder / f"c{index:03d}{_suffix(clip)}"
        truth = make_clip(path, clip)
        name = None if source is None else clips[source].file
        clips.append(_told(path.name, name, clip, truth, plan))
    machines: dict[str, dict[str, str | None]] = {}
    for hall in halls:
        for id_, model, standing in zip(
            hall.machines, hall.models, hall.scene.machines, strict=True
        ):
            mark = standing.spec.mark
            builder = mark.builder if mark and standing.spec.variant == "marked" else None
            machines[id_] = {"hall": hall.name, "model": model, "builder": builder}
    told = ArchiveTruth(machines, tuple(clips))
    (folder / "archive.json").write_text(
        json.dumps(asdict(told), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    return told


def _halls(spec: ArchiveSpec) -> list[Hall]:
    halls: list[Hall] = []
    before: Sequence[MachineSpec] = ()
    models: dict[MachineSpec, str] = {}
    for index in range(spec.halls):
        rng = np.random.default_rng((spec.seed, 20, index))
        kind = ("row", "mixed", "again")[index % 3]
        specs = list(before)
        if kind == "row":
            specs = [random_machine(rng, BUILDER_MARKS, variant="marked")] * int(rng.integers(3, 6))
        elif kind == "mixed":
            specs = [random_machine(rng, BUILDER_MARKS) for _ in range(int(rng.integers(2, 4)))]
        before = specs
        for one in specs:
            models.setdefault(one, f"model{len(models)}")
        name = f"hall{index}"
        halls.append(
            Hall(
                name,
                lay_out(specs, rng, spec.size),
                tuple(f"{name}-{n}" for n in range(len(specs))),
                tuple(models[one] for one in specs),
            )
        )
    return halls


def lay_out(
    specs: Sequence[MachineSpec],
    rng: np.random.Generator,
    size: tuple[int, int],
    least: int = 2,
) -> Scene:
    """A hall of which most machines are well seen from the door, found by trying seeds.

    Args:
        size: of the frame, pixels; the still drawn is larger.
        least: so many machines must be well seen, or all where there are fewer.

    Raises:
        DataError: no such hall was found.
    """
    still = (round(size[0] * _ROOM), round(size[1] * _ROOM))
    for _ in range(_TRIES):
        scene = random_scene(int(rng.integers(2**31)), still, machines=specs, setting="hall")
        scene = replace(scene, settled=scene.camera, clutter=int(rng.integers(14, 24)))
        seen = [m for m in _glimpse(scene).machines if _large(m.box, still)]
        if len(seen) >= min(least, len(specs)):
            return scene
    raise DataError(f"no hall for {len(specs)} machines in {_TRIES} tries; use another seed")


def _large(box: Box, size: tuple[int, int]) -> bool:
    return (box[2] - box[0]) * (box[3] - box[1]) > 0.03 * size[0] * size[1]


def _clip(
    spec: ArchiveSpec, halls: Sequence[Hall], rng: np.random.Generator
) -> tuple[ClipSpec, list[tuple[Hall, Angle]]]:
    """A clip that cuts between two halls, and between places in them."""
    some = [halls[i] for i in rng.choice(len(halls), min(2, len(halls)), replace=False)]
    shots: list[ShotSpec] = []
    plan: list[tuple[Hall, Angle]] = []
    for index in range(spec.shots):
        hall = some[index % len(some)]
        angle = _ANGLES[rng.choice(len(_ANGLES), p=_OFTEN)]
        shots.append(shoot(hall.scene, angle, spec.seconds, rng))
        plan.append((hall, angle))
    overlay = Overlay(
        bug=BUGS[rng.integers(len(BUGS))] if rng.random() < 0.5 else None,
        caption=CAPTIONS[rng.integers(len(CAPTIONS))] if rng.random() < 0.4 else None,
    )
    seed = int(rng.integers(2**31))
    return ClipSpec(tuple(shots), overlay, (_encoding(spec.size, rng),), seed=seed), plan


def shoot(home: Scene, angle: Angle, seconds: Fraction, rng: np.random.Generator) -> ShotSpec:
    """A slow pan over a hall laid out before, so that a machine at least is well seen."""
    scene = home
    for _ in range(_TRIES):
        seen = _seen_from(home, angle, rng)
        if angle == "home" or any(_large(m.box, seen.camera.size) for m in _glimpse(seen).machines):
            scene = seen
            break
    width = float(rng.uniform(0.85, 1.0)) if angle == "home" else float(rng.uniform(0.7, 0.95))
    x, y = (0.5, 0.5) if angle == "home" else (float(v) for v in rng.uniform(0.35, 0.65, 2))
    turn = float(rng.uniform(-0.05, 0.05))
    return ShotSpec(scene, seconds, View(x - turn, y, width), View(x + turn, y, width))


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


def _encoding(size: tuple[int, int], rng: np.random.Generator) -> Encoding:
    codecs = [codec for codec in _CODECS if available(codec)]
    factor = (1.0, 1.0, 0.75, 4 / 3)[rng.integers(4)]
    scaled = (round(size[0] * factor / 2) * 2, round(size[1] * factor / 2) * 2)
    codec = codecs[rng.integers(len(codecs))]
    return Encoding(codec, scaled, crf=int(rng.integers(20, 32)), gop=25)


def _copied(clip: ClipSpec, rng: np.random.Generator) -> ClipSpec:
    """The same clip as somebody uploads it again: encoded twice, of another size, mirrored."""
    return replace(
        clip,
        encodings=(clip.encodings[0], _encoding(clip.encodings[0].size, rng)),
        mirrored=bool(rng.random() < 0.25),
    )


def _suffix(clip: ClipSpec) -> str:
    return ".webm" if clip.encodings[-1].codec == "libvpx-vp9" else ".mp4"


def _told(
    file: str,
    copy_of: str | None,
    clip: ClipSpec,
    truth: ClipTruth,
    plan: Sequence[tuple[Hall, Angle]],
) -> ArchiveClip:
    seen = []
    for machine in truth.machines:
        hall, angle = plan[machine.shot]
        seen.append(
            Appearing(
                hall.machines[machine.number],
                machine.shot,
                hall.name,
                angle,
                machine.start,
                machine.end,
                machine.legible,
                machine.boxes,
            )
        )
    return ArchiveClip(file, copy_of, clip.mirrored, truth.size, truth.shots, tuple(seen))
