"""A case filled, asked and changed in one line; every derived row of it, to compare two cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import inspect, select

from datasets.registry import load_registry
from detector.types import Survey
from evidence.case.base import Base
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.tables import Recipe
from evidence.case.work_queue import FootageSource, add_work, done, take

T = TypeVar("T")
UNLIKE = {
    # Who did something and when is no part of what was found.
    "analyses": {"run"},
    "work": {"tries", "changed", "kind", "reason"},
    "decisions": {"made"},
    "draws": {"made"},
    "verdicts": {"made", "previous", "digest"},
}
LEFT_OUT = {"case", "runs"}


def rows(case: Case) -> dict[str, list[tuple[object, ...]]]:
    """By table, every row without the columns that may differ, in an order of their values."""
    found = {}
    with case.session() as session:
        for mapper in Base.registry.mappers:
            table = mapper.class_.__tablename__
            if table in LEFT_OUT:
                continue
            columns = [
                attribute
                for name, attribute in inspect(mapper.class_).columns.items()
                if name not in UNLIKE.get(table, ())
            ]
            found[table] = sorted((tuple(r) for r in session.execute(select(*columns))), key=repr)
    return dict(sorted(found.items()))


def keep(case: Case, recipe: Recipe, survey: Survey, **known: str) -> str:
    """Stores what was found in footage, where it lies and what is known of it; the analysis."""
    footage = survey.analysis.footage
    status = footage.path.stat()
    size = status.st_size if footage.path.is_file() else None
    with case.session() as session, session.begin():
        source = FootageSource(str(footage.path), size, status.st_mtime_ns, **known)
        add_work(session, recipe, [source])
        analysis = record_survey(session, case, survey, load_registry())
        assert done(session, take(session, recipe, 1)[0], footage.sha256)
    return analysis


def act(case: Case, function: Callable[..., T], *args: Any, **more: Any) -> T:
    """What a function gives that takes a session first, within a transaction of the case."""
    with case.session() as session, session.begin():
        return function(session, *args, **more)


def look(case: Case, function: Callable[..., T], *args: Any, **more: Any) -> T:
    """The same without a transaction."""
    with case.session() as session:
        return function(session, *args, **more)


def fetch(case: Case, query: Any) -> list[Any]:
    """The rows, or the first column, that a query finds."""
    with case.session() as session:
        return list(session.scalars(query))
