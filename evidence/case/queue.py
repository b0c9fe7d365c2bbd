"""The list of work: what is to be looked at, what was, and what cannot be.

A path is `waiting`, `done` or `aside` for each recipe. Whoever takes work holds the case's
lock; adding to the list takes none. Every function works in the caller's transaction.

In PostgreSQL rows are locked in one order, lest two transactions wait for each other: the
locations by path, then their work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, update
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message, joined
from evidence.case.base import found_with, insert_new
from evidence.case.places import come_back, corrected, leave, put_right, with_earlier
from evidence.case.rows import analysed
from evidence.case.tables import MOVED, PLAYED, UNREAD, FootageRow, Location, Recipe, Work

WAITING, DONE, ASIDE = "waiting", "done", "aside"
UPLOADED, WHOLE = 1000, 2000
"""The priority of an upload, since somebody waits for it, and of one to be looked at wholly; that
of an archive is 0 by default."""

CANCELLED = "cancelled"  # the kind of work that a person set aside
PACKED = "packed"  # the kind of work that waited when its case was packed, and was not tried since
LOST = "lost"  # the same, after a person said that it is gone for good
LONGEST_PATH = 2400  # bytes; a PostgreSQL key holds 2704, and a path is the larger part of one
_NO_REASON = Message("no reason is kept")
_AT_ONCE = 500  # paths a statement
_TRUSTED = or_(Location.held, Location.mtime_ns.is_(None), Location.mtime_ns != UNREAD)


@dataclass(frozen=True)
class FootageSource:
    """Footage at a path, and what is known of where it came from; None: not known.

    path: absolute. size, mtime_ns: of the file; by them a changed one is noticed.

    Raises:
        UsageError: the path is too long to be kept.
    """

    path: str
    size: int | None = None
    mtime_ns: int | None = None
    origin_url: str | None = None
    publisher: str | None = None
    published: str | None = None
    plant_claimed: str | None = None
    note: str | None = None
    provenance: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if len(self.path.encode("utf-8", "surrogatepass")) > LONGEST_PATH:
            raise UsageError(
                f"{self.path[:200]}...: a path of more than {LONGEST_PATH} bytes; "
                "move the file nearer to the root"
            )

    def known(self) -> dict[str, Any]:
        """What is known, by column of `Location`."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class AddedWork:
    """How many paths were new to a list of work, how many known, how many known but changed."""

    new: int = 0
    known: int = 0
    changed: int = 0


@dataclass(frozen=True)
class WorkCounts:
    """How far a list of work has come.

    aside: by kind of reason, without `MOVED`. footages, seconds: different footage done, and its
    length. waiting_bytes: of the files that wait, as far as their sizes are known.
    """

    waiting: int
    done: int
    aside: Mapping[str, int] = field(default_factory=dict)
    footages: int = 0
    seconds: float = 0.0
    waiting_bytes: int = 0


def add_work(
    session: Session, recipe: Recipe, sources: Iterable[FootageSource], priority: int = 0
) -> AddedWork:
    """Adds paths to the list of a recipe; those on it stay as they are unless they changed.

    A path that waits gets the higher of its priorities.
    """
    total = AddedWork()
    rest = iter(sources)
    while some := list(islice(rest, _AT_ONCE)):
        chunk: dict[str, FootageSource] = {}
        for source in some:
            before, news = chunk.get(source.path, source), source.known()
            if "provenance" in news:
                news["provenance"] = with_earlier(before, news)
            chunk[source.path] = replace(before, **news)
        changed = _locate(session, chunk)
        mine = found_with(Work, recipe) & Work.path.in_(chunk)
        listed = set(session.scalars(select(Work.path).where(mine)))
        session.execute(
            update(Work)
            .where(found_with(Work, recipe), Work.path.in_(chunk), Work.state == WAITING)
            .where(Work.priority < priority)
            .values(priority=priority)
        )
        fresh = [path for path in chunk if path not in listed]
        now = datetime.now(UTC)
        naming = {"model": recipe.model, "settings": recipe.settings}
        row = naming | {"state": WAITING, "priority": priority, "tries": 0, "changed": now}
        insert_new(session, Work, [row | {"path": path} for path in fresh])
        again = len(changed & listed)
        total = AddedWork(
            total.new + len(fresh),
            total.known + len(listed) - again,
            total.changed + again,
        )
    return total


