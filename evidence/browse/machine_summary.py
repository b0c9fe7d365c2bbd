"""Machines with what a list shows of each, in a few queries for all of them.

The machines of a case by builder and origin: as people settled them, else as they were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.name.decide import MOST_LEADS
from detector.name.homes import home_of
from evidence.browse.outcomes import (
    MachineOutcome,
    OutcomeDetail,
    all_words,
    control_machines,
    members,
    only_controls,
    only_plate,
    origin_of,
    words_of,
)
from evidence.browse.shapes import LeadDetail, OriginDetail, RegistryName, Said, Shape
from evidence.browse.sightings import leads_of
from evidence.case.places import PLACES
from evidence.case.sighting_tables import MachineRow, Membership, SightingRow, StillRow
from evidence.case.summary import empty_row
from evidence.case.tables import Item, LeadRow, Recipe
from evidence.link.sightings import chunks
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


def home(builder: str, registry: Registry) -> str | None:
    """Where a builder's machines are from; a seller's home is no origin."""
    return home_of(registry.get(builder)) if builder in registry else None


def describe(
    session: Session, rows: Sequence[MachineRow], registry: Registry
) -> list[MachineSummary]:
    """The machines of these rows, in their order."""
    ids = [row.id for row in rows]
    members = _members(session, ids)
    pictures = _pictures(session, [some[0] for some in members.values()])
    plants = _plants(session, {one.footage for some in members.values() for one in some})
    leads = leads_of(
        session, {(one.analysis, one.name) for some in members.values() for one in some}
    )
    judged, outcomes = _judged(session, ids)
    words = words_of(session, ids, registry)
    controls = only_controls(session, rows)
    writings = PlantNames(registry.plants)
    found = []
    for row in rows:
        some = members.get(row.id, [])
        stills = pictures.get((some[0].analysis, some[0].name), {}) if some else {}
        here = {plant for one in some for plant in plants.get(one.footage, ())}
        found.append(
            MachineSummary(
                id=row.id,
                builder=None if row.builder is None else RegistryName.of(row.builder, registry),
                grade=row.grade,
                probability=row.probability,
                origin=_origin(row, some, registry),
                seen=row.sightings,
                footage=row.footages,
                conflict=row.conflict,
                still=stills.get("best"),
                mark=stills.get("mark"),
                plants=writings.once(here),
                leads=_best_leads(
                    [lead for one in some for lead in leads[one.analysis, one.name]], registry
                ),
                judged=judged.get(row.id, {}),
                outcomes=sorted(outcomes.get(row.id, ())),
                settled=OutcomeDetail.of(words[row.id], row.builder, registry)
                if row.id in words
                else None,
                control=row.id in controls,
            )
        )
    return found


def _best_leads(rows: Sequence[LeadRow], registry: Registry) -> list[LeadDetail]:
    """Of each builder, and each country of a plate, the likeliest; at most five."""
    best: dict[tuple[str | None, str | None], LeadRow] = {}
    for row in sorted(rows, key=lambda row: -row.probability):
        best.setdefault((row.builder, row.origin), row)
    return [LeadDetail.of(row, registry) for row in list(best.values())[:MOST_LEADS]]


def _origin(row: MachineRow, members: Sequence[Any], registry: Registry) -> OriginDetail | None:
    plate = only_plate(members)
    if row.builder is not None:
        if row.builder not in registry:
            return None
        seller = registry.get(row.builder).type == "rebadger"
        if seller and plate is not None:
            return OriginDetail(code=plate, basis="plate")
        basis = "rebadger" if seller else "builder"
        code = home(row.builder, registry)
        return OriginDetail(code=code, basis=basis, grade="B" if seller else row.grade)
    return None if plate is None else OriginDetail(code=plate, basis="plate")


def _members(session: Session, ids: Sequence[str]) -> dict[str, list[Any]]:
    """By machine its sightings, the surest first; of each only what is short."""
    found: dict[str, list[Any]] = defaultdict(list)
    for part in chunks(ids):
        query = (
            select(
                Membership.machine,
                SightingRow.analysis,
                SightingRow.name,
                SightingRow.footage,
                SightingRow.origin,
                SightingRow.origin_basis,
            )
            .join(SightingRow, SightingRow.key == Membership.sighting)
            .where(Membership.machine.in_(part))
            .order_by(
                SightingRow.grade,
                SightingRow.probability.desc(),
                SightingRow.confidence.desc(),
                SightingRow.key,
            )
        )
        for row in session.execute(query):
            found[row.machine].append(row)
    return found


def _pictures(session: Session, some: Sequence[Any]) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for part in chunks({one.analysis for one in some}):
        names = {one.name for one in some}
        query = select(StillRow.analysis, StillRow.sighting, StillRow.role, StillRow.sha256)
        query = query.where(StillRow.analysis.in_(part), StillRow.sighting.in_(names))
        for analysis, sighting, role, sha256 in session.execute(query):
            found[analysis, sighting][role] = sha256
    return found


def _plants(session: Session, footages: set[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for part in chunks(sorted(footages)):
        query = select(PLACES.c.footage, PLACES.c.plant_claimed).where(
            PLACES.c.footage.in_(part), PLACES.c.plant_claimed.is_not(None)
        )
        for footage, plant in session.execute(query):
            found[str(footage)].add(str(plant))
    return found


def _judged(
    session: Session, ids: Sequence[str]
) -> tuple[dict[str, dict[str, int]], dict[str, set[str]]]:
    states: dict[str, dict[str, int]] = defaultdict(dict)
    outcomes: dict[str, set[str]] = defaultdict(set)
    for part in chunks(ids):
        query = (
            select(Membership.machine, Item.state, Item.outcome, func.count())
            .join(Item, Item.sighting == Membership.sighting)
            .where(Membership.machine.in_(part))
            .group_by(Membership.machine, Item.state, Item.outcome)
            .order_by(Item.state)
        )
        for machine, state, outcome, number_ in session.execute(query):
            stands = told_state(state)
            states[machine][stands] = states[machine].get(stands, 0) + number_
            if outcome is not None:
                outcomes[machine].add(outcome)
    return states, outcomes


Place = tuple[str | None, str | None, bool]
"""Builder, origin, and whether people name several builders."""


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
    """The table of a recipe's machines; of a case that was not worked with there are none."""
    if recipe is None:
        return MachineCounts(rows=[], controls=0, none=0)
    words = all_words(session, recipe, registry)
    return count_outcomes(session, recipe, registry, read, words)


