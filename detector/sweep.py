"""The first pass: keyframes alone, and from them the spans that deserve a closer look.

Keyframes cost a tenth of a full decode, but what stands between two of them is not seen.
So around every hit the second pass decodes every frame, and besides in a random sample of
the rest: what it finds there is what the sweep misses, measured instead of assumed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.detect import Detector
from detector.settings import Sweeping
from detector.types import MACHINE, Detections, Footage, Frame, Picture, Probe, Span

Observer = Callable[[Frame, Detections], None]

BATCH = 8
"""Pictures handed to the detector together, at most."""

BATCH_PIXELS = 20_000_000
"""Pixels held before a batch is handed over, whatever its length: 60 MB of RGB."""

THUMBNAIL = 64
"""Pixels of the longer side of the thumbnails by which keyframes are compared."""

UNCHANGED = 10
"""Grey levels: keyframes whose thumbnails differ by no more in any pixel and channel show
the same. One still picture with noise of 6 grey levels, coded twice as JPEG of quality 20
to 60, differed by 4 to 9; a person walking by exceeds it."""

PIECE = Fraction(10)
"""Seconds of one piece of the random sample: the longest usual distance of keyframes
(250 frames at 25 a second, the default of x264)."""

TO_THE_END = Fraction(24 * 3600)
"""Length of the last span where the container does not say how long it is."""


class KeyframeSource(Protocol):
    """What the sweep needs of a decoder."""

    def keyframes(self, spacing: Fraction) -> Iterator[Frame]: ...


@dataclass(frozen=True, slots=True)
class Look:
    """One keyframe looked at. `confidence`: of its surest machine, 0 without one.

    `reused`: it shows what the one before showed, and was not detected on again.
    """

    pts: Fraction
    hit: bool
    confidence: float
    reused: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the first pass saw, in time order; no pictures."""

    looks: tuple[Look, ...]

    @property
    def hits(self) -> int:
        return sum(look.hit for look in self.looks)

    @property
    def longest_gap(self) -> Fraction:
        """Seconds between the two neighbouring keyframes farthest apart; 0 below two."""
        return max((b.pts - a.pts for a, b in pairwise(self.looks)), default=Fraction(0))


def sweep(
    decoder: KeyframeSource,
    detector: Detector,
    settings: Sweeping,
    observer: Observer | None = None,
) -> Sweep:
    """Detects on every keyframe, at least `settings.keyframe_spacing` seconds apart.

    Args:
        decoder: gives the keyframes, in time order.
        detector: looks at them, several at a time.
        settings: spacing, and the confidence that makes a hit.
        observer: told of each keyframe and its detections, in time order, before its
            picture is dropped. Machines count from `settings.hit_confidence`.
    """
    looks: list[Look] = []
    waiting: list[tuple[Frame, bool]] = []
    last = Detections.none()
    shown: NDArray[np.int16] | None = None
    pixels = 0

    def look() -> None:
        nonlocal last
        fresh = [frame.image for frame, changed in waiting if changed]
        found = iter(detector.detect(fresh, least=settings.hit_confidence))
        for frame, changed in waiting:
            last = next(found) if changed else last
            surest = float(last.of(MACHINE).confidence.max(initial=0.0))
            hit = surest >= settings.hit_confidence
            looks.append(Look(frame.pts, hit, surest, not changed))
            if observer is not None:
                observer(frame, last)
        waiting.clear()

    for frame in decoder.keyframes(settings.keyframe_spacing):
        thumbnail = _thumbnail(frame.image)
        changed = shown is None or not _same(shown, thumbnail)
        if changed:
            shown = thumbnail
        waiting.append((frame, changed))
        pixels += frame.image.shape[0] * frame.image.shape[1]
        if len(waiting) >= BATCH or pixels >= BATCH_PIXELS:
            look()
            pixels = 0
    look()
    return Sweep(tuple(looks))