def add_all(session: Session, recipe: Recipe) -> AddedWork:
    """Adds every path at which the case knows footage to the list of a recipe.

    Left out: paths that only a pack from elsewhere names (`distrust`), and files that `MOVED`.
    """
    gone = Location.path.in_(select(Work.path).where(Work.kind == MOVED))
    known = select(Location.path).where(Location.footage.is_not(None), _TRUSTED, not_(gone))
    return add_work(session, recipe, map(FootageSource, session.scalars(known).all()))


def take(
    session: Session,
    recipe: Recipe,
    limit: int,
    exclude: Collection[str] = (),
    away: Collection[str] = (),
) -> list[Work]:
    """What is to be looked at next: the highest priority first, then in order of path.

    Args:
        exclude: paths not to give, since they are being looked at.
        away: paths, and folders with all that lies below them, not to give, since they are out
            of reach; fewer than a thousand.
    """
    found: list[Work] = []
    waiting = [found_with(Work, recipe), Work.state == WAITING, Work.path.not_in(exclude)]
    if away:
        waiting.append(not_(within(away)))
    below: list[ColumnElement[bool]] = []
    # One priority after the other, so that each is read off the index in order.
    while len(found) < limit:
        top = session.scalar(select(func.max(Work.priority)).where(*waiting, *below))
        if top is None:
            break
        found += session.scalars(
            select(Work)
            .where(*waiting, Work.priority == top)
            .order_by(Work.path)
            .limit(limit - len(found))
        )
        below = [Work.priority < top]
    return found


def count_away(session: Session, recipe: Recipe, away: Collection[str]) -> int:
    """How many paths wait that are among these, or lie below one; fewer than a thousand."""
    waiting = found_with(Work, recipe) & (Work.state == WAITING) & within(away)
    return session.scalar(select(func.count()).where(waiting)) or 0


def done(session: Session, work: Work, footage: str) -> bool:
    """The path holds that footage, and its analysis is stored.

    The place gets back what was known of that footage there, unless a list has since said
    something else. A person's correction always stays.

    Returns:
        False, and the path still waits, where its file has changed since it was taken.

    Raises:
        ValueError: the case holds no such analysis.
    """
    if not analysed(session, footage, work.model, work.settings):
        raise ValueError(f"{work.path}: no analysis of {footage} is stored; store it first")
    if _move(session, work, state=DONE, tries=0, kind=None, reason=None) is None:
        return False
    known = come_back(session, work.path, footage) | put_right(session, work.path, footage)
    known |= {"footage": footage}
    session.execute(update(Location).where(Location.path == work.path).values(known))
    return True


def set_aside(session: Session, work: Work, kind: str, reason: str) -> bool:
    """The path cannot be looked at, for a reason; False where it changed since it was taken."""
    return _move(session, work, state=ASIDE, kind=kind, reason=reason) is not None


def why_aside(path: str, reason: str | None) -> str:
    """What the summary says of a path that was set aside: its reason, which mostly names it."""
    return reason if reason and path in reason else joined([path, reason or _NO_REASON], ": ")


def failed_try(session: Session, work: Work, kind: str, reason: str, most: int) -> Work | None:
    """A try ended without an answer; the last of `most` sets the path aside.

    Returns:
        The work as it is now; None where it has changed since it was taken: then take it again,
        or its tries are never counted.
    """
    tries = work.tries + 1
    state = ASIDE if tries >= most else WAITING
    return _move(session, work, state=state, tries=tries, kind=kind, reason=reason)


def reopen(
    session: Session,
    recipe: Recipe,
    kinds: Collection[str] | None = None,
    paths: Collection[str] | None = None,
) -> int:
    """Puts work that was set aside back on the list: all, or some kinds or paths.

    Paths that only a pack from elsewhere names stay out (`distrust`).

    Returns:
        How many paths wait again.
    """
    trusted = Work.path.in_(select(Location.path).where(_TRUSTED))
    where = [
        found_with(Work, recipe),
        Work.state == ASIDE,
        Work.kind.is_distinct_from(MOVED),
        trusted,
    ]
    if kinds is not None:
        where.append(Work.kind.in_(kinds))
    if paths is not None:
        where.append(Work.path.in_(paths))
    return _again(session, where)


