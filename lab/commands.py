"""The command a trial calls, as an archivist would, and what it reads from the case besides."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import func, select

from evidence.store import Case
from evidence.store.check import check as find
from evidence.store.models import Work

NAMEPLATE = [sys.executable, "-m", "api.cli"]


class Failed(Exception):
    """Something ended otherwise than it must; the message says how."""


class Unable(Exception):
    """A trial cannot be held here; the message says what is missing."""


def new_case(folder: Path, database: str | None = None) -> Path:
    """A new case, as by `nameplate case new`."""
    Case.new(folder, folder.name, database).close()
    return folder


def sweep_command(case: Path, *sources: Path, cluster: str | None = None) -> list[str]:
    """The command that sweeps `sources` into `case` to the end."""
    where = ["--cluster", cluster] if cluster else []
    return [*NAMEPLATE, "sweep", *map(str, sources), "--case", str(case), "--json", *where]


def over(said: str) -> bool:
    """Whether the last sweep that said all this worked through everything that waited."""
    events = [line for line in said.splitlines() if line.startswith('{"event"')]
    return bool(events) and events[-1].startswith('{"event": "end", "outcome": "done"')


def check(case: Path) -> None:
    """What `nameplate case check --deep` does.

    Raises:
        Failed: something is wrong with the case.
    """
    with Case.open(case) as opened:
        wrong = [str(finding) for finding in find(opened, deep=True) if finding.wrong]
    if wrong:
        raise Failed("\n".join(wrong))


def count_done(case: Path) -> int:
    """Clips that are no longer waiting."""
    query = select(func.count()).select_from(Work).where(Work.state != "waiting")
    with Case.open(case) as opened, opened.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
