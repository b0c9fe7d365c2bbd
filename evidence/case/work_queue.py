"""The list of work: what is to be looked at, what was, and what cannot be.

A path is `waiting`, `done` or `aside` for each recipe. Whoever takes work holds the case's
lock; adding to the list takes none. Every function works in the caller's transaction.

In PostgreSQL rows are locked in one order, lest two transactions wait for each other: the
locations by path, then their work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, update
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message, joined
from evidence.case.base import chunks, found_with, insert_new, values_of
from evidence.case.places import come_back, corrected, leave, put_right, with_earlier
from evidence.case.rows import analysed
from evidence.case.tables import MOVED, PLAYED, UNREAD, FootageRow, Location, Recipe, Run, Work

WAITING, DONE, ASIDE = "waiting", "done", "aside"
UPLOADED, WHOLE = 1000, 2000  # priorities: somebody waits for uploads; an archive has 0
CANCELLED = "cancelled"  # the kind of work that a person set aside
PACKED = "packed"  # the kind of work that waited when its case was packed, and was not tried since
LOST = "lost"  # the same, after a person said that it is gone for good
LONGEST_PATH = 2400  # bytes; a PostgreSQL key holds 2704, and a path is the larger part of one
_NO_REASON = Message("no reason is kept")
_TRUSTED = or_(Location.held, Location.mtime_ns.is_(None), Location.mtime_ns != UNREAD)


@dataclass(frozen=True)
class FootageSource:
    """Footage at an absolute path, and what is known of where it came from; None: not known.

    size, mtime_ns: of the file; by them a changed one is noticed. `UsageError`: too long a path.
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
        return {name: value for name, value in vars(self).items() if value is not None}


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
) -> int:
    """Adds paths to the list of a recipe; returns how many were new to it, or had changed. Others
    stay as they are, but a path that waits gets the higher of its priorities."""
    added = 0
    for some in chunks(sources):
        chunk: dict[str, dict[str, Any]] = {}
        for source in some:
            news, before = source.known(), chunk.get(source.path, {})
            if "provenance" in news:
                news["provenance"] = with_earlier(news["provenance"], before.get("provenance"))
            chunk[source.path] = before | news
        changed = _locate(session, chunk)
        mine = found_with(Work, recipe) & Work.path.in_(chunk)
        listed = set(session.scalars(select(Work.path).where(mine)))
        raised = update(Work).where(mine, Work.state == WAITING, Work.priority < priority)
        session.execute(raised.values(priority=priority))
        row: dict[str, Any] = values_of(recipe, "model", "settings")
        row |= {"state": WAITING, "priority": priority, "tries": 0, "changed": datetime.now(UTC)}
        insert_new(session, Work, [row | {"path": path} for path in chunk if path not in listed])
        added += len(chunk) - len(listed - changed)
    return added


def add_all(session: Session, recipe: Recipe) -> None:
    """Adds every path with footage to a recipe's list; not those that `MOVED` or a pack alone
    names."""
    gone = Location.path.in_(select(Work.path).where(Work.kind == MOVED))
    known = select(Location.path).where(Location.footage.is_not(None), _TRUSTED, not_(gone))
    add_work(session, recipe, map(FootageSource, session.scalars(known).all()))


def take(
    session: Session,
    recipe: Recipe,
    limit: int,
    exclude: Collection[str] = (),
    away: Collection[str] = (),
) -> list[Work]:
    """What is to be looked at next: the highest priority first, then in order of path.

    exclude: paths that are being looked at. away: paths, and folders with all below them, out of
    reach; fewer than a thousand.
    """
    waiting = [found_with(Work, recipe), Work.state == WAITING, Work.path.not_in(exclude)]
    if away:
        waiting.append(not_(within(away)))
    order = (Work.priority.desc(), Work.path)  # as the index `ix_work_next` has it
    return list(session.scalars(select(Work).where(*waiting).order_by(*order).limit(limit)))


def count_away(session: Session, recipe: Recipe, away: Collection[str]) -> int:
    """How many paths wait that are among these, or lie below one; fewer than a thousand."""
    waiting = found_with(Work, recipe) & (Work.state == WAITING) & within(away)
    return session.scalar(select(func.count()).where(waiting)) or 0


