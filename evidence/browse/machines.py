"""Machines of a case: listed, searched and sorted, and one with all that ties it together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.machine_summary import (
    MachineOutcome,
    MachineSummary,
    all_words,
    control_machines,
    describe,
    led_to,
    origin_of,
)
from evidence.browse.machine_summary import (
    members as members_of,
)
from evidence.browse.search import Key, View, claims, lying, page_of, read_on
from evidence.browse.shapes import Page, Reason, RegistryName, Said, Shape, TimeOfDay
from evidence.browse.sightings import machines_of
from evidence.case.base import found_with, select_in
from evidence.case.sighting_tables import (
    AnalysisRow,
    Decision,
    Link,
    LookRow,
    MachineRow,
    Membership,
    SightingRow,
    Verdict,
)
from evidence.case.tables import Item, Recipe
from evidence.case.verdicts import given
from evidence.link.sightings import Scope, decisions_on
from evidence.link.ties import ALIKE
from evidence.review.queue import STATES
from evidence.review.standing import GivenVerdict, held_by

Sort = Literal["grade", "seen", "builder"]
State = Literal["none", "waiting", "settled"]
Controls = Literal["with", "only"]
UNKNOWN = "unknown"
_LAST = "\U0010ffff"  # sorts behind every builder


@dataclass(frozen=True)
class MachineFilter:
    """What machines are searched by; None: any. Builder and origin: as people settled them, else as
    the program read them."""

    builder: str | None = None  # a registry id, or `unknown`
    origin: str | None = None  # a country, or `open` where it is not known
    grades: frozenset[str] = frozenset()
    plant: str | None = None  # words in any of its names
    publisher: str | None = None  # words in it
    since: str | None = None  # of publication
    until: str | None = None
    text: str | None = None  # words in what was read
    state: State | None = None  # of the review
    controls: Controls | None = None  # `with` positive controls, `only` those; None: without
    lead: str | None = None  # a country to which an unsettled lead points


_ID, _GRADE = Key(MachineRow.id), Key(MachineRow.grade)
_SURE = Key(MachineRow.probability, descending=True)
_KEYS = {
    "seen": [Key(MachineRow.sightings, descending=True), _ID],
    "builder": [Key(func.coalesce(MachineRow.builder, _LAST)), _GRADE, _ID],
}


def list_machines(
    view: View,
    wanted: MachineFilter,
    sort: Sort = "grade",
    after: str | None = None,
    limit: int = 50,
) -> Page[MachineSummary]:
    """The machines as wanted, sorted: confirmed and surest first, most sightings, or builder."""
    ours = found_with(MachineRow, view.recipe)
    query = select(MachineRow).where(ours, *_conditions(view, wanted))
    keys = _KEYS.get(sort) or _surest_first(all_words(view))
    rows, onward = page_of(view.session, query, keys, after, limit)
    return Page(items=describe(view.session, rows, view.registry), next=onward)


def _surest_first(words: dict[str, MachineOutcome]) -> list[Key]:
    """Those that people confirmed, then as the program grades them; the last are no machines."""
    none = sorted(id_ for id_, word in words.items() if word.said == "none")
    known = sorted(id_ for id_, word in words.items() if word.origin or word.builder)
    rank = case((MachineRow.id.in_(known), 0), (MachineRow.id.in_(none), 2), else_=1)
    return [Key(rank), _GRADE, _SURE, _ID]


def waiting_for_others(session: Session, machines: Iterable[str], person: str) -> set[str]:
    """Of these machines, by id, those that `person` judged and that are not settled yet."""
    machine_of = {
        row.key: id_
        for id_, some in members_of(session, machines).items()
        for row in some
        if row.state not in (None, "settled")
    }
    logs: dict[str, list[GivenVerdict]] = defaultdict(list)
    for (row,) in select_in(session, select(Verdict), Verdict.sighting, machine_of):
        logs[row.sighting].append(given(row))
    return {machine_of[key] for key, log in logs.items() if held_by(log, person)}


def builders_seen(view: View) -> list[RegistryName]:
    """The builders that people or the program name, by name."""
    query = select(MachineRow.builder).where(MachineRow.builder.is_not(None)).distinct()
    settled = all_words(view).values()
    ids = {*view.session.scalars(query), *(one.builder for one in settled)} - {None}
    found = [RegistryName.of(str(one), view.registry) for one in ids]
    return sorted(found, key=lambda one: one.name)


def _conditions(view: View, wanted: MachineFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    recipe = view.recipe
    if wanted.builder is not None or wanted.origin is not None or wanted.lead is not None:
        words = all_words(view)
        if wanted.builder is not None:
            builder = None if wanted.builder == UNKNOWN else wanted.builder
            read = MachineRow.builder.is_not_distinct_from(builder)
            found.append(_held(read, words, lambda word: word.builder == builder))
        if wanted.origin is not None:
            origin = None if wanted.origin == "open" else wanted.origin
            read = _from(origin, view.registry)
            found.append(_held(read, words, lambda word: word.origin == origin))
        if wanted.lead is not None:
            led = _showing(led_to(recipe, [wanted.lead]))
            found += [led, MachineRow.id.not_in(sorted(words))]
    if wanted.controls != "with":
        controls = MachineRow.id.in_(sorted(control_machines(view.session, recipe)))
        found.append(controls if wanted.controls == "only" else ~controls)
    if wanted.grades:
        found.append(MachineRow.grade.in_(sorted(wanted.grades)))
    if places := claims(view, wanted):
        seen = (
            select(SightingRow.key)
            .join(AnalysisRow, AnalysisRow.id == SightingRow.analysis)
            .where(AnalysisRow.footage.in_(lying(places)), found_with(AnalysisRow, recipe))
        )
        found.append(_showing(seen))
    if wanted.text:
        found.append(_showing(read_on(recipe, wanted.text)))
    if wanted.state is not None:
        of = {"waiting": STATES, "settled": ("settled",), "none": (*STATES, "settled")}
        items = select(Item.sighting).where(
            found_with(Item, recipe), Item.state.in_(of[wanted.state]), Item.sighting.is_not(None)
        )
        found.append(~_showing(items) if wanted.state == "none" else _showing(items))
    return found


def _held(
    read: ColumnElement[bool],
    words: dict[str, MachineOutcome],
    fits: Callable[[MachineOutcome], bool],
) -> ColumnElement[bool]:
    """As people settled it (`words`, by machine), else as the program read it."""
    here = {id_ for id_, word in words.items() if word.said != "none" and fits(word)}
    open_ = MachineRow.id.not_in(sorted(words.keys() - here))
    return and_(or_(read, MachineRow.id.in_(sorted(here))), open_)


def _showing(keys: Select[Any]) -> ColumnElement[bool]:
    """Whether a machine has one of some sightings, by key."""
    return MachineRow.id.in_(select(Membership.machine).where(Membership.sighting.in_(keys)))


def _from(code: str | None, registry: Registry) -> ColumnElement[bool]:
    """Of that origin: by its builder's home, its plate where the builder is unknown or only a
    seller, or a seller's makers. None: nothing says where it is from."""
    of = {one.id for one in registry.builders if origin_of(one.id, None, registry) == code}
    sellers = registry.sellers
    plated = select(SightingRow.key).where(SightingRow.origin_basis == "plate")
    named = MachineRow.builder.in_(sorted(of - sellers))
    badge = and_(MachineRow.builder.in_(sorted(of & sellers)), ~_showing(plated))
    unknown = MachineRow.builder.is_(None)
    if code is None:
        return or_(named, badge, and_(unknown, ~_showing(plated)))
    plain = or_(unknown, MachineRow.builder.in_(sorted(sellers)))
    return or_(named, badge, and_(plain, _showing(plated.where(SightingRow.origin == code))))


