"""Machines with what a list shows of each, in a few queries for all of them.

The machines of a case by builder and origin: as people settled them, else as they were read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.name.decide import MOST_LEADS
from evidence.browse.outcomes import (
    MachineOutcome,
    OutcomeDetail,
    all_words,
    control_footage,
    control_machines,
    is_seller,
    members,
    only_in,
    only_plate,
    origin_of,
    words_of,
)
from evidence.browse.shapes import LeadDetail, OriginDetail, RegistryName, Said, Shape
from evidence.browse.sightings import rows_on
from evidence.case.places import PLACES
from evidence.case.sighting_tables import MachineRow, StillRow
from evidence.case.summary import empty_row
from evidence.case.tables import LeadRow, Recipe
from evidence.link.sightings import select_in
from evidence.review.log import told_state
from evidence.spelling import PlantNames


class MachineSummary(Shape):
    """One machine in a list.

    - `builder`, `grade`, `probability`: of its surest sighting. `still`, `mark`: its pictures.
    - `conflict`: its sightings name several builders.
    - `plants`: claimed for its footage, each once.
    - `leads`: the likeliest of its sightings, at most five.
    - `judged`: how many sightings are `open` and how many `settled` in the review.
    - `outcomes`: as what they were settled.
    - `settled`: what people settled of the machine itself, which goes first; null: nothing.
    - `control`: seen only in footage kept as a positive control.
    """

    id: str
    builder: RegistryName | None
    grade: str
    probability: float
    origin: OriginDetail | None
    seen: int
    footage: int
    conflict: bool
    still: str | None
    mark: str | None
    plants: list[Said]
    leads: list[LeadDetail]
    judged: dict[str, int]
    outcomes: list[Said]
    settled: OutcomeDetail | None = None
    control: bool = False


def describe(
    session: Session, rows: Sequence[MachineRow], registry: Registry
) -> list[MachineSummary]:
    """The machines of these rows, in their order."""
    seen = members(session, [row.id for row in rows])
    names = {(one.analysis, one.name) for some in seen.values() for one in some}
    surest = {id_: (some[0].analysis, some[0].name) for id_, some in seen.items()}
    stills = rows_on(session, StillRow, surest.values())
    leads = rows_on(session, LeadRow, names, LeadRow.number)
    plants = _plants(session, {one.footage for some in seen.values() for one in some})
    words = words_of(seen, registry)
    controls: set[str] = set()
    for model, settings in {(row.model, row.settings) for row in rows}:
        footage = control_footage(session, Recipe(model=model, settings=settings))
        controls |= only_in(seen, footage)
    writings = PlantNames(registry.plants)
    found = []
    for row in rows:
        some = seen[row.id]
        pictures = {one.role: one.sha256 for one in stills[surest.get(row.id, ("", ""))]}
        states = [one.state for one in some if one.state]
        word = words.get(row.id)
        found.append(
            MachineSummary.read(
                row,
                registry,
                origin=_origin(row, only_plate(some), registry),
                seen=row.sightings,
                footage=row.footages,
                still=pictures.get("best"),
                mark=pictures.get("mark"),
                plants=writings.once({plant for one in some for plant in plants[one.footage]}),
                leads=_best_leads(
                    [lead for one in some for lead in leads[one.analysis, one.name]], registry
                ),
                judged=dict(sorted(Counter(told_state(s) for s in states).items())),
                outcomes=sorted({one.outcome for one in some if one.outcome}),
                settled=word and OutcomeDetail.of(word, row.builder, registry),
                control=row.id in controls,
            )
        )
    return found


def _best_leads(rows: Iterable[LeadRow], registry: Registry) -> list[LeadDetail]:
    """Of each builder, and each country of a plate, the likeliest; at most five."""
    best: dict[tuple[str | None, str | None], LeadRow] = {}
    for row in sorted(rows, key=lambda row: -row.probability):
        best.setdefault((row.builder, row.origin), row)
    return [LeadDetail.of(row, registry) for row in list(best.values())[:MOST_LEADS]]


def _origin(row: MachineRow, plate: str | None, registry: Registry) -> OriginDetail | None:
    seller = is_seller(row.builder, registry)
    if plate is not None and (row.builder is None or seller):
        return OriginDetail(code=plate, basis="plate")
    if row.builder is None or row.builder not in registry:
        return None
    code, basis = origin_of(row.builder, None, registry), "rebadger" if seller else "builder"
    return OriginDetail(code=code, basis=basis, grade="B" if seller else row.grade)


def _plants(session: Session, footages: set[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    query = select(PLACES.c.footage, PLACES.c.plant_claimed)
    query = query.where(PLACES.c.plant_claimed.is_not(None))
    for footage, plant in select_in(session, query, PLACES.c.footage, footages):
        found[footage].add(plant)
    return found


class BuilderCount(Shape):
    """How many machines of one builder there are, by what people settled where they did, and else
    by what was read. `settled`: how many of them people settled; `grades`: of those of whose
    builder the program says the same. `several`: people name several builders of one machine."""

    builder: str | None
    name: Said
    origin: str | None
    several: bool
    machines: int
    settled: int
    sightings: int
    grades: dict[str, int]


class MachineCounts(Shape):
    """`rows`: by builder, without `controls` and `none`.

    - `controls`: machines seen only in footage kept as a positive control.
    - `none`: those that people settled as no machine or no CNC machine tool.
    """

    rows: list[BuilderCount]
    controls: int
    none: int


def machine_counts(
    session: Session, recipe: Recipe | None, registry: Registry, read: Sequence[dict[str, Any]]
) -> MachineCounts:
    """The table of a recipe's machines; of a case that was not worked with there are none.

    Args:
        read: the table of what was read, of `evidence.case.summary.count_machines`.
    """
    if recipe is None:
        return MachineCounts(rows=[], controls=0, none=0)
    words = all_words(session, recipe, registry)
    controls = control_machines(session, recipe)
    found: dict[tuple[str | None, str | None, bool], dict[str, Any]] = {}
    for one in read:
        more = {"several": False, "settled": 0, "grades": dict(one["grades"])}
        found[one["builder"], one["origin"], False] = one | more

    def add(number: int, row: MachineRow, word: MachineOutcome, graded: bool) -> dict[str, Any]:
        several = word.said == "several"
        place = word.builder, word.origin, several
        if place not in found:
            new = empty_row(word.builder, word.origin, registry)
            new |= {"origin": word.origin, "several": several, "settled": 0}
            found[place] = new | ({"name": "several builders"} if several else {})
        found[place]["machines"] += number
        found[place]["sightings"] += number * row.sightings
        found[place]["grades"][row.grade] += number if graded else 0
        return found[place]

    none = 0
    seen = members(session, {*words, *controls})
    for (row,) in select_in(session, select(MachineRow), MachineRow.id, seen):
        plate = only_plate(seen[row.id])
        read_as = MachineOutcome("builder", row.builder, origin_of(row.builder, plate, registry))
        add(-1, row, read_as, graded=True)
        word = words.get(row.id)
        if row.id not in controls and word is not None:
            none += word.said == "none"
            if word.said != "none":
                add(1, row, word, graded=word.agrees(row.builder))["settled"] += 1
    rows = [BuilderCount.model_validate(row) for row in found.values() if row["machines"]]
    rows.sort(key=lambda one: (one.builder is None, one.origin is None, -one.machines, one.name))
    return MachineCounts(rows=rows, controls=len(controls), none=none)
