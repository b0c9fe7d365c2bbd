"""Whether a case's database, its folder, its machines and the originals agree.

Each finding says what is wrong and what to do.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from datasets.errors import FootageError
from datasets.files import NO_FILE, exists, isdir, why_missing
from detector.footage.files import open_footage
from evidence.case.case import Case
from evidence.case.folder import PARTIAL
from evidence.case.places import lay_at, places_of
from evidence.case.row_checks import (
    Finding,
    check_analyses,
    check_draws,
    check_items,
    check_lists,
    check_machines,
)
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import UNREAD, FormerPlace, Location
from evidence.case.verdicts import kept_stills, verify
from evidence.clip.tables import counted


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
            _check_stills(case, session),
            _check_originals(case, session, deep),
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
            yield Finding(case.database, f"damaged: {line}")
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        what = f"points to a row of {other} that is not there"
        yield Finding(f"{table}, row {row}", what)


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


def _check_stills(case: Case, session: Session) -> Iterator[Finding]:
    """Each still is there and has the hash that names it; others are reported."""
    known = set()
    for sha256, suffix in kept_stills(session):
        path = case.still(sha256, suffix)
        known.add(path)
        if case.read_still(sha256, suffix) is None:
            why = why_missing(path)
            what = f"missing ({why})" if why else "altered: its bytes have another hash"
            yield Finding(str(path), what, "take it from a pack of the case")
    held = {
        case.find(place) for place in session.scalars(select(Location.path).where(Location.held))
    }
    yield from _strays(case.folder / "stills", known)
    yield from _strays(case.folder / "footage", held)


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


def _check_originals(case: Case, session: Session, deep: bool) -> Iterator[Finding]:
    """Each footage that was looked at lies, unchanged, at one of its places at least."""
    by_footage: dict[str, list[Location]] = defaultdict(list)
    query = select(Location).where(Location.footage.is_not(None))
    for place in session.scalars(query.order_by(Location.footage, Location.path)):
        by_footage[str(place.footage)].append(place)
    known = select(AnalysisRow.footage).union(select(FormerPlace.footage))
    lost = sorted(set(session.scalars(known)).difference(by_footage))
    former = places_of(session, lost)
    todo = "put it back, or sweep the folder where it is now; what was found in it still counts"
    for sha256 in lost:
        lay = "; ".join(lay_at(one.path, one.unread) for one in former[sha256])
        what = f"the original is at none of its places: it {lay}"
        yield Finding(f"footage {sha256[:12]}", what, todo)
    gone: dict[tuple[Path, bool], list[Path]] = defaultdict(list)
    for sha256, those in by_footage.items():
        findings = [_look(case, place, sha256, deep) for place in those]
        # One whole place is enough for everything the case does.
        elsewhere = any(finding is None or not finding.wrong for finding in findings)
        for place, finding in zip(those, findings, strict=True):
            if finding is _GONE:
                path = case.find(place.path)
                gone[_missing(path), not elsewhere].append(path)
            elif finding is not None:
                yield finding
    for (root, wrong), paths in sorted(gone.items()):
        why = why_missing(root) or "could not be read just now"
        what, todo = why, "check the permissions and the disk"
        if why == NO_FILE:
            what, todo = "the original is gone", "put it back, or mount its disk"
        if paths != [root]:  # a disk that is not there, or a case that was moved
            what += f", and {counted(len(paths), 'original')} below it with it"
        yield Finding(str(root), what, f"{todo}, or sweep the folder where it is now", wrong)


_GONE = Finding("", "gone", "")
_AGAIN = "sweep it again; what was found is of the file that was there"
_OTHER = "the original is another file than it was"


def _look(case: Case, place: Location, sha256: str, deep: bool) -> Finding | None:
    """What is the matter with footage at one of its places."""
    path = case.find(place.path)
    about = str(path)
    try:
        status = path.stat()
    except OSError:
        return _GONE
    if deep or place.held:
        try:
            same = open_footage(path).sha256 == sha256
        except FootageError as error:
            return Finding(about, f"the original cannot be read ({error.kind})", _AGAIN)
        return None if same else Finding(about, _OTHER, _AGAIN)
    if isdir(path):
        return None
    if place.size not in (None, status.st_size):
        return Finding(about, _OTHER, _AGAIN)
    if place.mtime_ns == UNREAD:
        todo = "sweep the folder it lies in, which reads it"
        return Finding(about, "not read since the pack was opened", todo, wrong=False)
    if place.mtime_ns not in (None, status.st_mtime_ns):
        todo = "whether its bytes have too, --deep tells"
        return Finding(about, "the original's time has changed", todo, wrong=False)
    return None


def _missing(path: Path) -> Path:
    """The topmost part of a path that is not there."""
    while not exists(path.parent):
        path = path.parent
    return path
