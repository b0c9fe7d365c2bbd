"""The version of a case's database, and the steps from one version to the next.

A new case gets its tables from the models, and is stamped with the last step. To add a step, change
the models, and write what changes as a function, with the operations of Alembic (`alembic.op`).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

STEPS: dict[str, Callable[[], None]] = {"0001": lambda: None}
"""Each step by its name, oldest first. Before the first one there is nothing."""


def create(connection: Connection) -> None:
    """Makes the tables of this version in an empty database, within the caller's transaction."""
    from evidence.case import sighting_tables, tables
    from evidence.case.base import Base

    assert sighting_tables and tables  # their tables are in Base.metadata
    Base.metadata.create_all(connection, checkfirst=False)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:last)"), {"last": [*STEPS][-1]})


def upgrade(connection: Connection, step: str) -> None:
    """Takes every step after one, within the caller's transaction."""
    from alembic.migration import MigrationContext  # opening a case need not load it
    from alembic.operations import Operations

    left = [*STEPS][[*STEPS].index(step) + 1 :]
    with Operations.context(MigrationContext.configure(connection)):
        for name in left:
            STEPS[name]()
            connection.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": name})
