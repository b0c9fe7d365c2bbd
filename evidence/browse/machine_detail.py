"""One machine: what ties its sightings together, who decided what, and what looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.machine_summary import MachineSummary, describe
from evidence.browse.search import Key, in_order, key, number, write_cursor
from evidence.browse.shapes import Page, Reason, Said, Shape, utc
from evidence.case.sighting_tables import (
    Decision,
    Link,
    LookRow,
    MachineRow,
    Membership,
    SightingRow,
)
from evidence.case.tables import Recipe
from evidence.link.decisions import decisions_on
from evidence.link.sightings import Scope, chunks

MOST_ALIKE = 12
LEAST_ALIKE = 0.3
"""Cosine of appearance, below which nobody would call two machines alike."""


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
    made: datetime
    note: Said | None


class LookalikeMachine(Shape):
    """Another machine that looks like this one. `score`: cosine of the appearance of the two
    sightings that are most alike; `mine` and `sighting` are their keys."""

    machine: MachineSummary
    sighting: str
    mine: str
    score: float


def find_machine(session: Session, id: str, registry: Registry) -> MachineSummary | None:
    """The machine of that id."""
    row = session.get(MachineRow, id)
    return None if row is None else describe(session, [row], registry)[0]


def ties_of(session: Session, machine: str, after: str | None, limit: int) -> Page[TieDetail]:
    """What ties the sightings of a machine to each other and to others.

    Raises:
        UsageError: `after` is no cursor of this list.
    """
    keys = [Key(column.expression, key) for column in (Link.a, Link.b, Link.kind)]
    query = select(Link).where(_about(machine, Link.a, Link.b))
    rows = session.scalars(in_order(query, keys, after, limit)).all()
    ends = {end for row in rows for end in (row.a, row.b)}
    machines = _machines(session, sorted(ends))
    found = [
        TieDetail(
            a=row.a,
            b=row.b,
            kind=row.kind,
            score=row.score,
            reason=row.reason,
            held=row.held,
            other=next((m for end in (row.a, row.b) if (m := machines.get(end)) != machine), None),
        )
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=found, next=None if last is None else _place(last))


def decisions(
    session: Session, machine: str | None, after: str | None, limit: int
) -> Page[DecisionDetail]:
    """What people decided, newest first; of one machine, or of all.

    If another model found the machine again, decisions on the sightings that its own replace
    count as its decisions.

    Raises:
        UsageError: `after` is no cursor of this list.
    """
    query = select(Decision)
    if machine is not None:
        query = query.where(Decision.number.in_(_decided_on(session, machine)))
    keys = [Key(Decision.number.expression, number, descending=True)]
    rows = session.scalars(in_order(query, keys, after, limit)).all()
    return Page(
        items=[decided(row) for row in rows[:limit]],
        next=write_cursor([rows[limit - 1].number]) if len(rows) > limit else None,
    )


def decided(row: Decision) -> DecisionDetail:
    """A decision as a record."""
    return DecisionDetail(
        number=row.number,
        a=row.a,
        b=row.b,
        what=row.what,
        author=row.author,
        made=utc(row.made),
        note=row.note,
    )


def alike(
    session: Session, recipe: Recipe, machine: str, registry: Registry
) -> list[LookalikeMachine]:
    """Other machines that look most like this one, by appearance alone.

    It compares the machine's surest sighting with every other of the recipe, which takes longer
    the larger the case is, so it is asked for by itself.
    """
    mine = session.execute(
        select(SightingRow.key, LookRow.appearance)
        .join(Membership, Membership.sighting == SightingRow.key)
        .join(
            LookRow,
            (LookRow.analysis == SightingRow.analysis) & (LookRow.sighting == SightingRow.name),
        )
        .where(Membership.machine == machine)
        .order_by(SightingRow.grade, SightingRow.confidence.desc(), SightingRow.key)
        .limit(1)
    ).first()
    if mine is None:
        return []
    own, look = mine
    members = set(session.scalars(select(Membership.sighting).where(Membership.machine == machine)))
    near = [pair for pair in _nearest(session, recipe, look) if pair[1] not in members]
    machines = _machines(session, [key_ for _, key_ in near])
    best: dict[str, tuple[float, str]] = {}
    for score, key_ in near:
        if (id_ := machines.get(key_)) is not None and id_ not in best:
            best[id_] = (score, key_)
    chosen = list(best)[:MOST_ALIKE]
    rows = {
        row.id: row for row in session.scalars(select(MachineRow).where(MachineRow.id.in_(chosen)))
    }
    shown = describe(session, [rows[id_] for id_ in chosen], registry)
    return [
        LookalikeMachine(
            machine=one,
            sighting=best[one.id][1],
            mine=own,
            score=round(best[one.id][0], 4),
        )
        for one in shown
    ]


def _nearest(session: Session, recipe: Recipe, look: bytes) -> list[tuple[float, str]]:
    """The sightings that look most like `look`, with how much, the most first."""
    wanted = np.frombuffer(look, "<f4")
    query = (
        select(LookRow.analysis, LookRow.sighting, LookRow.appearance)
        .where(LookRow.model == recipe.model, LookRow.settings == recipe.settings)
        .execution_options(yield_per=2000)
    )
    found: list[tuple[float, str]] = []
    for rows in session.execute(query).partitions():
        same = [row for row in rows if len(row.appearance) == len(look)]
        if not same:
            continue
        vectors = np.frombuffer(b"".join(row.appearance for row in same), "<f4")
        scores = vectors.reshape(len(same), -1) @ wanted
        for index in np.flatnonzero(scores >= LEAST_ALIKE):
            row = same[index]
            found.append((float(scores[index]), f"{row.analysis}:{row.sighting}"))
        found = sorted(found, key=lambda pair: (-pair[0], pair[1]))[: MOST_ALIKE * 20]
    return found


def _decided_on(session: Session, machine: str) -> set[int]:
    """The numbers of the decisions on a machine's sightings, under whatever model."""
    mine = session.execute(
        select(SightingRow.key, SightingRow.footage, SightingRow.model, SightingRow.settings)
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(Membership.machine == machine)
    ).all()
    if not mine:
        return set()
    model, settings = mine[0].model, mine[0].settings
    beside: dict[str, str] = {}
    for part in chunks(sorted({row.footage for row in mine})):
        query = select(SightingRow.key, SightingRow.footage).where(
            SightingRow.footage.in_(part),
            SightingRow.model == model,
            SightingRow.settings == settings,
        )
        beside |= {row.key: row.footage for row in session.execute(query)}
    scope = Scope(model, settings, beside, frozenset())
    return decisions_on(session, scope, {row.key for row in mine})


def _about(machine: str, a: Any, b: Any) -> ColumnElement[bool]:
    """Whether one of two columns names a sighting of the machine."""
    members = select(Membership.sighting).where(Membership.machine == machine)
    return or_(a.in_(members), b.in_(members))


def _machines(session: Session, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(keys):
        query = select(Membership.sighting, Membership.machine)
        for sighting, machine in session.execute(query.where(Membership.sighting.in_(part))):
            found[sighting] = machine
    return found


def _place(row: Link) -> str:
    return write_cursor([row.a, row.b, row.kind])
