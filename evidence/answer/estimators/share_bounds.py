"""The share's two ends, put right by what people judged: with no unknown machine of the kind, and
with all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from datasets.messages import Message
from evidence.answer.estimators.clustered import ALIKE, Cell, stratified
from evidence.answer.estimators.intervals import LEVEL, Estimate
from evidence.answer.machines import SeenMachine


def ends(
    machines: Sequence[SeenMachine],
    level: float = LEVEL,
    alike: float = ALIKE,
    counts: Callable[[SeenMachine], bool] | None = None,
) -> tuple[Estimate, Estimate]:
    """The share with no unknown machine counted as of the kind, and with all counted.

    Of what is flagged as a claim every one that somebody judged counts, since all are to be judged;
    of the others only those drawn at random: what was judged for other reasons is no sample of
    them. What is not settled yet is unknown.

    Args:
        machines: those that people settled to be none as well: as many of those like them, which
            nobody judged, are none either.
        counts: which machines count as judged; `counted` by default.
    """
    chosen = counts or counted

    def cells(dark: bool) -> list[Cell]:
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for machine, pool in zip(machines, pools(machines, chosen), strict=True):
            cell = found[machine.plant, pool]
            cell[0] += 1
            if chosen(machine):
                cell[1] += 1
                cell[3] += machine.none
                if not machine.none:
                    cell[2] += dark if machine.hit is None else machine.hit
        return [Cell(*names, *numbers) for names, numbers in found.items()]

    low, high = stratified(cells(False), level, alike), stratified(cells(True), level, alike)
    begun = sum(one.flagged and one.pending for one in machines)
    if not begun:
        return low, high
    # How many, and never which: a reviewer who is still to judge one may read this.
    told = Message(
        "%(num)s claim that somebody judged is not settled: it counts as unknown",
        "%(num)s claims that somebody judged are not settled: they count as unknown",
        num=begun,
    )
    return replace(low, warnings=(*low.warnings, told)), replace(
        high, warnings=(*high.warnings, told)
    )


def pools(
    machines: Sequence[SeenMachine], counts: Callable[[SeenMachine], bool] | None = None
) -> list[str]:
    """Of each machine the name of those that are like it in what the program says of them and in
    their chance of being judged: of two chances in one, those more often drawn would weigh more.

    A pool of which nobody judged any is joined with that of its stratum of which most were.
    """
    chosen = counts or counted
    names = [
        f"{one.stratum}, {'flagged' if one.flagged else one.lane or 'drawn'}" for one in machines
    ]
    judged: dict[str, Counter[str]] = defaultdict(Counter)
    for one, name in zip(machines, names, strict=True):
        judged[one.stratum][name] += chosen(one)
    most = {stratum: max(sorted(pool), key=pool.__getitem__) for stratum, pool in judged.items()}
    return [
        name if judged[one.stratum][name] else most[one.stratum]
        for one, name in zip(machines, names, strict=True)
    ]


def counted(machine: SeenMachine) -> bool:
    """Whether what people said of a machine counts in the share.

    Of what is flagged as a claim also where they disagree, or others have still to agree: two who
    accept it settle it, and two who reject it in different words do not. So of those settled more
    are of the kind than of those judged.
    """
    said = machine.settled or machine.pending
    return said if machine.flagged else machine.drawn and said


def drawn(machine: SeenMachine) -> bool:
    """Whether it was drawn at random and judged, whatever the program says of it.

    Also where others have still to agree: to say that one is from an origin under test takes two,
    so without those that wait there would be too few of the kind.
    """
    return machine.drawn and (machine.settled or machine.pending)


def likely(machines: Sequence[SeenMachine]) -> dict[str, float]:
    """By its id how likely each is a CNC machine: one that nobody settled as often as those judged
    of its pool are.

    Args:
        machines: as of `ends`.
    """
    judged, real = Counter[str](), Counter[str]()
    names = pools(machines)
    for one, name in zip(machines, names, strict=True):
        judged[name] += counted(one)
        real[name] += counted(one) and not one.none
    return {
        one.id: 1.0 if one.settled or not judged[name] else real[name] / judged[name]
        for one, name in zip(machines, names, strict=True)
        if not one.none
    }


def confirmed(machine: SeenMachine) -> bool:
    """Whether people have settled it as of the kind."""
    return machine.settled and machine.hit is True


def may_be(machine: SeenMachine) -> bool:
    """Whether it may be of the kind, without people having settled it so."""
    unsure = machine.waiting or machine.pending or machine.known is not False
    return not confirmed(machine) and unsure


def untold(machine: SeenMachine) -> bool:
    """Whether its builder is named, and it is not known whether that makes it one of the kind: a
    seller's badge, or a builder who makes them in several countries."""
    waits = machine.waiting or machine.pending
    return machine.named is not None and machine.known is None and not waits


def status(machine: SeenMachine) -> str:
    """confirmed: of some builder or origin, by people; probable: of the kind, by the program;
    claimed: of another kind, by the program; concealed, where people say that its mark is hidden,
    or unknown otherwise."""
    if machine.settled and (machine.hit is not None or machine.builder is not None):
        return "confirmed"
    if machine.waiting or (machine.claimed is True and not machine.settled):
        return "probable"
    if not machine.settled and (machine.claim is not None or machine.claimed is False):
        return "claimed"
    return "concealed" if machine.concealed else "unknown"


def by_plant(machines: Sequence[SeenMachine]) -> dict[str, list[SeenMachine]]:
    """The machines of each plant, plants with most of them first."""
    plants: dict[str, list[SeenMachine]] = defaultdict(list)
    for one in machines:
        plants[one.plant].append(one)
    return dict(sorted(plants.items(), key=lambda row: (-len(row[1]), row[0])))