def plan_spans(sweep: Sweep, probe: Probe, settings: Sweeping, footage: Footage) -> list[Span]:
    """The stretches to decode densely: sorted, disjoint, each with its reason.

    "hit": from the keyframe before a hit to the one after it, and a margin. "audit": a
    random sample of the rest, cut into pieces of at most `PIECE` seconds; at least
    `audit_share` of it and `audit_seconds` in all, so that a short clip is looked at
    completely. Which pieces depends on the seed and on the footage's hash, on nothing else.

    Keyframes far apart simply make long stretches. Footage without any keyframe is one
    span. A length that the container does not tell is taken as `TO_THE_END`. Stills have
    no between: each with a hit is a span of its own, and there is nothing to audit.
    """
    times = [look.pts for look in sweep.looks]
    if footage.kind != "video":
        ends = [*times[1:], times[-1] + 1] if times else []
        return [
            Span(look.pts, end, "hit")
            for look, end in zip(sweep.looks, ends, strict=True)
            if look.hit
        ]
    start = min([Fraction(0), *times])
    end, last_end = _ends(sweep, probe, settings)
    if not times:
        return [Span(start, last_end, "audit")]
    hits = _around_hits(sweep, start, end, settings.margin)
    rest = _complement(hits, start, end)
    audits = _sampled([piece for gap in rest for piece in _pieces(*gap)], settings, footage)
    spans = [Span(a, b, "hit") for a, b in hits] + [Span(a, b, "audit") for a, b in audits]
    spans.sort(key=lambda span: span.start)
    if spans and spans[-1].end == end:
        spans[-1] = Span(spans[-1].start, last_end, spans[-1].reason)
    return spans


def _ends(sweep: Sweep, probe: Probe, settings: Sweeping) -> tuple[Fraction, Fraction]:
    """Where the footage ends for the sample, and for a span that reaches its end."""
    last = sweep.looks[-1].pts if sweep.looks else Fraction(0)
    # A container may declare less than it holds: the last keyframe is there all the same.
    least = last + max(settings.margin, settings.sampling)
    if probe.duration is not None:
        end = max(probe.duration, least)
        return end, end
    return max(least, last + max(sweep.longest_gap, PIECE)), last + TO_THE_END


Stretch = tuple[Fraction, Fraction]


def _around_hits(sweep: Sweep, start: Fraction, end: Fraction, margin: Fraction) -> list[Stretch]:
    merged: list[Stretch] = []
    looks = sweep.looks
    for index, look in enumerate(looks):
        if not look.hit:
            continue
        before = looks[index - 1].pts if index else start
        after = looks[index + 1].pts if index + 1 < len(looks) else end
        a, b = max(start, before - margin), min(end, after + margin)
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _complement(taken: list[Stretch], start: Fraction, end: Fraction) -> list[Stretch]:
    edges = [start, *(edge for stretch in taken for edge in stretch), end]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def _pieces(start: Fraction, end: Fraction) -> list[Stretch]:
    count = math.ceil((end - start) / PIECE)
    step = (end - start) / count
    return [(start + step * k, start + step * (k + 1)) for k in range(count)]


def _sampled(pieces: list[Stretch], settings: Sweeping, footage: Footage) -> list[Stretch]:
    """Pieces in the order of a hash, until there is enough; neighbours joined again.

    A hash and not a generator: the sample stays the same under any version of Python or
    NumPy, and so do the results.
    """
    total = sum((b - a for a, b in pieces), Fraction(0))
    wanted = max(total * Fraction(str(settings.audit_share)), settings.audit_seconds)

    def lot(piece: Stretch) -> bytes:
        text = f"{settings.seed}:{footage.sha256}:{piece[0]}"
        return hashlib.sha256(text.encode()).digest()

    chosen: list[Stretch] = []
    seconds = Fraction(0)
    for piece in sorted(pieces, key=lot):
        if seconds >= wanted:
            break
        chosen.append(piece)
        seconds += piece[1] - piece[0]
    joined: list[Stretch] = []
    for a, b in sorted(chosen):
        if joined and joined[-1][1] == a:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined


def _thumbnail(picture: Picture) -> NDArray[np.int16]:
    rows, columns = picture.shape[:2]
    scale = THUMBNAIL / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.int16)


def _same(a: NDArray[np.int16], b: NDArray[np.int16]) -> bool:
    return a.shape == b.shape and int(np.abs(a - b).max()) <= UNCHANGED
