"""Machines with what a list shows of each, in a few queries for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.claims.origin import home_of
from evidence.browse.controls import only_controls
from evidence.browse.settled import Settled, only_plate, words_of
from evidence.browse.shapes import Named, Origin, Said, Shape
from evidence.linking.load import chunks
from evidence.review.visible import told_state
from evidence.spelled import Writings
from evidence.store.derived import MachineRow, Membership, SightingRow, StillRow
from evidence.store.people import Item
from evidence.store.places import PLACES


class Machine(Shape):
    """One machine in a list. `builder`, `grade` and `probability` are those of its surest
    sighting; `conflict`: its sightings name several builders. `still`, `mark`: pictures of that
    sighting. `plants`: where its footage is said to be from, each once. `judged`: how many of
    its sightings are `open` in the review and how many `settled`; `outcomes`: what the latter were
    settled as. `settled`: what people settled of the machine itself, which goes before all of
    these; null: nothing. `control`: it is seen only in footage kept as a positive control."""

    id: str
    builder: Named | None
    grade: str
    probability: float
    origin: Origin | None
    seen: int
    footage: int
    conflict: bool
    still: str | None
    mark: str | None
    plants: list[Said]
    judged: dict[str, int]
    outcomes: list[Said]
    settled: Settled | None = None
    control: bool = False


def home(builder: str, registry: Registry) -> str | None:
    """Where a builder's machines are from; a seller's home is no origin."""
    return home_of(registry.get(builder)) if builder in registry else None


def describe(session: Session, rows: Sequence[MachineRow], registry: Registry) -> list[Machine]:
    """The machines of these rows, in their order."""
    ids = [row.id for row in rows]
    members = _members(session, ids)
    pictures = _pictures(session, [some[0] for some in members.values()])
    plants = _plants(session, {one.footage for some in members.values() for one in some})
    judged, outcomes = _judged(session, ids)
    words = words_of(session, ids, registry)
    controls = only_controls(session, rows)
    writings = Writings(registry.plants)
    found = []
    for row in rows:
        some = members.get(row.id, [])
        stills = pictures.get((some[0].analysis, some[0].name), {}) if some else {}
        here = {plant for one in some for plant in plants.get(one.footage, ())}
        found.append(
            Machine(
                id=row.id,
                builder=None if row.builder is None else Named.of(row.builder, registry),
                grade=row.grade,
                probability=row.probability,
                origin=_origin(row, some, registry),
                seen=row.sightings,
                footage=row.footages,
                conflict=row.conflict,
                still=stills.get("best"),
                mark=stills.get("mark"),
                plants=writings.once(here),
                judged=judged.get(row.id, {}),
                outcomes=sorted(outcomes.get(row.id, ())),
                settled=Settled.of(words[row.id], row.builder, registry)
                if row.id in words
                else None,
                control=row.id in controls,
            )
        )
    return found


def _origin(row: MachineRow, members: Sequence[Any], registry: Registry) -> Origin | None:
    plate = only_plate(members)
    if row.builder is not None:
        if row.builder not in registry:
            return None
        seller = registry.get(row.builder).type == "rebadger"
        if seller and plate is not None:
            return Origin(code=plate, basis="plate")
        basis = "rebadger" if seller else "builder"
        code = home(row.builder, registry)
        return Origin(code=code, basis=basis, grade="B" if seller else row.grade)
    return None if plate is None else Origin(code=plate, basis="plate")


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
