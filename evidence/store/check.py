"""Whether a case's database, its folder and the originals agree, and what to do where not."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from itertools import chain

from sqlalchemy import text
from sqlalchemy.orm import Session

from evidence.store.case import Case
from evidence.store.check_files import check_originals, check_stills
from evidence.store.check_items import check_draws, check_items
from evidence.store.check_machines import check_machines
from evidence.store.check_rows import check_analyses, check_footage, check_names, check_work
from evidence.store.finding import Finding
from evidence.store.verdicts import verify


def check(case: Case, deep: bool = False) -> Iterator[Finding]:
    """What is wrong with a case, as it is at this moment; nothing where all agrees.

    Every row of every analysis is read, and every still. It changes nothing and takes no
    lock: a sweep may go on.

    Args:
        deep: read the originals as well; otherwise their sizes and times have to do.

    Raises:
        CaseDamaged: the database is so damaged that it cannot be read.
    """
    with case.snapshot() as session:
        yield from chain(
            _check_folder(case),
            _check_database(case, session),
            check_analyses(session),
            check_names(session),
            check_work(session),
            check_footage(session),
            check_machines(session),
            _check_verdicts(session),
            check_draws(session),
            check_items(session),
            check_stills(case, session),
            check_originals(case, session, deep),
        )


def _check_folder(case: Case) -> Iterator[Finding]:
    path = case.folder / "case.json"
    if case.on_server and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding(
            str(path), "may be read by others, and may hold a password", f"chmod 600 {path}"
        )


def _check_database(case: Case, session: Session) -> Iterator[Finding]:
    """What SQLite finds; PostgreSQL keeps its own house."""
    if case.on_server:
        return
    restore = "open the last pack of the case in its place"
    for line in session.scalars(text("PRAGMA integrity_check")):
        if line != "ok":
            yield Finding(case.database, f"damaged: {line}", restore)
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        about = f"{table}, row {row}"
        yield Finding(about, f"points to a row of {other} that is not there", restore)


_GUARDS = {
    "sqlite": "SELECT count(*) FROM sqlite_schema "
    "WHERE type = 'trigger' AND name LIKE :name ESCAPE '!'",
    "postgresql": "SELECT 2 * count(*) FROM pg_trigger WHERE tgname LIKE :name ESCAPE '!' "
    "AND tgenabled <> 'D' AND NOT tgisinternal",
}


def _check_verdicts(session: Session) -> Iterator[Finding]:
    for line in verify(session):
        about, _, what = line.partition(": ")
        yield Finding(about, what, "compare it with the last pack of the case; do not rely on it")
    for table in ("verdicts", "decisions", "draws", "corrections"):
        guards = session.scalar(
            text(_GUARDS[session.get_bind().dialect.name]), {"name": f"{table}!_%"}
        )
        if guards != 2:
            yield Finding(
                table,
                "the database no longer refuses to change them",
                "pack the case and open the pack in a new folder",
            )
