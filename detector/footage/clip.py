"""Reading one clip with PyAV: keyframes alone, spans densely, single frames.

Runs in the decoder process. Each pass opens the clip again, so that one pass's trouble
(a failed seek, a decoder in a bad state) does not reach the next.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import av
import numpy as np

from detector.footage import reasons
from detector.footage.container import is_init_segment
from detector.footage.frames import Upright
from detector.footage.stream import ClipSource
from detector.footage.timeline import (
    MOST_REORDERED,
    Among,
    Arrived,
    Between,
    in_order,
    last_before,
    lies_in,
)
from detector.types import Frame, Loss, Probe, Sample, Span

# Without the keyframes' times (no first pass yet) a seek may land behind where we are;
# decoding through this much is about as cheap as finding out.
_BLIND_SEEK_GAP = Fraction(2)
# In seconds: keyframes farther apart than the first have frames between them decoded, as far apart
# as the second. Recorders of calls and screens, and some cameras, give one keyframe at the start.
_SPARSE, _BETWEEN = Fraction(12), Fraction(5)
# A frame is taken to last no longer, seconds. A clip that declares more than twice what is
# there, and so much more, is as long as what is there.
_LONGEST_FRAME, _MOST_MISSING = 3600, Fraction(60)
# Seconds between the frames in which cuts are sought where none refers to another.
_ALONE_EVERY = Fraction(1, 10)
_LARGE = 3840 * 2160  # pixels from which frames are spared: 4K
_COARSE = 2  # pictures shrunk so many times show little of the deblocking filter


class ClipReader:
    """The passes over one clip. Times are seconds since the container's start.

    sparing: as `Decoder`; half of the time in 4K.
    """

    def __init__(
        self,
        path: Path,
        demuxer: str,
        pixels: int,
        frames: int,
        beat: Callable[[], None],
        sparing: bool = False,
    ) -> None:
        self._most_frames = frames
        # What these tell as their length may be where they end. One cut out of a longer recording
        # without a new clock begins late; those who write them do not agree what to give then.
        self._ends_told = demuxer in ("matroska", "asf")
        self._source = ClipSource(path, demuxer, pixels, beat)
        self._path = path
        # Keyframes in order of PTS, known after the first pass: (pts, dts); and those met in it.
        self._keyframes: list[tuple[int, int]] = []
        self._met: list[tuple[int, int]] = []
        self._beside: Between | None = None
        self._seekable = True
        self._source.open()
        self._tally = self._source.tally
        self._check_count(self._source.declared or 0)
        self._tally.set_reason(reasons.FURTHER_STREAM, self._source.others)
        self._tally.leave_out(self._source.left_out)
        self._first = self._first_frame()
        self._upright = Upright(self._first.frame, self._first.aspect)
        self.probe = self._probe()
        self._sparing = sparing and self.probe.width * self.probe.height >= _LARGE

    @property
    def loss(self) -> Loss:
        self._tally.set_reason(reasons.FITTED, int(self._upright.changed))
        return self._tally.loss()

    def rest(self) -> None:
        """Let go of the decoder."""
        self._source.close()

    def keyframes(
        self, spacing: Fraction, widest: int | None = None, among: Among | None = None
    ) -> Iterator[Frame]:
        """As `Decoder.keyframes`."""
        frames = self._keyframes_and_between(spacing, widest, among)
        return (frame for frame in frames if among is None or lies_in(among, frame.pts))

    def _keyframes_and_between(
        self, spacing: Fraction, widest: int | None, among: Among | None
    ) -> Iterator[Frame]:
        last: Fraction | None = None

        def between(start: Fraction, end: Fraction) -> Iterator[Frame]:
            if among is None or any(a < end and start < b for a, b in among):
                yield from self._between(start, end, spacing, widest)

        try:
            for arrived in in_order(self._isolated(spacing, widest, among), None, self._tally):
                if last is None and arrived.time - self._first.time > _SPARSE:
                    # Cut out of a stream: for long nothing in it is whole by itself.
                    last = self._first.time
                    yield self._shown(self._first, widest)
                if last is not None:
                    yield from between(last, arrived.time)
                if arrived.frame is not None:
                    yield self._frame(arrived, keyframe=True, widest=widest)
                last = arrived.time
            if last is None:
                last = self._first.time
                yield self._shown(self._first, widest)
            yield from between(last, self.probe.duration or last)
        finally:
            if self._beside is not None:
                self._beside.close()
                self._beside = None

    def _between(
        self, start: Fraction, end: Fraction, spacing: Fraction, widest: int | None
    ) -> Iterator[Frame]:
        """Some frames between two that are farther apart than the spacing makes them."""
        if end - start <= max(_SPARSE, 2 * spacing):
            return
        if self._beside is None:
            self._beside = Between(self._source.again(), self._seekable)
        nearest = last_before(self._met, self._source.raw(start, ceiling=False))
        for arrived in self._beside.frames(start, end, max(spacing, _BETWEEN), nearest):
            yield self._shown(arrived, widest)

    def _isolated(
        self, spacing: Fraction, widest: int | None, among: Among | None
    ) -> Iterator[Arrived]:
        """Each keyframe decoded by itself, between two flushes: what it shows cannot depend
        on what was skipped, and it comes out at once. Those not `among` come without a picture."""
        source = self._source
        # Only the first pass: what is asked for again is to be seen as it is.
        coarse = among is None and _COARSE * (widest or 1 << 30) <= self._upright.size[0]
        source.open(isolated=True, coarse=coarse)
        self._tally.begin()
        self._met = []
        # Where the last packets end: one damaged time long before them makes no clip of hours.
        ends: deque[int] = deque(maxlen=MOST_REORDERED)
        last: Fraction | None = None
        longest = int(_LONGEST_FRAME / source.time_base)
        for packet, key, shown in source.packets():
            self._tally.packet(key if shown else None)
            self._check_count(self._tally.packets)
            ends.append(key + min(max(packet.duration or 0, 1), longest))
            if not packet.is_keyframe:
                continue
            met = _keyframe(packet, key)
            insort(self._met, met)
            if not shown or (last is not None and 0 <= source.time(key) - last < spacing):
                continue
            if among is not None and not lies_in(among, source.time(key)):
                last = source.time(key)
                yield Arrived(None, key, key, last, Fraction(1))
                continue
            self._tally.ask(key)
            for arrived in source.alone(packet, key):
                self._tally.came(arrived.key)
                if _is_whole(arrived, source.codec):
                    last = arrived.time
                    yield arrived
                else:
                    # Decoding may begin there, but the picture is whole only some frames later.
                    self._met.remove(met)
                    self._seekable = False
        self._keyframes = self._met
        self._tally.end(source.declared)
        if ends:
            self.probe = replace(self.probe, duration=self._duration(source.time(max(ends))))

    def _duration(self, seen: Fraction) -> Fraction | None:
        """Seconds, where the last packets were seen to end at `seen`."""
        told, start = self.probe.duration, self._source.start
        if told is not None and told > seen + max(seen, _MOST_MISSING):
            return max(seen, Fraction(0))
        if told is None or self._source.started_anew:
            # The container tells no length, or that of one part.
            return max(seen, told or Fraction(0))
        from_zero = self._ends_told and abs(told - start - seen) < abs(told - seen)
        return told - start if from_zero else told

    def dense(self, spans: Sequence[Span], every: Fraction) -> Iterator[tuple[int, Sample]]:
        """Every frame in the spans, with its number; see `Decoder.dense`."""
        bounds = [(self._source.raw(span.start), self._source.raw(span.end)) for span in spans]
        starts = [start for start, _ in bounds]

        def wanted(key: int) -> bool:
            number = bisect_right(starts, key) - 1
            return number >= 0 and key < bounds[number][1]

        number = 0
        last: Fraction | None = None

        def aim() -> int | None:
            return bounds[number][0] if number < len(bounds) else None

        keys: set[int] = set()
        if self._can_spare:
            apart = (every, _ALONE_EVERY) if self._source.units.alone else (every,)
            keys = keys.union(*(self._due(bounds, one) for one in apart))
        for arrived in self._arrivals(aim, wanted, keys.__contains__ if self._can_spare else None):
            while number < len(bounds) and arrived.pts >= bounds[number][1]:
                number, last = number + 1, None
            if number < len(bounds) and arrived.pts >= bounds[number][0]:
                due = last is None or arrived.time - last >= every
                last = arrived.time if due else last
                small = self._upright.thumbnail(arrived.frame, arrived.aspect)
                yield number, Sample(arrived.time, small, self._frame(arrived) if due else None)

    @property
    def _can_spare(self) -> bool:
        # Once the clip was read through, the times of its frames are known.
        return self._sparing and bool(self._keyframes) and not self._source.started_anew

    def _due(self, bounds: Sequence[tuple[int, int]], every: Fraction) -> set[int]:
        """Keys of the frames of spans whose whole pictures are due."""
        shown = self._tally.held()
        due: set[int] = set()
        for start, end in bounds:
            while (place := int(np.searchsorted(shown, start))) < len(shown) and shown[place] < end:
                due.add(key := int(shown[place]))
                start = max(key + 1, self._source.raw(self._source.time(key) + every))
        return due

    def at(self, times: Sequence[Fraction]) -> Iterator[Frame]:
        """The frame on screen at each of the (sorted) times: the last whose PTS is not later."""
        raws = [self._source.raw(time, ceiling=False) for time in times]
        if spared := self._can_spare:
            shown = self._tally.held()
            places = np.searchsorted(shown, np.array(raws), "right") - 1
            raws = shown[np.maximum(0, places)].tolist()
        known = set(raws).__contains__
        index = 0
        before: Arrived | None = None

        def aim() -> int | None:
            return raws[index] if index < len(raws) else None

        for arrived in self._arrivals(aim, known, known if spared else None):
            while index < len(raws) and arrived.pts > raws[index]:
                yield self._shown(before or arrived)
                index += 1
            before = arrived
            while index < len(raws) and arrived.pts == raws[index]:
                yield self._shown(arrived)
                index += 1
        if before is not None and index < len(raws):
            yield from repeat(self._shown(before), len(raws) - index)

    def _arrivals(
        self,
        aim: Callable[[], int | None],
        wanted: Callable[[int], bool],
        needed: Callable[[int], bool] | None,
    ) -> Iterator[Arrived]:
        """Frames in order from a keyframe before `aim`, on to where it lies then; None ends it.

        wanted, needed: as `ClipSource.decoded`.
        """
        self._source.open()
        position: int | None = None
        while (target := aim()) is not None:
            late = self._skip_to(target, position)
            frames = self._source.decoded(wanted, needed)
            for arrived in in_order(frames, position, self._tally):
                if late is not None and late(arrived):
                    self._go_back()
                    position = None
                    break
                late, position = None, arrived.pts
                yield arrived
                following = aim()
                if following is None:
                    return
                if following != target and self._can_skip(following, position):
                    break
            else:
                return

    def _shown(self, arrived: Arrived, widest: int | None = None) -> Frame:
        self._tally.came(arrived.key)
        return self._frame(arrived, widest=widest)

    def _frame(
        self, arrived: Arrived, keyframe: bool | None = None, widest: int | None = None
    ) -> Frame:
        key = arrived.frame.key_frame if keyframe is None else keyframe
        picture = self._upright.picture(arrived.frame, arrived.aspect, widest)
        return Frame(arrived.time, picture, bool(key))

    def _can_skip(self, target: int, position: int | None) -> bool:
        """Whether a keyframe lies between where we are and the target."""
        if not self._seekable or self._source.started_anew:
            return False
        if self._keyframes:
            nearest = last_before(self._keyframes, target)
            first = position is None and nearest == self._keyframes[0]
            return not first and nearest is not None and nearest[0] > (position or -(1 << 62))
        here = self._source.time(position) if position is not None else Fraction(0)
        return self._source.time(target) - here > _BLIND_SEEK_GAP

    def _skip_to(self, target: int, position: int | None) -> Callable[[Arrived], bool] | None:
        """Seeks, where that helps. What it gives says of the first frame that comes then whether
        it is too late, though nothing is damaged: frames were held back."""
        if not self._keyframes and self._source.may_start_anew and self._can_skip(target, position):
            self._look_through()
        if not self._can_skip(target, position):
            return None
        if not self._source.seek(target, last_before(self._keyframes, target)):
            self._go_back()
            return None
        troubles = self._source.troubles
        return lambda first: first.pts > target and self._source.troubles == troubles

    def _go_back(self) -> None:
        """To the start: decoding from there always arrives."""
        self._seekable = False
        self._source.open()

    def _look_through(self) -> None:
        """Learn the keyframes' times, and whether the clock restarts, without decoding.
        A seek before the first pass might land at the same time in another part."""
        self._source.open()
        packets = self._source.packets()
        self._keyframes = sorted(_keyframe(one, key) for one, key, _ in packets if one.is_keyframe)
        self._source.open()

    def _check_count(self, count: int) -> None:
        if count > self._most_frames:
            raise reasons.TOO_MANY_FRAMES.of(self._path, count=count, most=self._most_frames)

    def _first_frame(self) -> Arrived:
        early: list[int] = []

        def wanted(key: int) -> bool:
            early.append(key)
            return False

        for arrived in self._source.decoded(wanted):
            self._source.begin_at(early)
            return replace(arrived, time=self._source.time(arrived.pts))
        source, path = self._source, self._path
        if source.encrypted:
            raise reasons.ENCRYPTED.of(path)
        if what := source.oversized():
            raise reasons.OVERSIZED.of(path, what=what)
        if not source.has_packets:
            empty = reasons.INIT_SEGMENT if is_init_segment(path) else reasons.NO_FRAMES
            raise empty.of(path)
        source.open()
        cut_off = not early and any(packet.is_discard for packet, _, _ in source.packets())
        raise (reasons.CUT_OFF if cut_off else reasons.DAMAGED).of(path)

    def _probe(self) -> Probe:
        width, height = self._upright.size
        source = self._source
        return Probe(
            width=width,
            height=height,
            codec=source.codec,
            time_base=source.time_base,
            start=source.start,
            duration=source.duration,
            average_rate=source.average_rate,
            declared_frames=source.declared,
            rotation=-90 * self._upright.quarters % 360,
            sample_aspect=self._upright.sample_aspect,
            interlaced=self._first.frame.interlaced_frame,
        )


def _keyframe(packet: av.Packet, key: int) -> tuple[int, int]:
    return key, key if packet.dts is None else packet.dts


def _is_whole(keyframe: Arrived, codec: str) -> bool:
    """Whether a keyframe decoded alone is a whole picture. In H.264 it may be where a picture
    begins to be refreshed bit by bit (recovery point, D.2.8): grey for the greatest part."""
    return codec != "h264" or bool(keyframe.frame.key_frame)
