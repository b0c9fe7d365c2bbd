"""Writes the next step of the migrations: what the models have and an older case has not."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command

from evidence.case.engine import sqlite_engine
from evidence.case.migrations import KNOWN, config


def main(case: str, words: str) -> None:
    engine = sqlite_engine(Path(case) / "case.db")
    with engine.connect() as connection:
        number = f"{len(KNOWN) + 1:04d}"
        command.revision(config(connection), words, autogenerate=True, rev_id=number)
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
