"""What is in a case, in numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.store.case import Case
from evidence.store.derived import AnalysisRow, Copy, Flag, MachineRow, SightingRow
from evidence.store.models import CaseRow, FootageRow, Location, Recipe, Run, Work
from evidence.store.verdicts import head
from evidence.store.work import counts

GRADES = ("A", "B", "C", "U")


def summarise(case: Case, registry: Registry) -> dict[str, Any]:
    """A case in numbers, as plain data; builders' names and origins are the registry's."""
    with case.snapshot() as session:
        number, digest = head(session)
        footages, seconds = session.execute(
            select(func.count(), func.sum(FootageRow.seconds))
        ).one()
        return {
            "name": case.name,
            "id": case.id,
            "folder": str(case.folder),
            "database": case.database,
            "created": session.scalars(select(CaseRow.created)).one().isoformat(),
            "footage": footages,
            "seconds": float(seconds or 0),
            "places": _count(session, Location),
            "analyses": _count(session, AnalysisRow),
            "sightings": _count(session, SightingRow),
            "machines": _machines(session, registry),
            "copies": _copies(session),
            "flags": _by_kind(session, Flag),
            "work": [_work(session, recipe) for recipe in _recipes(session)],
            "verdicts": {"number": number, "digest": digest},
            "last_run": _last_run(session),
        }


def _count(session: Session, model: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _by_kind(session: Session, model: type[Flag] | type[Copy]) -> dict[str, int]:
    kinds = select(model.kind, func.count()).group_by(model.kind).order_by(model.kind)
    return {kind: number for kind, number in session.execute(kinds)}  # noqa: C416  a result has keys()


def _machines(session: Session, registry: Registry) -> list[dict[str, Any]]:
    """Machines by builder, those with a builder first, most of them first."""
    rows = session.execute(
        select(
            MachineRow.builder, MachineRow.grade, func.count(), func.sum(MachineRow.sightings)
        ).group_by(MachineRow.builder, MachineRow.grade)
    )
    found: dict[str | None, dict[str, Any]] = {}
    for builder, grade, machines, sightings in rows:
        row = found.get(builder)
        if row is None:
            entry = registry.get(builder) if builder and builder in registry else None
            row = found[builder] = {
                "builder": builder,
                "name": entry.name if entry else builder or "unknown",
                "origin": entry.origin if entry else None,
                "machines": 0,
                "sightings": 0,
                "grades": dict.fromkeys(GRADES, 0),
            }
        row["machines"] += machines
        row["sightings"] += int(sightings)
        row["grades"][grade] += machines
    return sorted(
        found.values(), key=lambda row: (row["builder"] is None, -row["machines"], row["name"])
    )


def _copies(session: Session) -> dict[str, Any]:
    """Pairs of copies by kind, and how many footages have one."""
    either = select(Copy.a).union(select(Copy.b)).subquery()
    return {
        "footage": session.scalar(select(func.count()).select_from(either)) or 0,
        "pairs": _by_kind(session, Copy),
    }


def _recipes(session: Session) -> list[Recipe]:
    """Those with work, the one last worked with first."""
    last = (
        select(Work.model, Work.settings, func.max(Work.changed).label("changed"))
        .group_by(Work.model, Work.settings)
        .subquery()
    )
    return list(
        session.scalars(
            select(Recipe)
            .join(last, (last.c.model == Recipe.model) & (last.c.settings == Recipe.settings))
            .order_by(last.c.changed.desc())
        )
    )


def _work(session: Session, recipe: Recipe) -> dict[str, Any]:
    found = counts(session, recipe)
    return {
        "model": recipe.model,
        "settings": recipe.settings,
        "waiting": found.waiting,
        "done": found.done,
        "aside": dict(found.aside),
        "footage": found.footages,
        "seconds": found.seconds,
    }


def _last_run(session: Session) -> dict[str, Any] | None:
    run = session.scalar(select(Run).order_by(Run.started.desc()).limit(1))
    if run is None:
        return None
    return {
        "kind": run.kind,
        "started": run.started.isoformat(),
        "beat": run.beat.isoformat(),
        "ended": None if run.ended is None else run.ended.isoformat(),
        "outcome": run.outcome,
        "host": run.host,
        "pid": run.pid,
    }
