"""What was seen of each plant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from evidence.answer.population import CountedMachine, Status, confirmed, shown_as
from evidence.answer.sources import Asked
from evidence.case.sighting_tables import AnalysisRow


@dataclass(frozen=True, slots=True)
class PlantRow:
    """What was seen of one plant.

    recordings: looked at; readable: in which the builder of some machine is identified; shows:
    in which one of the kind is confirmed. probable: leads for the kind.
    """

    plant: str
    stated: bool
    recordings: int
    readable: int
    shows: int
    machines: int
    confirmed: int
    probable: int
    unknown: int

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


def plant_rows(
    plants: Mapping[str, Sequence[CountedMachine]], looked_at: Mapping[str, frozenset[str]]
) -> tuple[PlantRow, ...]:
    """A row of each plant in which a machine was seen, then of those in which none was."""
    empty = sorted(looked_at.keys() - plants.keys())
    return (
        *(_row(name, group, looked_at.get(name, frozenset())) for name, group in plants.items()),
        *(PlantRow(name, True, len(looked_at[name]), 0, 0, 0, 0, 0, 0) for name in empty),
    )


def _row(name: str, group: Sequence[CountedMachine], looked_at: frozenset[str]) -> PlantRow:
    words = [shown_as(one) for one in group]
    return PlantRow(
        plant=name,
        stated=group[0].stated,
        recordings=len(looked_at | _recordings(group)),
        readable=len(_recordings(one for one in group if one.identified)),
        shows=len(_recordings(filter(confirmed, group))),
        machines=len(group),
        confirmed=sum(map(confirmed, group)),
        probable=sum(one.status is Status.LEAD for one in group),
        unknown=words.count("unknown") + words.count("concealed"),
    )


def _recordings(machines: Iterable[CountedMachine]) -> frozenset[str]:
    """Of the plant's own footage; what other plants' footage shows is no visit to it."""
    return frozenset().union(*(one.at_plant or one.recordings for one in machines))
