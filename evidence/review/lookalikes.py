"""What to hold a machine against: others of the case, and what is known of its builder's marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, or_, select
from sqlalchemy.orm import Session, aliased

from datasets.registry import Registry
from evidence.case.base import found_with, values_of
from evidence.case.sighting_tables import Link, Membership, SightingRow, StillRow
from evidence.case.tables import Item
from evidence.clip.record import grounds

Record = dict[str, Any]
SHOWN = 4
LOOKED_AT = 60
"""Of the sightings that name a builder; those that people settled, and then the surest, are
shown. More would be read from the disk for each item."""


def look_alikes(session: Session, rows: Sequence[SightingRow]) -> dict[str, list[Record]]:
    """Up to `SHOWN` other sightings, by key of a sighting.

    In copies of its recording, of the same machine, tied to it by looks or marks, or of the same
    builder. Those that people have settled come first.
    """
    keys = {row.key: row for row in rows}
    why: dict[str, dict[str, str]] = {key: {} for key in keys}
    ties = select(Link.a, Link.b).where(or_(Link.a.in_(keys), Link.b.in_(keys)))
    surest_first = ties.order_by(Link.score.desc(), Link.a, Link.b).limit(SHOWN * 4 * len(keys))
    copies = surest_first.where(Link.kind == "copy", Link.held)
    found = [(pair, "copy") for pair in _both_ways(session, copies)]
    found += [(pair, "machine") for pair in _of_one_machine(session, list(keys))]
    found += [(pair, "tied") for pair in _both_ways(session, surest_first)]
    for (one, other), reason in found:
        if one in keys:
            why[one].setdefault(other, reason)
    by_builder = {
        named: _of_builder(session, row)
        for named, row in {_found(row): row for row in rows if row.builder is not None}.items()
    }
    for key, row in keys.items():
        for other in by_builder.get(_found(row), ()):
            if other != key:
                why[key].setdefault(other, "builder")
    chosen = {key: dict(list(others.items())[:SHOWN]) for key, others in why.items()}
    shown = _shown(session, {other for others in chosen.values() for other in others})
    return {
        key: [shown[other] | {"why": reason} for other, reason in others.items() if other in shown]
        for key, others in chosen.items()
    }


def known_marks(registry: Registry, builder: str | None) -> Record | None:
    """What the registry knows of a builder's marks, for a person to compare with."""
    if builder is None or builder not in registry:
        return None
    entry = registry.get(builder)
    return values_of(entry, "id", "name", "type", "origin", "livery") | {
        "owner": None if entry.owner is None else entry.owner.name,
        "owner_country": None if entry.owner is None else entry.owner.country,
        "production": list(entry.production),
        "registry": grounds(entry),
        "wordmarks": [mark.text for mark in entry.wordmarks],
        "series": list(entry.series)[:12],
        "confusions": list(entry.confusions),
    }


def _both_ways(session: Session, ties: Select[str, str]) -> list[tuple[str, str]]:
    return [pair for a, b in session.execute(ties) for pair in ((a, b), (b, a))]


def _of_one_machine(session: Session, keys: list[str]) -> list[tuple[str, str]]:
    one, other = aliased(Membership), aliased(Membership)
    query = (
        select(one.sighting, other.sighting)
        .join(other, and_(other.machine == one.machine, other.sighting != one.sighting))
        .where(one.sighting.in_(keys))
        .order_by(other.sighting, one.sighting)
        .limit(SHOWN * 8 * len(keys))
    )
    return [(mine, theirs) for mine, theirs in session.execute(query)]


def _found(row: SightingRow) -> tuple[str | None, str, str]:
    """What it was named, and with which model and settings."""
    return row.builder, row.model, row.settings


def _of_builder(session: Session, row: SightingRow) -> list[str]:
    """Sightings of the same builder, found with the same recipe: those to show first."""
    some = (
        select(SightingRow.key, SightingRow.grade)
        # Of another recipe the first example would be the machine itself.
        .where(SightingRow.builder == row.builder, found_with(SightingRow, row))
        .order_by(SightingRow.key)
        .limit(LOOKED_AT)
        .subquery()
    )
    settled = case(
        (and_(Item.state == "settled", Item.outcome == "accept"), 0),
        (Item.state == "settled", 2),
        else_=1,
    )
    query = (
        select(some.c.key, settled.label("rank"))
        .outerjoin(Item, Item.item == some.c.key)
        .order_by("rank", some.c.grade, some.c.key)
        .limit(SHOWN + 1)
    )
    # Settled as something else, it is no example of this builder.
    return [key for key, rank in session.execute(query) if rank < 2]


def _shown(session: Session, keys: set[str]) -> dict[str, Record]:
    best = and_(
        StillRow.analysis == SightingRow.analysis,
        StillRow.sighting == SightingRow.name,
    )
    query = (
        select(
            SightingRow.key,
            SightingRow.footage,
            SightingRow.pts,
            SightingRow.box,
            SightingRow.builder,
            SightingRow.grade,
            Item.state,
            Item.outcome,
            Item.builder.label("settled_as"),
            StillRow.role,
            StillRow.sha256,
        )
        .outerjoin(Item, Item.item == SightingRow.key)
        .outerjoin(StillRow, best)
        .where(SightingRow.key.in_(keys))
    )
    stills: dict[str, dict[str, str]] = defaultdict(dict)
    found: dict[str, Record] = {}
    for row in session.execute(query):
        if row.role is not None:
            stills[row.key][row.role] = row.sha256
        settled = row.state == "settled"
        found[row.key] = values_of(row, "footage", "box", "builder", "grade") | {
            "sighting": row.key,
            "pts": str(row.pts),
            "outcome": row.outcome if settled else None,
            "settled_as": row.settled_as if settled else None,
            "stills": stills[row.key],
        }
    return found
