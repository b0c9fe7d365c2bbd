"""Photographs as phones keep them: HEIC, one HEVC picture in boxes (ISO 23008-12, 14496-12)."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_heic(
    path: Path,
    picture: NDArray[np.uint8],
    quarters: int = 0,
    grid: tuple[int, int] = (1, 1),
    shared: bool = True,
    described: bytes = b"",
) -> Path:
    """A HEIC of an RGB picture (height, width, 3) that is to be turned so many quarters
    counter-clockwise.

    Args:
        grid: columns and rows; the picture is the tile of each.
        shared: the tiles lie at one place in the file.
        described: the type of an item that says something of a single picture.
    """
    parameters, coded = _hevc(path.with_suffix(".hevc"), picture)
    height, width, _ = picture.shape
    columns, rows = grid
    tiles = columns * rows
    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    properties = [
        _box(b"hvcC", parameters),
        _full(b"ispe", 0, struct.pack(">II", width, height)),
        _box(b"irot", bytes([quarters])),
        _full(b"ispe", 0, struct.pack(">II", width * columns, height * rows)),
    ]
    # Each property belongs to the picture, and to the decoder of tiles what it needs; those with
    # the highest bit by all means.
    kept = [bytes([0x80 | 1, 2, 0x80 | 3])] if tiles == 1 else [bytes([0x80 | 1, 2])] * tiles
    items = [_full(b"infe", 2, struct.pack(">HH4sx", 1 + n, 0, b"hvc1")) for n in range(tiles)]
    canvas = bytes([0, 0, rows - 1, columns - 1]) + struct.pack(
        ">HH", width * columns, height * rows
    )
    primary = tiles + 1 if tiles > 1 else 1
    if tiles > 1:
        kept.append(bytes([4, 0x80 | 3]))
        items.append(_full(b"infe", 2, struct.pack(">HH4sx", primary, 0, b"grid")))
    if described:
        items.append(_full(b"infe", 2, struct.pack(">HH4sx", 2, 0, described)))
    blocks = 1 if shared else tiles

    def meta(at: int) -> bytes:
        places = [
            struct.pack(">HHHHII", 1 + n, 0, 0, 1, at + n % blocks * len(coded), len(coded))
            for n in range(tiles)
        ]
        parts = [
            _full(b"hdlr", 0, bytes(4) + b"pict" + bytes(13)),
            _full(b"pitm", 0, struct.pack(">H", primary)),
        ]
        links: list[bytes] = []
        if described:
            places.append(struct.pack(">HHHHII", 2, 0, 0, 1, at, len(coded)))
            links = [_full(b"iref", 0, _box(b"cdsc", struct.pack(">HHH", 2, 1, 1)))]
        if tiles > 1:
            places.append(struct.pack(">HHHHII", primary, 1, 0, 1, 0, len(canvas)))
            linked = struct.pack(f">HH{tiles}H", primary, tiles, *range(1, primary))
            links = [_full(b"iref", 0, _box(b"dimg", linked)), _box(b"idat", canvas)]
        listed = b"".join(struct.pack(">HB", 1 + n, len(one)) + one for n, one in enumerate(kept))
        parts += [
            _full(b"iloc", 1, struct.pack(">BBH", 0x44, 0, len(places)) + b"".join(places)),
            _full(b"iinf", 0, struct.pack(">H", len(items)) + b"".join(items)),
            *links,
            _box(
                b"iprp",
                _box(b"ipco", b"".join(properties))
                + _full(b"ipma", 0, struct.pack(">I", len(kept)) + listed),
            ),
        ]
        return _full(b"meta", 0, b"".join(parts))

    path.write_bytes(head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", coded * blocks))
    return path


def _hevc(scratch: Path, picture: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """Decoder parameters (hvcC) and the picture coded, its unit with its length before it."""
    height, width, _ = picture.shape
    # As a bare stream: where it wants them in a container's header the encoder's parameters are
    # at times not there yet.
    with av.open(str(scratch), "w", format="hevc") as out:
        options = {"x265-params": "log-level=0:info=0:repeat-headers=1"}
        stream = out.add_stream("libx265", rate=1, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
        out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    units = [
        unit.rstrip(b"\0") for unit in scratch.read_bytes().split(b"\0\0\1") if unit.strip(b"\0")
    ]
    scratch.unlink()
    kinds = {unit[0] >> 1 & 63: unit for unit in reversed(units)}
    # Profile, tier and level are what the sequence's parameters begin with, behind four bits.
    profile = kinds[33].replace(b"\0\0\3", b"\0\0")[3:15]
    sets = b"".join(
        struct.pack(">BHH", 0x80 | kind, 1, len(kinds[kind])) + kinds[kind] for kind in (32, 33, 34)
    )
    head = b"\1" + profile + b"\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f\3"
    (coded,) = (unit for kind, unit in kinds.items() if kind < 32)
    return head + sets, struct.pack(">I", len(coded)) + coded


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _full(name: bytes, version: int, content: bytes) -> bytes:
    return _box(name, bytes([version, 0, 0, 0]) + content)
