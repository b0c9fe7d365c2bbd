"""Why footage is set aside, and why not all of it is looked at: the one table of all reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets.errors import (
    DecoderDied,
    DecoderOutOfMemory,
    DecoderTimeout,
    FootageDisguised,
    FootageEmpty,
    FootageEncrypted,
    FootageError,
    FootageMissing,
    FootageTooLarge,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from datasets.messages import Message


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why footage is set aside: the class of the error and its words, a template."""

    error: type[FootageError]
    text: str

    def of(self, path: Path, **values: object) -> FootageError:
        """The error for one file."""
        return self.error(Message(self.text, path=path, **values))


# At the file.
NO_FILE = Refusal(FootageMissing, "%(path)s: no such file; check the path")
NOT_THERE = Refusal(FootageMissing, "%(path)s: %(what)s; check the path")
NO_REGULAR_FILE = Refusal(FootageMissing, "%(path)s: neither a file nor a folder; name a file")
UNREADABLE_FILE = Refusal(
    FootageMissing, "%(path)s: cannot be read (%(why)s); check the permissions and the disk"
)
GONE = Refusal(FootageMissing, "%(path)s: cannot be read (%(why)s)")
CHANGED_FILE = Refusal(FootageUnreadable, GONE.text)
EMPTY = Refusal(FootageEmpty, "%(path)s: the file is empty; fetch it again")
HOLES = Refusal(
    FootageUnreadable,
    "%(path)s: %(missing)s of its %(size)s bytes were never written; fetch it again",
)
# By its first bytes.
PACKED = Refusal(
    FootageDisguised, "%(path)s: this is %(what)s, not footage; unpack it or leave it out"
)
DISGUISED = Refusal(FootageDisguised, "%(path)s: this is %(what)s, not footage; leave it out")
SOUND_FILE = Refusal(NoPictures, "%(path)s: a sound file (%(kind)s); there are no pictures in it")
SCRAMBLED = Refusal(
    FootageEncrypted,
    "%(path)s: the transport stream is scrambled; only a decrypted copy can be looked at",
)
NO_HEADER = Refusal(
    FootageUnreadable,
    "%(path)s: no known header; the file is damaged at its start, or is no footage",
)
NOT_AMONG = Refusal(
    FootageUnsupported,
    "%(path)s: %(what)s is not among what is read (%(kinds)s); save it as an MP4",
)
NOT_READ = Refusal(
    FootageUnsupported, "%(path)s: %(what)s is of a kind that is not read; save it as PNG or JPEG"
)
# Of pictures.
MISNAMED = Refusal(
    FootageUnreadable, "%(path)s: a clip under a picture's name; look at it by itself"
)
PART = Refusal(
    FootageUnsupported,
    "%(path)s: %(what)s is not read; save it anew first, an animation as MP4, a picture as PNG",
)
TOO_MANY_PIXELS = Refusal(
    FootageTooLarge,
    "%(path)s: %(width)s x %(height)s pixels; photographs of at most %(pixels)s are looked at",
)
DAMAGED_PICTURE = Refusal(
    FootageUnreadable, "%(path)s: the picture is damaged (%(why)s); fetch it again"
)
NONE_READABLE = Refusal(
    NoPictures, "%(path)s: none of the pictures can be read; of the first: %(what)s"
)
# Of clips.
DAMAGED_CONTAINER = Refusal(
    FootageUnreadable, "%(path)s: the container is damaged beyond reading (%(why)s); fetch it again"
)
NO_DECODER = Refusal(FootageUnsupported, "%(path)s: no decoder for its pictures; convert it first")
TOO_LARGE = Refusal(
    FootageTooLarge,
    "%(path)s: frames of %(width)s x %(height)s pixels; at most %(pixels)s are decoded "
    "(setting decoding.pixels)",
)
OVERSIZED = Refusal(FootageTooLarge, "%(path)s: %(what)s (setting decoding.pixels)")
TOO_MANY_FRAMES = Refusal(
    FootageTooLarge,
    "%(path)s: %(count)s frames or more; at most %(most)s are decoded (setting decoding.frames)",
)
ENCRYPTED = Refusal(
    FootageEncrypted, "%(path)s: the pictures are encrypted; only a decrypted copy can be looked at"
)
NO_TRACKS = Refusal(NoPictures, "%(path)s: its index names no tracks; fetch it again")
COVER = Refusal(
    NoPictures, "%(path)s: sound with a cover picture; there are no other pictures in it"
)
SOUND_ONLY = Refusal(NoPictures, "%(path)s: sound only; there are no pictures in it")
NO_PICTURES = Refusal(NoPictures, "%(path)s: there are no pictures in it")
INIT_SEGMENT = Refusal(
    NoPictures,
    "%(path)s: an init segment, a header without pictures; join it with the segments that "
    "follow it",
)
NO_FRAMES = Refusal(
    NoPictures, "%(path)s: a header without frames: its index names none; fetch it again"
)
CUT_OFF = Refusal(
    NoPictures,
    "%(path)s: its edit list leaves out every picture; write it anew without one "
    "(ffmpeg -ignore_editlist 1 -i OLD -c copy NEW)",
)
DAMAGED = Refusal(
    NoPictures, "%(path)s: no frame could be decoded; the pictures are damaged throughout"
)
# Of the decoder process.
NOT_STARTED = Refusal(
    DecoderDied,
    "%(path)s: no decoder could be started (%(why)s); end other programs, or allow more "
    "processes, and look at it again",
)
DIED = Refusal(DecoderDied, "%(path)s: the decoder ended without a word (%(why)s)")
SILENT = Refusal(
    DecoderTimeout,
    "%(path)s: the decoder was silent for %(seconds)s s (setting decoding.stall_seconds)",
)
SLOW = Refusal(
    DecoderTimeout,
    "%(path)s: the decoder took more than %(seconds)s s (setting decoding.wall_seconds)",
)
BUSY = Refusal(
    DecoderTimeout,
    "%(path)s: the decoder used more than %(seconds)s s of processor time "
    "(setting decoding.cpu_seconds)",
)
OUT_OF_MEMORY = Refusal(
    DecoderOutOfMemory,
    "%(path)s: the decoder needs more memory than it may have (setting decoding.address_space)",
)
# Of a loss: the rest is looked at.
LOST = Message("%(what)s (%(times)s times)")
MISSING = Message("declared by the container but not there")
OUT_OF_ORDER = Message("decoded but left out: its time is out of order")
UNSHOWN = Message(
    "a frame gave no picture: frames that it refers to are damaged or not in the file"
)
FURTHER_PAGE = Message(
    "a further page of the file was not looked at: save it as a picture of its own"
)
CLIP_BEHIND = Message(
    "a clip behind the picture in its file was not looked at: save it as a file of its own"
)
FURTHER_STREAM = Message("a further stream of pictures is in the file and was not looked at")
LEFT_OUT = Message(
    "a frame that the file's own edit list leaves out was not looked at: write the file anew "
    "without one (ffmpeg -ignore_editlist 1 -i OLD -c copy NEW)"
)
FITTED = Message(
    "the picture changes its size or shape on the way; it is fitted into the first one"
)
SHRUNK = Message("the picture has more pixels than are decoded; it was looked at shrunk")
CUT_SHORT = Message("the picture is cut short; what is missing of it was not looked at")
