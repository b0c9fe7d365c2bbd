"""The share's two ends, put right by what people judged: with no unknown machine of the kind, and
with all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from evidence.answer.clustered import ALIKE
from evidence.answer.estimate import LEVEL, Estimate
from evidence.answer.judged import CLAIMED, SeenMachine
from evidence.answer.stratified import Cell, stratified


def ends(
    machines: Sequence[SeenMachine],
    level: float = LEVEL,
    alike: float = ALIKE,
    counts: Callable[[SeenMachine], bool] | None = None,
) -> tuple[Estimate, Estimate]:
    """The share with no unknown machine counted as of the kind, and with all counted.

    Of claims every one that is settled counts, since all are to be judged; of the others only
    those drawn at random: what was flagged and judged for other reasons is no sample of them.

    Args:
        counts: which machines count as judged; `counted` by default.
    """
    chosen = counts or counted

    def cells(dark: bool) -> list[Cell]:
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for machine in machines:
            cell = found[machine.plant, machine.stratum]
            cell[0] += 1
            if chosen(machine):
                cell[1] += 1
                cell[2] += dark if machine.hit is None else machine.hit
        return [Cell(*names, *numbers) for names, numbers in found.items()]

    return stratified(cells(False), level, alike), stratified(cells(True), level, alike)


def counted(machine: SeenMachine) -> bool:
    """Whether what people said of a machine counts in the share."""
    return machine.settled if machine.stratum == CLAIMED else drawn(machine)


def drawn(machine: SeenMachine) -> bool:
    """Whether it was drawn at random and judged, whatever the program says of it."""
    return machine.drawn and machine.settled


def confirmed(machine: SeenMachine) -> bool:
    """Whether people have settled it as of the kind."""
    return machine.settled and machine.hit is True


def status(machine: SeenMachine) -> str:
    """confirmed: of some builder or origin, by people; probable: of the kind, by the program;
    claimed: of another kind, by the program; unknown or concealed otherwise."""
    if machine.settled:
        if machine.hit is not None or machine.builder is not None:
            return "confirmed"
        return "concealed" if machine.concealed else "unknown"
    if machine.claimed is True:
        return "probable"
    if machine.claim is not None or machine.claimed is False:
        return "claimed"
    return "concealed" if machine.concealed else "unknown"


def by_plant(machines: Sequence[SeenMachine]) -> dict[str, list[SeenMachine]]:
    """The machines of each plant, plants with most of them first."""
    plants: dict[str, list[SeenMachine]] = defaultdict(list)
    for one in machines:
        plants[one.plant].append(one)
    return dict(sorted(plants.items(), key=lambda row: (-len(row[1]), row[0])))
