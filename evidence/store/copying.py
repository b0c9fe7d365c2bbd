"""Every row of one case's database put into another, from SQLite or PostgreSQL into either."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, text

from evidence.store import derived, models, people
from evidence.store.base import Base

assert derived and models and people  # their tables are in Base.metadata
_AT_ONCE = 1000  # rows in memory
_COUNTED = ("decisions", "verdicts")


def copy_rows(source: Connection, target: Connection) -> None:
    """Copies every table of this version; `target` has them all, and all are empty.

    Both within the caller's transactions, so `source` should be one that sees one moment.
    """
    for table in Base.metadata.sorted_tables:
        rows = source.execute(
            select(table).order_by(*table.primary_key), execution_options={"yield_per": _AT_ONCE}
        )
        for some in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])
    if target.dialect.name == "postgresql":
        for name in _COUNTED:
            # Numbers that were given do not move the counter.
            target.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'number'), max(number)) "
                    f"FROM {name} HAVING max(number) IS NOT NULL"
                )
            )
