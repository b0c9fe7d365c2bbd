"""What the lock holder writes: every step one transaction, tried again while the database is away.

So the store always holds all of a step or nothing. Work that stored footage still needs (looking
for copies, linking machines) is noted with the run, in the transaction that stores it. The
transaction that does the work strikes the note out. A run that died in between leaves the note to
the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import CaseConflict, CaseError, CaseUnreachable, NameplateError
from datasets.messages import Message
from detector.types import Survey
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.places import count_replaced
from evidence.case.rows import analysed, record_survey
from evidence.case.summary import beat, begin_run
from evidence.case.tables import Location, Recipe, Run, Work
from evidence.case.work_queue import (
    ASIDE,
    FootageSource,
    add_work,
    cancelled,
    count_away,
    done,
    failed_try,
    set_aside,
    take,
)
from evidence.link.copies import CopyFinder
from evidence.link.machines import update_machines
from evidence.work.folders import Trouble
from evidence.work.progress import Stop, SweepTally, Watcher
from evidence.work.sources import Feed
from evidence.work.whole import depth_of, replace_survey

if TYPE_CHECKING:
    from evidence.work.sweep import Order

T = TypeVar("T")

MOST_TRIES = 3  # tries of a clip that kills its worker or outlasts its time, then it is set aside

PATIENCE_SECONDS = 600.0  # for a database, a scheduler or a network folder that is gone

WAITING = Message("%(what)s; waiting")
_LOCKED = attrgetter("path")  # the order in which rows are locked
WAIT_SECONDS = 0.2  # for whatever is waited for; sources and signals are seen to in between
BEAT_SECONDS = 5.0

LINK_SECONDS = 30.0
LINK_SHARE = 20
"""Machines are linked over the whole case. So the next linking waits this many times as long as the
last one took: linking never takes more than a twentieth of a sweep."""


class Ledger:
    """The lock holder's hand on the case.

    watcher: hears of waiting, and of what could not be settled.
    """

    def __init__(
        self, case: Case, recipe: Recipe, order: Order, stop: Stop, watcher: Watcher
    ) -> None:
        self.case, self.recipe, self.order = case, recipe, order
        self.stop, self.watcher = stop, watcher
        self._linked = time.monotonic()
        self._link_seconds = 0.0
        self._unlinkable = False  # what is stored now; linking it failed
        self._hopeless = 0
        self._beaten = float("-inf")
        self._waiting_bytes = 0
        self._away: tuple[set[str], int] = (set(), 0)
        self._counted, self._count_seconds = float("-inf"), 0.0
        self.tally = SweepTally()
        self._since = datetime.now(UTC)
        self._copies = CopyFinder(recipe.model, recipe.settings)
        self._run = self._write(self._begin)

    def add(self, sources: Sequence[FootageSource]) -> None:
        """Adds sources to the list of work."""
        priority = self.order.priority
        self.tally.waiting += self._write(lambda s: add_work(s, self.recipe, sources, priority))

    def fetch(self, feed: Feed) -> bool:
        """Adds what a feed has found by now; gives whether there was anything."""
        ended, found = feed.ended, feed.take()
        for one in found:
            if isinstance(one, Trouble):
                self.watcher.trouble(one.message)
                self.tally.leave_out(one.message)
        sources = [one for one in found if not isinstance(one, Trouble)]
        if sources:
            self.add(sources)
        self.tally.finding = not ended
        return bool(sources)

    def take(
        self, limit: int, exclude: Collection[str], away: Collection[str] = ()
    ) -> list[tuple[Work, int]]:
        """The next work, with the size of its file in bytes, 0 where it is not known. `away`:
        paths, and folders with all that is in them, not to give."""

        def step(session: Session) -> list[tuple[Work, int]]:
            works = take(session, self.recipe, limit, exclude, away)
            paths = [work.path for work in works]
            sizes = select(Location.path, Location.size).where(Location.path.in_(paths))
            size = dict(session.execute(sizes).all())
            return [(work, size[work.path] or 0) for work in works]

        return self._read(step)

    def count_away(self, away: Collection[str]) -> int:
        """How many paths wait that are among these or lie below one; counted when these change."""
        if self._away[0] != set(away):
            self._away = set(away), self._read(lambda s: count_away(s, self.recipe, away))
        return self._away[1]

    def known(self, work: Work, footage: str) -> bool:
        """Whether that footage has been analysed already; then the work is done."""

        def step(session: Session) -> bool:
            known = analysed(session, footage, work.model, work.settings)
            if known:
                done(session, work, footage)
            return known

        known = depth_of(work) != "whole" and self._write(step)
        self.tally.finished(int(known))
        return known

    def store(self, survey: Survey, works: Sequence[Work], whole: bool = False) -> bool:
        """Stores a survey; the work of every path with those bytes is done.

        whole: it is of all the footage, and takes the place of an earlier look. False where the
        case holds another answer already: that one stays, and the paths are set aside.
        """
        sha256 = survey.analysis.footage.sha256

        def step(session: Session) -> None:
            record = replace_survey if whole else record_survey
            record(session, self.case, survey, self.order.registry, self._run.id)
            for work in sorted(works, key=_LOCKED):
                done(session, work, sha256)
            self._note(session, [*self.tally.unsettled, sha256], True)

        try:
            self._write(step)
        except CaseConflict as error:
            self.set_aside(works, error.kind, error.message)
            return False
        if whole:  # the index holds what was seen before
            self._copies = CopyFinder(self.recipe.model, self.recipe.settings)
        self.tally.unsettled.append(sha256)
        self.tally.relink, self._unlinkable = True, False
        self.tally.finished(len(works))
        self.tally.footages += 1
        self.tally.seconds += float(survey.analysis.probe.duration or 0)
        return True

    def set_aside(self, works: Sequence[Work], kind: str, reason: str) -> None:
        """These cannot be looked at."""
        ordered = sorted(works, key=_LOCKED)
        moved = self._write(lambda s: [set_aside(s, work, kind, reason) for work in ordered])
        self.tally.put_aside(kind, sum(moved))

    def failed(self, work: Work, kind: str, reason: str) -> Work | None:
        """Notes a try that ended without an answer; the work as it is now. Set aside if it was the
        last try. None where the work has changed since it was taken."""
        now = self._write(lambda s: failed_try(s, work, kind, reason, self.order.tries))
        if now is not None and now.state == ASIDE:
            self.tally.put_aside(kind, 1)
        return now

    def cancelled(self, paths: Collection[str]) -> list[str]:
        """Which of these a person does not want looked at any more."""
        return self._read(lambda s: cancelled(s, self.recipe, paths))

    def settle(self, last: bool = False, idle: bool = False) -> None:
        """Looks for copies of what was stored, and now and then links machines.

        `last`: link now. `idle`: link as soon as the share allows, since nobody waits for anything
        else. An error with one footage is reported, stays noted for the next run, and does not
        stop this one.
        """
        while self.tally.unsettled[self._hopeless :] and not self.stop.asked:
            sha256 = self.tally.unsettled[self._hopeless]
            why = f"no copies of footage {sha256[:8]} could be looked for"
            if self._try(partial(self._find_copies, sha256), why):
                self.tally.unsettled.remove(sha256)
            else:
                self._hopeless += 1
        now = time.monotonic()
        due = max(0.0 if idle else LINK_SECONDS, LINK_SHARE * self._link_seconds)
        if not self.tally.relink or self.stop.asked:
            return
        if last or not (self._unlinkable or now - self._linked < due):
            self._unlinkable = not self._try(self._link, "machines could not be linked")
            self.tally.relink = self._unlinkable
            self._linked = time.monotonic()
            self._link_seconds = self._linked - now

    def _find_copies(self, sha256: str, session: Session) -> None:
        self._copies.update(session, sha256)
        rest = [other for other in self.tally.unsettled if other != sha256]
        self._note(session, rest, self.tally.relink)

    def _link(self, session: Session) -> None:
        update_machines(session, self.recipe.model, self.recipe.settings)
        self._note(session, self.tally.unsettled, False)

    def _try(self, step: Callable[[Session], None], what: str) -> bool:
        """Whether a step was done; an error that is none of the case's is reported."""
        try:
            self._write(step)
        except NameplateError:
            raise
        except Exception as error:
            self.watcher.trouble(f"{what} ({error!r})")
            return False
        return True

    def count(self, fresh: bool = False) -> int:
        """Brings the tally up to date, unless it was lately; gives the bytes that wait. Counting a
        large case takes long, so it is done the less often."""
        now = time.monotonic()
        if fresh or now - self._counted >= max(2.0, LINK_SHARE * self._count_seconds):
            self._waiting_bytes = self._read(self._count)
            self._counted = time.monotonic()
            self._count_seconds = self._counted - now
        return self._waiting_bytes

    def beat(self) -> None:
        """Notes, if it was not done lately, that this run is alive, and how far it is."""
        if time.monotonic() - self._beaten < BEAT_SECONDS:
            return
        self._beaten = time.monotonic()
        self._write(lambda s: beat(s, self._run, self.tally.to_json()))

    def end(self, outcome: str) -> None:
        """Notes how the run ended, if the case can still be written."""
        self.tally.workers = []
        with suppress(CaseError), self.case.session() as session, session.begin():
            beat(session, self._run, self.tally.to_json(), outcome)

    def _begin(self, session: Session) -> Run:
        """Begins the run, and takes over what runs before it left undone."""
        mine = (Run.kind == "sweep") & found_with(Run, self.recipe)
        left: dict[str, None] = {}
        for run in session.scalars(select(Run).where(mine)):
            tally = SweepTally.from_json(run.counts)
            left |= dict.fromkeys(tally.unsettled)
            self.tally.relink |= tally.relink
            if tally.unsettled or tally.relink:
                run.counts = run.counts | {"unsettled": [], "relink": False}
        self.tally.unsettled = list(left)
        run = begin_run(session, "sweep", self.recipe)
        beat(session, run, self.tally.to_json())
        return run

    def _count(self, session: Session) -> int:
        self.tally.replaced = count_replaced(session, self._since)
        return self.tally.count(session, self.recipe)

    def _note(self, session: Session, unsettled: list[str], relink: bool) -> None:
        undone = {"unsettled": unsettled, "relink": relink}
        beat(session, self._run, self.tally.to_json() | undone)

    def _read(self, action: Callable[[Session], T]) -> T:
        return self._write(action, writes=False)

    def _write(self, action: Callable[[Session], T], writes: bool = True) -> T:
        """One transaction; while the database is away it is waited for, longer each time.

        `CaseUnreachable`: it stayed away. `CaseUnwritable`: the disk is full or may not be written.
        """
        begun, pause = time.monotonic(), 1.0
        while True:
            try:
                with self.case.session() as session:
                    if not writes:
                        return action(session)
                    with session.begin():
                        return action(session)
            except CaseUnreachable as error:
                if time.monotonic() - begun > self.order.patience or self.stop.asked:
                    raise
                self.watcher.waiting(WAITING.fill(what=error.message))
                self.stop.wait(pause)
                pause = min(2 * pause, 30.0)
