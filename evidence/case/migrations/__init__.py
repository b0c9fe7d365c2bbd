"""How a case's database came to have its tables, step by step.

A new step: change the models, run `python -m evidence.case.migrations "what changes"`, read
what it wrote into `versions/`, and add its number to `KNOWN`.
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
    made.set_main_option("file_template", "step_%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """Takes every step still to be taken, within the caller's transaction."""
    from alembic import command

    command.upgrade(config(connection), "head")
