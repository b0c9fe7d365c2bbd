"""The machines of a case: searched, filtered, sorted, a page at a time.

A page costs the same wherever it is in the list. With 100,000 machines and half a million
readings in SQLite: about 50 ms without filters, or by builder, grade, plant, publisher, date;
half a second by origin, and where none of a machine's sightings may be up for review; by a text
half a second to one and a half, since every reading is compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.origin import home_of
from evidence.browse.paging import Key, in_order, key, number, text, write_cursor
from evidence.browse.search import SOME, holds, lying, of_plant, published, read_on, read_there
from evidence.browse.shapes import Named, Origin, Page, Said, Shape
from evidence.linking.load import chunks
from evidence.review.queue import STATES
from evidence.review.visible import told_state
from evidence.spelled import plants_once
from evidence.store.derived import AnalysisRow, MachineRow, Membership, SightingRow, StillRow
from evidence.store.models import Recipe
from evidence.store.people import Item
from evidence.store.places import PLACES

Sort = Literal["grade", "seen", "builder"]
State = Literal["none", "waiting", "settled"]
UNKNOWN = "unknown"
_LAST = "\U0010ffff"  # sorts behind every builder


class Machine(Shape):
    """One machine in a list. `builder`, `grade` and `probability` are those of its surest
    sighting; `conflict`: its sightings name several builders. `still`, `mark`: pictures of that
    sighting. `plants`: where its footage is said to be from, each once. `judged`: how many of
    its sightings are `open` in the review and how many `settled`; `outcomes`: what the latter were
    settled as."""

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


@dataclass(frozen=True)
class Wanted:
    """What machines are searched by; None: whatever.

    builder: a registry id, or `unknown`. origin: a country; `open` where it is not known. plant,
    publisher, text: words within, a plant's however it is written. since, until: of publication.
    state: of the review.
    """

    builder: str | None = None
    origin: str | None = None
    grades: frozenset[str] = frozenset()
    plant: str | None = None
    publisher: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None
    state: State | None = None


def list_machines(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    wanted: Wanted,
    sort: Sort = "grade",
    after: str | None = None,
    limit: int = 50,
) -> Page[Machine]:
    """The machines of a recipe that are as wanted.

    Args:
        sort: `grade`, the surest first; `seen`, most sightings first; `builder`, by its id.

    Raises:
        UsageError: `after` is no cursor of this list, sorted so.
    """
    keys = _KEYS[sort]
    query = select(MachineRow, *(part.column for part in keys)).where(
        MachineRow.model == recipe.model,
        MachineRow.settings == recipe.settings,
        *_conditions(session, wanted, recipe, registry),
    )
    rows = session.execute(in_order(query, keys, after, limit)).all()
    found = [row[0] for row in rows[:limit]]
    return Page(
        items=describe(session, found, registry),
        next=write_cursor(rows[limit - 1][1:]) if len(rows) > limit else None,
    )


_ID = Key(MachineRow.id.expression, key)
_GRADE = Key(MachineRow.grade.expression, key)
_SURE = Key(MachineRow.probability.expression, number, descending=True)
_KEYS: dict[str, list[Key]] = {
    "grade": [_GRADE, _SURE, _ID],
    "seen": [Key(MachineRow.sightings.expression, number, descending=True), _ID],
    "builder": [Key(func.coalesce(MachineRow.builder, _LAST), text), _GRADE, _ID],
}


def builders_seen(session: Session, registry: Registry) -> list[Named]:
    """The builders that machines of the case are held to be of, by name."""
    query = select(MachineRow.builder).where(MachineRow.builder.is_not(None)).distinct()
    found = [Named.of(str(one), registry) for one in session.scalars(query)]
    return sorted(found, key=lambda one: one.name)


def _conditions(
    session: Session, wanted: Wanted, recipe: Recipe, registry: Registry
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.builder == UNKNOWN:
        found.append(MachineRow.builder.is_(None))
    elif wanted.builder is not None:
        found.append(MachineRow.builder == wanted.builder)
    if wanted.origin is not None:
        found.append(_from(wanted.origin, registry))
    if wanted.grades:
        found.append(MachineRow.grade.in_(sorted(wanted.grades)))
    places = published(wanted.since, wanted.until)
    if wanted.plant:
        places.append(of_plant(session, wanted.plant))
    if wanted.publisher:
        places.append(holds(SOME.publisher, wanted.publisher))
    if places:
        here = SightingRow.footage.in_(lying(places))
        found.append(_one_of(session, _seen_in(recipe, lying(places)), _some_sighting(here)))
    if wanted.text:
        read = _some_sighting(read_there(wanted.text))
        found.append(_one_of(session, _showing(read_on(recipe, wanted.text)), read))
    if wanted.state is not None:
        found.append(_in_state(session, recipe, wanted.state))
    return found


FEW = 2000
"""Up to so many machines are looked up one by one."""


def _one_of(
    session: Session, machines: Select[Any], walked: ColumnElement[bool]
) -> ColumnElement[bool]:
    """A condition that finds some machines fast, be they few or many.

    Few are looked up. Of many a walk along the list soon has met enough for a page, and asks
    of each that it passes whether it is one; no plan of a database knows beforehand which is
    better.
    """
    some = session.scalars(machines.limit(FEW)).all()
    if not some:
        return false()
    return MachineRow.id.in_(sorted(set(some))) if len(some) < FEW else walked


def _some_sighting(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(
        select(SightingRow.key)
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(Membership.machine == MachineRow.id, condition)
    )


def _showing(keys: Select[Any]) -> Select[Any]:
    """The machines of some sightings, by key."""
    return select(Membership.machine).where(Membership.sighting.in_(keys))


def _seen_in(recipe: Recipe, footage: Select[Any]) -> Select[Any]:
    """The machines that were seen in some footage."""
    return (
        select(Membership.machine)
        .join(SightingRow, SightingRow.key == Membership.sighting)
        .join(AnalysisRow, AnalysisRow.id == SightingRow.analysis)
        .where(
            AnalysisRow.footage.in_(footage),
            AnalysisRow.model == recipe.model,
            AnalysisRow.settings == recipe.settings,
        )
    )


def _in_state(session: Session, recipe: Recipe, state: State) -> ColumnElement[bool]:
    """Some sighting's item stands so; `none`: no sighting has one."""
    of = {"waiting": [*STATES], "settled": ["settled"], "none": [*STATES, "settled"]}
    states = of[state]
    found = (
        select(Membership.machine)
        .join(Item, Item.sighting == Membership.sighting)
        .where(
            Item.model == recipe.model,
            Item.settings == recipe.settings,
            Item.state.in_(states),
        )
    )
    walked = exists(
        select(Item.item)
        .join(Membership, Membership.sighting == Item.sighting)
        .where(Membership.machine == MachineRow.id, Item.state.in_(states))
    )
    return ~walked if state == "none" else _one_of(session, found, walked)


