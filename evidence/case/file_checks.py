"""Whether a case's files and the originals are there, and what they were."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import FootageError
from datasets.files import NO_FILE, exists, isdir, why_missing
from detector.footage.files import open_footage
from evidence.case.case import Case
from evidence.case.folder import PARTIAL
from evidence.case.places import lay_at, places_of
from evidence.case.row_checks import Finding
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import UNREAD, FormerPlace, Location
from evidence.case.verdicts import kept_stills
from evidence.clip.tables import counted


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
