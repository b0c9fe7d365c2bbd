"""What a contender found in a clip, held against what is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from datasets.annotations import read_photographs, split_folder
from detector.boxes import iou
from detector.types import Box
from lab.footage import BenchClip

FOUND = 0.5
"""Overlap with the true box, at any one time, from which a machine is found (PASCAL VOC)."""

WITHOUT_MACHINES = ("real-clavos_RP.mp4", "real-A19.mp4", "hall-only-720p.mp4")
"""Of the real clips those that show no machine."""


@dataclass(frozen=True, slots=True)
class TrueMachine:
    """A machine in a clip: when, where at some times (nowhere told: anywhere), whose.

    builders: who may be named, as far as it is known; legible: whether its mark can be read.
    """

    start: float
    end: float
    boxes: tuple[tuple[float, Box], ...]
    builders: frozenset[str]
    legible: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip; `machines` is None where what it shows is not known."""

    path: Path
    codec: str
    seconds: float
    machines: tuple[TrueMachine, ...] | None


@dataclass(frozen=True, slots=True)
class Seen:
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

    def add(self, machines: Sequence[TrueMachine], seen: Iterable[Seen]) -> None:
        found: set[int] = set()
        named: set[int] = set()
        for one in seen:
            of = [n for n, machine in enumerate(machines) if _is_of(one, machine)]
            found.update(of)
            self.false += not of
            if one.builder is not None:
                named |= {n for n in of if one.builder in machines[n].builders}
                shown = [machine for machine in machines if _meets(one, machine)]
                self.wrong += not any(one.builder in machine.builders for machine in shown)
        self.machines += len(machines)
        self.found += len(found)
        self.legible += sum(machine.legible for machine in machines)
        self.named += sum(machines[n].legible for n in named)


def from_archive(clip: BenchClip) -> Clip:
    """A generated clip with its truth."""
    machines = tuple(
        TrueMachine(
            machine.start,
            machine.end,
            machine.boxes,
            frozenset({machine.builder} if machine.builder else ()),
            machine.legible and machine.builder is not None,
        )
        for machine in clip.machines
    )
    return Clip(clip.path, f"{clip.codec} {clip.size[1]}", clip.seconds, machines)


def real_clips(data: Path) -> list[Clip]:
    """The real clips of a labelled data set, with what is known of them."""
    photographs = {p.path.name: p for p in read_photographs(split_folder(data, "val"))}
    clips = []
    for path in sorted((data / "clips").iterdir()):
        if path.suffix not in (".mp4", ".webm"):
            continue
        machines: tuple[TrueMachine, ...] | None = None
        if path.name in WITHOUT_MACHINES:
            machines = ()
        elif path.with_suffix(".json").exists():
            shown = []
            for item in json.loads(path.with_suffix(".json").read_text("utf-8")):
                photograph = photographs[item["photo"]]
                builders = {m.builder for m in photograph.machines if m.builder}
                legible = any(
                    machine.builder and photograph.legible_builder_marks(index)
                    for index, machine in enumerate(photograph.machines)
                )
                if photograph.machines:
                    span = item["start"], item["end"]
                    shown.append(TrueMachine(*span, (), frozenset(builders), legible))
            machines = tuple(shown)
        with av.open(str(path)) as container:
            seconds = float(container.duration or 0) / av.time_base
            codec = container.streams.video[0].codec_context.name
        clips.append(Clip(path, f"real, {codec}", seconds, machines))
    return clips


def _meets(seen: Seen, machine: TrueMachine) -> bool:
    """Whether the two are on screen at one time."""
    return any(machine.start <= time <= machine.end for time, _ in seen.boxes)


def _is_of(seen: Seen, machine: TrueMachine) -> bool:
    here = [(time, box) for time, box in seen.boxes if machine.start <= time <= machine.end]
    if not machine.boxes:
        return bool(here)
    if not here:
        return False
    times = np.array([time for time, _ in machine.boxes])
    sides = np.array([box for _, box in machine.boxes])
    at = [time for time, _ in here]
    true = np.stack([np.interp(at, times, sides[:, n]) for n in range(4)], axis=1)
    overlap = iou(true.astype(np.float32), np.array([box for _, box in here], np.float32))
    return bool((np.diag(overlap) >= FOUND).any())
