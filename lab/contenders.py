"""Ways to go through an archive, ours and others, and what each found beside what is there."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from sqlalchemy import select

from datasets.maker.clip import ClipMachine
from detector.boxes import iou
from detector.look.model_files import PACKAGED
from detector.types import Box
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Location
from lab import run
from lab.footage import AnnotatedClip
from lab.processes import new_case, sweep_command

FOUND = 0.5
"""Overlap with the true box, at any one time, from which a machine is found (PASCAL VOC)."""


@dataclass(frozen=True, slots=True)
class TrackedMachine:
    """One thing tracked: its boxes by time, seconds, and who is said to have built it."""

    boxes: tuple[tuple[float, Box], ...]
    builder: str | None = None


@dataclass(slots=True)
class Score:
    """Distinct true machines and how many were found; legible ones and how many were named.

    wrong: names that no machine then on screen bears; false: things tracked that are no machine.
    """

    machines: int = 0
    found: int = 0
    legible: int = 0
    named: int = 0
    wrong: int = 0
    false: int = 0

    def add(self, machines: Sequence[ClipMachine], seen: Iterable[TrackedMachine]) -> None:
        found: set[int] = set()
        named: set[int] = set()
        for one in seen:
            of = [n for n, machine in enumerate(machines) if _is_of(one, machine)]
            found.update(of)
            self.false += not of
            if one.builder is not None:
                named |= {n for n in of if one.builder == machines[n].builder}
                shown = [machine for machine in machines if _meets(one, machine)]
                self.wrong += one.builder not in {machine.builder for machine in shown}
        self.machines += len(machines)
        self.found += len(found)
        self.legible += sum(_legible(machine) for machine in machines)
        self.named += sum(_legible(machines[n]) for n in named)


def _legible(machine: ClipMachine) -> bool:
    return machine.legible and machine.builder is not None


def _meets(seen: TrackedMachine, machine: ClipMachine) -> bool:
    """Whether the two are on screen at one time."""
    return any(machine.start <= time <= machine.end for time, _ in seen.boxes)


def _is_of(seen: TrackedMachine, machine: ClipMachine) -> bool:
    here = [(time, box) for time, box in seen.boxes if machine.start <= time <= machine.end]
    if not here:
        return False
    times = np.array([time for time, _ in machine.boxes])
    sides = np.array([box for _, box in machine.boxes])
    at = [time for time, _ in here]
    true = np.stack([np.interp(at, times, sides[:, n]) for n in range(4)], axis=1)
    overlap = iou(true.astype(np.float32), np.array([box for _, box in here], np.float32))
    return bool((np.diag(overlap) >= FOUND).any())


@dataclass(slots=True)
class ContenderRun:
    """Wall time in seconds, and what was seen by clip; decoding alone sees nothing."""

    seconds: float
    seen: dict[Path, list[TrackedMachine]] | None = None


def sweep_clips(clips: Sequence[AnnotatedClip], scratch: Path, budget: float = 1.0) -> ContenderRun:
    """`nameplate sweep` into a new case, the start of the program and of its workers included."""
    folder, case = scratch / "clips", scratch / "case"
    for old in (folder, case):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()
    links = {str(folder / clip.path.name): clip.path for clip in clips}
    for link, path in links.items():
        Path(link).symlink_to(path.resolve())
    new_case(case)
    cost = run([*sweep_command(case, folder), "--budget", str(budget)])
    seen: dict[Path, list[TrackedMachine]] = {clip.path: [] for clip in clips}
    with Case.open(case) as opened, opened.session() as session:
        where = {
            place.footage: links[place.path]
            for place in session.scalars(select(Location))
            if place.path in links
        }
        for row in session.scalars(select(SightingRow)):
            boxes = tuple((float(Fraction(str(pts))), tuple(box[:4])) for pts, *box in row.track)
            seen[where[row.footage]].append(TrackedMachine(boxes, row.builder))
    return ContenderRun(cost.seconds, seen)


def track_clips(
    clips: Sequence[AnnotatedClip], scratch: Path, seconds: float = 0.0
) -> ContenderRun:
    """`yolo track` (ByteTrack) with the shipped weights, clip after clip, on every frame, or
    on one in so many seconds. Inference takes all cores."""
    # What its FFmpeg says of every frame of an interlaced clip would bury the table.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    began = time.perf_counter()
    model = _yolo(scratch)
    seen = {clip.path: _tracked(model, clip, seconds) for clip in clips}
    return ContenderRun(time.perf_counter() - began, seen)


def _tracked(model: Any, clip: AnnotatedClip, seconds: float) -> list[TrackedMachine]:
    with av.open(str(clip.path)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
    stride = max(1, round(rate * seconds))
    found: dict[int, list[tuple[float, Any]]] = {}
    for number, result in enumerate(_track(model, clip.path, vid_stride=stride, classes=[0])):
        boxes = result.boxes
        if boxes.id is None:
            continue
        for track, box in zip(boxes.id.int().tolist(), boxes.xyxy.tolist(), strict=True):
            found.setdefault(track, []).append((number * stride / rate, tuple(box)))
    # The next clip begins with tracks of its own.
    model.predictor.trackers[0].reset()
    return [TrackedMachine(tuple(boxes)) for boxes in found.values()]


def track_frames(clip: Path, scratch: Path) -> int:
    """The number of frames after `yolo track` over every one of them."""
    return sum(1 for _ in _track(_yolo(scratch), clip))


def _yolo(scratch: Path) -> Any:
    """The shipped OpenVINO model, laid out as Ultralytics expects, so that both run the same
    artefact on the same runtime: Ultralytics on `.pt` in torch would be slower still."""
    from ultralytics import YOLO

    folder = scratch / "nameplate_openvino_model"
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("xml", "bin"):
        shutil.copy(PACKAGED / f"model.{suffix}", folder / f"model.{suffix}")
    names = json.loads((PACKAGED / "model.json").read_text("utf-8"))["classes"]
    lines = ["task: detect", "stride: 32", "batch: 1", "imgsz: [640, 640]", "dynamic: true"]
    lines += ["names:", *(f"  {number}: {name}" for number, name in enumerate(names))]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return YOLO(str(folder), task="detect")


def _track(model: Any, clip: Path, **more: Any) -> Any:
    plain = {"stream": True, "tracker": "bytetrack.yaml", "imgsz": 640, "verbose": False}
    return model.track(source=str(clip), **plain, **more)


def decode_keyframes(clips: Sequence[AnnotatedClip], scratch: Path) -> ContenderRun:
    """Every keyframe decoded and none looked at, a clip to each core."""
    return _decode(_count_keyframes, clips)


def decode_frames(clips: Sequence[AnnotatedClip], scratch: Path) -> ContenderRun:
    """Every frame decoded and none looked at, a clip to each core."""
    return _decode(_count_frames, clips)


def _decode(one: Callable[[Path], int], clips: Sequence[AnnotatedClip]) -> ContenderRun:
    began = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        list(pool.map(one, [clip.path for clip in clips]))
    return ContenderRun(time.perf_counter() - began)


def _count_keyframes(path: Path) -> int:
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        # Not all decoders heed `skip_frame`: only keyframes are given to them at all.
        for packet in container.demux(stream):
            if packet.is_keyframe or packet.dts is None:
                count += len(stream.codec_context.decode(packet))
    return count


def _count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return sum(1 for _ in container.decode(video=0))


def count_frames(clip: Path) -> int:
    """The number of frames, decoded on all cores."""
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))
