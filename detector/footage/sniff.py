"""What a file is, told from its first bytes and never from its name.

The lists here are allow-lists: what is not on them is not handed to the decoder. FFmpeg's
own probing would also recognise playlists and scripts (hls, dash, concat, image2, lavfi),
which open further files; those end here, as disguised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from datasets.messages import Message
from detector.footage import jpeg, reasons

# Enough for the sync bytes of a transport stream and for a text's opening lines.
HEAD_BYTES = 1 << 16
# The one FFmpeg demuxer that may read each container.
DEMUXERS = {
    "mp4": "mov",
    "matroska": "matroska",
    "mpegts": "mpegts",
    "mpeg-ps": "mpeg",
    "mpegvideo": "mpegvideo",
    "avi": "avi",
    "flv": "flv",
    "ogg": "ogg",
    "asf": "asf",
    "mjpeg": "mjpeg",
}
# The one Pillow reader that may read each kind of picture.
PICTURES = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "bmp": "BMP",
    "tiff": "TIFF",
    "heic": "HEIF",
    "avif": "AVIF",
}
_MP4_BOXES = {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot"}
# Brands of pictures in the same boxes (ISO 23008-12, 10; AV1 Image File Format, 6), and of what
# is not read. A sequence of them is a clip.
_STILL_BRANDS = {b"avif": "avif", **dict.fromkeys((b"heic", b"heix", b"heim", b"heis"), "heic")}
_UNREAD_BRANDS = {
    b"mif1": Message("a HEIF picture that is neither HEIC nor AVIF"),
    b"crx ": Message("a camera's raw picture"),
}
# By one of these an Ogg file says at its start that it holds pictures.
_OGG_PICTURES = (b"\x80theora", b"BBCD\0", b"OVP80", b"\x01video", b"\x01Direct Show Samples")


def _read_starts() -> dict[str, dict[str, tuple[bytes, ...]]]:
    """What each kind of file may begin with, by group; a kind with an article is a message."""
    found: dict[str, dict[str, tuple[bytes, ...]]] = {}
    for line in Path(__file__).with_name("headers.tsv").read_text("ascii").splitlines():
        if not line.startswith("#"):
            group, kind, *starts = line.split("\t")
            name = Message(kind) if kind.startswith(("a ", "an ")) else kind
            begins = (start.encode().decode("unicode_escape") for start in starts)
            found.setdefault(group, {})[name] = tuple(text.encode("latin-1") for text in begins)
    return found


STARTS = _read_starts()
_CHUNKED_SOUND = {b"RIFFWAVE": "WAV", b"FORMAIFF": "AIFF", b"FORMAIFC": "AIFF"}
# A TGA has no mark of its own: its header has few values (Truevision TGA 2.0, appendix A).
_TGA = re.compile(rb".[\0\1][\1-\3\x09-\x0b].{13}[\x08\x0f\x10\x18\x20][\0-\x3f]", re.S)
# What stands behind the start code at which a raw stream begins: the header of its first NAL unit
# (ITU-T H.264, 7.3.1; H.265, 7.3.1.2). All else of MPEG goes on with 00, 20 or above 7F there.
_RAW_H264 = (b"\x67", b"\x47", b"\x27", b"\x09", b"\x06")
_RAW_H265 = (b"\x40\x01", b"\x42\x01", b"\x44\x01", b"\x46\x01", b"\x4e\x01")
_TEXTS: tuple[tuple[str, str], ...] = (
    ("#extm3u", Message("an M3U playlist")),
    ("<!doctype html", Message("a web page")),
    ("<html", Message("a web page")),
)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`container` is a key of `DEMUXERS` (kind "video") or of `PICTURES` (kind "still")."""

    kind: Literal["video", "still"]
    container: str


def sniff(head: bytes, path: Path) -> Sniffed:
    """Tell what begins with `head` (the file's first `HEAD_BYTES`); `path` is for messages. Raises
    FootageError: it is not on the allow-list; the kind and the words say what it is."""
    for refusal, group in ((reasons.PACKED, "packed"), (reasons.DISGUISED, "disguised")):
        if what := _begun(head, group):
            raise refusal.of(path, what=what)
    container = _container(head)
    if container == "mpegts" and _scrambled(head):
        raise reasons.SCRAMBLED.of(path)
    if container == "ogg" and not any(codec in head for codec in _OGG_PICTURES):
        raise reasons.SOUND_FILE.of(path, kind="Ogg")
    if container is not None:
        return Sniffed("video" if container in DEMUXERS else "still", container)
    if sound := _CHUNKED_SOUND.get(head[:4] + head[8:12]) or _begun(head, "sound"):
        raise reasons.SOUND_FILE.of(path, kind=sound)
    if picture := _unread_picture(head):
        raise reasons.NOT_READ.of(path, what=picture)
    red = "R3D" if head[4:8] in (b"RED1", b"RED2") else None
    if unsupported := red or _raw(head) or _begun(head, "clip"):
        kinds = ", ".join((*DEMUXERS, *PICTURES))
        raise reasons.NOT_AMONG.of(path, what=unsupported, kinds=kinds)
    if text := _text(head):
        raise reasons.DISGUISED.of(path, what=text)
    raise reasons.NO_HEADER.of(path)


def sniff_file(file: BinaryIO, path: Path) -> Sniffed:
    """As `sniff`, of an open file, with `look_further`. Raises FootageEmpty, OSError."""
    head = file.read(HEAD_BYTES)
    if not head:
        raise reasons.EMPTY.of(path)
    return look_further(sniff(head, path), path)


