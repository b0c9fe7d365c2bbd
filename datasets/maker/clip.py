"""Clips: shots that pan over large stills, cut hard, under a broadcaster's layer; the demo."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

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
from datasets.maker.canvas import Box, Size
from datasets.maker.encode import Encoding, Timed, encode, recompress
from datasets.maker.lettering import BUILDER_MARKS, Chance
from datasets.maker.machine import MachineSpec, ShownMachine, Truth, Variant, random_machine
from datasets.maker.scene import Scene, draw_scene
from datasets.maker.stills import random_scene

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
    again.
    """

    shots: tuple[ShotSpec, ...]
    overlay: Overlay = field(default_factory=Overlay)
    encodings: tuple[Encoding, ...] = (Encoding(),)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMachine(ShownMachine):
    """A machine in a clip: when it is on screen, and its box at sampled times.

    Times in seconds from the start of the clip. `legible`: its builder's mark can be read
    at one of the sampled times at least.
    """

    shot: int
    start: float
    end: float
    legible: bool
    boxes: tuple[tuple[float, Box], ...]


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """Everything a clip shows; boxes in pixels of the frame of `size`."""

    size: Size
    rate: Fraction
    frames: int
    shots: tuple[tuple[float, float], ...]
    machines: tuple[ClipMachine, ...]
    overlays: tuple[DrawnOverlay, ...]

    def as_json(self) -> dict[str, object]:
        """The truth as plain data; `rate` is written as a fraction."""
        return asdict(self) | {"rate": str(self.rate)}


def make_clip(path: Path, spec: ClipSpec) -> ClipTruth:
    """The truth of a clip that is drawn, encoded and written, beside it as PATH.json.

    Raises DataError: no shot or encoding, two frame rates, a codec that this build of FFmpeg lacks,
    or a folder that cannot be written.
    """
    if not spec.shots or not spec.encodings:
        raise DataError(f"{path}: a clip needs at least one shot and one encoding")
    if len({how.rate for how in spec.encodings}) > 1:
        raise DataError(f"{path}: all encodings of a clip need the same frame rate")
    first, *others = spec.encodings
    with tempfile.TemporaryDirectory() as folder:
        targets = [Path(folder) / f"{i}.mkv" for i in range(len(others))] + [path]
        drawn = _Drawing(spec)
        count = encode(targets[0], drawn.frames(), first)
        for source, target, how in zip(targets, targets[1:], others, strict=False):
            recompress(source, target, how)
    truth, beside = drawn.truth(count), path.with_suffix(".json")
    try:
        text = json.dumps(truth.as_json(), ensure_ascii=False, indent=1)
        beside.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(unwritten(beside, error)) from error
    return truth


class _Drawing:
    """Draws the frames of a clip one by one and keeps what each shot holds."""

    def __init__(self, spec: ClipSpec) -> None:
        self.spec = spec
        self.held: list[tuple[ShotSpec, int, int, Truth]] = []  # shot, first, end frame, truth

    def frames(self) -> Iterator[Timed]:
        """(number, picture) of every frame."""
        how = self.spec.encodings[0]
        grain = Grain(how.size, np.random.default_rng((self.spec.seed, 9)), 1.5)
        number, elapsed = 0, Fraction(0)
        for index, shot in enumerate(self.spec.shots):
            still, truth = draw_scene(shot.scene)
            still = expose(still, np.random.default_rng((self.spec.seed, 8, index)), 0.4)
            elapsed += shot.seconds
            begin, end = number, max(number + 1, round(elapsed * how.rate))
            self.held.append((shot, begin, end, truth))
            for number in range(begin, end):
                part = (number - begin) / max(1, end - begin)
                scale, dx, dy = framing(shot, part, still.shape[1::-1], how.size)
                matrix = np.array([[scale, 0, dx], [0, scale, dy]])
                view = cv2.warpAffine(still, matrix, how.size, flags=cv2.INTER_LINEAR)
                picture = grain.add(np.asarray(view, np.uint8))
                draw_overlay(picture, self.spec.overlay)
                yield number, picture
            number = end

    def truth(self, frames: int) -> ClipTruth:
        """The truth of the clip as stored last."""
        last = self.spec.encodings[-1]
        size, rate = last.size, last.rate
        machines: list[ClipMachine] = []
        for index, (shot, begin, end, truth) in enumerate(self.held):
            step = max(1, int(_TRUTH_STEP * rate))
            views: list[tuple[float, Truth]] = []
            for number in sorted({*range(begin, end, step), end - 1}):
                part = (number - begin) / max(1, end - begin)
                scale, dx, dy = framing(shot, part, truth.size, size)
                view = truth.moved(size, (scale, scale), (dx, dy))
                views.append((float(number / rate), view))
            machines += _machines(index, truth, views)
        overlays = render_overlay(self.spec.overlay, size)[1]
        shots = tuple((float(b / rate), float(e / rate)) for _, b, e, _ in self.held)
        return ClipTruth(size, rate, frames, shots, tuple(machines), overlays)


