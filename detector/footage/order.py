"""Frames of one clip in the order of their times; and those between keyframes far apart.

Runs in the decoder process.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from detector.footage.losses import OUT_OF_ORDER, Tally
from detector.footage.stream import Arrived, ClipSource


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

    Args:
        source: another one of the same clip, opened at its start. seekable: whether to skip what is
            not asked for; a stream whose clock may start anew is read through.
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

        Args:
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
        # What goes wrong is told by the pass over all packets.
        return in_order(self._source.decoded(lambda key: False), None, Tally(None))
