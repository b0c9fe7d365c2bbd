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
from typing import Literal

from datasets.errors import (
    FootageDisguised,
    FootageEncrypted,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from datasets.messages import Message
from detector.footage import jpeg

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
_STILL_BRANDS = {
    b"avif": "avif",
    b"heic": "heic",
    b"heix": "heic",
    b"heim": "heic",
    b"heis": "heic",
}
_UNREAD_BRANDS = {
    b"mif1": Message("a HEIF picture that is neither HEIC nor AVIF"),
    b"crx ": Message("a camera's raw picture"),
}
# By one of these an Ogg file says at its start that it holds pictures.
_OGG_PICTURES = (b"\x80theora", b"BBCD\0", b"OVP80", b"\x01video", b"\x01Direct Show Samples")

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"\x00\x00\x01\xb3", "mpegvideo"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_DISGUISES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", Message("a ZIP archive")),
    (b"PK\x05\x06", Message("a ZIP archive")),
    (b"Rar!\x1a\x07", Message("a RAR archive")),
    (b"7z\xbc\xaf\x27\x1c", Message("a 7z archive")),
    (b"\x1f\x8b\x08", Message("a gzip archive")),
    (b"\xfd7zXZ\x00", Message("an xz archive")),
    (b"\x28\xb5\x2f\xfd", Message("a zstd archive")),
    (b"BZh", Message("a bzip2 archive")),
    (b"%PDF-", Message("a PDF document")),
    (b"MZ", Message("a program")),
    (b"\x7fELF", Message("a program")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Message("an office document")),
)
_SOUND: tuple[tuple[bytes, str], ...] = (
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"\xff\xf1", "AAC"),
    (b"\xff\xf9", "AAC"),
    (b"fLaC", "FLAC"),
    (b"#!AMR", "AMR"),
)
_UNREAD_CLIPS: tuple[tuple[bytes, str], ...] = (
    (b"\x06\x0e\x2b\x34", "MXF"),
    (b".RMF", "RealMedia"),
    (b"GIF8", "GIF"),
    (b"DKIF", "IVF"),
    (b"\x00\x00\x01\xb0", Message("a raw MPEG-4 stream")),
    (b"\x1f\x07\x00\x3f", Message("a raw DV stream")),
    (b"\x1f\x07\x00\xbf", Message("a raw DV stream")),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "WTV"),
    (b"nut/multimedia container", "NUT"),
    (b"YUV4MPEG2", "YUV4MPEG"),
)
_UNREAD_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"8BPS", Message("a Photoshop picture")),
    *((f"P{n}{end}".encode(), "PNM") for n in range(1, 8) for end in " \n"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"\x0a\x05\x01", "PCX"),
    (b"\x0a\x03\x01", "PCX"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"SIMPLE  =", "FITS"),
    (b"icns", Message("an icon")),
    (b"SDPX", "DPX"),
    (b"XPDS", "DPX"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", Message("a JPEG XL picture")),
    (b"\xff\x0a", Message("a JPEG XL picture")),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Message("a JPEG 2000 picture")),
    (b"\xff\x4f\xff\x51", Message("a JPEG 2000 picture")),
    (b"FUJIFILMCCD-RAW", Message("a camera's raw picture")),
    (b"IIU\x00", Message("a camera's raw picture")),
    (b"IIRO", Message("a camera's raw picture")),
    (b"IIRS", Message("a camera's raw picture")),
    (b"MMOR", Message("a camera's raw picture")),
)
# A TGA has no mark of its own: its header has few values (Truevision TGA 2.0, appendix A).
_TGA = re.compile(rb".[\0\1][\1-\3\x09-\x0b].{13}[\x08\x0f\x10\x18\x20][\0-\x3f]", re.S)
# What stands behind the start code at which a raw stream begins: the header of its first NAL unit
# (ITU-T H.264, 7.3.1; H.265, 7.3.1.2). All else of MPEG goes on with 00, 20 or above 7F there.
_RAW_H264 = (b"\x67", b"\x47", b"\x27", b"\x09", b"\x06")
_RAW_H265 = (b"\x40\x01", b"\x42\x01", b"\x44\x01", b"\x46\x01", b"\x4e\x01")

# What may stand before a picture by mistake, or by a protocol.
_STRAY_BYTES = 1024
_TEXTS: tuple[tuple[str, str], ...] = (
    ("#extm3u", Message("an M3U playlist")),
    ("ffconcat", Message("an FFmpeg concat script")),
    ("<!doctype html", Message("a web page")),
    ("<html", Message("a web page")),
    ("[playlist]", Message("a PLS playlist")),
)

