"""Whether machines, what links their sightings, and copies of footage agree.

Whether a case's database, its folder and the originals agree, and what to do where not."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from itertools import chain

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, aliased

from datasets.errors import SettingsError
from evidence.case.case import Case
from evidence.case.file_checks import check_originals, check_stills
from evidence.case.row_checks import (
    Finding,
    check_analyses,
    check_draws,
    check_footage,
    check_items,
    check_names,
    check_work,
)
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Link,
    MachineRow,
    Membership,
    machine_id,
)
from evidence.case.verdicts import verify
from evidence.link.recount import Recount, recheck

_AGAIN = "run nameplate machines recount, which counts them anew from links and decisions"
_REPLACE = "open the last pack of the case in its place"


def check_machines(session: Session) -> Iterator[Finding]:
    """Each machine agrees with its sightings: name, count and what they say together.

    Its sightings are those that links and decisions give it. Links lead within one machine.
    """
    members = (
        select(
            Membership.machine,
            func.count().label("number"),
            func.min(Membership.sighting).label("first"),
        )
        .group_by(Membership.machine)
        .subquery()
    )
    machines = (
        select(MachineRow.id, MachineRow.sightings, members.c.number, members.c.first)
        .outerjoin(members, members.c.machine == MachineRow.id)
        .order_by(MachineRow.id)
    )
    for key, counted, number, first in session.execute(machines):
        about = f"machine {key}"
        if not number:
            yield Finding(about, "no sighting shows it", _AGAIN)
        elif counted != number:
            yield Finding(about, f"counts {counted} sightings and has {number}", _AGAIN)
        elif key != machine_id(first):
            yield Finding(about, "is not called after its first sighting", _AGAIN)
    one, other = aliased(Membership), aliased(Membership)
    links = (
        select(Link.a, Link.b)
        .outerjoin(one, one.sighting == Link.a)
        .outerjoin(other, other.sighting == Link.b)
        .where(Link.held, func.coalesce(one.machine, "") != func.coalesce(other.machine, "?"))
    )
    for a, b in session.execute(links):
        yield Finding(f"sightings {a} and {b}", "are linked and of different machines", _AGAIN)
    yield from _check_recipes(session)
    for model, word in ((Copy, "footage"), (Link, "sightings")):
        for a, b in session.execute(select(model.a, model.b).where(model.a >= model.b)):
            yield Finding(f"{word} {a} and {b}", "stand in the wrong order", _REPLACE)


def _check_recipes(session: Session) -> Iterator[Finding]:
    recipes = select(AnalysisRow.model, AnalysisRow.settings).distinct()
    for model, settings in session.execute(recipes.order_by(*recipes.selected_columns)).all():
        about = f"machines of model {model[:12]} and settings {settings[:12]}"
        try:
            found = recheck(session, model, settings)
        except SettingsError as error:
            what = f"cannot be counted a second time ({error})"
            yield Finding(about, what, "check them with the version that found them", wrong=False)
            continue
        yield from _tell(about, found)


def _tell(about: str, found: Recount) -> Iterator[Finding]:
    for key, what in sorted(found.machines.items()):
        yield Finding(f"machine {key}", what, _AGAIN)
    for key in sorted(found.pending):
        what = "does not follow yet from what was decided of it, found with another recipe"
        yield Finding(f"machine {key}", what, _AGAIN, wrong=False)
    for (a, b), what in sorted(found.links.items()):
        yield Finding(f"sightings {a} and {b}", what, _AGAIN)
    for key in found.lost:
        yield Finding(f"sighting {key}", "is linked to others and of no machine", _AGAIN)
    if found.new:
        what = f"{found.new} sightings are of none: a sweep was stopped before it linked them, or "
        what += "they were taken out"
        yield Finding(about, what, _AGAIN, wrong=False)


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
