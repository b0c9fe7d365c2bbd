"""Opening a clip's container and choosing its pictures, or saying why that cannot be.

Runs in the decoder process. Opens the one given file and nothing else: the demuxer is named,
the only protocol is `file`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from datasets.errors import (
    FootageEncrypted,
    FootageMissing,
    FootageTooLarge,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from datasets.messages import Message


def open_clip(
    path: Path, demuxer: str, pixels: int
) -> tuple[av.container.InputContainer, av.VideoStream]:
    """The opened container and its picture stream.

    Raises:
        FootageMissing: the file has gone, or may not be read.
        FootageUnreadable: the container is damaged beyond reading.
        FootageUnsupported: no decoder for its pictures.
        FootageEncrypted, NoPictures, FootageTooLarge: as they say.
    """
    # "file:" keeps a name with a colon in it from being taken for another protocol.
    options = {"protocol_whitelist": "file", "max_pixels": str(pixels)}
    try:
        container = av.open(
            f"file:{path}", format=demuxer, options=options, metadata_errors="replace"
        )
    except MemoryError:
        raise
    except (av.FileNotFoundError, av.PermissionError) as error:
        raise FootageMissing(
            Message("%(path)s: cannot be read (%(why)s)", path=path, why=words_of(error))
        ) from error
    except av.FFmpegError as error:
        raise FootageUnreadable(
            Message(
                "%(path)s: the container is damaged beyond reading (%(why)s); fetch it again",
                path=path,
                why=words_of(error),
            )
        ) from error
    stream = _choose(container, path)
    width, height = stream.width, stream.height
    if width * height > pixels:
        raise FootageTooLarge(
            Message(
                "%(path)s: frames of %(width)s x %(height)s pixels; at most %(pixels)s are "
                "decoded (setting decoding.pixels)",
                path=path,
                width=width,
                height=height,
                pixels=pixels,
            )
        )
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
        raise NoPictures(Message("%(path)s: sound only; there are no pictures in it", path=path))
    moving = [s for s in streams if not _is_lone(s)]
    stream = max(moving or streams, key=lambda s: s.width * s.height if s.codec_context else -1)
    if stream.codec_context is None:
        raise FootageUnsupported(
            Message("%(path)s: no decoder for its pictures; convert it first", path=path)
        )
    if stream.codec_tag in ("encv", "drmi") or "enc_key_id" in stream.metadata:
        raise FootageEncrypted(
            Message(
                "%(path)s: the pictures are encrypted; only a decrypted copy can be looked at",
                path=path,
            )
        )
    return stream


def is_cover(stream: av.VideoStream) -> bool:
    """Whether a stream is but the cover of a record, or a picture of a chapter."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _is_lone(stream: av.VideoStream) -> bool:
    """Whether the container tells that a stream is one frame: a thumbnail that nobody marked as
    a cover, or a card that is shown throughout."""
    frames = stream.frames or int(_tagged(stream, "NUMBER_OF_FRAMES", r"\d{1,9}") or 0)
    if frames or not stream.average_rate:
        return frames == 1
    # Matroska tells no number, but how long each stream is.
    told = _tagged(stream, "DURATION", r"\d+:\d\d:\d\d(\.\d+)?")
    if told is None:
        return False
    hours, minutes, seconds = told.split(":")
    length = 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
    return bool(0 < length * stream.average_rate < 2)


def _tagged(stream: av.VideoStream, name: str, form: str) -> str | None:
    """What a stream's tag says, where it has that form. Some name the language as well."""
    tags = {key.upper().partition("-")[0]: value for key, value in stream.metadata.items()}
    value = tags.get(name)
    return value if value and re.fullmatch(form, value) else None
