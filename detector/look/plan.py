"""Which stretches of a footage are looked at closely: around hits, near them, a random sample.

Keyframes cost a tenth of a full decode, but what stands between two of them is not seen.
So around every hit the second pass decodes every frame, and besides in a random sample of
the rest: what it finds there is what the sweep misses, measured instead of assumed. Scenes near a
hit in which nothing was seen are glimpsed at, for marks that fill the picture.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from detector.look.sweep import NEAR, Glance
from detector.settings import Sweeping
from detector.types import Footage, Probe, Span, SpanReason

PIECE = Fraction(10)
"""Seconds of one piece of the random sample: the longest usual distance of keyframes
(250 frames at 25 a second, the default of x264)."""

MOST_PIECES = 60
"""Of a stretch without a keyframe: pictures that are there are seen more often (`ClipReader`)."""

GLIMPSE = Fraction(1)
"""Of a scene in which no machine is seen, at most `NEAR` to one with a machine, so many seconds are
looked at: who films machines shows their badges and plates, too near for one to be seen."""

Stretch = tuple[Fraction, Fraction]

TO_THE_END = Fraction(24 * 3600)
"""Length of the last span where the container does not say how long it is."""


_SAMPLED: tuple[tuple[SpanReason, bool], ...] = (("audit", False), ("scouted", True))


def plan_spans(
    glances: Sequence[Glance], probe: Probe, settings: Sweeping, footage: Footage
) -> list[Span]:
    """The stretches to decode densely: sorted, disjoint, each with its reason.

    "hit": from the keyframe before a hit to the one after it, and a margin; of each scene with hits
    only so much as the budget allows. "marks": of each scene near by without a hit, with the whole
    budget, a second from its middle keyframe on, for the marks that may fill it. "audit": a random
    sample of the rest, "scouted" where the scout alone saw it. The rest is cut into pieces of at
    most `PIECE` seconds, each taken with the same `audit_chance`. Which ones depends on the seed
    and on the footage's hash alone.

    Keyframes far apart simply make long stretches. Footage without any keyframe is one
    span. A length that the container does not tell is taken as `TO_THE_END`. Each still is a span
    of its own.
    """
    times = [glance.pts for glance in glances]
    if footage.kind != "video":
        ends = [*times[1:], times[-1] + 1] if times else []
        return [Span(start, end, "hit") for start, end in zip(times, ends, strict=True)]
    start = min([Fraction(0), *times])
    end, last_end = _ends(glances, probe, settings)
    if not times:
        return [Span(start, last_end, "audit")]
    hits = _around_hits(glances, start, end, settings)
    rest = _complement(hits, start, end)
    pieces = [piece for gap in rest for piece in _pieces(*gap, times)]
    chance = audit_chance(settings, end - start)
    audits = [piece for piece in pieces if _lot(piece[0], settings, footage) < chance]
    audited = joined(audits)
    spans = [Span(a, b, "hit") for a, b in hits]
    for reason, over in _SAMPLED:
        sample = [piece for piece in audits if _is_passed_over(glances, piece) is over]
        spans += [Span(a, b, reason) for a, b in joined(sample)]
    if settings.budget == 1:
        spans += [Span(a, b, "marks") for a, b in _glimpses(glances, hits, audited, end)]
    spans.sort(key=lambda span: span.start)
    if spans and spans[-1].end == end:
        spans[-1] = Span(spans[-1].start, last_end, spans[-1].reason)
    return spans


def audit_chance(settings: Sweeping, seconds: Fraction) -> float:
    """How likely each piece without a hit is audited, in footage of so many seconds.

    `audit_share`, or so much more that `audit_seconds` of footage without hits are audited
    in the mean; 1 where it is no longer than that.
    """
    least = float(settings.audit_seconds / seconds) if seconds > 0 else 1.0
    return min(1.0, max(settings.audit_share, least))


def _is_passed_over(glances: Sequence[Glance], piece: Stretch) -> bool:
    """True if of the keyframes in a piece, and the last one before it, the detector saw none."""
    first = bisect_right(glances, piece[0], key=lambda glance: glance.pts) - 1
    last = bisect_left(glances, piece[1], key=lambda glance: glance.pts)
    return all(glance.passed_over for glance in glances[max(0, first) : last])


def _ends(glances: Sequence[Glance], probe: Probe, settings: Sweeping) -> tuple[Fraction, Fraction]:
    """Where the footage ends for the sample, and for a span that reaches its end."""
    last = glances[-1].pts if glances else Fraction(0)
    # A container may declare less than it holds: the last keyframe is there all the same.
    least = last + max(settings.margin, settings.sampling)
    if probe.duration is not None:
        end = max(probe.duration, least)
        return end, end
    gaps = [b.pts - a.pts for a, b in pairwise(glances)]
    return max(least, last + max([PIECE, *gaps])), last + TO_THE_END


def _around_hits(
    glances: Sequence[Glance], start: Fraction, end: Fraction, settings: Sweeping
) -> list[Stretch]:
    """Of the stretch around each scene's hits so much as the budget allows.

    It begins with the surest keyframe, where decoding can begin, or earlier where what is
    left of the stretch would not do.
    """
    stretches: list[Stretch] = []
    for first, last in _scenes(glances):
        before = glances[first - 1].pts if first else start
        after = glances[last + 1].pts if last + 1 < len(glances) else end
        a, b = max(start, before - settings.margin), min(end, after + settings.margin)
        length = (b - a) * Fraction(str(settings.budget))
        surest = max(glances[first : last + 1], key=lambda glance: glance.confidence)
        a = max(a, min(surest.pts, b - length))
        stretches.append((a, a + length))
    return joined(sorted(stretches))


def _glimpses(
    glances: Sequence[Glance], hits: Sequence[Stretch], audits: Sequence[Stretch], end: Fraction
) -> list[Stretch]:
    """A moment of each scene near a hit that has none and is not looked at anyway."""
    taken = sorted([*hits, *audits])
    scenes: list[list[Fraction]] = []
    broken = True
    for glance in glances:
        wanted = _distance(glance.pts, hits) <= NEAR and _distance(glance.pts, taken) > 0
        if wanted and (broken or glance.cut):
            scenes.append([])
        if wanted:
            scenes[-1].append(glance.pts)
        broken = not wanted
    moments = [scene[len(scene) // 2] for scene in scenes]
    begins = sorted([*moments, *(a for a, _ in taken), end, end + GLIMPSE])
    nexts = [begins[bisect_right(begins, pts)] for pts in moments if pts < end]
    return [(a, min(a + GLIMPSE, b)) for a, b in zip(moments, nexts, strict=False)]


def _distance(pts: Fraction, stretches: Sequence[Stretch]) -> Fraction:
    """Seconds from a moment to the nearest of sorted, disjoint stretches. 0 within one or at its
    end; a day and more where there is none."""
    at = bisect_right(stretches, pts, key=lambda stretch: stretch[0])
    before = [pts - b for _, b in stretches[max(0, at - 1) : at]]
    after = [a - pts for a, _ in stretches[at : at + 1]]
    return max(Fraction(0), min([*before, *after, TO_THE_END]))


def _scenes(glances: Sequence[Glance]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of hits without a cut among them."""
    first: int | None = None
    for index, glance in enumerate(glances):
        if first is not None and (glance.cut or not glance.hit):
            yield first, index - 1
            first = None
        if glance.hit and first is None:
            first = index
    if first is not None:
        yield first, len(glances) - 1


def joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Sorted stretches, those that touch or overlap made one."""
    joined: list[Stretch] = []
    for a, b in stretches:
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return joined


def _complement(taken: list[Stretch], start: Fraction, end: Fraction) -> list[Stretch]:
    edges = [start, *(edge for stretch in taken for edge in stretch), end]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def _pieces(start: Fraction, end: Fraction, times: Sequence[Fraction]) -> list[Stretch]:
    """So many as the keyframes there, in time order, warrant: times may be declared, and years."""
    seen = bisect_left(times, end) - bisect_left(times, start)
    count = min(math.ceil((end - start) / PIECE), MOST_PIECES * (seen + 1))
    step = (end - start) / count
    return [(start + step * k, start + step * (k + 1)) for k in range(count)]


def _lot(start: Fraction, settings: Sweeping, footage: Footage) -> float:
    """A number in [0, 1) drawn for the piece that begins at `start`.

    From a hash and not a generator: the sample stays the same under any version of Python
    or NumPy, and so do the results.
    """
    text = f"{settings.seed}:{footage.sha256}:{start}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / (1 << 48)