def _from(code: str, registry: Registry) -> ColumnElement[bool]:
    """Of that origin: by its builder's home, a seller's makers, or its plate where the builder
    is unknown. `open`: none of these tells."""
    told = {entry.id: _home(entry.id, registry) for entry in registry.builders}
    plated = select(SightingRow.key).where(SightingRow.origin_basis == "plate")
    unnamed = MachineRow.builder.is_(None)
    if code == "open":
        named = [id_ for id_, home in told.items() if home is None]
        bare = and_(unnamed, MachineRow.id.not_in(_showing(plated)))
        return or_(bare, MachineRow.builder.in_(named) if named else false())
    named = [id_ for id_, home in told.items() if home == code]
    here = MachineRow.id.in_(_showing(plated.where(SightingRow.origin == code)))
    return or_(MachineRow.builder.in_(named) if named else false(), and_(unnamed, here))


def _home(builder: str, registry: Registry) -> str | None:
    """Where a builder's machines are from; a seller's home is no origin."""
    return home_of(registry.get(builder)) if builder in registry else None


def describe(session: Session, rows: Sequence[MachineRow], registry: Registry) -> list[Machine]:
    """Machines with what a list shows of each, in a few queries for all of them."""
    ids = [row.id for row in rows]
    members = _members(session, ids)
    pictures = _pictures(session, [some[0] for some in members.values()])
    plants = _plants(session, {one.footage for some in members.values() for one in some})
    judged, outcomes = _judged(session, ids)
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
                plants=plants_once(here),
                judged=judged.get(row.id, {}),
                outcomes=sorted(outcomes.get(row.id, ())),
            )
        )
    return found


def _origin(row: MachineRow, members: Sequence[Any], registry: Registry) -> Origin | None:
    if row.builder is not None:
        if row.builder not in registry:
            return None
        seller = registry.get(row.builder).type == "rebadger"
        basis = "rebadger" if seller else "builder"
        code = _home(row.builder, registry)
        return Origin(code=code, basis=basis, grade="B" if seller else row.grade)
    told = {one.origin for one in members if one.origin_basis == "plate" and one.origin}
    return Origin(code=told.pop(), basis="plate") if len(told) == 1 else None


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
        )
        for machine, state, outcome, number_ in session.execute(query):
            stands = told_state(state)
            states[machine][stands] = states[machine].get(stands, 0) + number_
            if outcome is not None:
                outcomes[machine].add(outcome)
    return states, outcomes
