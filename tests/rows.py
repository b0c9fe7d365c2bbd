"""A case asked and changed in one line, and every derived row of it, to compare two cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import inspect, select

from evidence.case.base import Base
from evidence.case.case import Case

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
