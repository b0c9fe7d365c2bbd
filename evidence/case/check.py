"""Whether a case's database, its folder, its machines and the originals agree.

Each finding says what is wrong and what to do.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from datasets.errors import FootageError, SettingsError
from datasets.files import NO_FILE, exists, isdir, why_missing
from detector.footage.files import open_footage
from evidence.case.case import Case
from evidence.case.folder import PARTIAL
from evidence.case.places import lay_at, places_of
from evidence.case.row_checks import (
    REPLACE,
    Finding,
    check_analyses,
    check_draws,
    check_items,
    check_lists,
)
from evidence.case.sighting_tables import (
    AnalysisRow,
    Link,
    MachineRow,
    Membership,
    machine_id,
)
from evidence.case.tables import UNREAD, FormerPlace, Location
from evidence.case.verdicts import kept_stills, verify
from evidence.clip.tables import counted
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


def check_stills(case: Case, session: Session) -> Iterator[Finding]:
    """Each still is there and has the hash that names it; others are reported."""
    known = set()
    for sha256, suffix in kept_stills(session):
        path = case.still(sha256, suffix)
        known.add(path)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            yield Finding(str(path), f"missing ({error.strerror})", _TAKE)
            continue
        if found != sha256:
            yield Finding(str(path), "altered: its bytes have another hash", _TAKE)
    held = {case.find(place) for place in session.scalars(select(Location.path).where(_HELD))}
    yield from _strays(case.folder / "stills", known)
    yield from _strays(case.folder / "footage", held)


_TAKE = "take it from a pack of the case"
_HELD = Location.held.is_(True)


def _strays(folder: Path, known: set[Path]) -> Iterator[Finding]:
    """Files that no row names; what a run that was killed leaves is among them."""
    for name, folders, files in os.walk(folder):
        here = Path(name)
        folders[:] = sorted(one for one in folders if here / one not in known)
        for path in sorted(here / one for one in files):
            if path in known:
                continue
            if path.name.endswith(PARTIAL):
                what = "begun by a run that was killed"
            else:
                what = "no row names it; a run was killed, or is about to store it"
            yield Finding(str(path), what, "delete it if no run holds the case", wrong=False)


def check_originals(case: Case, session: Session, deep: bool) -> Iterator[Finding]:
    """Each footage that was looked at lies, unchanged, at one of its places at least."""
    places = select(Location).order_by(Location.footage, Location.path)
    by_footage: dict[str, list[Location]] = {}
    for place in session.scalars(places):
        if place.footage is not None:
            by_footage.setdefault(place.footage, []).append(place)
    yield from _nowhere(session, by_footage)
    gone: dict[tuple[Path, bool], list[Path]] = {}
    for sha256, those in by_footage.items():
        findings = [_look(case, place, sha256, deep) for place in those]
        # One whole place is enough for everything the case does.
        elsewhere = any(finding is None or not finding.wrong for finding in findings)
        for place, finding in zip(those, findings, strict=True):
            if finding is _GONE:
                path = case.find(place.path)
                gone.setdefault((_missing(path), not elsewhere), []).append(path)
            elif finding is not None:
                yield finding
    for (root, wrong), paths in sorted(gone.items()):
        alone = paths == [root]
        why = why_missing(root) or "could not be read just now"
        if why != NO_FILE:
            what, todo = why, "check the permissions and the disk"
        elif alone:
            what, todo = "the original is gone", "put it back"
        else:
            what, todo = "gone", "mount or put it back"
        if not alone:
            # A disk that is not there, or a case that was moved, is one thing to mend.
            what += f", and {counted(len(paths), 'original')} below it with it"
        todo += ", or sweep the folder where the footage is now"
        yield Finding(str(root), what, todo, wrong)


def _nowhere(session: Session, lying: Collection[str]) -> Iterator[Finding]:
    """Footage that was looked at, or that claims are kept of, and lies nowhere any more."""
    known = select(AnalysisRow.footage).union(select(FormerPlace.footage))
    lost = sorted(set(session.scalars(known)).difference(lying))
    places = places_of(session, lost)
    todo = "put it back, or sweep the folder where it is now; what was found in it still counts"
    for sha256 in lost:
        lay = [lay_at(one.path, one.unread) for one in places[sha256]]
        what = f"the original is at none of its places: it {'; '.join(lay)}"
        if not lay:
            what = "no place of the original is known any more"
        yield Finding(f"footage {sha256[:12]}", what, todo)


_GONE = Finding("", "gone", "")
_TOUCHED = "the original's time has changed"


def _look(case: Case, place: Location, sha256: str, deep: bool) -> Finding | None:
    """What is the matter with footage at one of its places."""
    path = case.find(place.path)
    about = str(path)
    try:
        status = path.stat()
    except OSError:
        return _GONE
    again = "sweep it again; what was found is of the file that was there"
    if deep or place.held:
        try:
            found = open_footage(path).sha256
        except FootageError as error:
            return Finding(about, f"the original cannot be read ({error.kind})", again)
        if found != sha256:
            return Finding(about, "the original is another file than it was", again)
        return None
    if isdir(path):
        return None
    if place.size is not None and place.size != status.st_size:
        return Finding(about, "the original is another file than it was", again)
    if place.mtime_ns == UNREAD:
        todo = "sweep the folder it lies in, which reads it"
        return Finding(about, "not read since the pack was opened", todo, wrong=False)
    if place.mtime_ns is not None and place.mtime_ns != status.st_mtime_ns:
        todo = "whether its bytes have too, --deep tells"
        return Finding(about, _TOUCHED, todo, wrong=False)
    return None


def _missing(path: Path) -> Path:
    """The topmost part of a path that is not there."""
    while not exists(path.parent):
        path = path.parent
    return path
