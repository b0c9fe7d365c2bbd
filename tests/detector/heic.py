"""Photographs as phones keep them: HEIC, one HEVC picture in boxes (ISO 23008-12, 14496-12)."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_heic(path: Path, picture: NDArray[np.uint8], quarters: int = 0) -> Path:
    """A HEIC of an RGB picture (height, width, 3) that is to be turned so many quarters
    counter-clockwise."""
    parameters, coded = _hevc(path.with_suffix(".mkv"), picture)
    height, width, _ = picture.shape
    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    properties = [
        _box(b"hvcC", parameters),
        _full(b"ispe", 0, struct.pack(">II", width, height)),
        _box(b"irot", bytes([quarters])),
    ]
    kept = bytes([0x80 | 1, 2, 0x80 | 3])  # each belongs to the picture; two of them by all means
    item = _full(b"infe", 2, struct.pack(">HH4sx", 1, 0, b"hvc1"))

    def meta(at: int) -> bytes:
        place = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, at, len(coded))
        parts = (
            _full(b"hdlr", 0, bytes(4) + b"pict" + bytes(13)),
            _full(b"pitm", 0, struct.pack(">H", 1)),
            _full(b"iloc", 0, place),
            _full(b"iinf", 0, struct.pack(">H", 1) + item),
            _box(
                b"iprp",
                _box(b"ipco", b"".join(properties))
                + _full(b"ipma", 0, struct.pack(">IHB", 1, 1, len(kept)) + kept),
            ),
        )
        return _full(b"meta", 0, b"".join(parts))

    path.write_bytes(head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", coded))
    return path


def _hevc(scratch: Path, picture: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """Decoder parameters (hvcC) and the picture coded, its units with their lengths before them."""
    height, width, _ = picture.shape
    with av.open(str(scratch), "w") as out:
        options = {"x265-params": "log-level=0:info=0"}
        stream = out.add_stream("libx265", rate=1, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
        # Of a single one the muxer at times cannot tell the parameters.
        for _ in range(2):
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    with av.open(str(scratch)) as read:
        stream = read.streams.video[0]
        parameters = bytes(stream.codec_context.extradata or b"")
        coded = next(bytes(packet) for packet in read.demux(stream) if packet.size)
    scratch.unlink()
    return parameters, coded


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _full(name: bytes, version: int, content: bytes) -> bytes:
    return _box(name, bytes([version, 0, 0, 0]) + content)
