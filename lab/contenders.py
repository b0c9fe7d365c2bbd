"""Ways to go through an archive, side by side: ours, and what one would do without it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from lab.alternatives import for_ultralytics
from lab.commands import new_case, sweep_command
from lab.measure import run
from lab.truth import Clip, Seen

WORKERS = os.cpu_count() or 1


@dataclass(slots=True)
class Run:
    """Wall time in seconds, and what was seen by clip; decoding alone sees nothing."""

    seconds: float
    seen: dict[Path, list[Seen]] | None = field(default=None)


def nameplate_sweep(clips: Sequence[Clip], scratch: Path, budget: float = 1.0) -> Run:
    """`nameplate sweep` into a new case, the start of the program and of its workers included."""
    from sqlalchemy import select

    from evidence.store import Case, Location, SightingRow

    folder, case = scratch / "clips", scratch / "case"
    for old in (folder, case):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()
    links = {str(folder / clip.path.name): clip.path for clip in clips}
    for link, path in links.items():
        Path(link).symlink_to(path.resolve())
    new_case(case)
    cost = run([*sweep_command(case, folder), "--budget", str(budget)])
    seen: dict[Path, list[Seen]] = {clip.path: [] for clip in clips}
    with Case.open(case) as opened, opened.session() as session:
        where = {
            place.footage: links[place.path]
            for place in session.scalars(select(Location))
            if place.path in links
        }
        for row in session.scalars(select(SightingRow)):
            boxes = tuple((_seconds(pts), tuple(box[:4])) for pts, *box in row.track)
            seen[where[row.footage]].append(Seen(boxes, row.builder))
    return Run(cost.seconds, seen)


def yolo_track(clips: Sequence[Clip], scratch: Path, seconds: float = 0.0) -> Run:
    """`yolo track` (ByteTrack) with the shipped weights, clip after clip, on every frame, or
    on one in so many seconds. Inference takes all cores."""
    from ultralytics import YOLO

    # What its FFmpeg says of every frame of an interlaced clip would bury the table.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    begun = time.perf_counter()
    model = YOLO(str(for_ultralytics(scratch)), task="detect")
    seen = {clip.path: _tracked(model, clip, seconds) for clip in clips}
    return Run(time.perf_counter() - begun, seen)


def _tracked(model: Any, clip: Clip, seconds: float) -> list[Seen]:
    with av.open(str(clip.path)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
    stride = max(1, round(rate * seconds))
    found: dict[int, list[tuple[float, Any]]] = {}
    results = model.track(
        source=str(clip.path),
        stream=True,
        tracker="bytetrack.yaml",
        imgsz=640,
        vid_stride=stride,
        classes=[0],
        verbose=False,
    )
    for number, result in enumerate(results):
        boxes = result.boxes
        if boxes.id is None:
            continue
        for track, box in zip(boxes.id.int().tolist(), boxes.xyxy.tolist(), strict=True):
            found.setdefault(track, []).append((number * stride / rate, tuple(box)))
    # The next clip begins with tracks of its own.
    model.predictor.trackers[0].reset()
    return [Seen(tuple(boxes)) for boxes in found.values()]


def decode_keyframes(clips: Sequence[Clip], scratch: Path) -> Run:
    """Every keyframe decoded and none looked at, a clip to each core."""
    return _decode(_keyframes, clips)


def decode_all(clips: Sequence[Clip], scratch: Path) -> Run:
    """Every frame decoded and none looked at, a clip to each core."""
    return _decode(_frames, clips)


def _decode(one: Callable[[Path], int], clips: Sequence[Clip]) -> Run:
    begun = time.perf_counter()
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(one, [clip.path for clip in clips]))
    return Run(time.perf_counter() - begun)


def _keyframes(path: Path) -> int:
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        # Not all decoders heed `skip_frame`: only keyframes are given to them at all.
        for packet in container.demux(stream):
            if packet.is_keyframe or packet.dts is None:
                count += len(stream.codec_context.decode(packet))
    return count


def _frames(path: Path) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return sum(1 for _ in container.decode(video=0))


def _seconds(pts: object) -> float:
    from fractions import Fraction

    return float(Fraction(str(pts)))
