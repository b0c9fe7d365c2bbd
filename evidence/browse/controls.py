"""Machines that are seen only in footage kept as a positive control: none of the case's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.answer.controls import kept_controls
from evidence.answer.sources import copies_of
from evidence.browse.settled import members
from evidence.linking.load import chunks
from evidence.store.derived import AnalysisRow, MachineRow, Membership, SightingRow
from evidence.store.models import Recipe


def control_footage(session: Session, recipe: Recipe) -> set[str]:
    """The footage kept as a control, and copies of it: what the answer leaves out."""
    kept = {one.footage for one in kept_controls(session)}
    return kept | copies_of(session, recipe, kept) if kept else kept


def control_machines(session: Session, recipe: Recipe) -> set[str]:
    """The machines of a recipe that are seen in control footage and nowhere else, by id."""
    footage = control_footage(session, recipe)
    there: set[str] = set()
    for part in chunks(sorted(footage)):
        query = (
            select(Membership.machine)
            .join(SightingRow, SightingRow.key == Membership.sighting)
            .join(AnalysisRow, AnalysisRow.id == SightingRow.analysis)
            .where(
                AnalysisRow.footage.in_(part),
                AnalysisRow.model == recipe.model,
                AnalysisRow.settings == recipe.settings,
            )
        )
        there |= set(session.scalars(query))
    return _nowhere_else(session, sorted(there), footage)


def only_controls(session: Session, rows: Sequence[MachineRow]) -> set[str]:
    """Those of some machines, by id, that are seen in control footage and nowhere else."""
    found: set[str] = set()
    for model, settings in {(row.model, row.settings) for row in rows}:
        footage = control_footage(session, Recipe(model=model, settings=settings))
        ids = [row.id for row in rows if (row.model, row.settings) == (model, settings)]
        found |= _nowhere_else(session, ids, footage) if footage else set()
    return found


def _nowhere_else(session: Session, machines: Sequence[str], footage: set[str]) -> set[str]:
    seen = members(session, machines) if footage else {}
    return {id_ for id_, rows in seen.items() if all(row.footage in footage for row in rows)}
