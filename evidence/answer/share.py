"""The share that a question asks for, what the detector missed, what would have been noticed.

Each frame drawn stands for the seconds until the next one (`audit.py`), so that a shot decoded
densely weighs no more than one decoded by keyframes only.

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

Machines are taken in pools: those that the program treats alike and that had one chance of being
drawn.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evidence.answer import intervals, visible
from evidence.answer.distinct import least
from evidence.answer.population import CountedMachine, Status, confirmed

METHOD = (
    "audited frames weighted by inverse chance and time (Horvitz & Thompson 1952); Korn & "
    "Graubard 1998, over plants"
)


@dataclass(frozen=True, slots=True)
class AuditFrame:
    """A frame in which nothing was found, drawn and judged by people.

    seconds: for how long it stands, shared among the footages that show that moment. chance: of
    having been drawn. moment: its recording and ten seconds of it, the same of copies; None: shown
    by no other frame.
    """

    plant: str
    seconds: float
    chance: float
    missed: bool
    moment: Hashable = None


@dataclass(frozen=True, slots=True)
class Frames:
    """The audited frames, with what they were drawn from.

    - drawn: so many frames of the sample, settled or not.
    - found, unseen: seconds in which a machine was found, and in which none was. What several
      footages show counts once.
    - of_kind: frames, drawn or with a lone mark, that people settled to show one of the kind.
    - pending: frames in which somebody saw a machine, and others have still to agree.
    """

    judged: tuple[AuditFrame, ...] = ()
    drawn: int = 0
    found: float = 0.0
    unseen: float = 0.0
    of_kind: int = 0
    pending: int = 0


NO_FRAMES = Frames()


@dataclass(frozen=True, slots=True)
class Missed:
    """drawn, judged, missed: frames. share: of the machines in view, those missed altogether."""

    drawn: int
    judged: int
    missed: int
    share: intervals.Estimate


def in_this_footage(frames: Frames) -> Frames:
    """The frames as draws of this very footage: each moment was drawn by itself, in any plant."""
    judged = tuple(
        replace(one, plant=str(number if one.moment is None else one.moment))
        for number, one in enumerate(frames.judged)
    )
    return replace(frames, judged=judged)


def estimate_missed(frames: Frames, alike: float = intervals.ALIKE) -> Missed:
    """How many machines were missed altogether, of those in view.

    None of few frames rules out little: the effective number of frames (Kish, "Survey
    Sampling" (1965), 5.4 and 11.7) gives the exact upper limit, as in `clustered`.
    """
    counts = (frames.drawn, len(frames.judged), sum(one.missed for one in frames.judged))
    weights = [one.seconds / one.chance for one in frames.judged]
    total = sum(weights)
    if not total:
        return Missed(*counts, intervals.Estimate(None, 0.0, 1.0, METHOD))
    # As many frames as tell as much as these, whose weights differ; of one moment they tell once.
    moments: dict[Hashable, float] = defaultdict(float)
    for number, (one, weight) in enumerate(zip(frames.judged, weights, strict=True)):
        moments[number if one.moment is None else one.moment] += weight
    scale = total / sum(weight**2 for weight in moments.values())
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one, weight in zip(frames.judged, weights, strict=True):
        sums[one.plant][0] += scale * weight * one.missed
        sums[one.plant][1] += scale * weight
    hits, of = zip(*sums.values(), strict=True)
    of_time = intervals.clustered(hits, of, alike=alike)

    def of_views(share: float) -> float:
        missed = share * frames.unseen
        return missed / (missed + frames.found) if missed else 0.0

    value, low, high = map(of_views, (of_time.value or 0.0, of_time.low, of_time.high))
    return Missed(*counts, intervals.Estimate(value, low, high, METHOD))


def widen(
    low: intervals.Estimate, high: intervals.Estimate, missed: Missed
) -> tuple[intervals.Estimate, intervals.Estimate]:
    """The two ends of the share of all machines in view, from those of the machines found.

    The whole is (1 - r) u + r h. Here u is the share of the kind among those found and r the share
    of the missed. h is that of the kind among the missed: none at the low end, all at the high
    one. MOVER joins the two independent intervals, each with its slope (Zou & Donner, Statistics
    in Medicine 27 (2008) 1693-1702). Where no frame was judged both ends stay as they are.
    """
    if missed.share.value is None:
        return low, high
    return _whole(low, missed.share, 0.0), _whole(high, missed.share, 1.0)


def _whole(found: intervals.Estimate, share: intervals.Estimate, h: float) -> intervals.Estimate:
    r = share.value or 0.0

    def end(limit: float, upper: bool) -> float:
        """The lower or upper end; `limit` is that of the machines found."""
        u = limit if found.value is None else found.value
        # More missed ones pull the share towards theirs.
        of_missed = share.high if (h > u) == upper else share.low
        reach = math.hypot((1 - r) * (limit - u), (of_missed - r) * (h - u))
        point = (1 - r) * u + r * h
        return min(1.0, point + reach) if upper else max(0.0, point - reach)

    value = None if found.value is None else (1 - r) * found.value + r * h
    method = f"{found.method}; missed machines: {share.method}"
    return intervals.Estimate(value, end(found.low, False), end(found.high, True), method)


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
    alike: float = intervals.ALIKE

    @property
    def printed(self) -> bool:
        """Whether it may be printed."""
        return self.sensitivity is not None and self.share <= PRINTED


def noticed(
    machines: Sequence[float], shoots: Sequence[tuple[int, int]], known: float = 1.0
) -> Noticed:
    """The smallest share that would have been noticed.

    The exact rule of three for as many independent machines as these count as, divided by the
    lower limit of the sensitivity. Half of the chance of being wrong goes to each (Bonferroni).
    machines: of each plant, not whole where some may be none. shoots: of each shoot of controls,
    how many came out as what they are, of how many. known: share that is identified: one of the
    kind is not recognised more often.
    """
    m = np.array([count for count in machines if count > 0], float)
    half = 1 - (1 - intervals.LEVEL) / 2
    size = min(intervals.effective(np.zeros_like(m), m), float(m.sum())) if len(m) else 0.0
    hits, of = [one for one, _ in shoots], [one for _, one in shoots]
    # Two-sided: its lower limit alone is wrong half as often.
    found = intervals.clustered(hits, of, 1 - 2 * (1 - half))
    least = min(known, found.low) if found.value is not None else 0.0
    return Noticed(
        intervals.ruled_out(size, half, least), size, found.value, least, intervals.LEVEL, known
    )


def sampled(machine: CountedMachine) -> bool:
    """True if its verdict tells of others like it: it was drawn at random and judged."""
    return not machine.flagged and machine.drawn and machine.judged


def pool_of(machine: CountedMachine) -> str:
    """Machines that the program treats alike and that had one chance of being drawn."""
    return f"{machine.stratum}, {'flagged' if machine.flagged else machine.lane or 'drawn'}"


def pools(machines: Iterable[CountedMachine]) -> list[visible.MachinePool]:
    """The counts of each pool. Machines that people settled to be none belong to it, too."""
    groups: dict[str, list[CountedMachine]] = defaultdict(list)
    for one in machines:
        groups[pool_of(one)].append(one)
    found = []
    for name, group in sorted(groups.items()):
        drawn = list(filter(sampled, group))
        waiting = sum(
            not one.settled if one.flagged else one.chance is not None and not one.judged
            for one in group
        )
        counts = len(group), *_settled(group), len(drawn), *_settled(drawn)
        found.append(visible.MachinePool(name, *counts, waiting))
    return found


def _settled(machines: Sequence[CountedMachine]) -> tuple[int, int, int]:
    """How many people settled as of the kind, as of another, and as none."""
    every = [one.status for one in machines]
    return every.count(Status.CONFIRMED), every.count(Status.OTHER), every.count(Status.NONE)


def chances_real(machines: Sequence[CountedMachine]) -> dict[str, float]:
    """By id the chance that it is a CNC machine: as often as those judged of its pool are."""
    judged: dict[str, list[bool]] = defaultdict(list)
    for one in machines:
        if one.judged and (one.flagged or one.drawn):
            judged[pool_of(one)].append(one.status is not Status.NONE)
    return {
        one.id: 1.0 if one.settled or not (seen := judged[pool_of(one)]) else sum(seen) / len(seen)
        for one in machines
        if one.status is not Status.NONE
    }


@dataclass(frozen=True, slots=True)
class KindShare:
    """The share of the kind among all machines in view, and among those found alone.

    low, high: with no unidentified machine of the kind, and with all; each carries the whole
    interval. linking: how often machines may be counted.
    """

    low: intervals.Estimate
    high: intervals.Estimate
    found_low: intervals.Estimate
    found_high: intervals.Estimate
    missed: Missed
    linking: visible.Linking


def estimate_share(
    machines: Sequence[CountedMachine],
    frames: Frames,
    errors: visible.ReviewErrors,
    sellers: Collection[str] = (),
    plants: bool = False,
) -> KindShare:
    """The share among the machines in the footage, or (`plants`) among those of plants like these.

    machines: that the program found, those settled to be none too. sellers: ids that are no
    builder's.
    """
    real = [one for one in machines if one.status is not Status.NONE]
    linking = visible.Linking(
        _times(list(filter(confirmed, real)), sellers),
        _times([one for one in real if not confirmed(one)], sellers),
    )
    if plants:
        cells = _cells(machines, False), _cells(machines, True)
        found_low, found_high = share_over_plants(*cells, pools(machines), errors, linking)
        missed = estimate_missed(frames)
    else:
        found_low, found_high = visible.visible_share(pools(machines), errors, linking)
        missed = estimate_missed(in_this_footage(frames), alike=0.0)
    low, high = widen(found_low, found_high, missed)
    low, high = replace(low, high=high.high), replace(high, low=low.low)
    return KindShare(low, high, found_low, found_high, missed, linking)


def _times(machines: Sequence[CountedMachine], sellers: Collection[str]) -> float:
    """How many times each of these may be counted: never more often than they may be alike."""
    return min(visible.SPLIT, len(machines) / least(machines, sellers)) if machines else 1.0


def share_over_plants(
    least_cells: Sequence[intervals.Cell],
    most_cells: Sequence[intervals.Cell],
    counts: Sequence[visible.MachinePool],
    errors: visible.ReviewErrors,
    linking: visible.Linking,
) -> tuple[intervals.Estimate, intervals.Estimate]:
    """The two ends of the share, from cells with no unidentified machine of the kind, and all."""
    low, high = intervals.stratified(least_cells), intervals.stratified(most_cells)
    taken, added = visible.reviewer_reach(counts, errors)
    # Reviewers err alike in all plants: what they may move does not average out over them.
    least_, most = max(0.0, low.low - taken), min(1.0, high.high + added)
    ends = visible.relink(least_, most, linking)
    return replace(low, low=ends[0], high=ends[1]), replace(high, low=ends[0], high=ends[1])


def _cells(machines: Sequence[CountedMachine], dark: bool) -> list[intervals.Cell]:
    """The counts of each pool by plant. Claims that nobody settled are not inferred from those
    settled: each may be of the kind or not."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for one in machines:
        cell = found[one.plant, pool_of(one)]
        cell[0] += 1
        if one.flagged or sampled(one):
            cell[1] += 1
            cell[3] += one.status is Status.NONE
            if one.status is not Status.NONE:
                cell[2] += dark if one.hit is None else one.hit
    return [intervals.Cell(*names, *numbers) for names, numbers in found.items()]
