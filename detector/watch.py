"""The second pass: spans decoded densely, cut into shots, their machines tracked.

Cuts are looked for in every frame; machines only in the sampled ones, handed to the
detector several at a time. When a shot ends, its tracks come out with their most legible
views; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from detector.boxes import as_box
from detector.detect import Detector
from detector.legible import LegibleFrames, LegibleView
from detector.settings import Settings
from detector.shots import ShotSplitter
from detector.sweep import BATCH, BATCH_PIXELS
from detector.track import Tracker
from detector.types import MACHINE, Box, Frame, Observation, Sample, Shot, Span, Track


class DenseSource(Protocol):
    """What watching needs of a decoder."""

    def dense(self, spans: Sequence[Span], every: Fraction) -> Iterator[tuple[int, Sample]]: ...


@dataclass(frozen=True, slots=True)
class Watched:
    """One machine through one shot.

    best: where it is best seen. views: what to read, most legible first, at least one.
    others: boxes of the shot's other machines at the time of each view.
    """

    track: Track
    best: Observation
    views: tuple[LegibleView, ...]
    others: dict[Fraction, tuple[Box, ...]]
    file: Path | None


@dataclass(slots=True)
class _OpenShot:
    """A shot while its frames come in."""

    index: int
    span: Span
    start: Fraction
    end: Fraction
    tracker: Tracker
    legible: LegibleFrames
    splitter: ShotSplitter
    waiting: list[Frame] = field(default_factory=list)
    machines: dict[Fraction, dict[int, Box]] = field(default_factory=dict)

    def pixels(self) -> int:
        return sum(frame.image.shape[0] * frame.image.shape[1] for frame in self.waiting)


def watch(
    decoder: DenseSource, spans: Sequence[Span], detector: Detector, settings: Settings
) -> Iterator[tuple[Shot, list[Watched]]]:
    """Each shot of the spans with its machines, in time order."""
    shot: _OpenShot | None = None
    current = -1
    count = 0
    for index, sample in decoder.dense(spans, settings.sweeping.sampling):
        # A cut is told by the splitter, which remembers the frame before: it outlives the shot.
        cut = shot is None or index != current
        if shot is not None and not cut:
            cut = shot.splitter.feed(sample.pts, sample.thumbnail)
        if cut:
            splitter = shot.splitter if shot is not None and index == current else ShotSplitter()
            if shot is not None:
                yield _close(shot, detector)
            if index != current:
                splitter.feed(sample.pts, sample.thumbnail)
            shot = _OpenShot(
                count,
                spans[index],
                sample.pts,
                sample.pts,
                Tracker(settings.tracking),
                LegibleFrames(settings.legibility),
                splitter,
            )
            current = index
            count += 1
        assert shot is not None
        shot.end = sample.pts
        if sample.frame is not None:
            shot.waiting.append(sample.frame)
            if len(shot.waiting) >= BATCH or shot.pixels() >= BATCH_PIXELS:
                _look(shot, detector)
    if shot is not None:
        yield _close(shot, detector)


def _look(shot: _OpenShot, detector: Detector) -> None:
    """Detects on the waiting frames, tracks their machines and offers them for reading."""
    found_in = detector.detect([frame.image for frame in shot.waiting])
    for frame, found in zip(shot.waiting, found_in, strict=True):
        machines = found.of(MACHINE)
        numbers = shot.tracker.update(frame, machines)
        placed = {n: as_box(row) for n, row in zip(numbers, machines.xyxy, strict=True)}
        shot.machines[frame.pts] = placed
        for number, box in placed.items():
            shot.legible.offer(number, frame, box, found)
    shot.waiting.clear()


def _close(open_shot: _OpenShot, detector: Detector) -> tuple[Shot, list[Watched]]:
    _look(open_shot, detector)
    shot = Shot(open_shot.index, open_shot.start, open_shot.end, open_shot.span.reason)
    tracks = open_shot.tracker.finish(shot)
    watched = [
        _watched(track, number, open_shot)
        for track, number in zip(tracks, open_shot.tracker.numbers, strict=True)
    ]
    return shot, [one for one in watched if one is not None]


def _watched(track: Track, number: int, shot: _OpenShot) -> Watched | None:
    views = tuple(shot.legible.take(number))
    if not views:
        return None
    at = {observation.pts: observation for observation in track.observations}
    others = {
        view.pts: tuple(b for n, b in shot.machines[view.pts].items() if n != number)
        for view in views
    }
    return Watched(track, at[views[0].pts], views, others, views[0].file)
