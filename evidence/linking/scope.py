"""What one update of the machines deals with: the sightings of a recipe, as they are at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select, text
from sqlalchemy.orm import Session

from evidence.store.derived import Membership, SightingRow


@dataclass(frozen=True, slots=True)
class Scope:
    """The sightings of a recipe. Any that are stored meanwhile are left to the next update.

    footage: of each sighting's key. new: those that belong to no machine yet.
    """

    model: str
    settings: str
    footage: dict[str, str]
    new: frozenset[str]

    def of(self, table: Any) -> ColumnElement[bool]:
        """Of any derived table, the rows that were found with the recipe."""
        return and_(table.model == self.model, table.settings == self.settings)


def load_scope(session: Session, model: str, settings: str) -> Scope:
    """All sightings of a recipe; nobody else changes machines until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE memberships IN SHARE ROW EXCLUSIVE MODE"))
    query = (
        select(SightingRow.key, SightingRow.footage, Membership.machine)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .where(SightingRow.model == model, SightingRow.settings == settings)
    )
    footage: dict[str, str] = {}
    new: set[str] = set()
    for key, sha256, machine in session.execute(query):
        footage[key] = sha256
        if machine is None:
            new.add(key)
    return Scope(model, settings, footage, frozenset(new))