def look_further(found: Sniffed, path: Path) -> Sniffed:
    """What more than a file's head tells: if JPEGs stand one behind the other. Raises OSError."""
    if found.container != "jpeg":
        return found
    with path.open("rb") as file:
        return Sniffed("video", "mjpeg") if jpeg.is_stream(file) else found


def _container(head: bytes) -> str | None:
    """The container or picture format `head` begins with."""
    if head[4:8] in _MP4_BOXES:
        if head[4:8] != b"ftyp":
            return "mp4"
        still = _still(head)
        return still if still or head[8:12] in _UNREAD_BRANDS else "mp4"
    if head[:4] == b"RIFF":
        return {b"AVI ": "avi", b"WEBP": "webp"}.get(head[8:12])
    if name := _begun(head, "read"):
        return "mjpeg" if name == "jpeg" and jpeg.is_stream(BytesIO(head)) else name
    # Lines of a text may begin with G as regularly.
    if _sync(head) is not None and _text(head) is None:
        return "mpegts"
    # A bitmap's header is 14 bytes; four of them are reserved and zero.
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "bmp"
    # A recording may begin in the middle of a pack; the next pack header is near.
    if b"\x00\x00\x01\xba" in head and _raw(head) is None:
        return "mpeg-ps"
    return None


def _still(head: bytes) -> str | None:
    """The kind of picture that a file of boxes holds; `mif1` says no more than that it is one, and
    which stands among the other brands."""
    major, size = head[8:12], int.from_bytes(head[:4])
    if major != b"mif1":
        return _STILL_BRANDS.get(major)
    others = (head[at : at + 4] for at in range(16, min(size, len(head)), 4))
    return next((_STILL_BRANDS[one] for one in others if one in _STILL_BRANDS), None)


def _unread_picture(head: bytes) -> str | None:
    """What picture this is that is known and not read."""
    if head[4:8] == b"ftyp" and head[8:12] in _UNREAD_BRANDS:
        return _UNREAD_BRANDS[head[8:12]]
    # An icon's header (00 00 01 00) is a start code of MPEG too; its first entry tells more.
    if head[:4] == b"\x00\x00\x01\x00" and head[4:6] > bytes(2) and len(head) >= 22:
        reserved, planes, behind = head[9], head[10:12], int.from_bytes(head[18:22], "little")
        if not reserved and planes in (b"\0\0", b"\1\0") and behind >= 6 + 16 * head[4]:
            return Message("an icon")
    if head[6:14] == b"HEAPCCDR":  # Canon's CIFF, rev. 1.0
        return _UNREAD_BRANDS[b"crx "]
    if _TGA.match(head) and head[12:14] > b"\0\0" and head[14:16] > b"\0\0":
        return "TGA"
    return _begun(head, "picture")


def _begun(head: bytes, group: str) -> str | None:
    """The kind of file of a group of `STARTS` that begins like this."""
    return next((what for what, some in STARTS[group].items() if head.startswith(some)), None)


def _raw(head: bytes) -> str | None:
    """What stream without a container this is that is not read."""
    raw = head.startswith(b"\0\0\1") and head[3:].startswith((*_RAW_H264, *_RAW_H265))
    return Message("a raw H.264 or H.265 stream") if raw or head[:4] == b"\0\0\0\1" else None


def _sync(head: bytes) -> tuple[int, int] | None:
    """Where a transport stream's packets begin and their length, if it is one.

    Sync bytes (0x47) stand every 188 bytes (ISO 13818-1), or 192 in camera recordings. With the
    error correction of broadcasts (ETSI EN 300 429) it is 204. Three in a row at the very start
    suffice, further in it takes eight.
    """
    for length in (188, 192, 204):
        for offset in range(length):
            syncs = head[offset::length]
            needed = min(3 if offset in (0, 4) else 8, max(1, len(head) // length))
            if len(syncs) >= needed >= 2 and syncs[:needed] == b"\x47" * needed:
                return offset, length
    return None


def _scrambled(head: bytes) -> bool:
    """Most packets of a transport stream carry the scrambling bits (ISO 13818-1, 2.4.3.3). Behind
    bytes that are missing or too many no packet stands where it is looked for."""
    offset, length = _sync(head) or (0, 188)
    packets = zip(head[offset::length], head[offset + 3 :: length], strict=False)
    flags = [flag for sync, flag in packets if sync == 0x47]
    return sum(flag & 0xC0 != 0 for flag in flags) * 2 > len(flags)


def _text(head: bytes) -> str | None:
    """What text this is, or None for bytes that are no text."""
    sample = head[:4096]
    wide = sample.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        # A character may be cut at the end of the sample.
        text = sample.decode(
            "utf-16" if wide else "utf-8-sig", "ignore" if len(head) > 4096 else "strict"
        )
        lacks = not wide and len(text.encode()) < len(sample) - 8
    except UnicodeDecodeError:
        lacks = True
    if lacks:
        # In an older encoding of Europe's letters most is ASCII.
        text = sample.decode("latin-1")
        if 4 * sum(c > "~" for c in text) > len(text):
            return None
    if any(c < " " and c not in "\t\r\n\f" for c in text):
        return None
    opening = text.lstrip().lower()
    known = (what for start, what in _TEXTS if opening.startswith(start))
    return next(known, Message("a text"))
