"""The table of tables in `docs/reference.md`."""

from __future__ import annotations

from evidence.case import sighting_tables, tables
from evidence.case.base import Base

_FIRST = ("case", "recipes", "runs", "footage", "locations", "work", "analyses")

assert sighting_tables and tables  # their classes are in Base.registry


def to_markdown() -> str:
    """Each table: what a row is, in the words of its class, and its columns, keys in bold."""
    lines = ["| table | a row | columns |", "|---|---|---|"]
    classes = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    for name in (*_FIRST, *sorted(classes.keys() - set(_FIRST))):
        model = classes[name]
        sentence = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        keys = set(model.__table__.primary_key.columns)
        columns = (
            f"**{column.name}**" if column in keys else column.name
            for column in model.__table__.columns
        )
        lines.append(f"| `{name}` | {sentence} | {', '.join(columns)} |")
    return "\n".join(lines) + "\n"
