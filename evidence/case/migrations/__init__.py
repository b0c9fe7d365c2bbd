"""The version of a case's database, and the steps from one version to the next.

A new case gets its tables from the models, and is stamped with the last step. To add a step, change
the models, write what changes into `versions/`, and add its number to `KNOWN`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

# Kept here so that opening a case need not load Alembic to see that nothing is to be done.
KNOWN = ("0001",)
"""Every step, oldest first."""


def config(connection: Connection) -> Config:
    """Alembic's configuration, without a file of it."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def create(connection: Connection) -> None:
    """Makes the tables of this version in an empty database, within the caller's transaction."""
    from evidence.case import sighting_tables, tables
    from evidence.case.base import Base

    assert sighting_tables and tables  # their tables are in Base.metadata
    Base.metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{KNOWN[-1]}')")


def upgrade(connection: Connection) -> None:
    """Takes every step still to be taken, within the caller's transaction."""
    from alembic import command

    command.upgrade(config(connection), "head")
