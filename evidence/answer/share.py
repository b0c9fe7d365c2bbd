"""The share that a question asks for, with its interval, for either estimand.

Machines are taken in pools: those that the program treats alike and that had one chance of being
drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from evidence.answer.estimators.clustered import ALIKE, Cell, stratified
from evidence.answer.estimators.intervals import LEVEL, Estimate
from evidence.answer.estimators.missed import (
    Frames,
    Missed,
    estimate_missed,
    in_this_footage,
    widen,
)
from evidence.answer.estimators.visible import (
    SPLIT,
    Linking,
    MachinePool,
    ReviewErrors,
    relink,
    reviewer_reach,
    visible_share,
)
from evidence.answer.plants import least
from evidence.answer.population import (
    CountedMachine,
    Status,
    confirmed,
)


def sampled(machine: CountedMachine) -> bool:
    """Whether its verdict tells of others like it: it was drawn at random and judged."""
    return not machine.flagged and machine.drawn and machine.judged


def pool_of(machine: CountedMachine) -> str:
    """Machines that the program treats alike and that had one chance of being drawn."""
    return f"{machine.stratum}, {'flagged' if machine.flagged else machine.lane or 'drawn'}"


def pools(machines: Iterable[CountedMachine]) -> list[MachinePool]:
    """The counts of each pool. Machines that people settled to be none belong to it, too."""
    groups: dict[str, list[CountedMachine]] = defaultdict(list)
    for one in machines:
        groups[pool_of(one)].append(one)
    return [_pool(name, group) for name, group in sorted(groups.items())]


def _pool(name: str, group: Sequence[CountedMachine]) -> MachinePool:
    def count(of: Iterable[CountedMachine], *statuses: Status) -> int:
        return sum(one.status in statuses for one in of)

    drawn = [one for one in group if sampled(one)]
    kind, other = count(drawn, Status.CONFIRMED), count(drawn, Status.OTHER)
    none = count(drawn, Status.NONE)
    return MachinePool(
        name=name,
        machines=len(group),
        kind=count(group, Status.CONFIRMED),
        other=count(group, Status.OTHER),
        none=count(group, Status.NONE),
        drawn=len(drawn),
        drawn_kind=kind,
        drawn_other=other,
        drawn_none=none,
    )


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
    interval. missed: machines that the program missed altogether. linking: how often machines may
    be counted.
    """

    low: Estimate
    high: Estimate
    found_low: Estimate
    found_high: Estimate
    missed: Missed
    linking: Linking


def estimate_share(
    machines: Sequence[CountedMachine],
    frames: Frames,
    errors: ReviewErrors,
    sellers: Collection[str] = (),
    plants: bool = False,
    level: float = LEVEL,
) -> KindShare:
    """The share among the machines visible in the footage, or among those of plants like these.

    Args:
        machines: that the program found, those settled to be none too.
        sellers: ids that are no builder's.
        plants: of plants like these: clustered, the correlation estimated or `ALIKE`.
    """
    real = [one for one in machines if one.status is not Status.NONE]
    linking = Linking(
        _times(list(filter(confirmed, real)), sellers),
        _times([one for one in real if not confirmed(one)], sellers),
    )
    if plants:
        cells = _cells(machines, False), _cells(machines, True)
        found_low, found_high = share_over_plants(*cells, pools(machines), errors, linking, level)
        missed = estimate_missed(frames, level, ALIKE)
    else:
        found_low, found_high = visible_share(pools(machines), errors, linking, level)
        missed = estimate_missed(in_this_footage(frames), level, 0.0)
    low, high = widen(found_low, found_high, missed)
    low, high = replace(low, high=high.high), replace(high, low=low.low)
    return KindShare(low, high, found_low, found_high, missed, linking)


def _times(machines: Sequence[CountedMachine], sellers: Collection[str]) -> float:
    """How many times each of these may be counted: never more often than they may be alike."""
    return min(SPLIT, len(machines) / least(machines, sellers)) if machines else 1.0


def share_over_plants(
    least_cells: Sequence[Cell],
    most_cells: Sequence[Cell],
    counts: Sequence[MachinePool],
    errors: ReviewErrors,
    linking: Linking,
    level: float = LEVEL,
) -> tuple[Estimate, Estimate]:
    """The two ends of the share among machines of plants like these.

    Args:
        least_cells, most_cells: with no unidentified machine of the kind, and with all.
    """
    low, high = stratified(least_cells, level, ALIKE), stratified(most_cells, level, ALIKE)
    taken, added = reviewer_reach(counts, errors, level)
    # Reviewers err alike in all plants: what they may move does not average out over them.
    least_, most = max(0.0, low.low - taken), min(1.0, high.high + added)
    ends = relink(least_, most, linking)
    return replace(low, low=ends[0], high=ends[1]), replace(high, low=ends[0], high=ends[1])


def _cells(machines: Sequence[CountedMachine], dark: bool) -> list[Cell]:
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
    return [Cell(*names, *numbers) for names, numbers in found.items()]
