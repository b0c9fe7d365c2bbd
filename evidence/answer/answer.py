"""The answer: every estimate that the judged footage supports, and the sentence that it allows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from datasets.registry import Registry
from evidence.answer.bounds import Bounds, bounds
from evidence.answer.clustered import ALIKE
from evidence.answer.estimate import LEVEL, Estimate
from evidence.answer.judged import CLAIMED, SeenMachine
from evidence.answer.noticed import Noticed, noticed
from evidence.answer.occupancy import Occupancy, fit_occupancy
from evidence.answer.question import Question
from evidence.answer.sentence import Counts, Said, say
from evidence.answer.stratified import Cell, stratified

ALIKES = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Correlations within plants that the sensitivity analysis goes through."""


@dataclass(frozen=True, slots=True)
class Controls:
    """Positive controls: how many there are, and how many came out as what they are."""

    hits: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class PlantRow:
    """What was seen of one plant. `absent`: the probability that it holds none of the kind."""

    plant: str
    stated: bool
    recordings: int
    machines: int
    confirmed: int
    probable: int
    unknown: int
    absent: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """All of it.

    seen: machines by (builder or "", status), each once. counts: of the sentence. bounds: with
    nothing assumed about the unknown, from claims and verdicts as they are. share: the low and
    high end put right by the audit sample, whatever the unknown are. by_alike: the same under
    other correlations within plants. years: machines and confirmed by year of publication.
    """

    question: Question
    says: str
    seen: dict[tuple[str, str], int]
    counts: Counts
    said: Said
    bounds: Bounds
    low: Estimate
    high: Estimate
    by_alike: dict[float, tuple[float, float]]
    noticed: Noticed
    controls: Controls
    presence: Occupancy
    plants: tuple[PlantRow, ...]
    years: dict[str, tuple[int, int]]
    warnings: tuple[str, ...] = field(default=())


def answer(
    question: Question,
    machines: Sequence[SeenMachine],
    registry: Registry,
    what: str,
    controls: Controls = Controls(),
    level: float = LEVEL,
    alike: float = ALIKE,
) -> Answer:
    """The answer that these machines support.

    Args:
        what: the kind in a word, as "Chinese".
    """
    plants: dict[str, list[SeenMachine]] = defaultdict(list)
    for one in machines:
        plants[one.plant].append(one)
    plants = dict(sorted(plants.items(), key=lambda row: (-len(row[1]), row[0])))
    groups = list(plants.values())
    # A claim that waits may be either: not counted in the least, and counted in the most.
    of_kind = [sum(_confirmed(m) for m in group) for group in groups]
    open_ = [
        sum(_status(m) in ("unknown", "concealed", "probable") for m in group) for group in groups
    ]
    sizes = [len(group) for group in groups]
    counts = Counts(
        machines=len(machines),
        confirmed=sum(of_kind),
        plants=len({m.plant for m in machines if _confirmed(m)}),
        probable=sum(_status(m) == "probable" for m in machines),
        unknown=sum(_status(m) in ("unknown", "concealed") for m in machines),
        waiting=sum(m.waiting for m in machines),
    )
    seen = noticed(sizes, controls.hits, controls.of, level, alike)
    visits = [len(frozenset().union(*(m.recordings for m in group))) for group in groups]
    shows = [
        len(frozenset().union(*(m.recordings for m in group if _confirmed(m)))) for group in groups
    ]
    presence = fit_occupancy(visits, shows, level)
    low, high = _share(machines, level, alike)
    return Answer(
        question=question,
        says=question.in_words(registry),
        seen=dict(Counter((m.builder or m.claim or "", _status(m)) for m in machines)),
        counts=counts,
        said=say(what, counts, seen),
        bounds=bounds(of_kind, open_, sizes, level, alike),
        low=low,
        high=high,
        by_alike={
            other: (a.low, b.high) for other in ALIKES for a, b in [_share(machines, level, other)]
        },
        noticed=seen,
        controls=controls,
        presence=presence,
        plants=tuple(
            _plant(name, group, n, absent)
            for (name, group), n, absent in zip(
                plants.items(), visits, presence.absent, strict=True
            )
        ),
        years=_years(machines),
        warnings=_warnings(machines, low, high),
    )


def _share(
    machines: Sequence[SeenMachine], level: float, alike: float
) -> tuple[Estimate, Estimate]:
    """The share put right by what people judged: its low end with no unknown counted as of the
    kind, its high end with all counted.

    Of claims every one that is settled counts, since all are to be judged; of the others only
    those drawn at random: what was flagged and judged for other reasons is no sample of them.
    """

    def cells(dark: bool) -> list[Cell]:
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for machine in machines:
            cell = found[machine.plant, machine.stratum]
            cell[0] += 1
            if _counts(machine):
                cell[1] += 1
                cell[2] += dark if machine.hit is None else machine.hit
        return [Cell(*names, *numbers) for names, numbers in found.items()]

    return stratified(cells(False), level, alike), stratified(cells(True), level, alike)


def _counts(machine: SeenMachine) -> bool:
    return machine.settled if machine.stratum == CLAIMED else machine.drawn and machine.settled


def _confirmed(machine: SeenMachine) -> bool:
    return machine.settled and machine.hit is True


def _status(machine: SeenMachine) -> str:
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


def _plant(name: str, group: Sequence[SeenMachine], visits: int, absent: float) -> PlantRow:
    return PlantRow(
        plant=name,
        stated=group[0].stated,
        recordings=visits,
        machines=len(group),
        confirmed=sum(_confirmed(m) for m in group),
        probable=sum(_status(m) == "probable" for m in group),
        unknown=sum(_status(m) in ("unknown", "concealed") for m in group),
        absent=None if absent != absent else absent,
    )


def _years(machines: Sequence[SeenMachine]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for machine in machines:
        for year in machine.years:
            seen, confirmed = found.get(year, (0, 0))
            found[year] = seen + 1, confirmed + _confirmed(machine)
    return dict(sorted(found.items()))


def _warnings(machines: Sequence[SeenMachine], low: Estimate, high: Estimate) -> tuple[str, ...]:
    warnings = list(dict.fromkeys((*low.warnings, *high.warnings)))
    unplaced = sum(not m.stated for m in machines)
    if unplaced:
        warnings.append(
            f"{unplaced} machines stand in footage of which no source names the plant; each "
            "recording counts as a plant of its own"
        )
    conflicts = sum(m.conflict for m in machines)
    if conflicts:
        warnings.append(f"of {conflicts} machines verdicts on different sightings disagree")
    return tuple(warnings)
