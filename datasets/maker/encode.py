"""Pictures encoded as clips, and clips copied as others publish them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay, draw_overlay
from datasets.maker.canvas import Picture

Codec = Literal["libx264", "libx265", "mpeg4", "mpeg2video", "libvpx-vp9", "libsvtav1"]
Timed = tuple[int, Picture]  # frame number at the clip's rate, upright picture
_Raw = tuple[int, av.VideoFrame]

_FAST: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "row-mt": "1"},
    "libsvtav1": {"preset": "12"},
    "mpeg4": {},
    "mpeg2video": {},
}

_THREADS = Path("/proc/self/task")
_RANKED = hasattr(os, "sched_setscheduler") and _THREADS.is_dir()  # Linux


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is stored.

    size: width and height as coded, before rotation is undone; aspect: of one coded pixel
    (16:15 and 64:45 for 576i); rate: frames a second; crf or bit_rate (bit/s), whichever
    is given; gop: frames between keyframes; rotation: degrees counter-clockwise that a
    player must turn the coded picture; variable: some frames are left out, as telephones do.
    """

    codec: Codec = "libx264"
    size: tuple[int, int] = (1280, 720)
    rate: Fraction = Fraction(25)
    crf: int | None = 23
    bit_rate: int | None = None
    gop: int = 50
    b_frames: int = 2
    interlaced: bool = False
    aspect: Fraction = Fraction(1)
    rotation: Literal[0, 90, 180, -90] = 0
    variable: bool = False
    options: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of the frame as it is meant to be seen, with square pixels."""
        w, h = round(self.size[0] * self.aspect), self.size[1]
        return (h, w) if self.rotation in (90, -90) else (w, h)


def available(codec: str) -> bool:
    """Whether this build of FFmpeg can encode with `codec`."""
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def encode(path: Path, frames: Iterable[Timed], how: Encoding) -> int:
    """Encode upright pictures to `path`; its suffix chooses the container.

    Args:
        path: written over if it exists.
        frames: (number, picture) in order; the number over the rate is the frame's time.
            Pictures of another size than `how.upright` are scaled. For interlaced material
            two pictures a frame are expected: the upper field's, then the lower field's.
        how: the encoding.

    Returns:
        The number of frames written.

    Raises:
        DataError: the codec is not in this build of FFmpeg, or the file cannot be written.
    """
    if not available(how.codec):
        raise DataError(f"{path}: this build of FFmpeg has no {how.codec}; choose another codec")
    timed = _woven(frames, how) if how.interlaced else frames
    return _write(path, ((number, _raw(picture, how)) for number, picture in timed), how)


def _write(path: Path, frames: Iterable[_Raw], how: Encoding) -> int:
    count = 0
    try:
        with av.open(str(path), "w") as container:
            stream = _stream(container, how)
            os.environ.setdefault("SVT_LOG", "1")  # else SVT-AV1 tells fifteen lines of itself
            with _no_precedence():
                container.start_encoding()
            for number, frame in frames:
                frame.pts, frame.time_base = number, 1 / how.rate
                frame.pict_type = 0  # the encoder decides, not the clip this one was decoded from
                container.mux(stream.encode(frame))
                count += 1
            container.mux(stream.encode(None))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: could not be encoded ({error}); check codec and folder"
        ) from error
    return count


@contextmanager
def _no_precedence() -> Iterator[None]:
    """Leaves the threads of this process scheduled as its caller is.

    SVT-AV1 opened by root makes its caller and its own threads real-time ones that precede all
    else on the machine, for good, and all processes started later inherit that: a browser and a
    second busy process so started have held both cores against each other without end.
    """
    if not _RANKED:
        yield
        return
    policy, rank = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in (int(task.name) for task in _THREADS.iterdir()):
            with suppress(ProcessLookupError):  # it has ended
                if os.sched_getscheduler(thread) != policy:
                    os.sched_setscheduler(thread, policy, rank)


def _stream(container: av.container.OutputContainer, how: Encoding) -> av.VideoStream:
    options = dict(_FAST[how.codec])
    if how.crf is not None and how.bit_rate is None:
        if how.codec in ("mpeg4", "mpeg2video"):
            # No constant rate factor here: a fixed quantiser (2..31) of like quality.
            options["qmin"] = options["qmax"] = str(max(2, how.crf // 4))
        else:
            options["crf"] = str(how.crf)
    if how.interlaced and how.codec == "libx264":
        options["x264-params"] = "interlaced=1:tff=1"
    elif how.interlaced:
        options["flags"] = "+ildct+ilme"
    options.update(how.options)
    stream = container.add_stream(how.codec, rate=how.rate, options=options)
    stream.width, stream.height = how.size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / how.rate
    context.gop_size = how.gop
    # Keeping to a bit rate, x264's threads write other bytes each time.
    context.thread_count = 1 if how.codec == "libx264" and how.bit_rate is not None else 2
    context.sample_aspect_ratio = how.aspect
    if how.codec in ("libx264", "libx265", "mpeg4", "mpeg2video"):
        context.max_b_frames = how.b_frames
    if how.bit_rate is not None:
        context.bit_rate = how.bit_rate
    elif how.codec == "libvpx-vp9":
        context.bit_rate = 0
    if how.rotation:
        stream.set_display_rotation(how.rotation)
    return stream


def _raw(picture: Picture, how: Encoding) -> av.VideoFrame:
    if how.rotation:
        picture = np.rot90(picture, -how.rotation // 90)
    if picture.shape[1::-1] != how.size:
        picture = np.asarray(cv2.resize(picture, how.size, interpolation=cv2.INTER_AREA), np.uint8)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(format="yuv420p")


def _woven(frames: Iterable[Timed], how: Encoding) -> Iterator[Timed]:
    """Two pictures to one frame, upper field first."""
    pair: list[Timed] = []
    for timed in frames:
        pair.append(timed)
        if len(pair) == 2:
            (number, upper), (_, lower) = pair
            w, h = how.size
            fields = [cv2.resize(p, (w, h), interpolation=cv2.INTER_AREA) for p in (upper, lower)]
            frame = np.asarray(fields[0], np.uint8)
            frame[1::2] = fields[1][1::2]
            yield number, frame
            pair = []


def recompress(source: Path, path: Path, how: Encoding) -> None:
    """Decode a clip and encode it again, as every upload does.

    Raises:
        DataError: as for `encode`.
    """
    if not available(how.codec):
        raise DataError(f"{path}: this build of FFmpeg has no {how.codec}; choose another codec")
    _write(path, _decoded(source, how), how)


def _decoded(source: Path, how: Encoding) -> Iterator[_Raw]:
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            seconds = frame.pts * stream.time_base
            w, h = how.size
            yield round(seconds * how.rate), frame.reformat(w, h, format="yuv420p")


Bars = Literal["black", "blurred"]
_BLUR = 0.03  # of the frame's longer side: what is left behind shows no edges


@dataclass(frozen=True, slots=True)
class ClipSegment:
    """A stretch of a clip and what is done to its picture.

    start, end: seconds of the source; end None is its own. crop: what is kept, as shares
    (x1, y1, x2, y2) of the picture. mirrored: left to right, after the crop. fill: share of
    the room in the new frame that the picture takes; bars: what fills the rest.
    """

    source: Path
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    mirrored: bool = False
    fill: float = 1.0
    bars: Bars = "black"


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """Where a part came to lie.

    source: the clip. start, end: seconds of the source, of the first frame and the end of the
    last. at: seconds of the copy where it starts. place: (kx, tx, ky, ty). What lies at (x, y)
    of the source, in shares of width and height, lies at (kx x + tx, ky y + ty).
    """

    source: Path
    start: Fraction
    end: Fraction
    at: Fraction
    place: tuple[float, float, float, float]


def make_copy(
    path: Path, parts: Sequence[ClipSegment], how: Encoding, overlay: Overlay | None = None
) -> tuple[PlacedSegment, ...]:
    """Cut parts of clips together into a new one.

    Args:
        path: written over if it exists.
        parts: in their order; each is scaled into the new frame whole, its shape kept.
        how: the encoding, and with it the new frame's size and rate.
        overlay: a bug and a caption over all of it.

    Returns:
        Where each part lies.

    Raises:
        DataError: a source cannot be decoded, or the copy cannot be encoded; as for `encode`.
    """
    placed: list[PlacedSegment] = []

    def frames() -> Iterator[Timed]:
        number = 0
        for part in parts:
            first, shown, place = number, None, None
            for seconds, picture in _stretch(part):
                if shown is None:
                    shown = seconds
                    place = _place(part, picture.shape[1::-1], how.upright)
                at = first + round((seconds - shown) * how.rate)
                if at >= number:
                    number = at + 1
                    yield at, _drawn(part, picture, how.upright, overlay)
            if shown is None or place is None:
                raise DataError(f"{part.source}: no frame from {part.start} s on; choose another")
            length = (number - first) / how.rate
            placed.append(
                PlacedSegment(part.source, shown, shown + length, first / how.rate, place)
            )

    encode(path, frames(), how)
    return tuple(placed)


def _stretch(part: ClipSegment) -> Iterator[tuple[Fraction, Picture]]:
    """The frames of a part with their times in the source, from its container's start."""
    try:
        with av.open(str(part.source)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            begin = Fraction(container.start_time or 0, av.time_base)
            for frame in container.decode(stream):
                seconds = frame.pts * frame.time_base - begin
                if part.end is not None and seconds >= part.end:
                    return
                if seconds >= part.start:
                    yield seconds, frame.to_ndarray(format="rgb24")
    except (OSError, IndexError) as error:
        raise DataError(f"{part.source}: cannot be decoded ({error}); choose another") from error


def _place(
    part: ClipSegment, source: tuple[int, int], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = part.crop
    left, top, width, height = _room(part, source, size)
    kx, ky = width / (x2 - x1) / size[0], height / (y2 - y1) / size[1]
    tx, ty = left / size[0] - kx * x1, top / size[1] - ky * y1
    if part.mirrored:
        kx, tx = -kx, left / size[0] + kx * x2
    return kx, tx, ky, ty


def _room(
    part: ClipSegment, source: tuple[int, int], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, width and height of the picture in the new frame, in pixels."""
    x1, y1, x2, y2 = part.crop
    wide, high = source[0] * (x2 - x1), source[1] * (y2 - y1)
    scale = part.fill * min(size[0] / wide, size[1] / high)
    width, height = (
        min(room, max(2, round(scale * side)))
        for side, room in zip((wide, high), size, strict=True)
    )
    return (size[0] - width) // 2, (size[1] - height) // 2, width, height


def _drawn(
    part: ClipSegment, picture: Picture, size: tuple[int, int], overlay: Overlay | None
) -> Picture:
    h, w = picture.shape[:2]
    x1, y1, x2, y2 = part.crop
    kept = picture[round(y1 * h) : round(y2 * h), round(x1 * w) : round(x2 * w)]
    kept = kept[:, ::-1] if part.mirrored else kept
    left, top, width, height = _room(part, (w, h), size)
    frame = _behind(part, kept, size)
    kept = cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA)
    frame[top : top + height, left : left + width] = kept
    if overlay is not None:
        draw_overlay(frame, overlay)
    return frame


def _behind(part: ClipSegment, kept: Picture, size: tuple[int, int]) -> Picture:
    """What the bars show: nothing, or the picture itself, enlarged over the frame and blurred."""
    if part.bars == "black":
        return np.zeros((size[1], size[0], 3), np.uint8)
    h, w = kept.shape[:2]
    scale = max(size[0] / w, size[1] / h)
    wide, high = min(w, round(size[0] / scale)), min(h, round(size[1] / scale))
    left, top = (w - wide) // 2, (h - high) // 2
    cut = np.ascontiguousarray(kept[top : top + high, left : left + wide])
    large = cv2.resize(cut, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), _BLUR * max(size)), np.uint8)
