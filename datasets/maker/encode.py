"""Pictures encoded as clips."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np

from datasets.errors import DataError
from datasets.maker.canvas import Picture

Codec = Literal["libx264", "libx265", "mpeg4", "libvpx-vp9", "libsvtav1"]
Timed = tuple[int, Picture]  # frame number at the clip's rate, picture
_Raw = tuple[int, av.VideoFrame]

_FAST: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "row-mt": "1"},
    "libsvtav1": {"preset": "12"},
    "mpeg4": {},
}
_THREADS = Path("/proc/self/task")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is stored.

    size: width and height; rate: frames a second; crf or bit_rate (bit/s), whichever is given;
    gop: frames between keyframes.
    """

    codec: Codec = "libx264"
    size: tuple[int, int] = (1280, 720)
    rate: Fraction = Fraction(25)
    crf: int | None = 23
    bit_rate: int | None = None
    gop: int = 50


def available(codec: str) -> bool:
    """Whether this build of FFmpeg can encode with `codec`."""
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def encode(path: Path, frames: Iterable[Timed], how: Encoding) -> int:
    """The number of frames encoded to `path`; its suffix chooses the container.

    path: written over if it exists. frames: (number, picture) in order; the number over the rate is
    the frame's time. Pictures of another size are scaled.
    Raises DataError: this build of FFmpeg lacks the codec, or the file cannot be written.
    """
    return _write(path, ((number, _raw(picture, how)) for number, picture in frames), how)


def recompress(source: Path, path: Path, how: Encoding) -> None:
    """Decodes a clip and encodes it again, as every upload does; errors as for `encode`."""
    _write(path, _decoded(source, how), how)


def _write(path: Path, frames: Iterable[_Raw], how: Encoding) -> int:
    if not available(how.codec):
        raise DataError(f"{path}: this build of FFmpeg has no {how.codec}; choose another codec")
    count = 0
    try:
        with av.open(str(path), "w") as container:
            stream = _stream(container, how)
            os.environ.setdefault("SVT_LOG", "1")  # else SVT-AV1 prints fifteen lines
            with _same_rank():
                container.start_encoding()
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


@contextmanager
def _same_rank() -> Iterator[None]:
    """Keeps the scheduling of this process's threads.

    Opened by root, SVT-AV1 makes them real-time threads, and all processes started later inherit
    that.
    """
    ranked = hasattr(os, "sched_setscheduler") and _THREADS.is_dir()  # Linux
    held = (os.sched_getscheduler(0), os.sched_getparam(0)) if ranked else None
    try:
        yield
    finally:
        for thread in (int(task.name) for task in _THREADS.iterdir()) if held else ():
            with suppress(ProcessLookupError):  # it has ended
                if held and os.sched_getscheduler(thread) != held[0]:
                    os.sched_setscheduler(thread, *held)


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
    context.time_base = 1 / how.rate
    context.gop_size = how.gop
    context.thread_count = 2
    if how.codec in ("libx264", "libx265", "mpeg4"):
        context.max_b_frames = 2
    if how.bit_rate is not None:
        context.bit_rate = how.bit_rate
    elif how.codec == "libvpx-vp9":
        context.bit_rate = 0
    return stream


def _raw(picture: Picture, how: Encoding) -> av.VideoFrame:
    if picture.shape[1::-1] != how.size:
        picture = np.asarray(cv2.resize(picture, how.size, interpolation=cv2.INTER_AREA), np.uint8)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(format="yuv420p")


def _decoded(source: Path, how: Encoding) -> Iterator[_Raw]:
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            seconds = frame.pts * stream.time_base
            yield round(seconds * how.rate), frame.reformat(*how.size, format="yuv420p")
