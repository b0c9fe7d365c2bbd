"""Encoding: pictures to a file as a given camera or broadcaster would have left it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np

from datasets.errors import DataError
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
    """Encode upright pictures to `path`; the container is told by its suffix.

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
