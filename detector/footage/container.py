"""Opening a clip's container: its pictures, where it begins, how long it says that it lasts.

Runs in the decoder process. Opens the one given file and nothing else: the demuxer is named,
the only protocol is `file`.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from detector.footage import reasons


def open_clip(
    path: Path, demuxer: str, pixels: int
) -> tuple[av.container.InputContainer, av.VideoStream]:
    """The opened container and its picture stream. Raises FootageError: the kind that fits
    (`detector.footage.reasons`)."""
    # "file:" keeps a name with a colon in it from being taken for another protocol.
    options = {"protocol_whitelist": "file", "max_pixels": str(pixels)}
    try:
        container = av.open(
            f"file:{path}", format=demuxer, options=options, metadata_errors="replace"
        )
    except MemoryError:
        raise
    except (av.FileNotFoundError, av.PermissionError) as error:
        raise reasons.GONE.of(path, why=words_of(error)) from error
    except av.FFmpegError as error:
        raise reasons.DAMAGED_CONTAINER.of(path, why=words_of(error)) from error
    stream = _choose(container, path)
    width, height = stream.width, stream.height
    if width * height > pixels:
        raise reasons.TOO_LARGE.of(path, width=width, height=height, pixels=pixels)
    for other in container.streams:
        if other.index != stream.index:
            with suppress(AttributeError):  # some kinds of stream cannot be discarded
                other.discard = av.stream.Discard.all
    return container, stream


def words_of(error: av.FFmpegError) -> str:
    """What FFmpeg says of an error, in lower case."""
    return (error.strerror or type(error).__name__).lower()


def _choose(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The largest picture stream that is no cover art, and no lone picture beside a clip; the
    others are not even read."""
    streams = [s for s in container.streams.video if not is_cover(s)]
    if not streams:
        raise _why_empty(container).of(path)
    moving = [s for s in streams if s.frames != 1]
    stream = max(moving or streams, key=lambda s: s.width * s.height if s.codec_context else -1)
    if stream.codec_context is None:
        raise reasons.NO_DECODER.of(path)
    if stream.codec_tag in ("encv", "drmi") or "enc_key_id" in stream.metadata:
        raise reasons.ENCRYPTED.of(path)
    return stream


def _why_empty(container: av.container.InputContainer) -> reasons.Refusal:
    if not container.streams:
        return reasons.NO_TRACKS
    if container.streams.video:
        return reasons.COVER
    return reasons.SOUND_ONLY if container.streams.audio else reasons.NO_PICTURES


def is_cover(stream: av.VideoStream) -> bool:
    """Whether a stream is but the cover of a record, or a picture of a chapter."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


# An init segment is smaller.
_INIT_BYTES = 1 << 20
LATEST = 1 << 32
"""Seconds, 136 years: a time beyond it is damaged. Some clocks count from 1900."""


def start_of(container: av.container.InputContainer, stream: av.VideoStream) -> Fraction:
    """Seconds: the container's start, exact where a stream's own start agrees with it. FFmpeg
    rounds the container's to a microsecond, which would turn 1/30 into an odd number."""
    rough = Fraction(container.start_time or 0, av.time_base)
    if abs(rough) > LATEST:
        return Fraction(0)
    for one in (stream, *container.streams):
        if one.start_time is not None and one.time_base is not None:
            exact = one.start_time * one.time_base
            if abs(exact - rough) <= Fraction(1, av.time_base):
                return Fraction(exact)
    return rough


def length_of(
    container: av.container.InputContainer, stream: av.VideoStream, start: Fraction
) -> Fraction | None:
    """Seconds from `start` to the end of the pictures, or else of the container.

    None where it says 0, since its recorder was cut off before it could say, and where the file
    has fewer bytes than seconds: no picture is that small.

    stream: the pictures. start: seconds, where the container begins.
    """
    base = stream.time_base or Fraction(1, av.time_base)
    length = Fraction(container.duration or 0, av.time_base)
    if stream.duration:
        length = _delay(container, stream, start) + Fraction(stream.duration * base)
    return length if 0 < length <= container.size else None


def _delay(
    container: av.container.InputContainer, stream: av.VideoStream, start: Fraction
) -> Fraction:
    """Seconds from `start` to the first picture: a cut without decoding begins with sound.

    None where nothing else plays by then: so the first picture's time is damaged, and the
    pictures would seem to go on for hours.
    """
    if stream.start_time is None:
        return Fraction(0)
    ends = [
        (other.start_time + other.duration) * other.time_base
        for other in container.streams
        if other.index != stream.index
        and other.start_time is not None
        and other.duration is not None
    ]
    begin = stream.start_time * (stream.time_base or Fraction(1, av.time_base))
    return max(Fraction(0), begin - start) if begin < max(ends, default=0) else Fraction(0)


def is_init_segment(path: Path) -> bool:
    """True for the header of a fragmented MP4 (ISO 14496-12, 8.8.1) without a fragment."""
    with path.open("rb") as file:
        head = file.read(_INIT_BYTES)
    return head[4:8] == b"ftyp" and b"mvex" in head and b"moof" not in head


def is_starved(stream: av.VideoStream) -> bool:
    """True if two more frames might not have fitted into memory: FFmpeg may tell that as damage."""
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return False
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmPeak:")[2].split()[0]) << 10
    return peak + 2 * 3 * int(stream.width) * int(stream.height) > most
