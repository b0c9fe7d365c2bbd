"""The two fields of an H.264 frame, put into one packet.

Broadcasters code interlaced pictures field by field. Other containers keep both fields of a
frame together. From a transport stream FFmpeg gives each by itself: a keyframe's packet shows
nothing when it is decoded alone, and a frame counts as two.

Runs in the decoder process; the syntax read here is that of ITU-T H.264, 7.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av

_SLICE, _IDR_SLICE, _PARAMETERS = 1, 5, 7

# Profiles whose parameters tell of colour and scaling too (7.3.2.1.1).
_HIGH = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}

# What is read of a parameter set or a slice stands in fewer bytes than this; with scaling
# lists, most of it.
_HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class _Parameters:
    """Of a sequence: bits of a frame number, whether its slices name a colour plane, and
    whether it has frames alone."""

    number_bits: int
    planes: bool
    frames_alone: bool


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    bottom: bool
    idr: bool


class FieldPairs:
    """Joins fields that follow each other; everything else goes by untouched."""

    def __init__(self) -> None:
        self._parameters: _Parameters | None = None
        self.begin()

    def begin(self) -> None:
        """What comes next is read from the start, or from where a seek has landed."""
        self._ahead: av.Packet | None = None

    def joined(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        """The packets; a frame in two fields is one, with its first field's times."""
        while (packet := self._next(packets)) is not None:
            first = self._field(packet)
            if first is not None and (second := next(packets, None)) is not None:
                if _are_pair(first, self._field(second)):
                    packet = _join(packet, second)
                else:
                    self._ahead = second
            yield packet

    def _next(self, packets: Iterator[av.Packet]) -> av.Packet | None:
        ahead, self._ahead = self._ahead, None
        return next(packets, None) if ahead is None else ahead

    def _field(self, packet: av.Packet) -> _Field | None:
        """The one field in the packet; None for a frame, and where it cannot be told."""
        known = self._parameters
        if not packet.is_keyframe and (known is None or known.frames_alone):
            return None
        try:
            return self._find(bytes(packet))
        except ValueError:  # the data ends, or is damaged
            return None

    def _find(self, data: bytes) -> _Field | None:
        at = data.find(b"\0\0\1") + 3
        while 3 <= at < len(data):
            kind = data[at] & 31
            if kind == _PARAMETERS:
                self._parameters = _parameters(_Bits(data[at + 1 : at + _HEAD_BYTES]))
            elif kind in (_SLICE, _IDR_SLICE):
                bits = _Bits(data[at + 1 : at + _HEAD_BYTES])
                return self._slice(bits, kind == _IDR_SLICE)
            at = data.find(b"\0\0\1", at) + 3
        return None

    def _slice(self, bits: _Bits, idr: bool) -> _Field | None:
        known = self._parameters
        if known is None or known.frames_alone:
            return None
        bits.ue(), bits.ue(), bits.ue()  # first macroblock, type, picture parameters
        bits.u(2 if known.planes else 0)
        number = bits.u(known.number_bits)
        return _Field(number, bool(bits.u(1)), idr) if bits.u(1) else None


class _Bits:
    """Reads a unit bit by bit.

    Raises:
        ValueError: it ends too early.
    """

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")
        self._text = format(int.from_bytes(plain, "big"), f"0{8 * len(plain)}b")
        self._at = 0

    def u(self, length: int) -> int:
        start, self._at = self._at, self._at + length
        if self._at > len(self._text):
            raise ValueError("the unit ends too early")
        return int(self._text[start : self._at] or "0", 2)

    def ue(self) -> int:
        zeros = self._text.index("1", self._at) - self._at
        return self.u(2 * zeros + 1) - 1

    def se(self) -> int:
        value = self.ue()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _parameters(bits: _Bits) -> _Parameters:
    profile = bits.u(8)
    bits.u(16), bits.ue()  # constraints and level, number of the set
    planes = False
    if profile in _HIGH:
        colours = bits.ue()
        planes = colours == 3 and bool(bits.u(1))
        bits.ue(), bits.ue(), bits.u(1)  # depths, lossless
        if bits.u(1):
            for number in range(12 if colours == 3 else 8):
                if bits.u(1):
                    _pass_scaling(bits, 16 if number < 6 else 64)
    number_bits = bits.ue() + 4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1), bits.se(), bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue(), bits.u(1), bits.ue(), bits.ue()  # references, gaps, width, height
    return _Parameters(number_bits, planes, bool(bits.u(1)))


def _pass_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _are_pair(first: _Field, second: _Field | None) -> bool:
    if second is None or second.idr:
        return False
    return second.number == first.number and second.bottom != first.bottom


def _join(first: av.Packet, second: av.Packet) -> av.Packet:
    both = av.Packet(bytes(first) + bytes(second))
    both.stream, both.time_base = first.stream, first.time_base
    both.pts, both.dts = first.pts, first.dts
    both.duration = (first.duration or 0) + (second.duration or 0)
    both.is_keyframe, both.is_corrupt = first.is_keyframe, first.is_corrupt or second.is_corrupt
    return both
