"""The machines of a case as plain records, and sightings found by the beginning of their name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.case.base import found_with, values_of
from evidence.case.places import places_of
from evidence.case.sighting_tables import Link, MachineRow, Membership, SightingRow
from evidence.case.tables import Recipe
from evidence.link.sightings import chunks

Record = dict[str, Any]
LEAST = 6
"""Least characters in the name of a machine or of a sighting's analysis."""


def rows_of_machines(session: Session, recipe: Recipe | None) -> Sequence[MachineRow]:
    """The machines found with a recipe, or with all; those of most sightings first."""
    query = (
        select(MachineRow)
        .where(found_with(MachineRow, recipe))
        .order_by(MachineRow.sightings.desc(), MachineRow.grade, MachineRow.id)
    )
    return session.scalars(query).all()


def count_machines(session: Session, recipe: Recipe | None = None) -> int:
    """How many machines were found with a recipe; with all of them together if None."""
    query = select(func.count()).select_from(MachineRow).where(found_with(MachineRow, recipe))
    return session.scalar(query) or 0


def show_machine(session: Session, begins: str) -> Record:
    """A machine with its sightings, where they are, and what ties each to the others.

    Raises:
        UsageError: no machine is called so, or more than one.
    """
    rows = session.scalars(
        select(MachineRow).where(MachineRow.id.startswith(begins, autoescape=True)).limit(2)
    ).all()
    row = _only(rows, "machine", begins)
    query = (
        select(SightingRow)
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(Membership.machine == row.id)
        .order_by(SightingRow.key)
    )
    sightings = session.scalars(query).all()
    links = _links(session, [one.key for one in sightings])
    places = places_of(session, {one.footage for one in sightings})
    return _machine(row) | {
        "sightings": [
            _sighting(one) | _paths(places[one.footage]) | {"links": links[one.key]}
            for one in sightings
        ]
    }


def find_sighting(session: Session, name: str) -> str:
    """The key of the sighting called `ANALYSIS:NAME`; ANALYSIS may be cut short.

    Raises:
        UsageError: no sighting is called so, or more than one.
    """
    analysis, colon, own = name.partition(":")
    rows: Sequence[str] = ()
    if colon and len(analysis) >= LEAST:
        rows = session.scalars(
            select(SightingRow.key)
            .where(
                SightingRow.key.startswith(analysis, autoescape=True),
                SightingRow.name == own,
            )
            .limit(2)
        ).all()
    key: str = _only(rows, "sighting", name)
    return key


def machine_of(session: Session, sighting: str) -> str:
    """The id of the machine a sighting, by key, belongs to."""
    query = select(Membership.machine).where(Membership.sighting == sighting)
    return session.scalars(query).one()


def short(key: str) -> str:
    """The key of a sighting or a machine, as short as it is still called by."""
    analysis, colon, name = key.partition(":")
    return f"{analysis[:10]}{colon}{name}"


def _only(rows: Sequence[Any], what: str, name: str) -> Any:
    if not rows:
        told = "show MACHINE" if what == "sighting" else "list"
        raise UsageError(f"no {what} {name} in this case; `nameplate machines {told}` names them")
    if len(rows) > 1:
        raise UsageError(f"{name}: more than one {what} is called so; give more of its name")
    return rows[0]


def _machine(row: MachineRow) -> Record:
    found = values_of(row, "id", "builder", "grade", "probability")
    return found | {"seen": row.sightings, "footage": row.footages, "conflict": row.conflict}


def _sighting(row: SightingRow) -> Record:
    return (
        values_of(row, "key", "footage")
        | {name: float(getattr(row, name)) for name in ("first", "last", "pts")}
        | {"exact": str(row.pts)}
        | values_of(row, "box", "builder", "grade", "probability", "series", "control")
    )


def _links(session: Session, keys: Sequence[str]) -> dict[str, list[Record]]:
    """The ties of each sighting to others, held or not; each tie is listed for both."""
    found: dict[tuple[str, str, str], Link] = {}
    for part in chunks(keys):
        for link in session.scalars(select(Link).where(or_(Link.a.in_(part), Link.b.in_(part)))):
            found[link.a, link.b, link.kind] = link
    links: dict[str, list[Record]] = defaultdict(list)
    for _, link in sorted(found.items()):
        for one, other in ((link.a, link.b), (link.b, link.a)):
            links[one].append({"to": other} | values_of(link, "kind", "score", "reason", "held"))
    return links


def _paths(places: Sequence[Row[Any]]) -> Record:
    """Where footage lies, and where it lay, as `evidence.case.places` knows them."""
    return {
        "paths": [one.path for one in places if not one.former],
        "former": [{"path": one.path, "unread": one.unread} for one in places if one.former],
    }
