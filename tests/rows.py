"""Every derived row of a case in plain form, for comparing two cases."""

from __future__ import annotations

from sqlalchemy import inspect, select

from evidence.case.base import Base
from evidence.case.case import Case

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