def count_outcomes(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    read: Sequence[dict[str, Any]],
    words: dict[str, MachineOutcome],
) -> MachineCounts:
    """The table of machines, from that of what was read.

    Args:
        read: of `store.summary.count_machines`.
        words: what people settled, by machine.
    """
    found: dict[Place, dict[str, Any]] = {}
    for one in read:
        place = (one["builder"], one["origin"], False)
        found[place] = one | {"several": False, "settled": 0, "grades": dict(one["grades"])}
    controls = control_machines(session, recipe)
    seen = members(session, sorted({*words, *controls}))
    none = 0
    for row in _rows(session, sorted(seen)):
        word = words.get(row.id)
        was = _read_as(row, seen[row.id], registry)
        _add(found, was, row, registry, -1, graded=True)
        if row.id in controls or word is None:
            continue
        if word.said == "none":
            none += 1
            continue
        now = (word.builder, word.origin, word.said == "several")
        _add(found, now, row, registry, 1, graded=word.agrees(row.builder))
        found[now]["settled"] += 1
    rows = [BuilderCount.model_validate(row) for row in found.values() if row["machines"]]
    rows.sort(key=lambda one: (one.builder is None, one.origin is None, -one.machines, one.name))
    return MachineCounts(rows=rows, controls=len(controls), none=none)


def _rows(session: Session, ids: Sequence[str]) -> list[MachineRow]:
    return [
        row
        for part in chunks(ids)
        for row in session.scalars(select(MachineRow).where(MachineRow.id.in_(part)))
    ]


def _read_as(row: MachineRow, rows: Sequence[Any], registry: Registry) -> Place:
    """Where `count_machines` counts a machine."""
    return row.builder, origin_of(row.builder, only_plate(rows), registry), False


def _add(
    found: dict[Place, dict[str, Any]],
    place: Place,
    row: MachineRow,
    registry: Registry,
    number: int,
    graded: bool,
) -> None:
    builder, origin, several = place
    if place not in found:
        more = {"origin": origin, "several": several, "settled": 0}
        found[place] = empty_row(builder, origin, registry) | more
        if several:
            found[place]["name"] = "several builders"
    there = found[place]
    there["machines"] += number
    there["sightings"] += number * row.sightings
    if graded:
        there["grades"][row.grade] += number
