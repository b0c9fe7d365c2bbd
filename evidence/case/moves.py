"""Footage of a list that a person says has moved, or is lost for good.

No program can tell that a file which was never read is what a sweep met at another place. A person
can, for a whole folder, where names and sizes agree. The old path stays on the list as `moved`, and
counts only at the new one. What waited when a case was packed may be gone. As `lost` it no longer
holds up an answer, and counts among the files that could not be looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.files import NO_FILE, exists, why_missing
from datasets.messages import Message
from evidence.case.places import corrected, unsaid
from evidence.case.tables import MOVED, UNREAD, Location, Work
from evidence.case.work_queue import ASIDE, DONE, LOST, PACKED, within

Outcomes = dict[str, list[str]]  # paths by what became of them


def move(session: Session, old: str, new: str, author: str) -> Outcomes:
    """What lay at `old`, a folder or a file, lies at `new` now, under the same names.

    Lists of work with nothing at `new` stay as they are: nobody has swept there with those
    settings. Claims about a file that was never read move to its new place, where that has none. If
    a sweep meets a file at the old path again, it looks at it. Both paths are absolute.

    - moved: they count at their new place only
    - still: the file lies where it was
    - unmet: no sweep has met it at the new place, or read it there where it was read before
    - other: another file lies there, as its size or hash shows

    `UsageError`: on no list there is something at both, or both are the same.
    """
    if old == new:
        raise UsageError(f"{old}: named twice; name where it lay and where it lies now")
    asked = select(Location).where(within([old, new], Location.path)).order_by(Location.path)
    places = {place.path: place for place in session.scalars(asked.with_for_update())}
    listed: dict[str, dict[tuple[str, str], Work]] = defaultdict(dict)
    swept: set[tuple[str, str]] = set()
    for work in session.scalars(select(Work).where(within([old, new])).order_by(Work.path)):
        if _lies(work.path, new):
            swept.add((work.model, work.settings))
        if work.kind != MOVED:
            listed[work.path][work.model, work.settings] = work
    told: Outcomes = defaultdict(list)
    for path, place in places.items():
        if _lies(path, old) and not place.held and swept & listed[path].keys():
            there = new + path[len(old) :]
            both = [listed[path][key] for key in listed[path].keys() & listed[there].keys()]
            told[_settle(session, place, places.get(there), both, author)].append(path)
    if not told:
        raise UsageError(
            f"{old}: nothing on a list of the case lies there that has something at {new} too; "
            f"sweep {new}, and name where the footage lay"
        )
    return told


def _lies(path: str, at: str) -> bool:
    return path == at or path.startswith(f"{at}/")


def _settle(
    session: Session, place: Location, there: Location | None, works: Iterable[Work], author: str
) -> str:
    if there is None or there.mtime_ns == UNREAD:
        return "unmet"
    if exists(place.path):
        return "still"
    alike = None in (place.footage, there.footage) or place.footage == there.footage
    if place.size is None or place.size != there.size or not alike:
        return "other"
    if not works or any(w.state == DONE and place.footage != there.footage for w in works):
        return "unmet"
    for work in works:
        work.state, work.kind, work.changed = ASIDE, MOVED, datetime.now(UTC)
        work.reason = f"it lies at {there.path} now, says {author}"
    if place.footage is None:
        stands = {claim for _, claim in corrected(session, [there.path])}
        for name, said in unsaid(there, place).items():
            if name not in stands:
                setattr(there, name, said)
        place.mtime_ns = UNREAD  # whatever comes to lie there is another file
    return "moved"


def lose(session: Session, path: str, author: str) -> Outcomes:
    """What waited at `path`, a file or a folder, when its case was packed is lost.

    A sweep that meets it there all the same looks at it. What still lies `there`, if only out of
    reach, waits on. `UsageError`: nothing at the path has waited since its case was packed.
    """
    waited = select(Work).where(within([path]), Work.state == ASIDE, Work.kind == PACKED)
    works = session.scalars(waited.order_by(Work.path).with_for_update()).all()
    if not works:
        raise UsageError(
            f"{path}: nothing there has waited since the case was packed; "
            "`nameplate sweep --status --case CASE` lists what has"
        )
    gone = {path: why_missing(Path(path)) == NO_FILE for path in (work.path for work in works)}
    for work in works:
        if gone[work.path]:
            work.kind, work.changed = LOST, datetime.now(UTC)
            work.reason = Message("it is lost for good, as %(author)s says", author=author)
    lost = [path for path, is_gone in gone.items() if is_gone]
    return {"lost": lost, "there": [path for path in gone if path not in lost]}
