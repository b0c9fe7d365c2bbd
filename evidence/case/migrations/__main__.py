"""Writes the next step of the migrations: what the models have and the last step has not."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from evidence.case.engine import sqlite_engine
from evidence.case.migrations import KNOWN, config, upgrade


def main(words: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = sqlite_engine(Path(folder) / "case.db", new=True)
        with engine.begin() as connection:
            upgrade(connection)
            number = f"{len(KNOWN) + 1:04d}"
            command.revision(config(connection), words, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