def done(session: Session, work: Work, footage: str) -> bool:
    """Whether the path is done; False, and it waits, where its file has changed since.

    The place gets back what was known of that footage there, unless a list has since said
    something else. A person's correction always stays. `ValueError`: no such analysis is stored.
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
    """The work after a try without an answer; the last of `most` sets it aside. None: it has
    changed since it was taken; take it again, or its tries are never counted."""
    tries = work.tries + 1
    state = ASIDE if tries >= most else WAITING
    return _move(session, work, state=state, tries=tries, kind=kind, reason=reason)


def reopen(
    session: Session,
    recipe: Recipe,
    kinds: Collection[str] | None = None,
    paths: Collection[str] | None = None,
) -> int:
    """How many paths wait again: of all set aside, some kinds or paths; not those a pack alone
    names."""
    where = [
        found_with(Work, recipe),
        Work.state == ASIDE,
        Work.kind.is_distinct_from(MOVED),
        Work.path.in_(select(Location.path).where(_TRUSTED)),
    ]
    where += [] if kinds is None else [Work.kind.in_(kinds)]
    where += [] if paths is None else [Work.path.in_(paths)]
    return _again(session, where)


def cancel(session: Session, recipe: Recipe, path: str, reason: str) -> bool:
    """Whether a path that waits was called off; who holds the lock then stops a worker on it."""
    mine = update(Work).where(found_with(Work, recipe), Work.path == path, Work.state == WAITING)
    set_ = mine.values(state=ASIDE, kind=CANCELLED, reason=reason, changed=datetime.now(UTC))
    return session.execute(set_.returning(Work.path)).first() is not None


def cancelled(session: Session, recipe: Recipe, paths: Collection[str]) -> list[str]:
    """Which of these a person has cancelled."""
    asked = select(Work.path).where(found_with(Work, recipe), Work.path.in_(paths))
    return list(session.scalars(asked.where(Work.state == ASIDE, Work.kind == CANCELLED)))


def counts(session: Session, recipe: Recipe) -> WorkCounts:
    """How far the list of a recipe has come."""
    mine = found_with(Work, recipe)
    by_kind = select(Work.state, Work.kind, func.count()).where(mine)
    states: Counter[str] = Counter()
    aside: dict[str, int] = {}
    for state, kind, number in session.execute(by_kind.group_by(Work.state, Work.kind)):
        states[state] += number
        if state == ASIDE and kind != MOVED:
            aside[kind or ""] = number
    listed = select(Location).join(Work, Work.path == Location.path).where(mine)
    seen = listed.where(Work.state == DONE).with_only_columns(Location.footage).distinct()
    played = select(func.count(), func.sum(PLAYED)).where(FootageRow.sha256.in_(seen))
    footages, seconds = session.execute(played).one()
    size = listed.where(Work.state == WAITING).with_only_columns(func.sum(Location.size))
    done, sizes = float(seconds or 0), int(session.scalar(size) or 0)
    aside = dict(sorted(aside.items()))
    return WorkCounts(states[WAITING], states[DONE], aside, footages, done, sizes)


def list_aside(session: Session, recipe: Recipe | Run) -> Sequence[Any]:
    """Path, kind and reason of all that is set aside with a recipe, without `MOVED`, in order."""
    asked = select(Work.path, Work.kind, Work.reason).where(found_with(Work, recipe))
    aside = asked.where(Work.state == ASIDE, Work.kind.is_distinct_from(MOVED))
    return session.execute(aside.order_by(Work.path)).all()


def within(paths: Collection[str], path: Any = Work.path) -> ColumnElement[bool]:
    """Is one of these paths, or lies below one."""
    # By code point, as paths are sorted, "0" is what comes after "/".
    below = [and_(path >= f"{one}/", path < f"{one}0") for one in paths]
    return or_(path.in_(list(paths)), *below)


def _locate(session: Session, sources: Mapping[str, dict[str, Any]]) -> set[str]:
    """The paths whose files have changed; keeps what is known. A person's correction stays."""
    asked = select(Location).where(Location.path.in_(sources)).order_by(Location.path)
    known = {row.path: row for row in session.scalars(asked.with_for_update())}
    blank = vars(FootageSource("")) | {"held": False}
    fresh = [blank | news for path, news in sorted(sources.items()) if path not in known]
    insert_new(session, Location, fresh)
    changed = set()
    settled = corrected(session, known)
    for path, row in known.items():
        news = dict(sources[path])
        states = [(getattr(row, name), news.get(name)) for name in ("size", "mtime_ns")]
        if any(None not in state and state[0] != state[1] for state in states):
            changed.add(path)
            leave(session, row)
        if "provenance" in news:
            news["provenance"] = with_earlier(news["provenance"], row.provenance)
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
    again = {"state": WAITING, "tries": 0, "kind": None, "reason": None}
    changed = update(Work).where(*where).values(changed=datetime.now(UTC), **again)
    return len(session.execute(changed.returning(Work.path)).all())


def _move(session: Session, work: Work, **values: Any) -> Work | None:
    """Changes a row of work that is still as it was when it was taken; gives it as it is then.
    `work` itself stays as it is: where the transaction fails, the next try finds it by that."""
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
