"""Where a JPEG ends, and what follows it in its file.

A file may hold several JPEGs in a row, as cameras on a network write them, or a photograph and
then a clip, as telephones do. Both begin as any JPEG does. Markers are those of ITU-T T.81,
annex B.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

_BLOCK = 1 << 20
# A JPEG has some ten segments, with a large colour profile a few hundred.
_MOST_SEGMENTS = 10_000
# A marker may be preceded by bytes that fill.
_MOST_FILL = 64
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# They stand alone: TEM, and those between the parts of a scan.
_BARE = {0x01, *range(0xD0, 0xD8)}
# The frame's header, which tells its size; the three left out are tables.
_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Says that further pictures belong to this one: CIPA DC-007, and Google's container.
_INDEXES = ((0xE2, b"MPF\0"), (0xE1, b"ns.google.com/photos/"))
# In a scan FF is followed by 00, or by the mark of its next part.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# How a clip's file begins (ISO 14496-12, 4.3).
_CLIP = re.compile(rb"\0\0\0[\x10-\x60]ftyp(?!avi[fs]|crx |he[iv][cx]|m[is]f1)[A-Za-z0-9 ]{4}")
_CLIP_LENGTH = 12


def is_stream(file: BinaryIO) -> bool:
    """Whether JPEGs of one size stand one behind the other: frames of a clip without a container. A
    photograph's further pictures are none: its index names them, or they are smaller."""
    first = None
    file.seek(0)
    for marker, body in _segments(file):
        if any(marker == where and index in body for where, index in _INDEXES):
            return False
        if marker in _FRAME:
            first = body[1:5]
        elif marker == _END:
            second = (body for marker, body in _segments(file) if marker in _FRAME)
            return first is not None and next(second, b"")[1:5] == first
    return False


def clip_follows(file: BinaryIO) -> bool:
    """Whether the file holds a clip behind its JPEG, at once or behind further pictures."""
    file.seek(0)
    if not any(marker == _END for marker, _ in _segments(file)):
        return False
    rest = b""
    while block := file.read(_BLOCK):
        if _CLIP.search(rest + block):
            return True
        rest = block[1 - _CLIP_LENGTH :]
    return False


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each marker of the JPEG that begins here, with what belongs to it. The last is its end, if it
    is whole; the file is read to there."""
    if file.read(2) != bytes((0xFF, _START)):
        return
    for _ in range(_MOST_SEGMENTS):
        marker = _marker(file)
        if marker in _BARE:
            continue
        if marker == _END:
            yield marker, b""
        if marker is None or marker in (_START, _END):
            return
        length = int.from_bytes(file.read(2), "big") - 2
        body = file.read(max(0, length))
        if len(body) != length:
            return
        yield marker, body
        if marker == _SCAN:
            _pass_scan(file)


def _marker(file: BinaryIO) -> int | None:
    if file.read(1) != b"\xff":
        return None
    for _ in range(_MOST_FILL):
        code = file.read(1)
        if code != b"\xff":
            return code[0] if code else None
    return None


def _pass_scan(file: BinaryIO) -> None:
    """Reads on to the marker behind the scan, or to the file's end."""
    rest = b""
    while block := file.read(_BLOCK):
        block = rest + block
        if found := _NEXT_MARKER.search(block):
            file.seek(found.start() - len(block), 1)
            return
        rest = b"\xff" if block.endswith(b"\xff") else b""