def cancel(session: Session, recipe: Recipe, path: str, reason: str) -> bool:
    """A person does not want the path looked at; `reopen` takes that back.

    Whoever holds the case's lock finds out, and stops a worker that is on it.

    Returns:
        False where it does not wait: it is done, set aside, or on no list.
    """
    result = session.execute(
        update(Work)
        .where(found_with(Work, recipe), Work.path == path, Work.state == WAITING)
        .values(state=ASIDE, kind=CANCELLED, reason=reason, changed=datetime.now(UTC))
        .returning(Work.path)
    )
    return result.first() is not None


def cancelled(session: Session, recipe: Recipe, paths: Collection[str]) -> list[str]:
    """Which of these a person has cancelled."""
    asked = select(Work.path).where(found_with(Work, recipe), Work.path.in_(paths))
    return list(session.scalars(asked.where(Work.state == ASIDE, Work.kind == CANCELLED)))


def counts(session: Session, recipe: Recipe) -> WorkCounts:
    """How far the list of a recipe has come."""
    rows = session.execute(
        select(Work.state, Work.kind, func.count())
        .where(found_with(Work, recipe))
        .group_by(Work.state, Work.kind)
    )
    states: dict[str, int] = {}
    aside: dict[str, int] = {}
    for state, kind, number in rows:
        if state == ASIDE:
            aside |= {} if kind == MOVED else {kind or "": number}
        else:
            states[state] = states.get(state, 0) + number
    listed = select(Location).join(Work, Work.path == Location.path).where(found_with(Work, recipe))
    seen = listed.where(Work.state == DONE).with_only_columns(Location.footage).distinct()
    footages, seconds = session.execute(
        select(func.count(), func.sum(PLAYED)).where(FootageRow.sha256.in_(seen))
    ).one()
    size = session.scalar(
        listed.where(Work.state == WAITING).with_only_columns(func.sum(Location.size))
    )
    return WorkCounts(
        states.get(WAITING, 0),
        states.get(DONE, 0),
        dict(sorted(aside.items())),
        footages,
        float(seconds or 0),
        int(size or 0),
    )


def within(paths: Collection[str]) -> ColumnElement[bool]:
    """Is one of these paths, or lies below one."""
    # By code point, as paths are sorted, "0" is what comes after "/".
    below = [and_(Work.path >= f"{path}/", Work.path < f"{path}0") for path in paths]
    return or_(Work.path.in_(list(paths)), *below)


def _locate(session: Session, sources: Mapping[str, FootageSource]) -> set[str]:
    """Keeps what is known of some paths; gives those whose files have changed.

    A person's correction stays, whatever a list says later.
    """
    known = {
        row.path: row
        for row in session.scalars(
            select(Location)
            .where(Location.path.in_(sources))
            .order_by(Location.path)
            .with_for_update()
        )
    }
    insert_new(
        session,
        Location,
        [
            {f.name: getattr(source, f.name) for f in fields(source)} | {"held": False}
            for path, source in sorted(sources.items())
            if path not in known
        ],
    )
    changed = set()
    settled = corrected(session, known)
    for path, row in known.items():
        news = sources[path].known()
        if any(
            name in news and getattr(row, name) not in (None, news[name])
            for name in ("size", "mtime_ns")
        ):
            changed.add(path)
            leave(session, row)
        if "provenance" in news:
            news["provenance"] = with_earlier(row, news)
        for name, value in news.items():
            # Of another file at that path nobody has put anything right.
            stands = (path, name) in settled and path not in changed
            if getattr(row, name) != value and not stands:
                setattr(row, name, value)
    session.flush()
    if changed:
        _again(session, [Work.path.in_(changed)])
    return changed


def _again(session: Session, where: Iterable[ColumnElement[bool]]) -> int:
    result = session.execute(
        update(Work)
        .where(*where)
        .values(state=WAITING, tries=0, kind=None, reason=None, changed=datetime.now(UTC))
        .returning(Work.path)
    )
    return len(result.all())


def _move(session: Session, work: Work, **values: Any) -> Work | None:
    """Changes a row of work that is still as it was when it was taken; gives it as it is then.

    `work` itself stays as it is: where the transaction fails, the next try finds it by that.
    """
    # The location first, in the order in which `add_work` locks them.
    session.scalar(select(Location.path).where(Location.path == work.path).with_for_update())
    return session.scalars(
        update(Work)
        .where(Work.path == work.path, found_with(Work, work))
        .where(Work.state == WAITING, Work.changed == work.changed)
        .values(values | {"changed": datetime.now(UTC)})
        .returning(Work)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).first()
