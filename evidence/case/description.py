"""The table of tables in `docs/case.md`: `python -m evidence.case.description docs/case.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from datasets.files import fill_page
from evidence.case import sighting_tables, tables
from evidence.case.base import Base

BEGIN, END = "<!-- tables: made by `make docs` -->\n", "<!-- end -->\n"
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


def insert_into(page: Path) -> str:
    """The page with the table between its marks made again.

    Raises:
        UsageError: a mark is missing.
    """
    return fill_page(page, BEGIN, END, to_markdown())


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(insert_into(file), "utf-8")
