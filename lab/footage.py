"""A generated archive with known truth: long clips in several codecs and sizes, made fast.

For each codec and size a few shots of ten seconds are drawn and encoded: halls with machines,
a hall without any, and other places. Clips are then joined from them without encoding again,
mostly from the others, as real archives mostly show something else. A shot with machines
stands in one clip only, so that each of its machines counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.maker.clip import (
    CameraView,
    ClipMachine,
    ClipSpec,
    Codec,
    Encoding,
    ShotSpec,
    encode,
    make_clip,
)
from datasets.maker.scene import random_scene
from detector.types import Picture

Canvas = NDArray[np.float32]

SHOT = Fraction(10)
"""Seconds of a shot: a keyframe stands at its begin at the latest."""
SHOTS = 15
"""Shots of a clip, two and a half minutes."""
EMPTY, ELSEWHERE, BUSY = 1, 3, (0, 2)
"""Shots drawn for each codec and size, used over and over: of a hall without machines and of other
places. And how many shots of each of the two clips made of them show machines."""
SIZES = ((640, 360), (1280, 720), (1920, 1080))
ROOM = 1.25  # still over frame: what is left to pan over

# Frames from keyframe to keyframe: what encoders do by default, or sites ask of them.
GOPS: dict[Codec, int] = {"libx264": 50, "libx265": 125, "libvpx-vp9": 128}


@dataclass(frozen=True, slots=True)
class AnnotatedClip:
    """A clip and the machines in it; `seconds` of footage."""

    path: Path
    seconds: float
    machines: tuple[ClipMachine, ...] = ()


def make_archive(folder: Path, hours: float = 1.0, seed: int = 0) -> list[AnnotatedClip]:
    """An archive of so many hours, a codec after the other, sizes in turn.

    folder: made if need be. hours: rounded up to whole clips of two and a half minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = -(-round(hours * 3600) // int(SHOT * SHOTS))
    codecs = list(GOPS)
    count = len(codecs)
    jobs = [
        (folder, n, codecs[n % count], SIZES[(n // count + n) % len(SIZES)], seed)
        for n in range(-(-wanted // len(BUSY)))
    ]
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(_pair, *zip(*jobs, strict=True)))
    # Mixed evenly, so that any beginning of the list is.
    turns = range(len(BUSY))
    return [clips[(n + t) % len(BUSY)] for t in turns for n, clips in enumerate(made)][:wanted]


def _pair(
    folder: Path, number: int, codec: Codec, size: tuple[int, int], seed: int
) -> list[AnnotatedClip]:
    """The clips of one codec and size, from shots of their own."""
    suffix = ".webm" if codec == "libvpx-vp9" else ".mp4"
    rng = np.random.default_rng((seed, number))
    kinds = ["empty"] * EMPTY + ["elsewhere"] * ELSEWHERE + ["busy"] * sum(BUSY)
    shots = [
        make_shot(folder / f"shot{number:03}-{n:02}{suffix}", codec, size, (seed, number, n), kind)
        for n, kind in enumerate(kinds)
    ]
    others, busy = shots[: EMPTY + ELSEWHERE], iter(shots[EMPTY + ELSEWHERE :])
    clips = []
    for turn, count in enumerate(BUSY):
        parts = [others[rng.integers(len(others))] for _ in range(SHOTS - count)]
        for place in sorted(rng.choice(SHOTS - count, count, replace=False)):
            parts.insert(int(place), next(busy))
        path = folder / f"{codec}-{size[1]}-{number:03}-{turn}{suffix}"
        join_clips(path, [path for path, _ in parts])
        shown = [(float(SHOT * n), one) for n, (_, inside) in enumerate(parts) for one in inside]
        machines = [_later(machine, seconds) for seconds, machine in shown]
        clips.append(AnnotatedClip(path, float(SHOT * SHOTS), tuple(machines)))
    for path, _ in shots:
        path.unlink()
    return clips


def make_shot(
    path: Path, codec: Codec, size: tuple[int, int], seed: tuple[int, ...], kind: str
) -> tuple[Path, Sequence[ClipMachine]]:
    """One encoded shot, and the machines in it."""
    rng = np.random.default_rng(seed)
    still = (round(size[0] * ROOM), round(size[1] * ROOM))
    how = Encoding(codec, size, crf=28 if codec == "libx264" else 32, gop=GOPS[codec])
    drawing = int(rng.integers(2**31))
    ends = rng.uniform(0.3, 0.7, 4)
    if kind == "elsewhere":
        encode(path, _panned(draw_elsewhere(drawing, still), size, ends), how)
        return path, ()
    scene = random_scene(drawing, still, setting="hall", negative=kind == "empty")
    width = float(rng.uniform(0.75, 0.9))
    begin, end = CameraView(ends[0], ends[1], width), CameraView(ends[2], ends[3], width)
    shot = ShotSpec(scene, SHOT, begin, end)
    truth = make_clip(path, ClipSpec((shot,), encodings=(how,), seed=drawing))
    path.with_suffix(".json").unlink()
    return path, truth.machines


def _panned(
    still: Picture, size: tuple[int, int], ends: NDArray[np.float64]
) -> Iterator[tuple[int, Picture]]:
    """Frames of `size` while the view moves over a still from one place to another."""
    frames = int(SHOT * Encoding().rate)
    room = np.array(still.shape[1::-1]) - size
    for number in range(frames):
        x, y = (ends[:2] + (ends[2:] - ends[:2]) * number / frames) * room
        matrix = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]])
        yield number, np.asarray(cv2.warpAffine(still, matrix, size), np.uint8)


def join_clips(path: Path, parts: Sequence[Path]) -> None:
    """Writes shots one after the other, not encoded again."""
    with av.open(str(path), "w") as joined:
        out = None
        for number, part in enumerate(parts):
            with av.open(str(part)) as source:
                stream = source.streams.video[0]
                out = out or joined.add_stream_from_template(stream, opaque=True)
                later = round(SHOT * number / stream.time_base)
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    packet.pts += later
                    packet.dts += later
                    packet.stream = out
                    joined.mux(packet)


def _later(machine: ClipMachine, seconds: float) -> ClipMachine:
    boxes = tuple((time + seconds, box) for time, box in machine.boxes)
    return replace(machine, start=machine.start + seconds, end=machine.end + seconds, boxes=boxes)


def draw_elsewhere(seed: int, size: tuple[int, int]) -> Picture:
    """A place without a machine, textured as photographs are: RGB of `size`."""
    rng = np.random.default_rng(seed)
    tint = rng.uniform(60, 190, 3).astype(np.float32)
    canvas = tint + _clouds(rng, *size, 9)[..., None] * 60 + rng.normal(0, 3, (*size[::-1], 3))
    return np.asarray(np.clip(canvas, 0, 255), np.uint8)


def _clouds(rng: np.random.Generator, width: int, height: int, finest: int = 6) -> Canvas:
    """Noise of many scales, (height, width), about -1..1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(finest):
        coarse = rng.normal(0, 1, (2 + 2**octave, 3 + 2**octave)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return np.asarray(total / 2, np.float32)
