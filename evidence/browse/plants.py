"""The plants of a case: what stands in each, by country, and what waits there for a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.outcomes import all_words, control_machines, origin_of, plate_of
from evidence.browse.shapes import Said, Shape
from evidence.case.flags import LEAST_TESTED
from evidence.case.places import PLACES
from evidence.case.sighting_tables import MachineRow, Membership, SightingRow
from evidence.case.tables import LeadRow, Recipe
from evidence.spelling import PlantNames


class PlantSummary(Shape):
    """A plant as sources name it.

    - `countries`: machines by country, as people settled or the program read it; `""`: not known.
    - `first`, `last`: of publication.
    - `leads`: machines nobody has settled that may be of an origin under test.
    """

    plant: Said
    clips: int
    first: Said | None
    last: Said | None
    machines: int
    countries: dict[str, int]
    leads: int


def list_plants(
    session: Session, recipe: Recipe, registry: Registry, tested: tuple[str, ...]
) -> list[PlantSummary]:
    """The plants, those with the most machines first. Spellings of one plant are one."""
    names = PlantNames(registry.plants)
    labels: dict[str, str] = {}
    called: dict[str, str] = {}
    clips: dict[str, list[Any]] = defaultdict(list)
    query = (
        select(
            PLACES.c.plant_claimed,
            func.count(PLACES.c.footage.distinct()),
            func.min(PLACES.c.published),
            func.max(PLACES.c.published),
        )
        .where(PLACES.c.plant_claimed.is_not(None))
        .group_by(PLACES.c.plant_claimed)
        .order_by(PLACES.c.plant_claimed)
    )
    for row in session.execute(query):
        called[row[0]] = labels.setdefault(names.key(row[0]), names.name(row[0]))
        clips[called[row[0]]].append(row)
    machines = _machines(session, recipe, registry, called)
    waiting = _leads(session, recipe, registry, tested)
    found = [
        PlantSummary(
            plant=plant,
            clips=sum(row[1] for row in rows),
            first=min((row[2] for row in rows if row[2]), default=None),
            last=max((row[3] for row in rows if row[3]), default=None),
            machines=len(machines[plant]),
            countries=dict(Counter(machines[plant].values()).most_common()),
            leads=len(waiting & machines[plant].keys()),
        )
        for plant, rows in clips.items()
    ]
    return sorted(found, key=lambda one: (-one.leads, -one.machines, one.plant))


def _machines(
    session: Session, recipe: Recipe, registry: Registry, called: dict[str, str]
) -> dict[str, dict[str, str]]:
    """By plant, the country of each machine; without those people settled to be none."""
    words = all_words(session, recipe, registry)
    controls = control_machines(session, recipe)
    query = (
        select(
            PLACES.c.plant_claimed,
            MachineRow.id,
            MachineRow.builder,
            SightingRow.origin,
            SightingRow.origin_basis,
        )
        .join(SightingRow, SightingRow.footage == PLACES.c.footage)
        .join(Membership, Membership.sighting == SightingRow.key)
        .join(MachineRow, MachineRow.id == Membership.machine)
        .where(PLACES.c.plant_claimed.is_not(None))
        .where(MachineRow.model == recipe.model, MachineRow.settings == recipe.settings)
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in session.execute(query):
        word = words.get(row.id)
        if row.id in controls or (word is not None and word.said == "none"):
            continue
        read = origin_of(row.builder, plate_of(row), registry)
        country = (read if word is None else word.origin) or ""
        there = found[called[row.plant_claimed]]
        there[row.id] = country or there.get(row.id, "")
    return found


def _leads(
    session: Session, recipe: Recipe, registry: Registry, tested: tuple[str, ...]
) -> set[str]:
    """The machines that a lead or a claim ties to an origin under test, and nobody settled."""
    query = (
        select(Membership.machine)
        .join(SightingRow, SightingRow.key == Membership.sighting)
        .join(
            LeadRow,
            (LeadRow.analysis == SightingRow.analysis) & (LeadRow.sighting == SightingRow.name),
        )
        .where(LeadRow.model == recipe.model, LeadRow.settings == recipe.settings)
        .where(LeadRow.origin.in_(tested), LeadRow.probability >= LEAST_TESTED)
    )
    return set(session.scalars(query)) - all_words(session, recipe, registry).keys()
