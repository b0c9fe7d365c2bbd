"""The lock holder's loop: the store says what waits, workers do it, the store gets it back.

waiting work -> identify (its bytes' hash) -> known? done; looked at under another path? wait
                                           -> survey -> stored, done -> copies, machines

Files are identified by threads of the holder: to hash them takes no memory, and kills nobody.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from datasets.errors import ClusterError, ModelError
from detector.types import Survey
from evidence.case.sighting_tables import settings_key
from evidence.case.tables import Work
from evidence.case.work_queue import ASIDE, why_aside
from evidence.work.ledger import WAIT_SECONDS, Ledger
from evidence.work.pool import Pool
from evidence.work.progress import OnWorker, Pace
from evidence.work.sources import Feed
from evidence.work.tasks import AWAY, Identification, Task, TaskFailure, identify
from evidence.work.whole import depth_of

READERS = 4  # files identified at once: a network folder is slow to answer, not slow to read
SOON = 16  # paths read from the store beyond those that workers take at once
READ_SECONDS = 0.02  # longest wait for a worker while another has nothing to do but wait for a hash
AGAIN_SECONDS = 60.0  # between two looks at footage that is out of reach or changing
MOST_AWAY = 500  # clips and folders; with more, SQLite could not read the question what is next
SOON_SECONDS = 10.0  # a worker that died is back within so long
CANCEL_SECONDS = 1.0  # so often it looks whether a person cancelled what is under work
ORDER_SECONDS = 5.0  # after so long it reads what is next again, since more may have come
LATER = ("missing", "changed")  # kinds of failure that may be over after a while


@dataclass(slots=True, eq=False)
class WorkItem:
    """One path under work, the size of its file, and what is known of its bytes."""

    work: Work
    size: int
    identified: Identification | None = None

    @property
    def sha256(self) -> str:
        """Of its bytes; empty while they are not known."""
        return "" if self.identified is None else self.identified.footage.sha256


class WorkLoop:
    """Works through what is waiting until nothing is, or until asked to stop."""

    def __init__(self, ledger: Ledger, pool: Pool[Any], feed: Feed) -> None:
        self._ledger, self._pool, self._feed = ledger, pool, feed
        self._stop, self._watcher = ledger.stop, ledger.watcher
        self._patience = ledger.order.patience
        self._items: dict[str, WorkItem] = {}  # every path under work, by path
        self._fresh: deque[WorkItem] = deque()  # to be identified
        self._reading: list[WorkItem] = []  # being identified
        self._read: queue.SimpleQueue[tuple[WorkItem, Identification | TaskFailure]]
        self._read = queue.SimpleQueue()
        self._stock: list[WorkItem] = []  # identified, to be surveyed
        self._twins: dict[str, list[WorkItem]] = {}  # by hash: under work, and who waits for it
        self._away: dict[str, float] = {}  # clips and folders out of reach; when to look again
        self._pace = Pace()
        self._refilled = self._withdrawn = float("-inf")
        self._moved = self._manned = time.monotonic()  # when anything last came of it

    def run(self) -> None:
        """Works. `ClusterError`: the workers stayed away, or are of another version. `ModelError`:
        the workers cannot load the model. `CaseError`: the case can no longer be written."""
        while not self._stop.asked:
            if self._ledger.fetch(self._feed):
                self._refilled = float("-inf")
            self._withdraw()
            self._refill()
            self._identify()
            self._hand_out()
            hungry = self._reading and any(self._pool.idle())
            back = self._pool.collect(READ_SECONDS if hungry else WAIT_SECONDS)
            # The next task is given before the last one is stored: nobody stands idle meanwhile.
            self._hand_out()
            for task, answer in back:
                self._receive(task, answer)
            self._ledger.settle(idle=not self._items)
            self._beat()
            if not self._pool.connected:
                self._reconnect()
            if self._is_over():
                break
        for task, answer in self._pool.collect(0):
            self._receive(task, answer)

    @property
    def away(self) -> bool:
        """Whether footage stayed out of reach; it still waits."""
        return bool(self._away)

    def _refill(self) -> None:
        """Reads from the store what is next, well before it runs out."""
        now = time.monotonic()
        for path in [path for path, due in self._away.items() if due <= now]:
            del self._away[path]
        enough = SOON + len(self._pool.workers)
        stale = now - self._refilled >= ORDER_SECONDS
        if len(self._away) >= MOST_AWAY or not (stale or len(self._fresh) < enough):
            return
        if now - self._refilled < (READ_SECONDS if self._reading else WAIT_SECONDS):
            return
        self._refilled = now
        for item in self._fresh:
            self._drop(item)
        taken = self._ledger.take(2 * enough, [*self._items], [*self._away])
        self._fresh = deque(WorkItem(work, size) for work, size in taken)
        self._items |= {item.work.path: item for item in self._fresh}

    def _withdraw(self) -> None:
        """Lets go of what a person cancelled, also where a worker is on it."""
        now = time.monotonic()
        if not self._items or now - self._withdrawn < CANCEL_SECONDS:
            return
        self._withdrawn = now
        for path in self._ledger.cancelled(list(self._items)):
            item = self._items[path]
            for those in (self._fresh, self._stock):
                if item in those:
                    those.remove(item)
            self._pool.stop(path)
            twins = next((those for those in self._twins.values() if item in those), None)
            if twins is None:
                self._give_up(item)
            else:
                twins.remove(item)
                self._drop(item)

    def _identify(self) -> None:
        """Takes what was identified; has as much read ahead as the workers soon need."""
        while not self._read.empty():
            item, answer = self._read.get()
            self._reading.remove(item)
            if self._items.get(item.work.path) is item:  # nobody has cancelled it meanwhile
                self._identified(item, answer)
        ahead = max(READERS, len(self._pool.workers))
        while (
            self._fresh
            and len(self._reading) < READERS
            and len(self._stock) + len(self._reading) < ahead
        ):
            item = self._fresh.popleft()
            self._reading.append(item)
            threading.Thread(target=self._look, args=(item,), daemon=True).start()

    def _look(self, item: WorkItem) -> None:
        self._read.put((item, identify(self._ledger.case.find(item.work.path))))

    def _hand_out(self) -> None:
        for name in self._pool.idle():
            # What goes before it may be just about to be known.
            first = self._stock[0].work.priority if self._stock else 0
            if not self._stock or any(one.work.priority > first for one in self._reading):
                return
            item = self._stock.pop(0)
            assert item.identified is not None
            self._pool.give(name, Task(item.work.path, item.identified, depth_of(item.work)))

    def _receive(self, task: Task, answer: Any) -> None:
        """One task that came back."""
        item = self._items[task.path]
        if isinstance(answer, TaskFailure):
            self._refused(item, answer)
        else:
            self._surveyed(item, answer)

    def _identified(self, item: WorkItem, answer: Identification | TaskFailure) -> None:
        if isinstance(answer, TaskFailure):
            self._refused(item, answer)
            return
        self._moved = time.monotonic()
        item.identified, item.size = answer, answer.stamp.size
        if item.sha256 in self._twins:
            self._twins[item.sha256].append(item)
        elif self._ledger.known(item.work, item.sha256):
            self._pace.add(0.0, item.size)
            self._drop(item)
        else:
            self._twins[item.sha256] = []
            mine = item.work.priority
            lower = (n for n, one in enumerate(self._stock) if one.work.priority < mine)
            self._stock.insert(next(lower, len(self._stock)), item)

    def _surveyed(self, item: WorkItem, survey: Survey) -> None:
        """Stores what was found, for every path with these bytes."""
        self._moved = time.monotonic()
        analysis, recipe = survey.analysis, self._ledger.recipe
        settings = settings_key(analysis.settings_hash, self._ledger.order.registry.digest)
        if (analysis.model_hash, settings) != (recipe.model, recipe.settings):
            raise ClusterError(
                "a worker looked with another model or other settings than it was given; install "
                "the same version of Nameplate on every machine of the cluster"
            )
        those = [item, *self._twins.pop(item.sha256, [])]
        whole = depth_of(item.work) == "whole"
        if self._ledger.store(survey, [one.work for one in those], whole):
            seconds = float(analysis.probe.duration or 0) * (analysis.footage.kind == "video")
            self._pace.add(seconds, sum(one.size for one in those))
        for one in those:
            self._drop(one)

    def _refused(self, item: WorkItem, failed: TaskFailure) -> None:
        """The word of whoever read it why there is no answer."""
        if failed.kind == ModelError.kind:
            raise ModelError(failed.reason)
        if failed.kind == "adrift":
            self._stock.insert(0, item)
        elif failed.kind == AWAY:
            self._postpone(item, failed.reason, failed.where)
        elif failed.passing:
            self._failed(item, failed.kind, why_aside(item.work.path, failed.reason))
        else:
            self._moved = time.monotonic()
            self._set_aside(item, failed.kind, failed.reason)

    def _failed(self, item: WorkItem, kind: str, reason: str) -> None:
        """A try that may be the footage's fault or not; too many are."""
        work = self._ledger.failed(item.work, kind, reason)
        if work is None:  # it has changed since it was taken, and is taken again
            self._give_up(item)
            return
        item.work = work
        if work.state == ASIDE:
            self._set_aside(item, kind, reason)
        elif kind in LATER:
            self._postpone(item, reason)
        else:
            (self._fresh if item.identified is None else self._stock).append(item)

    def _postpone(self, item: WorkItem, reason: str, where: str | None = None) -> None:
        if not self._away:
            self._watcher.trouble(f"{reason}; trying again later")
        path = item.work.path
        # What the case holds itself is named from its folder, and so lies below no other.
        away = where if where and path.startswith(f"{where}/") else path
        self._away[away] = time.monotonic() + AGAIN_SECONDS
        self._give_up(item)

    def _set_aside(self, item: WorkItem, kind: str, reason: str) -> None:
        """This path, and those with the same bytes."""
        those = [item, *self._twins.pop(item.sha256, [])]
        self._ledger.set_aside([one.work for one in those], kind, reason)
        self._watcher.trouble(f"set aside ({kind}): {reason}")
        for one in those:
            self._drop(one)

    def _give_up(self, item: WorkItem) -> None:
        """Lets go of a path that still waits; one with the same bytes takes its place."""
        self._drop(item)
        if twins := self._twins.pop(item.sha256, []):
            self._stock.append(twins.pop(0))
            self._twins[item.sha256] = twins

    def _drop(self, item: WorkItem) -> None:
        self._items.pop(item.work.path, None)

    def _beat(self) -> None:
        """Shows how far it is, and now and then notes it in the store."""
        ledger, tally, now = self._ledger, self._ledger.tally, time.monotonic()
        waiting, endless = ledger.count(), self._feed.watching or tally.finding
        tally.rate, tally.left = self._pace.rate, None if endless else self._pace.left(waiting)
        tally.away = ledger.count_away(self._away)
        tally.workers = [
            OnWorker(one.name, one.task.path, now - one.since, one.share, one.stage)
            if one.task
            else OnWorker(one.name, None, 0.0)
            for one in self._pool.workers.values()
        ]
        self._watcher.show(tally)
        ledger.beat()

    def _is_over(self) -> bool:
        """Whether nothing is left to do, or nothing can be done about what is left."""
        now = time.monotonic()
        if self._pool.workers:
            self._manned = now
        elif now - self._manned > self._patience:
            raise ClusterError(
                f"{self._pool.name}: no worker for {self._patience:.0f} s; what was finished "
                "is stored; start workers and run the same command again"
            )
        elif now - self._manned > SOON_SECONDS:
            self._watcher.waiting(f"{self._pool.name}: no worker is there; waiting for one")
        if self._items or not self._feed.ended:
            return False
        if self._away:
            return now - self._moved > self._patience
        return not self._ledger.take(1, [])

    def _reconnect(self) -> None:
        """Waits for a scheduler that went away; the work goes back on the pile."""
        for task, lost in self._pool.drop("the scheduler went away"):
            self._receive(task, lost)
        begun = time.monotonic()
        while not self._stop.asked:
            self._watcher.waiting(f"{self._pool.name}: the scheduler is gone; waiting for it")
            try:
                self._pool.reconnect()
                self._moved = time.monotonic()
                return
            except ClusterError as error:
                if time.monotonic() - begun > self._patience:
                    raise ClusterError(
                        f"{self._pool.name}: the scheduler stayed away ({error}); what was "
                        "finished is stored; start it and run the same command again"
                    ) from error
            self._stop.wait(2.0)
            self._ledger.beat()
