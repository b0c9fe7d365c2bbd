"""Run by Alembic, on the connection it is given (`evidence.case.migrations.config`)."""

from __future__ import annotations

from alembic import context

from evidence.case import sighting_tables, tables
from evidence.case.base import Base

assert sighting_tables and tables  # their tables are in Base.metadata


def run() -> None:
    """Takes the steps that Alembic was asked for, or lets it compare tables and models."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite makes a new table to change one
        transactional_ddl=True,  # SQLite can, since transactions here begin before any statement
        user_module_prefix="base.",
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic runs this file
    run()
