"""The workers, and what each is on: one task at a time, so that it is known who killed whom.

Dask could be left to place tasks itself, but it queues several on a worker, and when that
worker dies all of them are suspect. Here a worker gets its next task when the last has come
back; the milliseconds in between are bought back by preparing what comes next meanwhile.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, WorkerPlugin, get_worker
from distributed.comm import CommClosedError

from datasets.errors import ClusterError
from detector.types import Survey
from evidence.work.task import (
    UNEQUIPPED,
    Analyse,
    Identification,
    Identify,
    LostTask,
    Task,
    TaskFailure,
    WorkerSetup,
    equip,
    identify,
    survey,
)

FETCH_SECONDS = 60
"""Longest wait for the answer of a task that is done; after it the task was one try of few."""

ASK_SECONDS = 60
"""Longest wait for the scheduler's word which workers there are."""

_ON_THE_WAY = (CancelledError, asyncio.CancelledError, TimeoutError, OSError, CommClosedError)

MOST_BARE = 10
"""Times in a row that workers without their kit are equipped again."""

MOST_EQUIPPED = 5
"""Times that all workers are equipped, where one dies each time before it is."""

LOOK_SECONDS = 1.0
"""How often it is seen which workers there are."""


PROGRESS = "nameplate-progress"
"""The topic under which a worker reports progress: `(key of the task, share done, stage)`."""


