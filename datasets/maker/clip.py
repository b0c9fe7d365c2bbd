"""Clips: shots that pan slowly over large stills, cut hard, under a broadcaster's layer."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from datasets.errors import DataError
from datasets.files import unwritten
from datasets.maker.broadcast import (
    DrawnOverlay,
    Grain,
    Overlay,
    draw_overlay,
    expose,
    render_overlay,
)
from datasets.maker.canvas import Box, Picture
from datasets.maker.encode import Encoding, Timed, encode, recompress
from datasets.maker.lettering import Script
from datasets.maker.machine import Truth, Variant
from datasets.maker.scene import Scene, draw_scene

_TRUTH_STEP = Fraction(1, 2)  # seconds between the boxes of the truth


@dataclass(frozen=True, slots=True)
class CameraView:
    """What the camera frames of the still: centre and width, as shares of its size."""

    x: float = 0.5
    y: float = 0.5
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class ShotSpec:
    """One shot: the scene, its length in seconds, and where the view begins and ends."""

    scene: Scene
    seconds: Fraction
    begin: CameraView = CameraView()
    end: CameraView = CameraView()


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A clip before it is drawn.

    encodings: the first stores the drawn frames; each further one decodes and encodes
    again. mirrored: the whole picture flipped left to right, as re-uploads are.
    """

    shots: tuple[ShotSpec, ...]
    overlay: Overlay = field(default_factory=Overlay)
    encodings: tuple[Encoding, ...] = (Encoding(),)
    mirrored: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ClipMachine:
    """A machine in a clip: when it is on screen, who built it, and its box at sampled times.

    Times in seconds from the start of the clip. `legible`: its builder's mark can be read
    at one of the sampled times at least. `number`: its place among the scene's machines.
    """

    shot: int
    start: float
    end: float
    builder: str | None
    wordmark: str | None
    script: Script | None
    series: str | None
    control: str | None
    concealed: bool
    variant: Variant
    legible: bool
    boxes: tuple[tuple[float, Box], ...]
    number: int = 0


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """Everything a clip shows; boxes in pixels of the upright frame of `size`."""

    size: tuple[int, int]
    rate: Fraction
    frames: int
    shots: tuple[tuple[float, float], ...]
    machines: tuple[ClipMachine, ...]
    overlays: tuple[DrawnOverlay, ...]

    def as_json(self) -> dict[str, object]:
        """The truth as plain data; `rate` is written as a fraction."""
        plain = asdict(self)
        plain["rate"] = str(self.rate)
        return plain


def make_clip(path: Path, spec: ClipSpec) -> ClipTruth:
    """Draw and encode a clip, and write its truth beside it as PATH.json.

    Raises:
        DataError: no shot, a rotated or interlaced clip that is also recompressed, a codec
            that this build of FFmpeg lacks, or a folder that cannot be written.
    """
    _check(path, spec)
    with tempfile.TemporaryDirectory() as folder:
        source = path
        drawn = _Drawing(spec)
        for i, how in enumerate(spec.encodings):
            last = i == len(spec.encodings) - 1
            target = path if last else Path(folder) / f"{i}.mkv"
            if i == 0:
                count = encode(target, drawn.frames(), how)
            else:
                recompress(source, target, how)
            source = target
    truth = drawn.truth(count)
    write_truth(path, truth)
    return truth


def write_truth(path: Path, truth: ClipTruth) -> None:
    """Write a clip's truth beside it, as PATH with `.json` for its suffix.

    Raises:
        DataError: the file cannot be written.
    """
    beside = path.with_suffix(".json")
    try:
        text = json.dumps(truth.as_json(), ensure_ascii=False, indent=1)
        beside.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(unwritten(beside, error)) from error


def _check(path: Path, spec: ClipSpec) -> None:
    if not spec.shots or not spec.encodings:
        raise DataError(f"{path}: a clip needs at least one shot and one encoding")
    special = any(how.rotation or how.interlaced for how in spec.encodings)
    if special and len(spec.encodings) > 1:
        raise DataError(
            f"{path}: a rotated or interlaced clip cannot be recompressed; give one encoding"
        )
    if len({how.rate for how in spec.encodings}) > 1:
        raise DataError(f"{path}: all encodings of a clip need the same frame rate")


