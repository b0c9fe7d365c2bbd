"""A world drawn: its clips, copies and controls, the truth of each, and the lists of sources.

FOLDER/
    footage/NAME.mp4        the clip; NAME.seen.json: which machine is where and when
    sources.csv             the list that a sweep takes
"""

from __future__ import annotations

import csv
import json
import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from datasets.maker.broadcast import Overlay
from datasets.maker.canvas import Box
from datasets.maker.clip import CameraView, ClipSpec, Encoding, ShotSpec, make_clip
from datasets.maker.lettering import LISTS, pick, random_lettering
from datasets.maker.machine import MachineSpec, Variant, random_machine
from datasets.maker.scene import random_scene
from lab.world.copies import ClipSegment, PlacedSegment, make_copy
from lab.world.halls import Angle, lay_out, shoot
from lab.world.plan import PlannedClip, PlannedMachine, WorldPlan

SECONDS = Fraction(2)
"""Of a shot."""
RATE = Fraction(25, 2)
"""Frames a second: half of what is usual. Drawing, decoding and encoding take time for every frame,
and a sweep looks at fewer of them in any case."""
VARIANTS: dict[str, Variant] = {
    "": "marked", "unmarked": "unknown", "control-only": "control-only",
    "mosaic": "concealed", "blur": "concealed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MachineView:
    """A machine on screen in one shot. legible: its mark can be read at some time of it;
    concealed: it is hidden under a mosaic or a blur. boxes: by second, pixels of the frame."""

    machine: str
    start: float
    end: float
    legible: bool
    concealed: bool
    boxes: tuple[tuple[float, Box], ...]


@dataclass(frozen=True, slots=True)
class WorldFile:
    """One file and what it shows. copied: with the name of the clip that it is a copy of."""

    name: str
    file: str
    size: tuple[int, int]
    seen: tuple[MachineView, ...]
    copied: str | None = None


def draw_world(folder: Path, plan: WorldPlan) -> dict[str, WorldFile]:
    """By name, every clip, copy and control; what is not there yet is drawn. Raises DataError: a
    clip cannot be drawn or written."""
    (folder / "footage").mkdir(parents=True, exist_ok=True)
    originals = [one.name for one in plan.clips if one.copy_of is None] + list(plan.controls)
    copies = [one.name for one in plan.clips if one.copy_of is not None]
    found: dict[str, WorldFile] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for names in (originals, copies):
            draw = partial(_draw, plan, folder / "footage")
            found |= zip(names, pool.map(draw, names), strict=True)
    _write_lists(folder, plan, found)
    return found


def _draw(plan: WorldPlan, folder: Path, name: str) -> WorldFile:
    """One clip, unless it was drawn before: its truth is written last, and whole."""
    truth = folder / f"{name}.seen.json"
    if not truth.exists():
        clip = None if name in plan.controls else plan.clip(name)
        path = folder / f"{name}.mp4"
        if clip is not None and clip.copy_of is not None:
            found = _copied(path, plan, clip, _read(folder / f"{clip.copy_of}.seen.json"))
        else:
            found = _filmed(path, plan, name, clip)
        partial_ = truth.with_suffix(".part")
        partial_.write_text(json.dumps(asdict(found)), "utf-8")
        partial_.rename(truth)
    return _read(truth)


def _read(truth: Path) -> WorldFile:
    plain: dict[str, Any] = json.loads(truth.read_text("utf-8"))
    seen = tuple(
        MachineView(**{**one, "boxes": tuple((at, tuple(box)) for at, box in one["boxes"])})
        for one in plain["seen"]
    )
    return WorldFile(**{**plain, "size": tuple(plain["size"]), "seen": seen})


def _filmed(path: Path, plan: WorldPlan, name: str, clip: PlannedClip | None) -> WorldFile:
    rng = _rng(plan, name)
    shots: list[ShotSpec] = []
    ids: list[tuple[str, ...]] = []
    if clip is None:
        shots.append(_control_shot(plan, plan.controls[name], rng))
        ids.append((name,))
    for shot in clip.shots if clip is not None else ():
        if shot.group is None:
            shots.append(_empty_shot(plan, rng))
            ids.append(())
            continue
        plant = name.split("-")[0]
        ids.append(plan.groups[plant][shot.group])
        angles: Sequence[Angle] = ("zoomed", "moved") if shot.again else ("home", "framed")
        angle = angles[int(rng.integers(len(angles)))]
        shots.append(_group_shot(plan, plant, shot.group, angle, rng))
    overlay = Overlay(
        bug=pick(rng, LISTS.bugs) if rng.random() < 0.5 else None,
        caption=pick(rng, LISTS.captions) if rng.random() < 0.3 else None,
    )
    how = Encoding(size=plan.spec.size, rate=RATE, crf=int(rng.integers(20, 29)), gop=12)
    truth = make_clip(path, ClipSpec(tuple(shots), overlay, (how,), seed=int(rng.integers(2**31))))
    seen = (
        MachineView(ids[m.shot][m.number], m.start, m.end, m.legible, m.concealed, m.boxes)
        for m in truth.machines
    )
    return WorldFile(name, str(path), truth.size, tuple(seen))


def _group_shot(
    plan: WorldPlan, plant: str, group: int, angle: Angle, rng: np.random.Generator
) -> ShotSpec:
    """A group as it stands, laid out as without Chinese machines; only the marks differ."""
    machines = [plan.machines[one] for one in plan.groups[plant][group]]
    specs = [_specs(plan, one) for one in machines]
    layout = np.random.default_rng((plan.spec.seed, 64, zlib.crc32(plant.encode()), group))
    scene = lay_out([plain for plain, _ in specs], layout, plan.spec.size, least=len(specs))
    shot = shoot(scene, angle, SECONDS, rng)
    standing = tuple(
        replace(one, spec=own) for one, (_, own) in zip(shot.scene.machines, specs, strict=True)
    )
    return replace(shot, scene=replace(shot.scene, machines=standing))


def _control_shot(plan: WorldPlan, control: PlannedMachine, rng: np.random.Generator) -> ShotSpec:
    """A control where one of a group would stand, as far from the camera. Nothing stands beside it,
    since a control's clip shows one machine."""
    size = int(rng.choice([3, 3, 3, 2, 2, 2, 2, 2, 2, 1]))
    own = _specs(plan, control)[1]
    others = [random_machine(rng) for _ in range(size - 1)]
    place = int(rng.integers(size))
    specs = [*others[:place], own, *others[place:]]
    scene = lay_out(specs, rng, plan.spec.size, least=size)
    alone = replace(scene, machines=(scene.machines[place],))
    return shoot(alone, "home", SECONDS, rng)


def _empty_shot(plan: WorldPlan, rng: np.random.Generator) -> ShotSpec:
    w, h = plan.spec.size
    still = (round(1.4 * w), round(1.4 * h))
    scene = random_scene(int(rng.integers(2**31)), still, negative=True, setting="hall")
    turn = float(rng.uniform(-0.06, 0.06))
    ends = (CameraView(0.5 + sign * turn, 0.5, 0.9) for sign in (-1, 1))
    return ShotSpec(scene, SECONDS, *ends)


def _specs(plan: WorldPlan, machine: PlannedMachine) -> tuple[MachineSpec, MachineSpec]:
    """How a machine looks in a world without Chinese machines, and in this one."""
    rng = _rng(plan, machine.id)
    plain = random_machine(rng, variant=VARIANTS[machine.unread], mark=machine.other)
    if machine.unread in ("mosaic", "blur"):
        plain = replace(plain, cover=machine.unread)
    if not machine.changed:
        return plain, plain
    own = _rng(plan, f"{machine.id} as it is")
    style = random_lettering(own, plain.body, machine.mark.script)
    series = pick(own, LISTS.common_series["latin"]) if own.random() < 0.7 else None
    return plain, replace(plain, mark=machine.mark, mark_style=style, series=series)


COPIES: tuple[tuple[ClipSegment, tuple[int, int], int, bool], ...] = (
    (ClipSegment(Path()), (960, 540), 30, False),
    (ClipSegment(Path(), crop=(0.05, 0.05, 0.95, 0.95)), (1280, 720), 27, False),
    (ClipSegment(Path(), mirrored=True), (1280, 720), 26, False),
    (ClipSegment(Path(), fill=0.8), (1280, 720), 27, True),
    (ClipSegment(Path(), start=Fraction(1)), (960, 540), 28, False),
    (ClipSegment(Path(), crop=(0.08, 0.0, 1.0, 0.92), mirrored=True), (1024, 576), 28, True),
)
"""What was done to copies, in turn: recompressed and smaller; cropped; mirrored; in a window with
new captions; cut; mirrored, cropped and captioned."""


def _copied(path: Path, plan: WorldPlan, clip: PlannedClip, source: WorldFile) -> WorldFile:
    rng = _rng(plan, clip.name)
    names = [one.name for one in plan.clips if one.copy_of is not None]
    part, size, crf, captioned = COPIES[names.index(clip.name) % len(COPIES)]
    caption = pick(rng, LISTS.captions) if captioned else None
    overlay = Overlay(pick(rng, LISTS.bugs), caption, right=False) if captioned else None
    how = Encoding(size=size, rate=RATE, crf=crf, gop=12)
    placed = make_copy(path, replace(part, source=Path(source.file)), how, overlay)
    seen = [moved for one in source.seen if (moved := _moved(one, placed, source.size, size))]
    return WorldFile(clip.name, str(path), size, tuple(seen), source.name)


def _moved(
    one: MachineView, placed: PlacedSegment, source: tuple[int, int], size: tuple[int, int]
) -> MachineView | None:
    """Where a machine of the source lies in the copy; None where it was cut away."""
    kx, tx, ky, ty = placed.place
    boxes = []
    for at, (x1, y1, x2, y2) in one.boxes:
        late = at - float(placed.start)
        xs = sorted(min(1.0, max(0.0, kx * x / source[0] + tx)) * size[0] for x in (x1, x2))
        ys = sorted(min(1.0, max(0.0, ky * y / source[1] + ty)) * size[1] for y in (y1, y2))
        if late >= 0 and xs[1] - xs[0] > 1 and ys[1] - ys[0] > 1:
            boxes.append((late, (xs[0], ys[0], xs[1], ys[1])))
    if not boxes:
        return None
    return replace(one, start=boxes[0][0], end=boxes[-1][0], boxes=tuple(boxes))


def _rng(plan: WorldPlan, name: str) -> np.random.Generator:
    return np.random.default_rng((plan.spec.seed, 63, zlib.crc32(name.encode())))


def _write_lists(folder: Path, plan: WorldPlan, found: dict[str, WorldFile]) -> None:
    rows: list[tuple[str, ...]] = []
    for clip in plan.clips:
        publisher = "somebody else" if clip.copy_of else "a channel"
        told = publisher, clip.published, clip.plant or "", clip.name
        rows.append((found[clip.name].file, *told))
    rows += [(found[name].file, "the controls", "2024", "", name) for name in plan.controls]
    head = ("path", "publisher", "published_at", "plant", "note")
    with (folder / "sources.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([head, *rows])
