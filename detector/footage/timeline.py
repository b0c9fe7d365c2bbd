"""The times of a clip on one rising line: recordings joined end to end, frames out of order.

Runs in the decoder process.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from detector.footage.losses import Tally
from detector.footage.reasons import OUT_OF_ORDER

if TYPE_CHECKING:
    from detector.footage.stream import ClipSource

# A stream reorders at most 16 frames (ITU-T H.264, A.3.1), and the decoder holds one.
MOST_REORDERED = 16 + 1
Among = Sequence[tuple[Fraction, Fraction]]
"""Sorted, disjoint stretches, both ends included."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A decoded frame, the key of its packet, its time, and the aspect of its pixels.

    frame: None for a keyframe that nobody asked for.
    """

    frame: Any
    key: int
    pts: int
    time: Fraction
    aspect: Fraction


class TimeLine:
    """Gives packets their times on one line: each part begins where the one before it ended.

    A clock has restarted where a packet and all of the `MOST_REORDERED` behind it come earlier
    than the two before it: neither reordering nor one damaged time does that. Where fewer are
    left, they must come earlier than as many before them.

    started_anew: whether any reading has met such a place. What lies at a time can then be
    found by reading from the start alone; a seek may land in any part.
    """

    def __init__(self) -> None:
        self.started_anew = False
        self.begin()

    def begin(self) -> None:
        """What comes next is read from the start, or from where a seek has landed."""
        self._offset = 0
        # Of the last packets: when to decode them by their own clock, and where on the line
        # they are shown and end.
        self._recent: deque[tuple[int, int]] = deque(maxlen=MOST_REORDERED)
        # Read already, to see how the times go on.
        self._ahead: deque[av.Packet] = deque()

    def follow(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        """The packets, their PTS and DTS moved onto the line; in the stream's time base."""
        while (packet := self._next(packets)) is not None:
            decode, show = packet.dts, _show_time(packet)
            if decode is not None and show is not None:
                if self._starts_anew(decode, packets):
                    self._move(min(show, *_known(map(_show_time, self._ahead))))
                self._recent.append((decode, show + self._offset + max(packet.duration or 0, 1)))
            if self._offset:
                packet.pts = None if packet.pts is None else packet.pts + self._offset
                packet.dts = None if packet.dts is None else packet.dts + self._offset
            yield packet

    def _next(self, packets: Iterator[av.Packet]) -> av.Packet | None:
        return self._ahead.popleft() if self._ahead else next(packets, None)

    def _starts_anew(self, decode: int, packets: Iterator[av.Packet]) -> bool:
        if len(self._recent) < 2:
            return False
        before = min(self._recent[-1][0], self._recent[-2][0])
        if decode >= before:
            return False
        while len(self._ahead) < MOST_REORDERED and (one := next(packets, None)) is not None:
            self._ahead.append(one)
        if len(self._ahead) < MOST_REORDERED:
            before = min(time for time, _ in self._recent)
        others = _known(one.dts for one in self._ahead)
        return bool(others) and max(decode, *others) < before

    def _move(self, earliest: int) -> None:
        """Another part begins; the earliest time at which it shows a picture is given."""
        self._offset = max(end for _, end in self._recent) - earliest
        self._recent.clear()
        self.started_anew = True


def _show_time(packet: av.Packet) -> int | None:
    time: int | None = packet.dts if packet.pts is None else packet.pts
    return time


def _known(times: Iterable[int | None]) -> list[int]:
    return [time for time in times if time is not None]


def in_order(frames: Iterator[Arrived], seen: int | None, tally: Tally) -> Iterator[Arrived]:
    """The frames whose times rise, without those `seen` before a seek that landed short.

    Each is held until the next one has come: a frame with a damaged time far ahead is left
    out, instead of all those behind it.
    """
    held: Arrived | None = None
    last = seen
    for arrived in frames:
        if last is not None and arrived.pts <= last:
            if seen is None or arrived.pts > seen:
                tally.reason(OUT_OF_ORDER)
            continue
        if held is not None:
            if held.pts < arrived.pts:
                last = held.pts
                yield held
            else:
                tally.reason(OUT_OF_ORDER)
        held = arrived
    if held is not None:
        yield held


class Between:
    """Decodes beside a pass over the keyframes, forward only, so that no frame is decoded twice.

    source: another one of the same clip, opened at its start. seekable: whether to skip what is
    not asked for; a stream whose clock may restart is read through.
    """

    def __init__(self, source: ClipSource, seekable: bool) -> None:
        self._source = source
        self._seekable = seekable and not source.may_start_anew
        self._position: int | None = None
        self._ahead: Arrived | None = None
        self._frames = self._decoded()

    def frames(
        self, start: Fraction, end: Fraction, every: Fraction, keyframe: tuple[int, int] | None
    ) -> Iterator[Arrived]:
        """The frames after `start` and before `end`, so many seconds apart.

        keyframe: PTS and DTS of the last one not after `start`.
        """
        if self._seekable and keyframe and keyframe[0] > (self._position or 0):
            if not self._source.seek(keyframe[0], keyframe):
                self._seekable = False
                self._source.open()
            self._ahead, self._frames = None, self._decoded()
        due = start + every
        while (arrived := self._ahead or next(self._frames, None)) is not None:
            self._ahead, self._position = None, arrived.pts
            if arrived.time >= end:
                self._ahead = arrived
                return
            if arrived.time >= due:
                due = arrived.time + every
                yield arrived

    def close(self) -> None:
        self._source.close()

    def _decoded(self) -> Iterator[Arrived]:
        # The pass over all packets reports what goes wrong.
        return in_order(self._source.decoded(lambda key: False), None, Tally(None))


def lies_in(among: Among, time: Fraction) -> bool:
    """True if a time lies in one of the stretches."""
    number = bisect_right(among, time, key=lambda stretch: stretch[0])
    return number > 0 and time <= among[number - 1][1]


def last_before(keyframes: Sequence[tuple[int, int]], target: int) -> tuple[int, int] | None:
    """Of sorted (PTS, DTS) the last that is not after a PTS."""
    number = bisect_right(keyframes, (target, 1 << 62))
    return keyframes[number - 1] if number else None