MOST_ALIKE = 12


class TieDetail(Shape):
    """A reason to hold that two sightings show one machine. `held`: nothing stronger speaks
    against it. `other`: the machine of the one that is not this machine's, if one is not."""

    a: str
    b: str
    kind: str
    score: float
    reason: Reason
    held: bool
    other: str | None


class DecisionDetail(Shape):
    """A person joined two sightings (`join`) or cut them apart (`cut`)."""

    number: int
    a: str
    b: str
    what: str
    author: Said
    made: TimeOfDay
    note: Said | None


class LookalikeMachine(Shape):
    """Another machine that looks like this one. `score`: cosine of the appearance of the two
    sightings that are most alike; `mine` and `sighting` are their keys."""

    machine: MachineSummary
    sighting: str
    mine: str
    score: float


def find_machines(
    session: Session, ids: Iterable[str | None], registry: Registry
) -> dict[str, MachineSummary]:
    """The machines of these ids, by id."""
    found = select_in(session, select(MachineRow), MachineRow.id, {*ids} - {None})
    return {one.id: one for one in describe(session, [row for (row,) in found], registry)}


def ties_of(session: Session, machine: str, after: str | None, limit: int) -> Page[TieDetail]:
    """What ties the sightings of a machine to each other and to others."""
    keys = [Key(column) for column in (Link.a, Link.b, Link.kind)]
    members = select(Membership.sighting).where(Membership.machine == machine)
    query = select(Link).where(or_(Link.a.in_(members), Link.b.in_(members)))
    rows, onward = page_of(session, query, keys, after, limit)
    machines = machines_of(session, {end for row in rows for end in (row.a, row.b)})
    others = [{machines.get(end) for end in (row.a, row.b)} - {machine} for row in rows]
    found = [
        TieDetail.read(row, other=next(iter(other), None))
        for row, other in zip(rows, others, strict=True)
    ]
    return Page(items=found, next=onward)


