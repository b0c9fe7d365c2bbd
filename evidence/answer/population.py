"""The machines of an answer: what each was judged to be, and in which pool it was sampled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from detector.types import Box
from evidence.answer.estimators.visible import MachinePool

Track = tuple[tuple[Fraction, Box], ...]


class Status(StrEnum):
    """What is known of a machine, as far as the question goes.

    confirmed: people settled it as of the kind asked for. other: as of another kind. lead: a claim
    for the kind waits for people. pending: a verdict waits for another. disputed: people disagree
    on the kind. untold: the builder is known, and does not tell the kind. named: the program names
    another kind. concealed: people say that the mark is hidden. unknown: nobody knows the builder.
    none: people settled that it is no CNC machine.
    """

    CONFIRMED = "confirmed"
    OTHER = "other"
    LEAD = "lead"
    PENDING = "pending"
    DISPUTED = "disputed"
    UNTOLD = "untold"
    NAMED = "named"
    CONCEALED = "concealed"
    UNKNOWN = "unknown"
    NONE = "none"


IDENTIFIED = frozenset({Status.CONFIRMED, Status.OTHER, Status.NAMED})
"""The builder is known, and with it whether the machine is of the kind."""

OPEN = frozenset({Status.LEAD, Status.PENDING, Status.DISPUTED})
"""People have still to settle it."""


@dataclass(frozen=True, slots=True)
class CountedMachine:
    """One physical machine, as far as sightings were linked.

    plant: as its sources say (`stated`), else its recording. recordings: in which it is seen,
    copies once; at_plant: those of its plant's own footage. years: of first publication. claim:
    the builder that the program names; claimed: whether that is of the kind (None: not known).
    builder: that people settled on; settled: they settled something. drawn: it is in the audit
    sample and somebody judged it; chance: that it had of being drawn, None if it was not.
    lane: the stratum it was drawn from. flagged: it is to be judged in any case, as a claim.
    conflict: its settled sightings disagree. views: footage with the times and boxes of its
    tracks. sightings: that were linked. entered: by hand; replaced: one entered by hand counts in
    its stead. unlinked: the key of a sighting that was not linked yet. elsewhere: verdicts on
    footage that is not asked about speak against this.
    """

    id: str
    plant: str
    stated: bool
    recordings: frozenset[str]
    years: tuple[str, ...]
    claim: str | None
    claimed: bool | None
    builder: str | None
    status: Status
    settled: bool
    drawn: bool = False
    chance: float | None = None
    lane: str = ""
    flagged: bool = False
    conflict: bool = False
    views: tuple[tuple[str, Track], ...] = ()
    sightings: int = 1
    entered: bool = False
    replaced: bool = False
    unlinked: str | None = None
    elsewhere: bool = False
    at_plant: frozenset[str] = frozenset()

    @property
    def named(self) -> str | None:
        """Its builder: by people once they settled it, else by the program."""
        return self.builder if self.settled else None if self.entered else self.claim

    @property
    def hit(self) -> bool | None:
        """Whether people settled it as of the kind; None where that is not known."""
        return {Status.CONFIRMED: True, Status.OTHER: False}.get(self.status)

    @property
    def identified(self) -> bool:
        """Whether people or the program tell its kind."""
        return self.status in IDENTIFIED

    @property
    def judged(self) -> bool:
        """Whether somebody has judged it, settled or not."""
        return self.settled or self.status is Status.PENDING

    @property
    def stratum(self) -> str:
        """What the program says of its kind: claimed, named or unread."""
        return {True: "claimed", False: "named", None: "unread"}[self.claimed]


def status_of(
    *,
    none: bool,
    settled: bool,
    hit: bool | None,
    waiting: bool,
    pending: bool,
    disputed: bool,
    concealed: bool,
    builder: str | None,
    claim: str | None,
    claimed: bool | None,
) -> Status:
    """The status that verdicts and claims amount to.

    Args:
        hit: what people settled of the kind. waiting: a claim for the kind that nobody settled.
        builder: that people settled on. claim, claimed: as of `CountedMachine`.
    """
    if none:
        return Status.NONE
    if settled and hit is True:
        return Status.CONFIRMED
    if disputed:
        return Status.DISPUTED
    if waiting:
        return Status.LEAD
    if pending:
        return Status.PENDING
    if settled:
        if hit is False:
            return Status.OTHER
        if builder is not None:
            return Status.UNTOLD
    elif claimed is not None:
        return Status.LEAD if claimed else Status.NAMED
    elif claim is not None:
        return Status.UNTOLD
    return Status.CONCEALED if concealed else Status.UNKNOWN


SHOWN = {
    Status.CONFIRMED: "confirmed",
    Status.OTHER: "confirmed",
    Status.LEAD: "probable",
    Status.NAMED: "claimed",
    Status.CONCEALED: "concealed",
}


def shown_as(machine: CountedMachine) -> str:
    """One of five words for figures and tables.

    confirmed: of some builder, by people. probable: of the kind, by the program. claimed: of
    another kind, by the program. concealed, unknown.
    """
    if machine.status is Status.UNTOLD:
        return "confirmed" if machine.settled else "claimed"
    return SHOWN.get(machine.status, "unknown")


def confirmed(machine: CountedMachine) -> bool:
    """Whether people settled it as of the kind."""
    return machine.status is Status.CONFIRMED


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


def by_plant(machines: Iterable[CountedMachine]) -> dict[str, list[CountedMachine]]:
    """The machines of each plant, plants with most of them first."""
    plants: dict[str, list[CountedMachine]] = defaultdict(list)
    for one in machines:
        plants[one.plant].append(one)
    return dict(sorted(plants.items(), key=lambda row: (-len(row[1]), row[0])))
