"""The first pass: keyframes alone; on which of them a machine may be seen.

With a scout, the detector sees only the shots in which a keyframe passed it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice

import cv2
import numpy as np

from detector.footage.decoder import Decoder
from detector.look.batches import BATCH, Batches, Waiting
from detector.look.detector import Detector
from detector.look.scout import SCOUTED, Scout
from detector.look.shots import STRUCTURE_KEPT, structure_kept
from detector.settings import Sweeping
from detector.types import MACHINE, Detections, Frame, Picture

THUMBNAIL = 64
"""Pixels of the longer side of the thumbnails that are compared for keyframes."""

UNCHANGED = 10
"""Grey levels: pictures whose thumbnails differ by no more in any pixel and channel show
the same. One still picture with noise of 6 grey levels, coded twice as JPEG of quality 20
to 60, differed by 4 to 9. A person walking by exceeds it."""

NEAR = Fraction(30)
"""Of a shot in which a keyframe passes, so many seconds around it go on to the detector."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One keyframe looked at. `confidence`: of its surest machine, 0 without one. `cut`: it shows
    another scene than the one before. `passed_over`: only the scout saw it."""

    pts: Fraction
    hit: bool
    confidence: float
    cut: bool = False
    passed_over: bool = False


def sweep(
    decoder: Decoder,
    detector: Callable[[], Detector] | None,
    settings: Sweeping,
    observe: Callable[[Frame], None] = lambda frame: None,
    scout: Scout | None = None,
) -> tuple[Glance, ...]:
    """What the keyframes show, in time order: all, or those that spacing, budget and scout leave.

    While one batch is being looked at the next one is decoded.

    decoder: gives the keyframes, in time order. detector: gives what looks at them, several at a
    time; not called where nothing is left. None: all are hits, since all will be looked at closely.
    settings: spacing, budget, size of a look, and the confidence that makes a hit. observe: gets
    each keyframe, in time order, at most as wide as a look. scout: looks first, if there is one.
    """
    spacing = settings.keyframe_spacing / Fraction(str(settings.budget))
    left = _told(decoder.keyframes(spacing, settings.image_size), observe)
    if detector is None:
        return tuple(Glance(one.frame.pts, True, 1.0) for one in left)
    passed_over: list[Glance] = []
    if scout is not None:
        left = _passing(left, scout, scout.threshold_at(settings.budget), passed_over)
    looked = list(_detect(left, detector, settings))
    return tuple(sorted([*passed_over, *looked], key=lambda glance: glance.pts))


def _told(frames: Iterable[Frame], observe: Callable[[Frame], None]) -> Iterator[Waiting]:
    """The frames, with what changes from each to the next."""
    before: Picture | None = None
    shown: Picture | None = None
    for frame in frames:
        observe(frame)
        small = thumbnail(frame.image)
        fresh = shown is None or not same(shown, small)
        cut = before is not None and not _one_scene(before, small)
        before = small
        if fresh:
            shown = small
        yield Waiting(frame, fresh, cut)


def _passing(
    frames: Iterable[Waiting], scout: Scout, threshold: float, passed_over: list[Glance]
) -> Iterator[Waiting]:
    """Of each shot in which one passes those near it. The others are glances `passed_over`."""
    shot: deque[Waiting] = deque()  # none of these has passed
    passed: Fraction | None = None  # when one did last, in this shot
    follows = False  # the one before went on

    def drop(before: Fraction | None = None) -> None:
        while shot and (before is None or shot[0].frame.pts < before):
            one = shot.popleft()
            passed_over.append(Glance(one.frame.pts, False, 0.0, one.cut, passed_over=True))

    for one, score in _scored(frames, scout):
        pts = one.frame.pts
        if one.cut:
            drop()
            passed = None
        shot.append(one)
        drop(pts - NEAR)
        if score >= threshold:
            passed = pts
        if passed is None or pts - passed > NEAR:
            follows = False
            continue
        while shot:
            # What the detector saw last is not what the one before this shows, if it never saw it.
            next_one = shot.popleft()
            yield replace(next_one, fresh=next_one.fresh or not follows)
            follows = True
    drop()


def _scored(frames: Iterable[Waiting], scout: Scout) -> Iterator[tuple[Waiting, float]]:
    """The frames with the scout's scores, which it gives for several at a time."""
    score = 0.0
    frames = iter(frames)
    while batch := list(islice(frames, SCOUTED)):
        scores = iter(scout.scores([one.frame.image for one in batch if one.fresh]).tolist())
        for one in batch:
            score = next(scores) if one.fresh else score
            yield one, score


def _detect(
    frames: Iterable[Waiting], open_detector: Callable[[], Detector], settings: Sweeping
) -> Iterator[Glance]:
    """What the detector sees on keyframes: one batch fills, another one is being looked at."""
    batches: Batches | None = None
    frames = iter(frames)
    while batch := list(islice(frames, BATCH)):
        if batches is None:
            least, side = settings.hit_confidence, settings.image_size
            batches = Batches(partial(open_detector().begin, least=least, side=side))
        yield from map(_glance, batches.hand_over(batch))
    if batches is not None:
        yield from map(_glance, batches.hand_over([]))


def _glance(seen: tuple[Waiting, Detections]) -> Glance:
    one, found = seen
    machines = found.of(MACHINE)
    surest = float(machines.confidence.max(initial=0.0))
    return Glance(one.frame.pts, len(machines) > 0, surest, one.cut)


def thumbnail(picture: Picture) -> Picture:
    """The picture made small, (height, width, 3), to compare it with another."""
    rows, columns = picture.shape[:2]
    scale = THUMBNAIL / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def same(a: Picture, b: Picture) -> bool:
    """Whether two thumbnails show the same."""
    return a.shape == b.shape and int(cv2.absdiff(a, b).max()) <= UNCHANGED


def _one_scene(a: Picture, b: Picture) -> bool:
    return a.shape == b.shape and structure_kept(a, b) >= STRUCTURE_KEPT
