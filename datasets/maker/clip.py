"""Clips: shots that pan over large stills under a broadcaster's layer, encoded; the demo."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
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
from datasets.maker.canvas import Box, Picture, Size
from datasets.maker.lettering import BUILDER_MARKS, Chance
from datasets.maker.machine import MachineSpec, ShownMachine, Truth, Variant, random_machine
from datasets.maker.scene import Scene, draw_scene, random_scene

Codec = Literal["libx264", "libx265", "mpeg4", "libvpx-vp9"]
Timed = tuple[int, Picture]  # frame number at the clip's rate, picture
_Raw = tuple[int, av.VideoFrame]
_FAST: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "row-mt": "1"},
    "mpeg4": {},
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is stored.

    size: width and height; rate: frames a second; crf or bit_rate (bit/s), whichever is given;
    gop: frames between keyframes.
    """

    codec: Codec = "libx264"
    size: Size = (1280, 720)
    rate: Fraction = Fraction(25)
    crf: int | None = 23
    bit_rate: int | None = None
    gop: int = 50


def encode(path: Path, frames: Iterable[Timed], how: Encoding) -> int:
    """The number of frames encoded to `path`; its suffix chooses the container.

    path: written over if it exists. frames: (number, picture) in order; the number over the rate is
    the frame's time. Pictures of another size are scaled.
    Raises DataError: this build of FFmpeg lacks the codec, or the file cannot be written.
    """

    def raw(picture: Picture) -> av.VideoFrame:
        if picture.shape[1::-1] != how.size:
            scaled = cv2.resize(picture, how.size, interpolation=cv2.INTER_AREA)
            picture = np.asarray(scaled, np.uint8)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        return frame.reformat(format="yuv420p")

    return _write(path, ((number, raw(picture)) for number, picture in frames), how)


