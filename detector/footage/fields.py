"""What the units of a packet tell: two fields of one frame, or a frame that no other refers to.

Broadcasters code interlaced pictures field by field. Other containers keep both fields of a
frame together. From a transport stream FFmpeg gives each by itself: a keyframe's packet shows
nothing when it is decoded alone, and a frame counts as two.

Runs in the decoder process; the syntax read here is that of ITU-T H.264, 7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import av

# Where a slice (1, of a keyframe 5) or the parameters of the sequence (7) begin.
_UNIT = re.compile(rb"\x00\x00\x01([\x01\x21\x41\x61\x05\x25\x45\x65\x07\x27\x47\x67])")
_IDR_SLICE, _PARAMETERS = 5, 7
# Profiles whose parameters tell of colour and scaling too (7.3.2.1.1).
_HIGH = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
# What is read of a parameter set or a slice stands in fewer bytes than this.
_HEAD_BYTES = 1024


class _Field(NamedTuple):
    number: int
    bottom: bool
    idr: bool


class FieldPairs:
    """Joins fields that follow each other; everything else goes by untouched."""

    def __init__(self) -> None:
        # Bits that name a colour plane, and of a frame's number; None if frames are never split.
        self._widths: tuple[int, int] | None = None
        self.begin()

    def begin(self) -> None:
        """What comes next is read from the start, or from where a seek has landed."""
        self._ahead: av.Packet | None = None

    def joined(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        """The packets; a frame in two fields is one, with its first field's times."""
        while (packet := self._next(packets)) is not None:
            first = self._field(packet)
            if first is not None and (second := next(packets, None)) is not None:
                if self._field(second) == (first.number, not first.bottom, False):
                    packet = _join(packet, second)
                else:
                    self._ahead = second
            yield packet

    def _next(self, packets: Iterator[av.Packet]) -> av.Packet | None:
        ahead, self._ahead = self._ahead, None
        return next(packets, None) if ahead is None else ahead

    def _field(self, packet: av.Packet) -> _Field | None:
        """The one field in the packet; None for a frame, and where it cannot be told."""
        if not packet.is_keyframe and self._widths is None:
            return None
        data = bytes(packet)
        try:
            for unit in _UNIT.finditer(data):
                bits, kind = _Bits(data[unit.end() : unit.end() + _HEAD_BYTES]), unit[1][0] & 31
                if kind != _PARAMETERS:
                    return self._slice(bits, kind == _IDR_SLICE)
                self._widths = _widths(bits)
        except ValueError:  # the data ends, or is damaged
            pass
        return None

    def _slice(self, bits: _Bits, idr: bool) -> _Field | None:
        if self._widths is None:
            return None
        planes, number_bits = self._widths
        bits.ue(3)  # first macroblock, type, picture parameters
        bits.u(planes)
        number = bits.u(number_bits)
        return _Field(number, bool(bits.u(1)), idr) if bits.u(1) else None


class Units:
    """The units of packets in MP4 and Matroska, each behind its length (ISO 14496-15, 5.3.3).

    codec: its name. setup: what its decoder is set up with. alone: no frame refers to another.
    """

    def __init__(self, codec: str, setup: bytes, alone: bool) -> None:
        self.alone = alone
        self._hevc = codec == "hevc"
        place = {"h264": 4, "hevc": 21}.get(codec, len(setup))
        known = setup[:1] == b"\1" and place < len(setup)
        self._length = (setup[place] & 3) + 1 if known else 0
        self._layers = setup[place] >> 3 & 7 if known and self._hevc else 0

    def is_unreferred(self, data: bytes) -> bool:
        """True if surely no other frame refers to the one in a packet. H.264, 7.4.1; H.265,
        7.4.2.2, where a frame of a lower layer may serve those of higher ones."""
        at = 0
        if self.alone:
            return True
        while self._length and at + self._length + 1 < len(data):
            begin = at + self._length
            if self._hevc:
                kind = data[begin] >> 1 & 63
                if kind < 32:
                    return kind < 16 and kind % 2 == 0 and data[begin + 1] & 7 == self._layers
            elif 1 <= data[begin] & 31 <= 5:
                return data[begin] & 0x60 == 0
            at = begin + int.from_bytes(data[at:begin])
        return False


class _Bits:
    """Reads a unit bit by bit. Raises ValueError: it ends too early."""

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self._text = format(int.from_bytes(plain, "big"), f"0{8 * len(plain)}b")
        self._at = 0

    def u(self, length: int) -> int:
        start, self._at = self._at, self._at + length
        if self._at > len(self._text):
            raise ValueError("the unit ends too early")
        return int(self._text[start : self._at] or "0", 2)

    def ue(self, count: int = 1) -> int:
        """The last of so many numbers of any length (9.1)."""
        value = 0
        for _ in range(count):
            zeros = self._text.index("1", self._at) - self._at
            value = self.u(2 * zeros + 1) - 1
        return value


def _widths(bits: _Bits) -> tuple[int, int] | None:
    """Bits of a slice that name a colour plane, and of a frame's number; None where the sequence
    has frames alone."""
    profile = bits.u(8)
    bits.u(16), bits.ue()  # constraints and level, number of the set
    planes = 0
    if profile in _HIGH:
        colours = bits.ue()
        planes = 2 * bits.u(1) if colours == 3 else 0
        bits.ue(2), bits.u(1)  # depths, lossless
        if bits.u(1):
            for number in range(12 if colours == 3 else 8):
                if bits.u(1):
                    _pass_scaling(bits, 16 if number < 6 else 64)
    number_bits = bits.ue() + 4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1), bits.ue(2)
        bits.ue(bits.ue())
    bits.ue(), bits.u(1), bits.ue(2)  # references, gaps, width and height
    return None if bits.u(1) else (planes, number_bits)


def _pass_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.ue()
            following = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
        last = following or last


def _join(first: av.Packet, second: av.Packet) -> av.Packet:
    both = av.Packet(bytes(first) + bytes(second))
    both.stream, both.time_base = first.stream, first.time_base
    both.pts, both.dts = first.pts, first.dts
    both.duration = (first.duration or 0) + (second.duration or 0)
    both.is_keyframe, both.is_corrupt = first.is_keyframe, first.is_corrupt or second.is_corrupt
    return both
