"""How fast an archive is swept, and what is found in it, beside tracking and decoding alone.

python -m lab.archive [--hours 0.25] [--budgets 1 0.25] [--clips FOLDER]

Rows are measured one after the other on the same clips. The tables are of all clips that were made,
of those that show no machine, and of yours. `yolo track` takes every frame of the first clip only.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from sqlalchemy import select

from datasets.maker.clip import ClipMachine
from detector.boxes import iou
from detector.types import Box
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Location
from lab import MIB, Cost, arguments, run
from lab.footage import AnnotatedClip, make_archive
from lab.processes import new_case, sweep_command
from lab.tracking import open_yolo, track

VIDEO = {".mp4", ".webm", ".mkv", ".mov", ".avi", ".ts"}
FOUND = 0.5
"""Overlap with the true box, at any one time, from which a machine is found (PASCAL VOC)."""


def main() -> None:
    parser = arguments("lab.archive", __doc__)
    parser.add_argument("--hours", type=float, default=0.25, help="length of the made archive")
    parser.add_argument("--budgets", type=float, nargs="*", default=(1.0, 0.25))
    parser.add_argument("--clips", type=Path, help="a folder of clips of yours")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        scratch = Path(folder)
        made = make_archive(scratch / "footage", given.hours)
        print_table(made, given.budgets, scratch)
        print_table([clip for clip in made if not clip.machines], given.budgets[:1], scratch)
        paths = sorted(given.clips.iterdir()) if given.clips else []
        yours = [AnnotatedClip(path, seconds_of(path)) for path in paths if path.suffix in VIDEO]
        print_table(yours, given.budgets[:1], scratch)


def print_table(clips: Sequence[AnnotatedClip], budgets: Sequence[float], scratch: Path) -> None:
    """A row for each way through the clips."""
    if not clips:
        return
    hours = sum(clip.seconds for clip in clips) / 3600
    print(f"\n{len(clips)} clips, {hours:.2f} hours; load at the begin {os.getloadavg()[0]:.1f}\n")
    print(
        "| way | hours per hour | processor s an hour | memory | machines found | "
        "named of those legible | wrong | false |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for budget in budgets:
        cost, score = sweep_clips(clips, scratch, budget)
        cells = [f"{hours * 3600 / cost.seconds:.1f}", f"{cost.processor / hours:.0f}"]
        cells.append(f"{cost.memory / MIB:.0f} MiB")
        print(f"| budget {budget:g} | {' | '.join(cells)} | {score} |", flush=True)
    model = open_yolo(scratch)
    for name, apart, some in (("a frame a second", 1.0, clips), ("every frame", 0.0, clips[:1])):
        if model is None:
            continue
        score, began, before = Score(), time.perf_counter(), time.process_time()
        for clip in some:
            tracks = track(model, clip.path, apart)
            score.add(clip.machines, [TrackedMachine(tuple(boxes)) for boxes in tracks])
        part = sum(clip.seconds for clip in some) / 3600
        speed = part * 3600 / (time.perf_counter() - began)
        processor = (time.process_time() - before) / part
        print(f"| yolo track, {name} | {speed:.1f} | {processor:.0f} | | {score} |", flush=True)
    for name, keyframes in (("keyframes", True), ("every frame", False)):
        began = time.perf_counter()
        with ProcessPoolExecutor() as pool:
            decode = partial(decoding_seconds, keyframes=keyframes)
            processor = sum(pool.map(decode, [clip.path for clip in clips]))
        speed = hours * 3600 / (time.perf_counter() - began)
        print(f"| decoding {name} alone | {speed:.1f} | {processor / hours:.0f} | | | | | |")


@dataclass(slots=True)
class Score:
    """Distinct true machines and how many were found; legible ones and how many were named.

    wrong: names that no machine then on screen bears; false: sightings of no machine.
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
                shown = {m.builder for m in machines if _times(one, m)}
                self.wrong += one.builder not in shown
        legible = {n for n, m in enumerate(machines) if m.legible and m.builder is not None}
        self.machines += len(machines)
        self.found += len(found)
        self.legible += len(legible)
        self.named += len(named & legible)

    def __str__(self) -> str:
        """The cells of a row."""
        found = f"{self.found} of {self.machines} | {self.named} of {self.legible}"
        return f"{found} | {self.wrong} | {self.false}"


@dataclass(frozen=True, slots=True)
class TrackedMachine:
    """One sighting: its boxes by time, seconds, and the builder named."""

    boxes: tuple[tuple[float, Box], ...]
    builder: str | None = None


def _times(seen: TrackedMachine, machine: ClipMachine) -> list[tuple[float, Box]]:
    """The boxes seen while the machine is on screen."""
    return [(time, box) for time, box in seen.boxes if machine.start <= time <= machine.end]


def _is_of(seen: TrackedMachine, machine: ClipMachine) -> bool:
    here = _times(seen, machine)
    if not here:
        return False
    times = np.array([time for time, _ in machine.boxes])
    sides = np.array([box for _, box in machine.boxes])
    at = [time for time, _ in here]
    true = np.stack([np.interp(at, times, sides[:, n]) for n in range(4)], axis=1)
    overlap = iou(true.astype(np.float32), np.array([box for _, box in here], np.float32))
    return bool((np.diag(overlap) >= FOUND).any())


def sweep_clips(
    clips: Sequence[AnnotatedClip], scratch: Path, budget: float = 1.0
) -> tuple[Cost, Score]:
    """Cost and score of `nameplate sweep` into a new case, its start included."""
    folder, case = scratch / "clips", scratch / "case"
    for old in (folder, case):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()
    links = {str(folder / clip.path.name): clip for clip in clips}
    for link, clip in links.items():
        Path(link).symlink_to(clip.path.resolve())
    new_case(case)
    cost = run([*sweep_command(case, folder), "--budget", str(budget)])
    seen: dict[str, list[TrackedMachine]] = {link: [] for link in links}
    with Case.open(case) as opened, opened.session() as session:
        places = session.scalars(select(Location))
        where = {place.footage: place.path for place in places if place.path in links}
        for row in session.scalars(select(SightingRow)):
            boxes = tuple((float(Fraction(str(pts))), tuple(box[:4])) for pts, *box in row.track)
            seen[where[row.footage]].append(TrackedMachine(boxes, row.builder))
    score = Score()
    for link, clip in links.items():
        score.add(clip.machines, seen[link])
    return cost, score


def seconds_of(path: Path) -> float:
    """How long a clip says it is."""
    with av.open(str(path)) as container:
        return float(Fraction(container.duration or 0, av.time_base))


def decoding_seconds(path: Path, *, keyframes: bool) -> float:
    """Processor seconds of decoding, in this process and by one thread."""
    began = time.process_time()
    count_frames(path, keyframes=keyframes, threads=1)
    return time.process_time() - began


def count_frames(path: Path, *, keyframes: bool = False, threads: int = 0) -> int:
    """The number of frames decoded; of keyframes alone, where asked.

    threads: of the decoder; 0 for all cores.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = threads
        # Not all decoders heed `skip_frame`: only keyframes are given to them at all.
        return sum(
            len(stream.codec_context.decode(packet))
            for packet in container.demux(stream)
            if not keyframes or packet.is_keyframe or packet.dts is None
        )


if __name__ == "__main__":
    main()
