"""Machines that the detector missed altogether, from the frames drawn in which it found nothing.

Frames are drawn, and machines are wanted. Each frame stands for the seconds until the next one
(`frames.py`). So a shot decoded densely weighs no more than one decoded by keyframes only.

The judged frames give m: the share of the time without a find in which a machine stands all the
same. m is a ratio of sums weighted by inverse chances, with plants as clusters. Sources: Horvitz &
Thompson, JASA 47 (1952) 663-685; Särndal, Swensson & Wretman, "Model Assisted Survey Sampling"
(1992), 5.6. T0 are the seconds in which nothing was found, T1 those in which something was. Of all
time in which machines are in view, this share was missed:

    r = m T0 / (m T0 + T1)

**That share of time is taken for the share of machines**. They are equal if missed machines stay
in view as long as those found, and as many at a time. The share is too large where a machine was
missed at one time and found at another, which happens often. It is too small where those missed
are shown more briefly. Of machines missed beside one that was found the sample says nothing.

And what would have been noticed: without it a zero says nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from datasets.errors import UsageError
from datasets.messages import Message
from evidence.answer.estimators.clustered import ALIKE, clustered, effective
from evidence.answer.estimators.intervals import (
    LEVEL,
    Estimate,
    check_counts,
    check_level,
    ruled_out,
)

METHOD = (
    "audited frames weighted by inverse chance and time (Horvitz & Thompson 1952); Korn & "
    "Graubard 1998, over plants"
)
NOT_JUDGED = Message("machines that the detector missed altogether are not in these numbers")
"""What must be said where no frame of the sample was judged."""


@dataclass(frozen=True, slots=True)
class AuditFrame:
    """A frame in which nothing was found, drawn and judged by people.

    seconds: for how long it stands, shared among the footages that show that moment. chance: of
    having been drawn. hit: whether the missed machine is of the kind asked for, None where
    nobody can tell or others have still to agree. moment: its recording and ten seconds of it,
    the same of copies; None: what no other frame shows.
    """

    plant: str
    seconds: float
    chance: float
    missed: bool
    hit: bool | None = None
    moment: Hashable = None


@dataclass(frozen=True, slots=True)
class Frames:
    """The audited frames, with what they were drawn from.

    - drawn: so many frames of the sample, settled or not.
    - found, unseen: seconds in which a machine was found, and in which none was. What several
      footages show counts once.
    - of_kind: the plant of each frame that people settled to show a machine of the kind. The frame
      was drawn or has a lone mark, with whatever model.
    - pending: the plant of each frame that waits: somebody saw a machine of any builder there, and
      others have still to agree.
    """

    judged: tuple[AuditFrame, ...] = ()
    drawn: int = 0
    found: float = 0.0
    unseen: float = 0.0
    of_kind: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


NO_FRAMES = Frames()


@dataclass(frozen=True, slots=True)
class Missed:
    """drawn, judged, missed: frames. share: of the machines in view, those missed altogether.
    least, most: of those missed, the share of the kind: with none of the unknown of it, and all.
    """

    drawn: int
    judged: int
    missed: int
    share: Estimate
    least: Estimate
    most: Estimate


def in_this_footage(frames: Frames) -> Frames:
    """The frames as draws of this very footage: each moment was drawn by itself, in any plant."""
    judged = tuple(
        replace(one, plant=str(number if one.moment is None else one.moment))
        for number, one in enumerate(frames.judged)
    )
    return replace(frames, judged=judged)


def estimate_missed(frames: Frames, level: float = LEVEL, alike: float = ALIKE) -> Missed:
    """How many machines were missed altogether, of those in view.

    None of few frames rules out little: the effective number of frames (Kish, "Survey
    Sampling" (1965), 5.4 and 11.7) gives the exact upper limit, as in `clustered`.

    Raises:
        UsageError: a level or a correlation out of range.
    """
    hits = [one for one in frames.judged if one.missed]
    least = _kind(hits, False, level, alike)
    most = _kind(hits, True, level, alike)
    counts = (frames.drawn, len(frames.judged), len(hits))
    weights = [one.seconds / one.chance for one in frames.judged]
    total = sum(weights)
    if not total:
        nothing = Estimate(None, 0.0, 1.0, METHOD, level, (NOT_JUDGED,))
        return Missed(*counts, nothing, least, most)
    # As many frames as tell as much as these, whose weights differ; of one moment they tell once.
    moments = _by_moment(zip(frames.judged, weights, strict=True))
    scale = total / sum(sum(weight for _, weight in one) ** 2 for one in moments)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one, weight in zip(frames.judged, weights, strict=True):
        sums[one.plant][0] += scale * weight * one.missed
        sums[one.plant][1] += scale * weight
    of_time = clustered(*_columns(sums), level, alike)

    def of_views(share: float) -> float:
        missed = share * frames.unseen
        return missed / (missed + frames.found) if missed else 0.0

    share = Estimate(
        of_views(of_time.value or 0.0),
        of_views(of_time.low),
        of_views(of_time.high),
        METHOD,
        level,
        tuple(Message("of audited frames: %(what)s", what=one) for one in of_time.warnings),
    )
    return Missed(*counts, share, least, most)


def _kind(hits: Sequence[AuditFrame], dark: bool, level: float, alike: float) -> Estimate:
    """Of missed machines the share of the kind; nothing but what is assumed where none is named."""
    if all(one.hit is None for one in hits):
        return Estimate(float(dark), float(dark), float(dark), METHOD, level)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for frames in _by_moment((one, 1.0) for one in hits):
        for one, _ in frames:
            sums[one.plant][0] += (dark if one.hit is None else one.hit) / len(frames)
            sums[one.plant][1] += 1 / len(frames)
    return clustered(*_columns(sums), level, alike)


def _by_moment(frames: Iterable[tuple[AuditFrame, float]]) -> list[list[tuple[AuditFrame, float]]]:
    """Frames and their weights, those of one moment together."""
    found: dict[Hashable, list[tuple[AuditFrame, float]]] = defaultdict(list)
    for number, (one, weight) in enumerate(frames):
        found[number if one.moment is None else one.moment].append((one, weight))
    return list(found.values())


def _columns(sums: Mapping[str, Sequence[float]]) -> tuple[list[float], list[float]]:
    return [hits for hits, _ in sums.values()], [of for _, of in sums.values()]


def widen(low: Estimate, high: Estimate, missed: Missed) -> tuple[Estimate, Estimate]:
    """The two ends of the share of all machines in view, from those of the machines found.

    The whole is (1 - r) u + r h. Here u is the share of the kind among those found, r the share
    of the missed, and h that of the kind among the missed. MOVER joins the three independent
    intervals, each with its slope (Zou & Donner, Statistics in Medicine 27 (2008) 1693-1702).
    Where no frame was judged both ends stay as they are.

    Neither end lies further in than that of the machines found. The share r comes from time and is
    mostly too large, and one missed at one time is found at another. So builders that people name
    on the missed would make the interval narrower, and surer without cause.
    """
    least, most = as_missed(low, high, missed)
    return (
        replace(least, low=min(least.low, low.low)),
        replace(most, high=max(most.high, high.high)),
    )


def as_missed(low: Estimate, high: Estimate, missed: Missed) -> tuple[Estimate, Estimate]:
    """The two ends as of `widen`, were no more missed than estimated, nor fewer."""
    if missed.share.value is None:
        return low, high
    return _whole(low, missed.share, missed.least), _whole(high, missed.share, missed.most)


def _whole(found: Estimate, share: Estimate, kind: Estimate) -> Estimate:
    r, h = share.value or 0.0, kind.value or 0.0

    def end(limit: float, other: float, upper: bool) -> float:
        """The lower or upper end; `limit` is that of the machines found, `other` of the kind."""
        u = limit if found.value is None else found.value
        # More missed ones pull the share towards theirs.
        pulls = (h > u) == upper
        of_missed = share.high if pulls else share.low
        reach = math.hypot((1 - r) * (limit - u), (of_missed - r) * (h - u), r * (other - h))
        point = (1 - r) * u + r * h
        return min(1.0, point + reach) if upper else max(0.0, point - reach)

    value = None if found.value is None else (1 - r) * found.value + r * h
    return Estimate(
        value,
        end(found.low, kind.low, False),
        end(found.high, kind.high, True),
        f"{found.method}; missed machines: {share.method}",
        found.level,
        tuple(dict.fromkeys((*found.warnings, *share.warnings))),
    )


PRINTED = 0.2
"""Shares above it are not printed: that so many would have been noticed says next to nothing."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The smallest share that would have shown at least one machine of the kind.

    share: noticed with probability `level`; 1 where none is. size: how many independent machines
    those found count as. sensitivity: share of the controls that came out as what they are.
    known: of the machines found the share whose builder is identified. least_sensitivity: what
    is relied on, the lower limit of the sensitivity or `known`, whichever is less. alike: the
    correlation within plants and shoots that is assumed.
    """

    share: float
    size: float
    sensitivity: float | None
    least_sensitivity: float
    level: float
    known: float = 1.0
    alike: float = ALIKE

    @property
    def printed(self) -> bool:
        """Whether it may be printed."""
        return self.sensitivity is not None and self.share <= PRINTED


def noticed(
    machines: Sequence[float],
    shoots: Sequence[tuple[int, int]],
    known: float = 1.0,
    level: float = LEVEL,
    alike: float = ALIKE,
) -> Noticed:
    """The smallest share that would have been noticed.

    The exact rule of three for as many independent machines as these count as, divided by the
    lower limit of the sensitivity. Half of the chance of being wrong goes to each (Bonferroni).

    Args:
        machines: of each plant, not whole where some may be none.
        shoots: of each shoot of controls, how many came out as what they are, of how many.
        known: share of the machines whose builder is identified: one of the kind is not
            recognised more often than machines are.

    Raises:
        UsageError: counts, level, correlation or share out of range.
    """
    check_level(level)
    check_counts(known, 1)
    if any(count < 0 for count in machines):
        raise UsageError("a plant cannot have fewer than no machines")
    m = np.array([count for count in machines if count > 0], float)
    half = 1 - (1 - level) / 2
    size = min(effective(np.zeros_like(m), m, alike), float(m.sum())) if len(m) else 0.0
    hits, of = [one for one, _ in shoots], [one for _, one in shoots]
    # Two-sided: its lower limit alone is wrong half as often.
    found = clustered(hits, of, 1 - 2 * (1 - half), alike)
    least = min(known, found.low) if found.value is not None else 0.0
    return Noticed(ruled_out(size, half, least), size, found.value, least, level, known, alike)
