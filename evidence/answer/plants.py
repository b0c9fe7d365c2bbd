"""What was seen of each plant, and how surely it holds none of the kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from datasets.messages import Message
from evidence.answer.estimators.intervals import Estimate
from evidence.answer.estimators.share_bounds import confirmed, status
from evidence.answer.machines import SeenMachine
from evidence.answer.occupancy import Occupancy, fit_occupancy, no_absence
from evidence.answer.sources import Asked
from evidence.case.sighting_tables import AnalysisRow


@dataclass(frozen=True, slots=True)
class PlantRow:
    """What was seen of one plant. recordings: that were looked at, those in which nothing was found
    too. `absent`: the probability that it holds none of the kind, none at all where one is
    confirmed; None where the model has none, where of no machine there the builder is known, while
    a claim for the kind or a verdict waits, and where people settled one that is not counted."""

    plant: str
    stated: bool
    recordings: int
    machines: int
    confirmed: int
    probable: int
    unknown: int
    absent: Estimate | None

    @property
    def named_otherwise(self) -> int:
        """Machines that are named, and neither confirmed nor claimed as of the kind."""
        return self.machines - self.confirmed - self.probable - self.unknown


def read_looked_at(asked: Asked) -> dict[str, frozenset[str]]:
    """By plant that sources name its recordings that were looked at, of the footage asked about."""
    wanted, recipe = asked.footage(), asked.recipe
    analysed = asked.session.scalars(
        select(AnalysisRow.footage).where(
            AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
        )
    )
    found: dict[str, set[str]] = defaultdict(set)
    for footage in analysed:
        source = asked.sources[footage]
        if footage in wanted and source.plant is not None:
            found[source.plant].add(source.recording)
    return {plant: frozenset(several) for plant, several in found.items()}


def occupancy_of(
    plants: Mapping[str, Sequence[SeenMachine]], shown: Collection[str], level: float
) -> Occupancy:
    """The occupancy model of the plants of which something is told.

    Taken for such as show none, those of which nothing is told yet would make the share of plants
    that hold one smaller, and the others' absence surer.

    Args:
        plants: of each the machines that the program found, of what was looked at.
        shown: plants that show one, or may, otherwise than the model knows.
    """
    hits = [len(_recordings(filter(confirmed, group))) for group in plants.values()]
    told = [
        _visits(group) if hit or not (name in shown or any(m.waiting or m.pending for m in group))
        else 0
        for (name, group), hit in zip(plants.items(), hits, strict=True)
    ]  # fmt: skip
    found = fit_occupancy(told, hits, level)
    left = told.count(0)
    if not left or found.present.value is None:
        return found
    note = Message(
        "%(num)s plant is left out: a claim or a verdict waits there, no builder is known, or "
        "people alone saw one",
        "%(num)s plants are left out: a claim or a verdict waits there, no builder is known, or "
        "people alone saw one",
        num=left,
    )
    return replace(found, present=replace(found.present, warnings=(*found.present.warnings, note)))


def _visits(group: Sequence[SeenMachine]) -> int:
    """Recordings of a plant that say whether one is there.

    Where none is confirmed, those in which the builder of some machine is known: what nobody can
    read shows neither one nor none. Where one is, all in which a machine was found: those in which
    it cannot be read are those that do not show it, and without them each recording would seem to.
    """
    if any(map(confirmed, group)):
        return len(_recordings(group))
    return len(_recordings(m for m in group if m.known is not None))


def plant_rows(
    plants: Mapping[str, Sequence[SeenMachine]],
    looked_at: Mapping[str, frozenset[str]],
    absent: Mapping[str, Estimate | None],
    level: float,
) -> tuple[PlantRow, ...]:
    """A row of each plant in which a machine was seen, and then of those in which none was.

    Args:
        looked_at: by plant that sources name its recordings.
        absent: by plant the probability that it holds none.
    """
    empty = sorted(looked_at.keys() - plants.keys())
    return (
        *(
            _row(name, group, looked_at.get(name, frozenset()), absent.get(name), level)
            for name, group in plants.items()
        ),
        *(PlantRow(name, True, len(looked_at[name]), 0, 0, 0, 0, None) for name in empty),
    )


def _row(
    name: str,
    group: Sequence[SeenMachine],
    looked_at: frozenset[str],
    absent: Estimate | None,
    level: float,
) -> PlantRow:
    if any(map(confirmed, group)):
        absent = no_absence(level)  # whatever the model, which knows none by hand, would say
    return PlantRow(
        plant=name,
        stated=group[0].stated,
        recordings=len(looked_at | _recordings(group)),
        machines=len(group),
        confirmed=sum(map(confirmed, group)),
        probable=sum(status(m) == "probable" for m in group),
        unknown=sum(status(m) in ("unknown", "concealed") for m in group),
        absent=absent,
    )


def _recordings(machines: Iterable[SeenMachine]) -> frozenset[str]:
    """Of a plant; what was linked to a machine of it by other plants' footage tells nothing of how
    often it was filmed."""
    return frozenset().union(*(m.at_plant or m.recordings for m in machines))
