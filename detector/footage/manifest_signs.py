"""Whether a file carries anything of C2PA, told cheaply, so that the library need not be loaded.

Runs in the decoder process. It follows the lengths that boxes and chunks state, reads no more of
them than their heads, and makes at most `MOST_BOXES` steps, whatever they say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Literal

Sign = Literal["store", "hint"]

CARRIERS = {
    "mp4": "video/mp4",
    "avi": "video/avi",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tiff": "image/tiff",
}
"""The containers a manifest can lie in, and how the library calls them (C2PA 2.2, appendix A)."""

# C2PA 2.2, A.4: the `uuid` box of a manifest store; and that of XMP (ISO 16684-1), which may
# name a manifest that lies elsewhere.
STORE = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

MOST_BOXES = 100_000
MOST_XMP = 1 << 20
# A picture is looked through for these words; a wrong guess costs a moment.
MOST_PICTURE = 256 << 20
_SIGNS = (b"c2pa", b"C2PA", b"caBX", b"dcterms:provenance")


def carries(file: BinaryIO, container: str) -> Sign | None:
    """What there is for the library to read: surely a manifest store, perhaps one, nothing.

    Leaves the file at its start.
    """
    try:
        if container == "mp4":
            signs = {_sign(file, kind, size) for kind, size in _boxes(file)}
            return "store" if "store" in signs else "hint" if "hint" in signs else None
        if container == "avi":
            return "store" if any(kind == b"C2PA" for kind, _ in _chunks(file)) else None
        file.seek(0)
        picture = file.read(MOST_PICTURE)
        return "hint" if any(sign in picture for sign in _SIGNS) else None
    finally:
        file.seek(0)


def _sign(file: BinaryIO, kind: bytes, size: int) -> Sign | None:
    if kind != b"uuid":
        return None
    name = file.read(16)
    if name == STORE:
        return "store"
    return "hint" if name == XMP and b"provenance" in file.read(min(size, MOST_XMP)) else None


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The boxes at the top (ISO 14496-12, 4.2): kind and length of the body, the file before it."""
    end, at = _length(file), 0
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        size, used = int.from_bytes(head[:4]), 8
        if size == 1:
            size, used = int.from_bytes(file.read(8)), 16
        elif size == 0:
            size = end - at
        if size < used:
            return
        yield head[4:], size - used
        at += size


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The chunks of the first RIFF list, and what follows it."""
    at = 12
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        yield head[:4], size
        # A further list (OpenDML) is entered, not passed over.
        at += 12 if head[:4] == b"RIFF" else 8 + size + size % 2


def _length(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)
