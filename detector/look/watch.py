"""The second pass: spans decoded densely, cut into shots, their machines tracked.

Cuts are looked for in every frame; machines only in the sampled ones, handed to the
detector several at a time, and of those not in one that shows what the one before showed:
its machines are the same. They wait until it is known that no other scene dissolves into this
one meanwhile. When a shot ends, its tracks come out with their most legible views; nothing of it
is kept. A take in which more machines are seen than may be held ends
there, and goes on as another shot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Protocol

from detector.boxes import as_box, holds, shrink
from detector.look.batches import BATCH, BATCH_PIXELS, Batches, Waiting
from detector.look.detector import Detector, PendingDetections
from detector.look.legibility import LegibleFrames, LegibleView, sharpness
from detector.look.shots import DISSOLVE, ShotSplitter
from detector.look.sweep import same
from detector.look.track import Tracker
from detector.settings import Settings
from detector.types import (
    MACHINE,
    MANUAL,
    WORDMARK,
    Box,
    Detections,
    Frame,
    Observation,
    Picture,
    Sample,
    Shot,
    Span,
    Track,
)

WIDEST = 640
"""Pixels that frames are shrunk to where they are compared in sharpness, or sought for overlays."""

Observer = Callable[[Sample, int], None]
"""Told each densely decoded frame and the index of its shot, in time order."""


class DenseSource(Protocol):
    """What watching needs of a decoder."""

    def dense(self, spans: Sequence[Span], every: Fraction) -> Iterator[tuple[int, Sample]]: ...


@dataclass(frozen=True, slots=True)
class Watched:
    """One machine through one shot.

    best: where it is best seen.
    views: what to read, most legible first, at least one.
    others: boxes of the shot's other machines at each view.
    frame: the whole picture in which it is best seen, as JPEG, if kept.
    """

    track: Track
    best: Observation
    views: tuple[LegibleView, ...]
    others: dict[Fraction, tuple[Box, ...]]
    file: Path | None
    frame: bytes | None = None


@dataclass(frozen=True, slots=True)
class WatchedShot:
    """A shot and its machines.

    lone: where its lone marks are read, if anywhere.
    manual: the most manual machines that one frame shows.
    """

    shot: Shot
    machines: list[Watched]
    lone: LoneFrame | None = None
    manual: int = 0


@dataclass(frozen=True, slots=True)
class LoneFrame:
    """A frame, and what stands in it beside machines with a CNC.

    marks: the wordmarks that lie in no box of such a machine. manual: the boxes of manual machines.
    """

    frame: Frame
    marks: tuple[Box, ...]
    manual: tuple[Box, ...]


def watch(
    decoder: DenseSource,
    spans: Sequence[Span],
    detector: Detector,
    settings: Settings,
    observe: Observer | None = None,
    keep_frames: bool = False,
    still: bool = False,
) -> Iterator[WatchedShot]:
    """Each shot of the spans with its machines, in time order.

    observe: gets every frame decoded. keep_frames: keep the whole picture in which each machine is
    best seen. still: it is a photograph.
    """
    begin = partial(detector.begin, still=True) if still else detector.begin
    shot: _OpenShot | None = None
    current = -1
    count = 0
    for index, sample in decoder.dense(spans, settings.sweeping.sampling):
        # The splitter finds a cut, and remembers the frame before: it outlives the shot.
        cut = shot is None or index != current
        until: Fraction | None = None
        if shot is not None and not cut:
            if shot.splitter.feed(sample.pts, sample.thumbnail):
                cut, until = True, shot.splitter.until
            cut = cut or shot.full
        if cut:
            splitter = shot.splitter if shot is not None and index == current else ShotSplitter()
            if shot is not None:
                yield shot.close(until)
            if index != current:
                splitter.feed(sample.pts, sample.thumbnail)
            shot = _OpenShot(
                count, spans[index], sample.pts, splitter, begin, settings, keep_frames
            )
            current = index
            count += 1
        assert shot is not None
        if observe is not None:
            observe(sample, shot.index)
        shot.take(sample)
    if shot is not None:
        yield shot.close()


class _OpenShot:
    """A shot while its frames come in: one batch fills, another one is being looked at."""

    def __init__(
        self,
        index: int,
        span: Span,
        start: Fraction,
        splitter: ShotSplitter,
        begin: Callable[[Sequence[Picture]], PendingDetections],
        settings: Settings,
        keep_frames: bool,
    ) -> None:
        self.index = index
        self.splitter = splitter
        self._reason = span.reason
        self._start = self._end = start
        self._batches = Batches(begin)
        self._tracker = Tracker(settings.tracking)
        self._legible = LegibleFrames(settings.views)
        self._keep_frames = keep_frames
        self._filling: list[Waiting] = []
        self._shown: Picture | None = None
        self._size: tuple[int, ...] = ()
        self._machines: dict[Fraction, dict[int, Box]] = {}
        self._lone: tuple[tuple[bool, float], LoneFrame] | None = None
        self._bare_below = settings.detecting.bare
        self._manual = 0

    @property
    def full(self) -> bool:
        """Whether it holds all it may."""
        return self._legible.full

    def take(self, sample: Sample) -> None:
        """The next frame of the shot."""
        self._end = sample.pts
        if sample.frame is None:
            return
        # One photograph at two sizes shows the same, and not in the same place.
        size = sample.frame.image.shape
        unchanged = self._shown is not None and same(self._shown, sample.thumbnail)
        fresh = not unchanged or size != self._size
        if fresh:
            self._shown, self._size = sample.thumbnail, size
        self._filling.append(Waiting(sample.frame, fresh))
        # Until so much later no frame is known to show this shot alone.
        known = sum(one.frame.pts <= sample.pts - DISSOLVE for one in self._filling)
        if known >= BATCH or known * size[0] * size[1] >= BATCH_PIXELS:
            self._hand_over(known)

    def close(self, until: Fraction | None = None) -> WatchedShot:
        """The shot and what was watched in it, until that time; nothing comes after."""
        if until is not None:
            self._filling = [one for one in self._filling if one.frame.pts <= until]
        while self._filling:
            self._hand_over(BATCH)
        self._hand_over(0)
        shot = Shot(self.index, self._start, self._end, self._reason)
        tracks = self._tracker.finish(shot)
        numbered = zip(tracks, self._tracker.numbers, strict=True)
        watched = (self._watched(track, number) for track, number in numbered)
        machines = [one for one in watched if one is not None]
        lone = None if self._lone is None else self._lone[1]
        return WatchedShot(shot, machines, lone, self._manual)

    def _hand_over(self, count: int) -> None:
        """Has the first `count` of those that wait looked at; tracks the machines of the batch
        before, and offers them for reading."""
        batch, self._filling = self._filling[:count], self._filling[count:]
        done = self._batches.hand_over(batch)
        for one, found in done:
            if one.fresh:
                self._offer_lone(one.frame, found)
            self._follow(one.frame, found)
        if self._keep_frames:
            for one, _ in done:
                self._legible.keep_whole(one.frame)

    def _follow(self, frame: Frame, found: Detections) -> None:
        machines = found.of(MACHINE)
        self._manual = max(self._manual, len(found.of(MANUAL)))
        numbers = self._tracker.update(frame, machines)
        placed = {n: as_box(row) for n, row in zip(numbers, machines.xyxy, strict=True)}
        self._machines[frame.pts] = placed
        for number, box in placed.items():
            self._legible.offer(number, frame, box, found)

    def _offer_lone(self, frame: Frame, found: Detections) -> None:
        """Keeps the sharpest frame with marks on no machine or with manual machines; else the
        sharpest without a sure machine."""
        machines = found.of(MACHINE)
        boxes = [as_box(row) for row in machines.xyxy]
        marks = [as_box(row) for row in found.of(WORDMARK).xyxy]
        marks = [mark for mark in marks if not any(holds(box, mark) for box in boxes)]
        manual = [as_box(row) for row in found.of(MANUAL).xyxy]
        more = bool(marks or manual)
        if not more and machines.confidence.max(initial=0.0) >= self._bare_below:
            return
        rows, columns = frame.image.shape[:2]
        shrunk = min(1.0, WIDEST / max(rows, columns))
        size = max(1, round(columns * shrunk)), max(1, round(rows * shrunk))
        sharp = sharpness(shrink(frame.image, size), (0.0, 0.0, *size))
        if self._lone is None or (more, sharp) > self._lone[0]:
            self._lone = (more, sharp), LoneFrame(frame, tuple(marks), tuple(manual))

    def _watched(self, track: Track, number: int) -> Watched | None:
        views = tuple(self._legible.take(number))
        if not views:
            return None  # No box of it had an area.
        at = {observation.pts: observation for observation in track.observations}
        others = {
            view.pts: tuple(b for n, b in self._machines[view.pts].items() if n != number)
            for view in views
        }
        best = views[0]
        return Watched(track, at[best.pts], views, others, best.file, best.whole)
