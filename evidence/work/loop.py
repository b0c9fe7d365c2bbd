"""The lock holder's loop: the store says what waits, workers do it, the store gets it back.

waiting work -> identify (its bytes' hash) -> known? done; looked at under another path? wait
                                           -> analyse -> stored, done -> copies, machines
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from datasets.errors import ClusterError, ModelError
from datasets.messages import joined
from detector.types import Survey
from evidence.case.queue import ASIDE
from evidence.case.sighting_tables import settings_key
from evidence.work.feed import Feed
from evidence.work.ledger import WAIT_SECONDS, Ledger, WorkItem
from evidence.work.pool import Pool
from evidence.work.progress import OnWorker, Pace, Stop, Watcher
from evidence.work.tasks import (
    AWAY,
    Analyse,
    Identification,
    Identify,
    LostTask,
    Task,
    TaskFailure,
)
from evidence.work.whole import depth_of

BATCH_FILES, BATCH_BYTES = 16, 256 << 20  # identified in one task: small files at the price of one
AGAIN_SECONDS = 60.0  # between two looks at footage that is out of reach or changing
MOST_AWAY = 500  # clips and folders; with more, SQLite could not read the question what is next
SOON_SECONDS = 10.0  # a worker that died is back within so long
CANCEL_SECONDS = 1.0  # so often it looks whether a person cancelled what is under work
ORDER_SECONDS = 5.0  # after so long it reads what is next again, since more may have come
LATER = ("missing", "changed")  # kinds of failure that may be over after a while


class WorkLoop:
    """Works through what is waiting until nothing is, or until asked to stop."""

    def __init__(
        self,
        ledger: Ledger,
        pool: Pool[Any],
        feed: Feed,
        stop: Stop,
        watcher: Watcher,
    ) -> None:
        self._ledger, self._pool, self._feed = ledger, pool, feed
        self._stop, self._watcher, self._patience = stop, watcher, ledger.order.patience
        self._items: dict[str, WorkItem] = {}  # every path under work, by path
        self._fresh: deque[WorkItem] = deque()  # to be identified
        self._stock: deque[WorkItem] = deque()  # identified, to be analysed
        self._twins: dict[str, list[WorkItem]] = {}  # by hash: under work, and who waits for it
        self._away: dict[str, float] = {}  # clips and folders out of reach; when to look again
        self._identifying = 0
        self._pace = Pace()
        self._refilled = self._withdrawn = float("-inf")
        self._moved = self._manned = time.monotonic()  # when anything last came of it

    def run(self) -> None:
        """Works.

        `ClusterError`: the workers stayed away, or are of another version. `ModelError`: the
        workers cannot load the model. `CaseError`: the case can no longer be written.
        """
        while not self._stop.asked:
            if self._ledger.fetch(self._feed):
                self._refilled = float("-inf")
            self._withdraw()
            self._refill()
            self._hand_out()
            back = self._pool.collect(WAIT_SECONDS)
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
        enough = BATCH_FILES + len(self._pool.workers)
        stale = now - self._refilled >= ORDER_SECONDS
        if len(self._away) >= MOST_AWAY or not (stale or len(self._fresh) < enough):
            return
        if now - self._refilled < WAIT_SECONDS:
            return
        self._refilled = now
        kept = [item for item in self._fresh if item.suspect]
        for item in self._fresh:
            if not item.suspect:
                self._drop(item)
        taken = self._ledger.take(2 * enough, [*self._items], [*self._away])
        fresh = [WorkItem(work, size, suspect=work.tries > 0) for work, size in taken]
        self._items |= {item.work.path: item for item in fresh}
        self._fresh = deque(fresh + kept)

    def _withdraw(self) -> None:
        """Lets go of what a person cancelled, also where a worker is on it."""
        now = time.monotonic()
        if not self._items or now - self._withdrawn < CANCEL_SECONDS:
            return
        self._withdrawn = now
        for path in self._ledger.cancelled(list(self._items)):
            item = self._items[path]
            if item in self._fresh:
                self._fresh.remove(item)
            elif item.identified is None:
                item.cancelled = True  # it is being identified, which takes a moment
                continue
            elif item in self._stock:
                self._stock.remove(item)
            self._pool.stop(path)
            twins = next((those for those in self._twins.values() if item in those), None)
            if twins is None:
                self._give_up(item)
            else:
                twins.remove(item)
                self._drop(item)

    def _hand_out(self) -> None:
        for address in self._pool.idle():
            if (task := self._next()) is None:
                return
            self._pool.give(address, task)

    def _next(self) -> Task | None:
        """What an idle worker does: analyse, as long as enough is identified for all."""
        ahead = len(self._stock) + self._identifying
        if self._fresh and ahead < len(self._pool.workers):
            batch = list(self._batch())
            self._identifying += len(batch)
            paths = tuple(item.work.path for item in batch)
            return Identify(paths, tuple(str(self._ledger.case.find(path)) for path in paths))
        if self._stock:
            item = self._stock.popleft()
            assert item.identified is not None
            return Analyse(item.work.path, item.identified, depth_of(item.work))
        return None

    def _batch(self) -> Iterator[WorkItem]:
        """A few small files, one large one, or a suspect alone."""
        size = 0
        for count in range(BATCH_FILES):
            if not self._fresh or (count and self._fresh[0].suspect):
                return
            if count and size + self._fresh[0].size > BATCH_BYTES:
                return
            item = self._fresh.popleft()
            size += item.size
            yield item
            if item.suspect:
                return

    def _receive(self, task: Task, answer: Any) -> None:
        """One task that came back."""
        if isinstance(task, Identify):
            self._identifying -= len(task.paths)
            items = [self._items[path] for path in task.paths]
            for item in items:
                if item.cancelled:
                    self._drop(item)
            if isinstance(answer, LostTask):
                self._unidentified([item for item in items if not item.cancelled], answer)
                return
            for item, one in zip(items, answer, strict=True):
                if not item.cancelled:
                    self._identified(item, one)
            return
        item = self._items[task.path]
        if isinstance(answer, LostTask):
            if answer.why == "adrift":
                self._stock.appendleft(item)
            else:
                self._failed(item, answer.why, joined([task.path, answer.reason], ": "))
        elif isinstance(answer, TaskFailure):
            self._refused(item, answer)
        else:
            self._surveyed(item, answer)

    def _unidentified(self, items: list[WorkItem], lost: LostTask) -> None:
        if lost.why == "adrift":
            self._fresh.extendleft(reversed(items))
        elif len(items) == 1:
            self._failed(items[0], lost.why, joined([items[0].work.path, lost.reason], ": "))
        else:
            # One of them killed the worker; each alone will show which.
            for item in items:
                item.suspect = True
            self._fresh.extend(items)

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
        """A worker's own word why there is no answer."""
        if failed.kind == ModelError.kind:
            raise ModelError(failed.reason)
        if failed.kind == AWAY:
            self._postpone(item, failed.reason, failed.where)
        elif failed.passing:
            self._failed(item, failed.kind, failed.reason)
        else:
            self._moved = time.monotonic()
            self._set_aside(item, failed.kind, failed.reason)

    def _failed(self, item: WorkItem, kind: str, reason: str) -> None:
        """A try that may be the footage's fault or not; too many are."""
        work = self._ledger.failed(item.work, kind, reason)
        if work is None:  # it has changed since it was taken, and is taken again
            self._give_up(item)
            return
        item.work, item.suspect = work, True
        if work.state == ASIDE:
            self._set_aside(item, kind, reason)
        elif kind in LATER:
            self._postpone(item, reason)
        elif item.identified is None:
            self._fresh.append(item)
        else:
            self._stock.append(item)

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