class WorkerState(WorkerPlugin):  # type: ignore[misc]
    """Brings the setup to each worker of a cluster."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self.name = f"nameplate-{setup.digest}"

    def setup(self, worker: Any) -> None:
        """Called by Dask on each worker, before it is given anything to do."""
        equip(self._setup, Path(worker.local_directory), worker.state.nthreads)


def survey_on_cluster(identified: Identification, kit: str) -> Survey | TaskFailure:
    """`survey`, with its progress sent through the scheduler."""
    worker = get_worker()
    key = str(worker.get_current_task())

    def tell(share: float, stage: str) -> None:
        worker.log_event(PROGRESS, (key, share, stage))

    return survey(identified, kit, tell)


@dataclass(slots=True)
class Worker:
    """One worker. `since` is of the monotonic clock. `share` (0..1), `stage`: how far it says it
    is with its footage."""

    name: str
    task: Task | None = None
    future: Future | None = None
    since: float = 0.0
    share: float | None = None
    stage: str | None = None


class Pool:
    """The workers of a cluster, equipped with a kit.

    Args:
        seconds: longest that one footage may keep a worker.

    Raises:
        ClusterError: the cluster is not there, or its workers cannot take the kit.
    """

    def __init__(self, client: Client, kit: WorkerSetup, seconds: float) -> None:
        self._client = client
        self._kit = kit.digest
        self._seconds = seconds
        self._done: queue.SimpleQueue[tuple[Future, Any]] = queue.SimpleQueue()
        self._looked = float("-inf")
        self._name, self._count = secrets.token_hex(16), 0  # tasks of other sweeps are there too
        self.hands: dict[str, Worker] = {}
        self._outfit, self._bare = WorkerState(kit), 0
        self._equip()
        client.subscribe_topic(PROGRESS, self._hear)
        self.look_round()

    def _equip(self, tries: int = MOST_EQUIPPED) -> None:
        """Brings the kit to every worker, and to those to come.

        Dask does not say which worker did not answer. A worker that dies meanwhile, as a new one
        may, looks like a scheduler that is gone. Its replacement gets the kit.
        """
        try:
            self._client.register_plugin(self._outfit)
        except (OSError, TimeoutError) as error:
            if tries > 1 and self.connected:
                time.sleep(LOOK_SECONDS)
                self._equip(tries - 1)
                return
            raise ClusterError(f"the scheduler went away ({error})") from error
        except Exception as error:
            raise ClusterError(
                f"the workers cannot be equipped ({error}); every machine of the cluster needs "
                "the same version of Nameplate"
            ) from error

    def _hear(self, event: tuple[float, tuple[str, float, str]]) -> None:
        """A worker's word how far it is; called in Dask's thread."""
        key, share, stage = event[1]
        for hand in list(self.hands.values()):
            if hand.future is not None and str(hand.future.key) == key:
                hand.share, hand.stage = share, stage

    @property
    def connected(self) -> bool:
        return bool(self._client.status == "running")

    def idle(self) -> Iterator[str]:
        """Workers that have nothing to do."""
        for address, hand in list(self.hands.items()):
            if hand.future is None:
                yield address

    def give(self, address: str, task: Task) -> None:
        """Gives an idle worker a task."""
        hand = self.hands[address]
        self._count += 1
        work, given = (
            (identify, (task.files,))
            if isinstance(task, Identify)
            else (survey_on_cluster, (task.identified, self._kit))
        )
        hand.task, hand.since = task, time.monotonic()
        hand.share = hand.stage = None
        hand.future = self._client.submit(
            work,
            *given,
            # A tuple, so that Dask counts all tasks of a kind as one group and forgets them.
            key=(f"nameplate-{work.__name__}", self._name, self._count),
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )
        hand.future.add_done_callback(self._fetch)

    def _fetch(self, future: Future) -> None:
        """Has the answer of a task that is done fetched; called in a thread of Dask's.

        One whose worker was cut off is long on its way, or never comes: nobody waits for it.
        """
        self._client.loop.add_callback(self._arrive, future)

    async def _arrive(self, future: Future) -> None:
        try:
            coming = self._client.gather(future, asynchronous=True)
            answer = await asyncio.wait_for(coming, FETCH_SECONDS)
        except (Exception, asyncio.CancelledError) as error:
            answer = error
        self._done.put((future, answer))

    def collect(self, seconds: float) -> list[tuple[Task, Any]]:
        """The tasks that came back, with a worker's answer or `LostTask`; waits for one at most
        so long."""
        back: list[tuple[Task, Any]] = []
        with suppress(queue.Empty):
            back += self._take(*self._done.get(timeout=seconds))
            while True:
                back += self._take(*self._done.get_nowait())
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            back += self.look_round()
            back += self._late(now)
        return back

    def look_round(self) -> list[tuple[Task, LostTask]]:
        """Sees which workers there are; the tasks of those that are gone."""
        self._looked = time.monotonic()
        if not self.connected:
            return self.drop("the scheduler does not answer")
        try:
            there = self._there()
        except (OSError, CommClosedError, TimeoutError):
            return []
        gone = [self._release(self.hands.pop(a)) for a in list(self.hands) if a not in there]
        for address, info in there.items():
            self.hands.setdefault(address, Worker(str(info["name"])))
        return [(task, LostTask("killed", "its worker died on it")) for task in gone if task]

    def _there(self) -> dict[str, Any]:
        """The workers by address. Asked of the scheduler itself: what the client remembers of
        them is emptied now and then behind one's back."""
        identity = self._client.sync(
            self._client.scheduler.identity, n_workers=-1, callback_timeout=ASK_SECONDS
        )
        return dict(identity["workers"])

    def drop(self, reason: str) -> list[tuple[Task, LostTask]]:
        """Forgets every worker; their tasks, which are nobody's fault."""
        tasks = [self._release(hand) for hand in self.hands.values()]
        self.hands.clear()
        return [(task, LostTask("adrift", reason)) for task in tasks if task]

    def _take(self, future: Future, answer: Any) -> list[tuple[Task, Any]]:
        """A task that is done, with its answer, given or what kept it."""
        hand = next((h for h in self.hands.values() if h.future is future), None)
        if hand is None:
            return []
        if isinstance(answer, KilledWorker):
            answer = LostTask("killed", "its worker died on it")
            # Nobody is at that address: what it was given next would be blamed for the death.
            self.hands = {a: other for a, other in self.hands.items() if other is not hand}
        elif isinstance(answer, BaseException):
            if future.status != "error" and isinstance(answer, _ON_THE_WAY):
                # Cancelled is what a scheduler that went away leaves. What else keeps an answer on
                # its way may do so each time: it counts as a try.
                gone = future.cancelled() or not self.connected
                answer = LostTask(
                    "adrift" if gone else "killed",
                    f"its answer did not arrive ({type(answer).__name__})",
                )
            else:
                # A worker that cannot even load the task: another version, a broken install.
                answer = LostTask(
                    "killed", f"its worker failed ({type(answer).__name__}: {answer})"
                )
        if isinstance(answer, TaskFailure) and answer.kind == UNEQUIPPED:
            self._bare += 1
            if self._bare > MOST_BARE:
                raise ClusterError(
                    "the workers lose what they are equipped with; what was finished is stored; "
                    "start them anew and run the same command again"
                )
            with suppress(ClusterError):  # of a scheduler that is gone the next look round tells
                self._equip()
        elif isinstance(hand.task, Analyse):
            self._bare = 0
        task = self._release(hand)
        return [] if task is None else [(task, answer)]

    def _late(self, now: float) -> list[tuple[Task, LostTask]]:
        """The tasks that outlasted their time; their workers are restarted."""
        back: list[tuple[Task, LostTask]] = []
        for address, hand in list(self.hands.items()):
            if hand.task is None or now - hand.since < self._seconds:
                continue
            reason = f"it took more than {self._seconds:g} s (option --time-limit)"
            back.append((hand.task, LostTask("overtime", reason)))
            self._restart(address, hand)
        return back

    def stop(self, path: str) -> None:
        """Takes a worker off the footage of that path; nothing comes back of it."""
        for address, hand in list(self.hands.items()):
            if isinstance(hand.task, Analyse) and hand.task.path == path:
                self._restart(address, hand)

    def _restart(self, address: str, hand: Worker) -> None:
        """Ends what a worker does, and the process with it."""
        hand.task = None
        try:
            self._client.restart_workers([address], timeout=30, raise_for_error=False)
        except (ValueError, OSError, TimeoutError):
            # A worker without a nanny cannot be restarted: it gets no more until it is free.
            return
        self._release(hand)
        del self.hands[address]

    @staticmethod
    def _release(hand: Worker) -> Task | None:
        """Lets Dask forget a worker's task; gives the task."""
        task, future = hand.task, hand.future
        hand.task, hand.future = None, None
        if future is not None:
            if not future.done():
                with suppress(Exception):
                    future.cancel()
            future.release()
        return task
