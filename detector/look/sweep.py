"""The first pass: keyframes alone; on which of them a machine may be seen.

With a scout it looks at all of them, small. The detector sees only the shots in which one passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np

from detector.look.batches import BATCH, BATCH_PIXELS, Batches, Waiting
from detector.look.detector import Detector
from detector.look.scout import Scout
from detector.look.shots import STRUCTURE_KEPT, structure_kept
from detector.settings import Sweeping
from detector.types import MACHINE, Frame, Picture

Stretch = tuple[Fraction, Fraction]

WIDEST = 640
"""Pixels: keyframes wider than that are shrunk as they are decoded. The network is fed 448; of 1080
lines a tenth has to be handed over and looked at."""

THUMBNAIL = 64
"""Pixels of the longer side of the thumbnails that are compared for keyframes."""

UNCHANGED = 10
"""Grey levels: pictures whose thumbnails differ by no more in any pixel and channel show
the same. One still picture with noise of 6 grey levels, coded twice as JPEG of quality 20
to 60, differed by 4 to 9. A person walking by exceeds it."""

SCOUTED = 16
"""Keyframes that the scout sees together."""

NEAR = Fraction(30)
"""Of a shot with a keyframe that passes, so many seconds around it go on to the detector."""


class KeyframeSource(Protocol):
    """What the sweep needs of a decoder."""

    def keyframes(
        self,
        spacing: Fraction,
        widest: int | None = None,
        among: Sequence[Stretch] | None = None,
    ) -> Iterator[Frame]: ...


@dataclass(frozen=True, slots=True)
class Glance:
    """One keyframe looked at. `confidence`: of its surest machine, 0 without one. `cut`: it shows
    another scene than the one before. `passed_over`: only the scout saw it."""

    pts: Fraction
    hit: bool
    confidence: float
    cut: bool = False
    passed_over: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the first pass saw, in time order; no pictures."""

    glances: tuple[Glance, ...]

    @property
    def longest_gap(self) -> Fraction:
        """Seconds between the two neighbouring keyframes farthest apart; 0 below two."""
        return max((b.pts - a.pts for a, b in pairwise(self.glances)), default=Fraction(0))


def sweep(
    decoder: KeyframeSource,
    detector: Callable[[], Detector],
    settings: Sweeping,
    observe: Callable[[Frame], None] = lambda frame: None,
    scout: Scout | None = None,
) -> Sweep:
    """Detects on the keyframes: all, or those that the spacing, the budget and a scout leave.

    While one batch is being looked at the next one is decoded.

    Args:
        decoder: gives the keyframes, in time order.
        detector: gives what looks at them, several at a time; not called where nothing is left.
        settings: spacing, budget, size of a look, and the confidence that makes a hit.
        observe: gets each keyframe, in time order. Pictures are at most `WIDEST` wide; of a scout's
            at most as wide as its input.
        scout: looks first, if there is one.
    """
    spacing = settings.keyframe_spacing / Fraction(str(settings.budget))
    widest = max(WIDEST, settings.image_size)
    if scout is None:
        frames = _observed(decoder.keyframes(spacing, widest), observe)
        return Sweep(tuple(_detect(frames, detector, settings)))
    small = _observed(decoder.keyframes(spacing, scout.input[0]), observe)
    glances = list(_scout(small, scout, scout.threshold_at(settings.budget)))
    if passed := _passed_on(glances):
        seen = _detect(decoder.keyframes(spacing, widest, passed), detector, settings)
        # Whether a scene is another is told by neighbours, and not all of those were seen twice.
        cuts = {one.pts for one in glances if one.cut}
        looked = {
            one.pts: Glance(one.pts, one.hit, one.confidence, one.pts in cuts) for one in seen
        }
        glances = [looked.get(one.pts, one) for one in glances]
    return Sweep(tuple(glances))


def _observed(frames: Iterable[Frame], observe: Callable[[Frame], None]) -> Iterator[Frame]:
    for frame in frames:
        observe(frame)
        yield frame


def _scout(frames: Iterable[Frame], scout: Scout, threshold: float) -> Iterator[Glance]:
    """A glance for each keyframe; `hit` of those that pass."""
    changes = _Changes()
    filling: list[Waiting] = []
    score = 0.0

    def scored() -> Iterator[Glance]:
        nonlocal score
        scores = iter(scout.scores([one.frame.image for one in filling if one.fresh]))
        for one in filling:
            score = float(next(scores)) if one.fresh else score
            yield Glance(one.frame.pts, score >= threshold, 0.0, one.cut, passed_over=True)
        filling.clear()

    for frame in frames:
        filling.append(changes.take(frame))
        if len(filling) == SCOUTED:
            yield from scored()
    yield from scored()


def _passed_on(glances: list[Glance]) -> list[Stretch]:
    """The stretches that go on to the detector; marks all glances as no hit."""
    shots: list[list[int]] = []
    for number, glance in enumerate(glances):
        if glance.cut or not shots:
            shots.append([])
        shots[-1].append(number)
    chosen: list[int] = []
    for shot in shots:
        passing = [glances[number].pts for number in shot if glances[number].hit]
        chosen += [n for n in shot if any(abs(glances[n].pts - at) <= NEAR for at in passing)]
    glances[:] = [Glance(one.pts, False, 0.0, one.cut, True) for one in glances]
    stretches: list[Stretch] = []
    before: int | None = None
    for number in chosen:
        at = glances[number].pts
        if before is not None and number == before + 1:
            stretches[-1] = (stretches[-1][0], at)
        else:
            stretches.append((at, at))
        before = number
    return stretches


class _Changes:
    """Tells of each keyframe whether it shows something new, and whether another scene."""

    def __init__(self) -> None:
        self._before: Picture | None = None
        self._shown: Picture | None = None

    def take(self, frame: Frame) -> Waiting:
        small = thumbnail(frame.image)
        fresh = self._shown is None or not same(self._shown, small)
        cut = self._before is not None and not _one_scene(self._before, small)
        self._before = small
        if fresh:
            self._shown = small
        return Waiting(frame, fresh, cut)


def _detect(
    frames: Iterable[Frame], open_detector: Callable[[], Detector], settings: Sweeping
) -> Iterator[Glance]:
    """What the detector sees on keyframes: one batch fills, another one is being looked at."""
    changes = _Changes()
    batches: Batches | None = None
    filling: list[Waiting] = []
    pixels = 0

    def handed_over() -> Iterator[Glance]:
        nonlocal batches, filling
        if batches is None:
            begin = open_detector().begin
            least, side = settings.hit_confidence, settings.image_size
            batches = Batches(partial(begin, least=least, side=side))
        batch, filling = filling, []
        for one, found in batches.hand_over(batch):
            machines = found.of(MACHINE)
            surest = float(machines.confidence.max(initial=0.0))
            yield Glance(one.frame.pts, len(machines) > 0, surest, one.cut)

    for frame in frames:
        filling.append(changes.take(frame))
        pixels += frame.image.shape[0] * frame.image.shape[1]
        if len(filling) >= BATCH or pixels >= BATCH_PIXELS:
            pixels = 0
            yield from handed_over()
    if filling or batches is not None:
        yield from handed_over()
        yield from handed_over()


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