_PACKED = Message("%(path)s: this is %(what)s, not footage; unpack it or leave it out")
_DISGUISED = Message("%(path)s: this is %(what)s, not footage; leave it out")
_SOUND_FILE = Message("%(path)s: a sound file (%(kind)s); there are no pictures in it")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`container` is a key of `DEMUXERS` (kind "video") or of `PICTURES` (kind "still")."""

    kind: Literal["video", "still"]
    container: str


def sniff(head: bytes, path: Path) -> Sniffed:
    """Tell what begins with `head` (the file's first `HEAD_BYTES`); `path` is for messages.

    Raises:
        FootageDisguised: a playlist, page, text, archive, document or program.
        FootageUnsupported: a known container that is not on the allow-list.
        FootageEncrypted: a transport stream whose packets are scrambled.
        NoPictures: a known sound-only file.
        FootageUnreadable: nothing known; a damaged header, or no footage at all.
    """
    for start, what in _DISGUISES:
        if head.startswith(start):
            told = _PACKED if "archive" in what else _DISGUISED
            raise FootageDisguised(told.fill(path=path, what=what))
    container = _container(head)
    if container == "mpegts" and _scrambled(head):
        raise FootageEncrypted(
            Message(
                "%(path)s: the transport stream is scrambled; only a decrypted copy can be "
                "looked at",
                path=path,
            )
        )
    if container == "ogg" and not any(codec in head for codec in _OGG_PICTURES):
        raise NoPictures(_SOUND_FILE.fill(path=path, kind="Ogg"))
    if container in DEMUXERS:
        return Sniffed("video", container)
    if container in PICTURES:
        return Sniffed("still", container)
    for start, what in _SOUND:
        if head.startswith(start):
            raise NoPictures(_SOUND_FILE.fill(path=path, kind=what))
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        raise NoPictures(_SOUND_FILE.fill(path=path, kind="WAV"))
    if picture := _unread_picture(head):
        raise FootageUnsupported(
            Message(
                "%(path)s: %(what)s is of a kind that is not read; save it as PNG or JPEG",
                path=path,
                what=picture,
            )
        )
    unsupported = _raw(head) or next((w for s, w in _UNREAD_CLIPS if head.startswith(s)), None)
    if unsupported:
        raise FootageUnsupported(
            Message(
                "%(path)s: %(what)s is not among what is read (%(kinds)s); save it as an MP4",
                path=path,
                what=unsupported,
                kinds=", ".join((*DEMUXERS, *PICTURES)),
            )
        )
    text = _text(head)
    if text:
        raise FootageDisguised(_DISGUISED.fill(path=path, what=text))
    stray = head.find(b"\xff\xd8\xff", 0, _STRAY_BYTES)
    if stray > 0:
        raise FootageUnsupported(
            Message(
                "%(path)s: a JPEG picture begins only at byte %(byte)s of the file; cut off "
                "what stands before it, or open it in another program and save it as PNG or "
                "JPEG",
                path=path,
                byte=stray + 1,
            )
        )
    raise FootageUnreadable(
        Message(
            "%(path)s: no known header; the file is damaged at its start, or is no footage",
            path=path,
        )
    )


def look_further(found: Sniffed, path: Path) -> Sniffed:
    """What only more of the file than its head tells: whether JPEGs stand one behind the other.

    Raises:
        OSError: it cannot be read.
    """
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
    for start, name in _STARTS:
        if head.startswith(start):
            return "mjpeg" if name == "jpeg" and jpeg.is_stream(BytesIO(head)) else name
    if _sync(head) is not None:
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
    if _TGA.match(head) and head[12:14] > b"\0\0" and head[14:16] > b"\0\0":
        return "TGA"
    return next((what for start, what in _UNREAD_PICTURES if head.startswith(start)), None)


def _raw(head: bytes) -> str | None:
    """What stream without a container this is that is not read."""
    if head.startswith(b"\x00\x00\x00\x01"):
        return Message("a raw H.264 or H.265 stream")
    if head.startswith(b"\x00\x00\x01") and head[3:].startswith((*_RAW_H264, *_RAW_H265)):
        return Message("a raw H.264 or H.265 stream")
    # What an IP camera sends to a browser, saved as it came.
    if head.lstrip(b"\r\n").startswith(b"--") and b"\xff\xd8\xff" in head[:_STRAY_BYTES]:
        return Message("a stream of JPEGs with the headers of HTTP between them")
    return None


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
    """Most packets of a transport stream carry the scrambling bits (ISO 13818-1, 2.4.3.3).

    Behind bytes that are missing or too many no packet stands where it is looked for.
    """
    offset, length = _sync(head) or (0, 188)
    packets = zip(head[offset::length], head[offset + 3 :: length], strict=False)
    flags = [flag for sync, flag in packets if sync == 0x47]
    return sum(flag & 0xC0 != 0 for flag in flags) * 2 > len(flags)


def _text(head: bytes) -> str | None:
    """What text this is, or None for bytes that are no text."""
    sample = head[:4096]
    try:
        # A character may be cut at the end of the sample.
        text = sample.decode("utf-8-sig", "ignore" if len(head) > 4096 else "strict")
    except UnicodeDecodeError:
        return None
    if len(text.encode()) < len(sample) - 8 or any(c < " " and c not in "\t\r\n\f" for c in text):
        return None
    opening = text.lstrip().lower()
    for start, what in _TEXTS:
        if opening.startswith(start):
            return what
    if "<mpd" in opening:
        return Message("a DASH playlist")
    return Message("an XML document") if opening.startswith("<?xml") else Message("a text")
