"""A transport stream of H.264 coded field by field (PAFF), which no encoder at hand makes.

Each field is written as raw samples (I_PCM) or as a copy of the field before it (P_Skip).
A few headers are all it takes (ITU-T H.264, 7.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

WIDTH, HEIGHT = 96, 64
_MACROBLOCKS = (WIDTH // 16) * (HEIGHT // 32)  # of one field
_TICKS = 90_000


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def u(self, value: int, length: int) -> _Bits:
        self.text += format(value, f"0{length}b")
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            digits = format(value + 1, "b")
            self.text += "0" * (len(digits) - 1) + digits
        return self

    def se(self, value: int) -> _Bits:
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def aligned(self, raw: bytes) -> _Bits:
        self.text += "0" * (-len(self.text) % 8)
        self.text += "".join(format(byte, "08b") for byte in raw)
        return self

    def unit(self, header: int) -> bytes:
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        data = b""
        for start in range(0, len(text), 8):
            byte = int(text[start : start + 8], 2)
            if data[-2:] == b"\0\0" and byte <= 3:
                data += b"\3"
            data += bytes([byte])
        return b"\0\0\0\1" + bytes([header]) + data


def _parameters() -> bytes:
    sps = _Bits().u(77, 8).u(0, 8).u(30, 8)  # main profile, level 3
    sps.ue(0, 0, 2, 1).u(0, 1)  # id, 4 bits of frame_num, order as decoded, one reference
    sps.ue(WIDTH // 16 - 1, HEIGHT // 32 - 1).u(0, 1).u(0, 1).u(1, 1)  # fields, no MBAFF
    sps.u(0, 1).u(1, 1)  # no cropping; the rest says 25 frames a second
    sps.u(0, 1).u(0, 1).u(0, 1).u(0, 1).u(1, 1).u(1, 32).u(50, 32).u(1, 1).u(0, 5)
    pps = _Bits().ue(0, 0).u(0, 1).u(0, 1).ue(0, 0, 0).u(0, 1).u(0, 2).se(0).se(0).se(0)
    pps.u(1, 1).u(0, 1).u(0, 1)
    return sps.unit(0x67) + pps.unit(0x68)


def _field(number: int, bottom: bool, raw: bool, grey: int) -> bytes:
    """One field of the frame that comes `number` frames after its keyframe; `raw`: of samples
    of that grey, else a copy."""
    first_of_key = not number and not bottom
    bits = _Bits().ue(0, 7 if raw else 5, 0).u(number % 16, 4).u(1, 1).u(bottom, 1)
    if first_of_key:
        bits.ue(0)
    if not raw:
        bits.u(0, 1).u(0, 1)  # as many references as ever, in their usual order
    bits.u(0, 1)
    if first_of_key:
        bits.u(0, 1)
    bits.se(0).ue(1)  # no deblocking
    if raw:
        for _ in range(_MACROBLOCKS):
            bits.ue(25).aligned(bytes([grey]) * 256 + b"\x80" * 128)
    else:
        bits.ue(_MACROBLOCKS)
    return bits.unit(0x65 if first_of_key else 0x61)


def write_fields(
    path: Path,
    frames: int,
    *,
    gop: int = 10,
    greys: Sequence[int],
    together: bool = False,
    raw_pairs: bool = False,
) -> Path:
    """A transport stream of `frames` frames, 25 a second, each two fields.

    - greys: the luma of each group's frames.
    - together: both fields in one PES packet with one time.
    - raw_pairs: a keyframe's second field is no copy of its first.
    """
    with av.open(str(path), "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height = WIDTH, HEIGHT
        step = _TICKS // 25
        for n in range(frames):
            grey = greys[n // gop]
            fields = [_field(n % gop, False, n % gop == 0, grey)]
            fields.append(_field(n % gop, True, raw_pairs and n % gop == 0, grey))
            delimiter = b"\0\0\0\1\x09\xf0"
            units = [delimiter + (b"" if n % gop else _parameters()) + fields[0]]
            units.append(delimiter + fields[1])
            if together:
                units = [b"".join(units)]
            for half, unit in enumerate(units):
                packet = av.Packet(unit)
                packet.stream, packet.time_base = stream, Fraction(1, _TICKS)
                packet.pts = packet.dts = n * step + half * step // 2
                packet.is_keyframe = not half and not n % gop
                out.mux(packet)
    return path
