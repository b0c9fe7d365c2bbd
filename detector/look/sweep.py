"""The first pass: keyframes alone; on which of them a machine may be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np

from detector.look.batches import BATCH, BATCH_PIXELS, Batches, Waiting
from detector.look.detector import Detector
from detector.look.shots import STRUCTURE_KEPT, structure_kept
from detector.settings import Sweeping
from detector.types import MACHINE, Detections, Frame, Picture

Observer = Callable[[Frame, Detections], None]

WIDEST = 640
"""Pixels: keyframes wider than that are shrunk as they are decoded. The network is fed 448, the
broadcast's own text is sought at 480; of 1080 lines a tenth has to be handed over and looked at."""

THUMBNAIL = 64
"""Pixels of the longer side of the thumbnails that are compared for keyframes."""

UNCHANGED = 10
"""Grey levels: pictures whose thumbnails differ by no more in any pixel and channel show
the same. One still picture with noise of 6 grey levels, coded twice as JPEG of quality 20
to 60, differed by 4 to 9. A person walking by exceeds it."""


class KeyframeSource(Protocol):
    """What the sweep needs of a decoder."""

    def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]: ...


@dataclass(frozen=True, slots=True)
class Glance:
    """One keyframe looked at. `confidence`: of its surest machine, 0 without one. `cut`: it shows
    another scene than the one before."""

    pts: Fraction
    hit: bool
    confidence: float
    cut: bool = False


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
    detector: Detector,
    settings: Sweeping,
    observer: Observer | None = None,
) -> Sweep:
    """Detects on the keyframes: all, or those that the spacing and the budget leave.

    While one batch is being looked at the next one is decoded.

    Args:
        decoder: gives the keyframes, in time order.
        detector: looks at them, several at a time.
        settings: spacing, budget, size of a look, and the confidence that makes a hit.
        observer: gets each keyframe and its detections, in time order, before its
            picture is dropped. Machines count from `settings.hit_confidence`. Pictures, and the
            boxes in them, are at most `WIDEST` wide.
    """
    looking = _Looking(detector, settings, observer)
    spacing = settings.keyframe_spacing / Fraction(str(settings.budget))
    for frame in decoder.keyframes(spacing, max(WIDEST, settings.image_size)):
        looking.take(frame)
    return looking.finish()


class _Looking:
    """Keyframes while they come in: one batch fills, another one is being looked at."""

    def __init__(self, detector: Detector, settings: Sweeping, observer: Observer | None) -> None:
        self._batches = Batches(
            partial(detector.begin, least=settings.hit_confidence, side=settings.image_size)
        )
        self._observer = observer
        self._glances: list[Glance] = []
        self._filling: list[Waiting] = []
        self._pixels = 0
        self._before: Picture | None = None
        self._shown: Picture | None = None

    def take(self, frame: Frame) -> None:
        small = thumbnail(frame.image)
        fresh = self._shown is None or not same(self._shown, small)
        cut = self._before is not None and not _one_scene(self._before, small)
        self._before = small
        if fresh:
            self._shown = small
        self._filling.append(Waiting(frame, fresh, cut))
        self._pixels += frame.image.shape[0] * frame.image.shape[1]
        if len(self._filling) >= BATCH or self._pixels >= BATCH_PIXELS:
            self._hand_over()

    def finish(self) -> Sweep:
        self._hand_over()
        self._hand_over()
        return Sweep(tuple(self._glances))

    def _hand_over(self) -> None:
        """Has what waits looked at, and takes in what was found in the batch before."""
        batch, self._filling, self._pixels = self._filling, [], 0
        for one, found in self._batches.hand_over(batch):
            machines = found.of(MACHINE)
            hit, surest = len(machines) > 0, float(machines.confidence.max(initial=0.0))
            self._glances.append(Glance(one.frame.pts, hit, surest, one.cut))
            if self._observer is not None:
                self._observer(one.frame, found)


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
