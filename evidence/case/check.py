"""Whether a case's database, its folder, its machines and the originals agree.

Each finding says what is wrong and what to do.
"""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy import or_, select, text, true
from sqlalchemy.orm import Session

from datasets.errors import FootageError, SettingsError
from datasets.files import NO_FILE, exists, isdir, why_missing
from detector.footage.files import open_footage
from evidence.case.base import chunks, found_with, values_of
from evidence.case.case import Case
from evidence.case.places import lay_at, places_of
from evidence.case.rows import Row, each_stored, read_rows
from evidence.case.sighting_tables import (
    AnalysisRow,
    Link,
    MachineRow,
    Membership,
    analysis_id,
    machine_id,
)
from evidence.case.tables import UNREAD, Draw, FormerPlace, Item, Location, Work
from evidence.case.verdicts import kept_stills, verify
from evidence.case.work_queue import DONE
from evidence.clip.tables import counted
from evidence.link.machines import LinkedMachine, work_out
from evidence.link.sightings import Scope, load_decided, load_scope
from evidence.review.audit import draw, plan_of
from evidence.review.items import expected, members_of

REPLACE = "open the last pack of the case in its place"
_SPOILT = f"do not estimate from the sample; {REPLACE}"
_AT_ONCE = 500  # analyses a statement


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a case, or (`wrong` false) only worth knowing.

    about: a file, a path or a row. what: is the matter with it. todo: what to do.
    """

    about: str
    what: str
    todo: str = REPLACE
    wrong: bool = True

    def __str__(self) -> str:
        return f"{self.about}: {self.what}; {self.todo}"


def check_analyses(session: Session) -> Iterator[Finding]:
    """Each analysis has the name that follows from its recipe, and all of its rows as stored."""
    analyses = session.scalars(select(AnalysisRow.id).order_by(AnalysisRow.id)).all()
    for key, rows in each_stored(session, analyses):
        about, own = f"analysis {key}", rows.analysis
        if key != analysis_id(own["footage"], own["model"], own["settings"]):
            yield Finding(about, "its name is not that of its footage and recipe")
        elif rows.digest() != own["digest"]:
            yield Finding(about, "rows of it are missing or were changed")


def check_lists(session: Session) -> Iterator[Finding]:
    """Work is done when its analysis is stored; what nobody read is on a list."""
    looked = select(AnalysisRow.id).where(AnalysisRow.footage == Location.footage)
    works = select(Work.path).join(Location, Location.path == Work.path)
    undone = works.where(Work.state == DONE, ~looked.where(found_with(AnalysisRow, Work)).exists())
    unread = or_(Location.footage.is_(None), Location.held & ~looked.exists())
    unlisted = select(Location.path).where(Location.path.not_in(select(Work.path)), unread)
    strange = select(Draw.item).where(Draw.analysis.not_in(select(AnalysisRow.id)))
    missed = "it was to be looked at, and is on no list any more"
    for query, of, what, todo in (
        (undone, "", "counts as done, and there is no analysis of it", REPLACE),
        (unlisted, "", missed, f"{REPLACE}, or sweep the folder it lies in"),
        (strange, "draw ", "is of no analysis in the case", _SPOILT),
    ):
        for about in sorted(session.scalars(query)):
            yield Finding(f"{of}{about}", what, todo)


def _differences(stored: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """The names under which two tables hold different things, in order."""
    names = stored.keys() | wanted.keys()
    return sorted(name for name in names if stored.get(name) != wanted.get(name))


def check_machines(session: Session) -> Iterator[Finding]:
    """The machines of each recipe follow from its sightings, links and decisions."""
    recipes = select(AnalysisRow.model, AnalysisRow.settings).distinct()
    links = session.scalars(select(Link)).all()
    for model, settings in session.execute(recipes.order_by(*recipes.selected_columns)).all():
        scope = load_scope(session, model, settings)
        decided = load_decided(session, scope)
        linked = {key for one in links if one.a in scope.footage for key in (one.a, one.b)}
        try:
            found = work_out(session, scope, (scope.footage.keys() - scope.new) | linked, decided)
        except SettingsError as error:
            what = f"cannot be worked out again ({error})"
            todo = "check them with the version that found them"
            yield Finding(f"machines of model {model[:12]}", what, todo, wrong=False)
            continue
        wanted = {machine_id(one.sightings[0]): one for one in found.machines}
        wrong = {
            f"machine {name}": wanted[name].sightings if name in wanted else ()
            for name in _differences(_stored_machines(session, scope), wanted)
        }
        ours = [(one.a, one.b, one.kind, one.held) for one in links if one.a in scope.footage]
        joined = {(tie.a, tie.b, "joined") for tie in decided.joined}
        unlike = joined ^ {one[:3] for one in ours if one[2] == "joined"}
        unlike |= found.held ^ {one[:3] for one in ours if one[3]}
        wrong |= {f"link of {a} and {b} ({kind})": (a, b) for a, b, kind in sorted(unlike)}
        for about, keys in wrong.items():
            if decided.carried.isdisjoint(keys):
                yield Finding(about, "does not follow from sightings, links and decisions")
            else:
                what = "does not follow yet from a decision on what another recipe found"
                yield Finding(about, what, "run the sweep again", wrong=False)
        if new := len(scope.new - linked):
            what = f"{new} sightings are of no machine: a sweep was stopped before it linked them"
            todo = "run the sweep again, which links them"
            yield Finding(f"machines of model {model[:12]}", what, todo, wrong=False)


def _stored_machines(session: Session, scope: Scope) -> dict[str, LinkedMachine]:
    """By name the machines of a recipe as the case holds them, those whose count agrees."""
    members: dict[str, list[str]] = defaultdict(list)
    shown = select(Membership.sighting, Membership.machine).order_by(Membership.sighting)
    for sighting, name in session.execute(shown):
        members[name].append(sighting)
    names = ("builder", "grade", "probability", "footages", "conflict")
    return {
        row.id: LinkedMachine(tuple(members[row.id]), **values_of(row, *names))
        for row in session.scalars(select(MachineRow).where(found_with(MachineRow, scope)))
        if row.sightings == len(members[row.id])
    }


def check_draws(session: Session) -> Iterator[Finding]:
    """The audit sample is what its plan draws: nothing left out, nothing put in by hand."""
    plan = plan_of(session)
    drawn: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in read_rows(session, Draw, true()):
        drawn[row["analysis"]][row["item"]] = row | {"made": None}
    analyses = select(AnalysisRow.id, AnalysisRow.footage).order_by(AnalysisRow.id)
    footage = dict(session.execute(analyses).all())
    for key, members in members_of(session, list(footage)):
        naming = {"analysis": key, "footage": footage[key]}
        wanted = {row["item"]: row | {"made": None} for row in draw(plan, members, naming)}
        if wanted.keys() - drawn[key].keys():
            what = "the audit sample was not drawn from it, or not wholly"
            yield Finding(f"analysis {key}", what, "run nameplate case items, which draws it")
        for item in _differences(drawn[key], wanted):
            if item in drawn[key]:
                what = "was put into the audit sample, or changed; its plan does not draw it so"
                yield Finding(f"draw {item}", what, _SPOILT)


def check_items(session: Session) -> Iterator[Finding]:
    """Each analysis has the items that follow, with the standing that follows from the log."""
    what = "does not agree with its flags, draws and verdicts"
    for some in map(dict, chunks(expected(session), _AT_ONCE)):
        stored = {row["item"]: row for row in read_rows(session, Item, Item.analysis.in_(some))}
        wanted = {row["item"]: row for rows in some.values() for row in rows}
        for key in _differences(stored, wanted):
            yield Finding(f"item {key}", what, "run nameplate case items, which makes them again")


def check(case: Case, deep: bool = False) -> Iterator[Finding]:
    """What is wrong with a case, as it is at this moment; nothing where all agrees.

    It changes nothing and takes no lock: a sweep may go on. deep: read the originals as well;
    otherwise their sizes and times have to do. `CaseDamaged`: the database is so damaged that it
    cannot be read.
    """
    with case.snapshot() as session:
        yield from chain(
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


def _check_database(case: Case, session: Session) -> Iterator[Finding]:
    """What SQLite finds; PostgreSQL checks itself, and its password may not be read by others."""
    path = case.folder / "case.json"
    if case.on_server:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            what = "may be read by others, and may hold a password"
            yield Finding(str(path), what, f"chmod 600 {path}")
        return
    for line in session.scalars(text("PRAGMA integrity_check")):
        if line != "ok":
            yield Finding(case.database, f"damaged: {line}")
    for table, row, other, _ in session.execute(text("PRAGMA foreign_key_check")):
        what = f"points to a row of {other} that is not there"
        yield Finding(f"{table}, row {row}", what)


def _check_verdicts(session: Session) -> Iterator[Finding]:
    for line in verify(session):
        about, _, what = line.partition(": ")
        yield Finding(about, what, "compare it with the last pack of the case; do not rely on it")


def _check_stills(case: Case, session: Session) -> Iterator[Finding]:
    """Each still is there and has the hash that names it."""
    for sha256, suffix in kept_stills(session):
        path = case.still(sha256, suffix)
        if case.read_still(sha256, suffix) is None:
            why = why_missing(path)
            what = f"missing ({why})" if why else "altered: its bytes have another hash"
            yield Finding(str(path), what, "take it from a pack of the case")


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