class _Drawing:
    """Draws the frames of a clip one by one and keeps what each shot holds."""

    def __init__(self, spec: ClipSpec) -> None:
        self.spec = spec
        self.first, self.last = spec.encodings[0], spec.encodings[-1]
        self.held: list[tuple[ShotSpec, int, int, Truth]] = []  # shot, first, end frame, truth

    def frames(self) -> Iterator[Timed]:
        """(number, picture) of every frame; of every field where the clip is interlaced."""
        rng = np.random.default_rng((self.spec.seed, 7))
        size, how = self.first.upright, self.first
        grain = Grain(size, np.random.default_rng((self.spec.seed, 9)), 1.5)
        number, elapsed = 0, Fraction(0)
        for index, shot in enumerate(self.spec.shots):
            still, truth = draw_scene(shot.scene)
            still = expose(still, np.random.default_rng((self.spec.seed, 8, index)), 0.4)
            elapsed += shot.seconds
            end = max(number + 1, round(elapsed * how.rate))
            self.held.append((shot, number, end, truth))
            begin = number
            while number < end:
                left_out = how.variable and number > begin and rng.random() < 0.3
                if not left_out:
                    for half in (0.0, 0.5) if how.interlaced else (0.0,):
                        part = (number + half - begin) / max(1, end - begin)
                        yield number, self._picture(still, shot, part, size, grain)
                number += 1

    def _picture(
        self,
        still: Picture,
        shot: ShotSpec,
        part: float,
        size: tuple[int, int],
        grain: Grain,
    ) -> Picture:
        scale, dx, dy = framing(shot, part, still.shape[1::-1], size)
        matrix = np.array([[scale, 0, dx], [0, scale, dy]])
        picture = np.asarray(cv2.warpAffine(still, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
        picture = grain.add(picture)
        draw_overlay(picture, self.spec.overlay)
        return np.ascontiguousarray(picture[:, ::-1]) if self.spec.mirrored else picture

    def truth(self, frames: int) -> ClipTruth:
        """The truth of the clip as stored last."""
        size, rate = self.last.upright, self.last.rate
        machines: list[ClipMachine] = []
        for index, (shot, begin, end, truth) in enumerate(self.held):
            step = max(1, int(_TRUTH_STEP * rate))
            times = sorted({*range(begin, end, step), end - 1})
            views: list[tuple[float, Truth]] = []
            for number in times:
                part = (number - begin) / max(1, end - begin)
                scale, dx, dy = framing(shot, part, truth.size, size)
                view = truth.moved(size, (scale, scale), (dx, dy))
                views.append((float(number / rate), view))
            if self.spec.mirrored:
                views = [(time, view.mirrored()) for time, view in views]
            machines += _machines(index, truth, views)
        overlays = render_overlay(self.spec.overlay, size)[1]
        if self.spec.mirrored:
            w = size[0]
            overlays = tuple(
                DrawnOverlay(o.text, (w - o.box[2], o.box[1], w - o.box[0], o.box[3]))
                for o in overlays
            )
        shots = tuple((float(b / rate), float(e / rate)) for _, b, e, _ in self.held)
        return ClipTruth(size, rate, frames, shots, tuple(machines), overlays)


def framing(
    shot: ShotSpec, part: float, still: tuple[int, ...], size: tuple[int, int]
) -> tuple[float, float, float]:
    """Scale and shift (pixels) from the still to the frame, `part` (0..1) through the shot."""
    eased = part * part * (3 - 2 * part)
    a, b = shot.begin, shot.end
    x, y, width = (p + (q - p) * eased for p, q in ((a.x, b.x), (a.y, b.y), (a.width, b.width)))
    w, h = still[0], still[1]
    scale = max(size[0] / (width * w), size[0] / w, size[1] / h)
    half_w, half_h = size[0] / scale / 2, size[1] / scale / 2
    centre_x = min(max(x * w, half_w), w - half_w)
    centre_y = min(max(y * h, half_h), h - half_h)
    return scale, -(centre_x - half_w) * scale, -(centre_y - half_h) * scale


def _machines(shot: int, truth: Truth, views: list[tuple[float, Truth]]) -> list[ClipMachine]:
    found: list[ClipMachine] = []
    for machine in truth.machines:
        boxes: list[tuple[float, Box]] = []
        legible = False
        for time, view in views:
            for at, other in enumerate(view.machines):
                if other.number == machine.number:
                    boxes.append((time, other.box))
                    legible |= any(
                        m.of == at and m.role == "builder" and m.legible for m in view.marks
                    )
        if boxes:
            found.append(
                ClipMachine(
                    shot=shot,
                    start=boxes[0][0],
                    end=boxes[-1][0],
                    builder=machine.builder,
                    wordmark=machine.wordmark,
                    script=machine.script,
                    series=machine.series,
                    control=machine.control,
                    concealed=machine.concealed,
                    variant=machine.variant,
                    legible=legible,
                    boxes=tuple(boxes),
                    number=machine.number,
                )
            )
    return found