def framing(
    shot: ShotSpec, part: float, still: tuple[int, ...], size: Size
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
                    marks = [m for m in view.marks if m.of == at and m.role == "builder"]
                    legible |= any(mark.legible for mark in marks)
        if boxes:
            shown = {one.name: getattr(machine, one.name) for one in fields(ShownMachine)}
            times: dict[str, Any] = {"start": boxes[0][0], "end": boxes[-1][0]}
            shown |= {"shot": shot, "legible": legible, "boxes": tuple(boxes)}
            found.append(ClipMachine(**shown, **times))
    return found


# Still height over frame height: what is left to pan over.
ROOM = 1.4
SIZE = (1280, 720)
# What stands in each shot, and the draw that shows it whole, large and legible.
_SHOTS: tuple[tuple[tuple[tuple[Variant, str | None], ...], int], ...] = (
    ((), 0),
    ((("marked", "MAZAK"),), 2),
    ((("marked", "大连机床"),), 1),
    ((("marked", "СТАНКОМАШСТРОЙ"), ("marked", "OKUMA")), 15),
    ((("unknown", None),), 4),
    ((("concealed", "沈阳机床"),), 11),
    ((("control-only", None),), 23),
    ((("marked", "秦川机床"), ("marked", "СТЕРЛИТАМАК")), 66),
    ((("marked", "DMG MORI"),), 2),
)


@cache
def demo_spec() -> ClipSpec:
    """The demo: marks in Latin, Han and Cyrillic, one machine unknown, one concealed, one
    with its control's badge alone; pans, cuts, a bug, a caption, two recompressions."""
    rng = np.random.default_rng((0, 11))
    shots = [
        _pan(_scene_for(wanted, draws, rng), Fraction(4 if wanted else 3), rng)
        for wanted, draws in _SHOTS
    ]
    last = Encoding(size=SIZE, crf=26)
    return ClipSpec(
        shots=tuple(shots),
        overlay=Overlay(bug="ЗВЕЗДА", caption=("УДМУРТИЯ", "Новый участок запущен в цехе № 3")),
        encodings=(
            replace(last, codec="mpeg4", crf=10),
            replace(last, codec="mpeg4", crf=None, bit_rate=4_000_000),
            last,
        ),
    )


def demo_clip(path: Path) -> ClipTruth:
    """Draws the demo to `path`, its truth beside it as JSON; errors as for `make_clip`."""
    return make_clip(path, demo_spec())


def _scene_for(wanted: Sequence[tuple[Variant, str | None]], draws: int, rng: Chance) -> Scene:
    def spec(variant: Variant, text: str | None) -> MachineSpec:
        mark = next((m for m in BUILDER_MARKS if m.text == text), None)
        made = random_machine(rng, BUILDER_MARKS, variant=variant, mark=mark)
        return replace(made, cover="mosaic") if variant == "concealed" else made

    still = (round(SIZE[0] * ROOM), round(SIZE[1] * ROOM))
    scene = random_scene(int(rng.integers(2**31)), still, negative=True, setting="hall")
    for _ in range(draws):
        specs = [spec(variant, text) for variant, text in wanted]
        scene = random_scene(int(rng.integers(2**31)), still, machines=specs, setting="hall")
    return replace(scene, clear=bool(wanted))


def _pan(scene: Scene, seconds: Fraction, rng: Chance) -> ShotSpec:
    width = float(rng.uniform(0.82, 0.95))
    turn = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.02, 0.06))
    begin = CameraView(0.5 - turn, 0.52, width)
    end = CameraView(0.5 + turn, 0.5, width * float(rng.uniform(0.88, 1.05)))
    return ShotSpec(scene, seconds, begin, end)