def recompress(source: Path, path: Path, how: Encoding) -> None:
    """Decodes a clip and encodes it again, as every upload does; errors as for `encode`."""

    def decoded() -> Iterator[_Raw]:
        with av.open(str(source)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                seconds = frame.pts * stream.time_base
                yield round(seconds * how.rate), frame.reformat(*how.size, format="yuv420p")

    _write(path, decoded(), how)


def _write(path: Path, frames: Iterable[_Raw], how: Encoding) -> int:
    count = 0
    try:
        with av.open(str(path), "w") as container:
            stream = _stream(container, how)
            for number, frame in frames:
                frame.pts, frame.time_base = number, 1 / how.rate
                frame.pict_type = 0  # the encoder decides, not the clip this one was decoded from
                container.mux(stream.encode(frame))
                count += 1
            container.mux(stream.encode(None))
    except (OSError, ValueError) as error:
        do = "check codec and folder"
        raise DataError(f"{path}: could not be encoded ({error}); {do}") from error
    return count


def _stream(container: av.container.OutputContainer, how: Encoding) -> av.VideoStream:
    options = dict(_FAST[how.codec])
    if how.crf is not None and how.bit_rate is None:
        if how.codec == "mpeg4":
            # No constant rate factor here: a fixed quantiser (2..31) of like quality.
            options["qmin"] = options["qmax"] = str(max(2, how.crf // 4))
        else:
            options["crf"] = str(how.crf)
    stream = container.add_stream(how.codec, rate=how.rate, options=options)
    stream.width, stream.height = how.size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base, context.gop_size, context.thread_count = 1 / how.rate, how.gop, 2
    if how.codec != "libvpx-vp9":
        context.max_b_frames = 2
    if how.bit_rate is not None:
        context.bit_rate = how.bit_rate
    elif how.codec == "libvpx-vp9":
        context.bit_rate = 0
    return stream


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
    """A clip before it is drawn: its shots, and one encoding or more, all of one frame rate. The
    first encoding stores the drawn frames; each further one decodes and encodes again."""

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


_TRUTH_STEP = Fraction(1, 2)  # seconds between the boxes of the truth
_Drawn = list[tuple[ShotSpec, int, int, Truth]]  # shot, first frame, the one after its last, truth


def make_clip(path: Path, spec: ClipSpec) -> ClipTruth:
    """The truth of a clip that is drawn, encoded and written, beside it as PATH.json. Raises
    DataError: a codec that this build of FFmpeg lacks, or a folder that cannot be written."""
    first, *others = spec.encodings
    drawn: _Drawn = []
    with tempfile.TemporaryDirectory() as folder:
        targets = [Path(folder) / f"{i}.mkv" for i in range(len(others))] + [path]
        count = encode(targets[0], _frames(spec, drawn), first)
        for source, target, how in zip(targets, targets[1:], others, strict=False):
            recompress(source, target, how)
    truth, beside = _truth(spec, drawn, count), path.with_suffix(".json")
    plain = asdict(truth) | {"rate": str(truth.rate)}
    try:
        beside.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(unwritten(beside, error)) from error
    return truth


def _frames(spec: ClipSpec, drawn: _Drawn) -> Iterator[Timed]:
    """(number, picture) of every frame; what each shot holds is added to `drawn`."""
    how = spec.encodings[0]
    grain = Grain(how.size, np.random.default_rng((spec.seed, 9)), 1.5)
    begin, elapsed = 0, Fraction(0)
    for index, shot in enumerate(spec.shots):
        still, truth = draw_scene(shot.scene)
        still = expose(still, np.random.default_rng((spec.seed, 8, index)), 0.4)
        elapsed += shot.seconds
        end = max(begin + 1, round(elapsed * how.rate))
        drawn.append((shot, begin, end, truth))
        for number in range(begin, end):
            scale, dx, dy = _framing(shot, (number - begin) / (end - begin), truth.size, how.size)
            matrix = np.array([[scale, 0, dx], [0, scale, dy]])
            view = cv2.warpAffine(still, matrix, how.size, flags=cv2.INTER_LINEAR)
            picture = grain.add(np.asarray(view, np.uint8))
            draw_overlay(picture, spec.overlay)
            yield number, picture
        begin = end


def _framing(shot: ShotSpec, part: float, still: Size, size: Size) -> tuple[float, float, float]:
    """Scale and shift (pixels) from the still to the frame, `part` (0..1) through the shot."""
    eased = part * part * (3 - 2 * part)
    a, b = shot.begin, shot.end
    x, y, width = (p + (q - p) * eased for p, q in ((a.x, b.x), (a.y, b.y), (a.width, b.width)))
    w, h = still
    scale = max(size[0] / (width * w), size[0] / w, size[1] / h)
    half_w, half_h = size[0] / scale / 2, size[1] / scale / 2
    centre_x = min(max(x * w, half_w), w - half_w)
    centre_y = min(max(y * h, half_h), h - half_h)
    return scale, -(centre_x - half_w) * scale, -(centre_y - half_h) * scale


def _truth(spec: ClipSpec, drawn: _Drawn, frames: int) -> ClipTruth:
    """The truth of the clip as stored last."""
    size, rate = spec.encodings[-1].size, spec.encodings[-1].rate
    machines: list[ClipMachine] = []
    for index, (shot, begin, end, truth) in enumerate(drawn):
        views: list[tuple[float, Truth]] = []
        for number in sorted({*range(begin, end, max(1, int(_TRUTH_STEP * rate))), end - 1}):
            scale, *shift = _framing(shot, (number - begin) / (end - begin), truth.size, size)
            view = truth.moved(size, (scale, scale), (shift[0], shift[1]))
            views.append((float(number / rate), view))
        machines += _machines(index, truth, views)
    shots = tuple((float(begin / rate), float(end / rate)) for _, begin, end, _ in drawn)
    overlays = render_overlay(spec.overlay, size)[1]
    return ClipTruth(size, rate, frames, shots, tuple(machines), overlays)


def _machines(shot: int, truth: Truth, views: list[tuple[float, Truth]]) -> Iterator[ClipMachine]:
    for machine in truth.machines:
        boxes: list[tuple[float, Box]] = []
        legible = False
        for time, view in views:
            for at, other in enumerate(view.machines):
                if other.number == machine.number:
                    boxes.append((time, other.box))
                    own = (m for m in view.marks if m.of == at and m.role == "builder")
                    legible |= any(mark.legible for mark in own)
        if boxes:
            yield ClipMachine(
                **{one.name: getattr(machine, one.name) for one in fields(ShownMachine)},
                shot=shot,
                start=boxes[0][0],
                end=boxes[-1][0],
                legible=legible,
                boxes=tuple(boxes),
            )


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


def _scene_for(wanted: Sequence[tuple[Variant, str | None]], draws: int, rng: Chance) -> Scene:
    def spec(variant: Variant, text: str | None) -> MachineSpec:
        mark = next((m for m in BUILDER_MARKS if m.text == text), None)
        made = random_machine(rng, variant=variant, mark=mark)
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