def decisions(
    session: Session, machine: str | None, after: str | None, limit: int
) -> Page[DecisionDetail]:
    """What people decided, newest first; of one machine, under whatever model, or of all."""
    query = select(Decision)
    if machine is not None:
        query = query.where(Decision.number.in_(_decided_on(session, machine)))
    keys = [Key(Decision.number, descending=True)]
    rows, onward = page_of(session, query, keys, after, limit)
    return Page(items=[DecisionDetail.read(row) for row in rows], next=onward)


def alike(view: View, machine: str) -> list[LookalikeMachine]:
    """Other machines that look most like this one's surest sighting. Slow in a large case."""
    session = view.session
    mine = session.execute(
        select(SightingRow.key, LookRow.appearance)
        .join(Membership, Membership.sighting == SightingRow.key)
        .join(LookRow, SightingRow.has(LookRow))
        .where(Membership.machine == machine)
        .order_by(SightingRow.grade, SightingRow.confidence.desc(), SightingRow.key)
        .limit(1)
    ).first()
    if mine is None:
        return []
    own, look = mine
    members = set(session.scalars(select(Membership.sighting).where(Membership.machine == machine)))
    nearest = _nearest(session, view.recipe, look)
    near = [(score, one) for score, one in nearest if one not in members]
    machines = machines_of(session, [sighting for _, sighting in near])
    best: dict[str, tuple[float, str]] = {}
    for score, sighting in near:
        if sighting in machines:
            best.setdefault(machines[sighting], (score, sighting))
    chosen = list(best)[:MOST_ALIKE]
    known = find_machines(session, chosen, view.registry)
    return [
        LookalikeMachine(
            machine=known[id_], sighting=best[id_][1], mine=own, score=round(best[id_][0], 4)
        )
        for id_ in chosen
    ]


def _nearest(session: Session, recipe: Recipe, look: bytes) -> list[tuple[float, str]]:
    """The sightings that look like `look`, with how much, the most first."""
    wanted = np.frombuffer(look, "<f4")
    query = (
        select(LookRow.analysis, LookRow.sighting, LookRow.appearance)
        .where(found_with(LookRow, recipe))
        .execution_options(yield_per=2000)
    )
    found: list[tuple[float, str]] = []
    for rows in session.execute(query).partitions():
        same = [row for row in rows if len(row.appearance) == len(look)]
        vectors = np.frombuffer(b"".join(row.appearance for row in same), "<f4")
        scores = vectors.reshape(len(same), len(wanted)) @ wanted
        for index in np.flatnonzero(scores >= ALIKE):
            row = same[index]
            found.append((float(scores[index]), f"{row.analysis}:{row.sighting}"))
        found = sorted(found, key=lambda pair: (-pair[0], pair[1]))[: MOST_ALIKE * 20]
    return found


def _decided_on(session: Session, machine: str) -> set[int]:
    """Numbers of the decisions on a machine's sightings, or on those they replace."""
    mine = session.execute(
        select(SightingRow.key, SightingRow.footage, SightingRow.model, SightingRow.settings)
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(Membership.machine == machine)
    ).all()
    if not mine:
        return set()
    query = select(SightingRow.key, SightingRow.footage).where(found_with(SightingRow, mine[0]))
    footages = {row.footage for row in mine}
    beside = {
        row.key: row.footage for row in select_in(session, query, SightingRow.footage, footages)
    }
    scope = Scope(mine[0].model, mine[0].settings, beside, frozenset())
    return decisions_on(session, scope, {row.key for row in mine})
