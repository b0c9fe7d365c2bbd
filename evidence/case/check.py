"""Whether a case's database, its folder, its machines and the originals agree.

Each finding says what is wrong and what to do.
"""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from datasets.errors import SettingsError
from evidence.case.case import Case
from evidence.case.file_checks import check_originals, check_stills
from evidence.case.row_checks import (
    REPLACE,
    Finding,
    check_analyses,
    check_draws,
    check_items,
    check_lists,
    check_names,
)
from evidence.case.sighting_tables import (
    AnalysisRow,
    Link,
    MachineRow,
    Membership,
    machine_id,
)
from evidence.case.verdicts import verify
from evidence.link.decisions import PairDecisions, load_decided
from evidence.link.machines import WorkedOut, work_out
from evidence.link.sightings import Scope, chunks, load_scope


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
            check_lists(session),
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
        what = "may be read by others, and may hold a password"
        yield Finding(str(path), what, f"chmod 600 {path}")


def _check_database(case: Case, session: Session) -> Iterator[Finding]:
    """What SQLite finds; PostgreSQL checks itself."""
    if case.on_server:
        return
    for line in session.scalars(text("PRAGMA integrity_check")):
        if line != "ok":
            yield Finding(case.database, f"damaged: {line}", REPLACE)
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        what = f"points to a row of {other} that is not there"
        yield Finding(f"{table}, row {row}", what, REPLACE)


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
    counted = text(_GUARDS[session.get_bind().dialect.name])
    for table in ("verdicts", "decisions", "draws", "corrections"):
        if session.scalar(counted, {"name": f"{table}!_%"}) != 2:
            what = "the database no longer refuses to change them"
            yield Finding(table, what, "pack the case and open the pack in a new folder")


def check_machines(session: Session) -> Iterator[Finding]:
    """The machines of each recipe follow from its sightings, links and decisions."""
    recipes = select(AnalysisRow.model, AnalysisRow.settings).distinct()
    for model, settings in session.execute(recipes.order_by(*recipes.selected_columns)).all():
        about = f"machines of model {model[:12]} and settings {settings[:12]}"
        scope = load_scope(session, model, settings)
        decided = load_decided(session, scope)
        try:
            yield from _check_links(session, scope, decided)
            yield from _check_made(session, scope, decided)
        except SettingsError as error:
            what = f"cannot be worked out again ({error})"
            yield Finding(about, what, "check them with the version that found them", wrong=False)
            continue
        linked = {key for pair in select_links(session, scope) for key in pair}
        for key in sorted(scope.new & linked):
            yield Finding(f"sighting {key}", "is linked to others and of no machine", REPLACE)
        if new := len(scope.new - linked):
            what = f"{new} sightings are of none: a sweep was stopped before it linked them"
            yield Finding(about, what, "run the sweep again, which links them", wrong=False)


def select_links(session: Session, scope: Scope, *kinds: str) -> set[tuple[str, str]]:
    """The pairs of sightings of a recipe that are linked, in one of these ways if any is named."""
    mine = scope.footage
    query = select(Link.a, Link.b)
    if kinds:
        query = query.where(Link.kind.in_(kinds))
    return {(a, b) for a, b in session.execute(query) if a in mine}


def _check_links(session: Session, scope: Scope, decided: PairDecisions) -> Iterator[Finding]:
    """Links by hand are those that people decided."""
    joined = {(tie.a, tie.b) for tie in decided.joined}
    for pair in sorted(select_links(session, scope, "joined") ^ joined):
        if decided.carried.isdisjoint(pair):
            what = "their link by hand is gone" if pair in joined else "nobody joined them"
            yield Finding("sightings {} and {}".format(*pair), what, REPLACE)


def _check_made(session: Session, scope: Scope, decided: PairDecisions) -> Iterator[Finding]:
    """Each machine has the sightings it should, and says what follows from them."""
    rows = {row.id: row for row in session.scalars(select(MachineRow).where(scope.of(MachineRow)))}
    members: dict[str, set[str]] = defaultdict(set)
    for sighting, machine in session.execute(select(Membership.sighting, Membership.machine)):
        members[machine].add(sighting)
    empty = sorted(key for key in rows if key not in members)
    yield from (Finding(f"machine {key}", "no sighting shows it", REPLACE) for key in empty)
    settled: set[str] = set()
    for part in chunks(sorted(scope.footage.keys() - scope.new)):
        if left := set(part) - settled:
            found = work_out(session, scope, left, decided)
            settled |= found.keys
            yield from _compare(found, rows, members, decided.carried)


def _compare(
    found: WorkedOut,
    rows: dict[str, MachineRow],
    members: dict[str, set[str]],
    carried: frozenset[str],
) -> Iterator[Finding]:
    for machine in found.machines:
        name = machine_id(machine.sightings[0])
        row, what = rows.get(name), ""
        if row is None or members[name] != {*machine.sightings}:
            what = "has other sightings than links and decisions give it"
        else:
            says = ("builder", "grade", "probability", "footages", "conflict")
            unlike = [word for word in says if getattr(row, word) != getattr(machine, word)]
            unlike += ["count"] if row.sightings != len(machine.sightings) else []
            if unlike:
                what = f"has another {', '.join(unlike)} than follows from its sightings"
        if what and not carried.isdisjoint(machine.sightings):
            what = "does not follow yet from a decision on what another recipe found"
            yield Finding(f"machine {name}", what, "run the sweep again", wrong=False)
        elif what:
            yield Finding(f"machine {name}", what, REPLACE)
    for link in found.links:
        holds = (link.a, link.b, link.kind) in found.held
        if link.held != holds and carried.isdisjoint((link.a, link.b)):
            what = f"their link ({link.kind}) is said {'' if link.held else 'not '}to hold"
            yield Finding(f"sightings {link.a} and {link.b}", what, REPLACE)
