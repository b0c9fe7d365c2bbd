"""Footage of a list that a person says has moved, or is lost for good.

No program can tell that a file which was never read is what a sweep met at another place. A person
can, for a whole folder, where names and sizes agree. The old path stays on the list as `moved`, and
counts only at the new one. What waited when a case was packed may be gone. As `lost` it no longer
holds up an answer, and counts among the files that could not be looked at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.files import NO_FILE, exists, why_missing
from datasets.messages import Message
from evidence.case.places import corrected, unsaid
from evidence.case.queue import ASIDE, DONE, LOST, PACKED, within
from evidence.case.tables import MOVED, UNREAD, Location, Work

_AT_ONCE = 500  # paths a statement


@dataclass
class MovedPaths:
    """The paths at and below one that has moved, by what became of them.

    moved: they count at their new place only. still: the file lies where it was. unmet: no sweep
    has met it at the new place, or read it there where it was read before. other: another file
    lies there, as its size or hash shows.
    """

    moved: list[str] = field(default_factory=list)
    still: list[str] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def move(session: Session, old: str, new: str, author: str) -> MovedPaths:
    """What lay at `old`, a folder or a file, lies at `new` now, under the same names.

    Lists of work with nothing at `new` stay as they are: nobody has swept there with those
    settings. Claims about a file that was never read move to its new place, where that has none.
    If a sweep meets a file at the old path again, it looks at it.

    Args:
        old, new: absolute paths.
        author: who says so.

    Raises:
        UsageError: on no list there is something at both, or both are the same.
    """
    if old == new:
        raise UsageError(f"{old}: named twice; name where it lay and where it lies now")
    swept = select(Work.model, Work.settings).where(within([new]))
    listed = select(Work.path).where(
        within([old]),
        Work.kind.is_distinct_from(MOVED),
        tuple_(Work.model, Work.settings).in_(swept),
    )
    asked = select(Location).where(Location.path.in_(listed), Location.held.is_(False))
    places = session.scalars(asked.order_by(Location.path).with_for_update()).all()
    if not places:
        raise UsageError(
            f"{old}: nothing on a list of the case lies there that has something at {new} too; "
            f"sweep {new}, and name where the footage lay"
        )
    told = MovedPaths()
    for start in range(0, len(places), _AT_ONCE):
        some = {new + place.path[len(old) :]: place for place in places[start : start + _AT_ONCE]}
        works = _works(session, [place.path for place in some.values()])
        there, listed_there = _places(session, list(some)), _works(session, list(some))
        for path, place in some.items():
            mine, others = works[place.path], listed_there[path]
            what = _settle(session, place, there.get(path), mine, others, author)
            getattr(told, what).append(place.path)
    return told


def _settle(
    session: Session,
    place: Location,
    there: Location | None,
    mine: list[Work],
    others: list[Work],
    author: str,
) -> str:
    """What becomes of one path, as a field of `MovedPaths`."""
    if there is None or there.mtime_ns == UNREAD:
        return "unmet"
    if exists(place.path):
        return "still"
    if place.size is None or place.size != there.size:
        return "other"
    if None not in (place.footage, there.footage) and place.footage != there.footage:
        return "other"
    listed = {(work.model, work.settings) for work in others}
    both = [work for work in mine if (work.model, work.settings) in listed]
    if not both or any(w.state == DONE and place.footage != there.footage for w in both):
        return "unmet"
    for work in both:
        work.state, work.kind, work.changed = ASIDE, MOVED, datetime.now(UTC)
        work.reason = f"it lies at {there.path} now, says {author}"
    if place.footage is None:
        if said := unsaid(there, place):
            stands = {claim for _, claim in corrected(session, [there.path])}
            for name in said.keys() - stands:
                setattr(there, name, said[name])
        place.mtime_ns = UNREAD  # whatever comes to lie there is another file
    return "moved"


def _places(session: Session, paths: list[str]) -> dict[str, Location]:
    found = select(Location).where(Location.path.in_(paths)).order_by(Location.path)
    return {place.path: place for place in session.scalars(found.with_for_update())}


def _works(session: Session, paths: list[str]) -> dict[str, list[Work]]:
    """By path what is on a list there and counts."""
    found: dict[str, list[Work]] = defaultdict(list)
    asked = select(Work).where(Work.path.in_(paths), Work.kind.is_distinct_from(MOVED))
    for work in session.scalars(asked.order_by(Work.path)):
        found[work.path].append(work)
    return found


_SAID = Message("it is lost for good, as %(author)s says")


@dataclass(frozen=True)
class LostPaths:
    """The paths that a person said are lost: those that wait no more, and those that lie there
    still, if only out of reach, and wait."""

    lost: list[str]
    there: list[str]


def lose(session: Session, path: str, author: str) -> LostPaths:
    """What waited at `path`, a file or a folder, when its case was packed is lost. A sweep that
    meets it there all the same looks at it.

    Args:
        path: absolute.
        author: who says so.

    Raises:
        UsageError: nothing at the path has waited since its case was packed.
    """
    waited = select(Work).where(within([path]), Work.state == ASIDE, Work.kind == PACKED)
    works = session.scalars(waited.order_by(Work.path).with_for_update()).all()
    if not works:
        raise UsageError(
            f"{path}: nothing there has waited since the case was packed; "
            "`nameplate sweep --status --case CASE` lists what has"
        )
    told: dict[str, bool] = {}
    for work in works:
        there = told.setdefault(work.path, why_missing(Path(work.path)) != NO_FILE)
        if not there:
            work.kind, work.changed = LOST, datetime.now(UTC)
            work.reason = _SAID.fill(author=author)
    return LostPaths(
        [path for path, there in told.items() if not there],
        [path for path, there in told.items() if there],
    )
