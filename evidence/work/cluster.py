"""The workers of a Dask cluster, by its address.

Dask could place tasks itself. But it queues several on a worker, and when that worker dies all of
them are suspect. Here a worker gets its next task when the last has come back.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import secrets
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import dask
from distributed import Client, Future, KilledWorker, WorkerPlugin, get_worker
from distributed.client import AllExit
from distributed.comm import CommClosedError

from datasets.errors import ClusterError
from detector.settings import Depth
from detector.types import Survey
from evidence.work.pool import DIED, LOOK_SECONDS, Pool, Worker
from evidence.work.tasks import (
    Identification,
    Task,
    TaskFailure,
    WorkerSetup,
    equip,
    survey,
)

CONNECT_SECONDS = 30
FETCH_SECONDS = 60  # longest wait for the answer of a task that is done; then it was a try
ASK_SECONDS = 60  # longest wait for the scheduler to say which workers there are

PROGRESS = "nameplate-progress"  # the topic of `(key of the task, share done, stage)`
_ON_THE_WAY = (CancelledError, asyncio.CancelledError, TimeoutError, OSError, CommClosedError)


class WorkerState(WorkerPlugin):  # type: ignore[misc]
    """Brings the setup to each worker of a cluster."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self.name = f"nameplate-{setup.digest}"

    def setup(self, worker: Any) -> None:
        """Called by Dask on each worker, before it is given anything to do."""
        equip(self._setup, worker.state.nthreads, Path(worker.local_directory))


def survey_on_cluster(identified: Identification, setup: str, depth: Depth) -> Survey | TaskFailure:
    """`survey`, with its progress sent through the scheduler."""
    worker = get_worker()
    key = str(worker.get_current_task())

    def tell(share: float, stage: str) -> None:
        worker.log_event(PROGRESS, (key, share, stage))

    return survey(identified, setup, tell, depth)


@dataclass(slots=True, eq=False)
class ClusterWorker(Worker):
    """A worker of a cluster, and the task that Dask has for it."""

    future: Future | None = None


class ClusterPool(Pool[ClusterWorker]):
    """The workers of the cluster at an address such as `tcp://10.0.0.5:8786` or `tls://...`. For
    TLS the certificates are those of Dask's own configuration (`distributed.comm.tls`)."""

    def __init__(self, address: str, setup: WorkerSetup, seconds: float) -> None:
        super().__init__(address, setup, seconds)
        self.client: Any = None
        self._block = ExitStack()
        self._done: queue.SimpleQueue[tuple[Future, Any]] = queue.SimpleQueue()
        self._key, self._count = secrets.token_hex(16), 0  # tasks of other sweeps are there too

    def __enter__(self) -> Self:
        with ExitStack() as block:
            block.enter_context(quiet())
            block.callback(self._disconnect)
            self.reconnect()
            self._block = block.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._block.close()

    def reconnect(self) -> None:
        self._disconnect()
        self.client = connect(self.name)
        try:  # every worker there is, and those to come
            self.client.register_plugin(WorkerState(self._setup))
        except Exception as error:  # whatever a worker raises while it is equipped comes here
            raise ClusterError(
                f"the workers cannot be equipped ({error}); run the same command again; every "
                "machine of the cluster needs the same version of Nameplate"
            ) from error
        self.client.subscribe_topic(PROGRESS, self._hear)
        self._look_round()

    def _disconnect(self) -> None:
        if self.client is not None:
            with suppress(OSError, TimeoutError):
                self.client.close(timeout=2)

    def _hear(self, event: tuple[float, tuple[str, float, str]]) -> None:
        """A worker's progress; called in Dask's thread."""
        key, share, stage = event[1]
        for worker in list(self.workers.values()):
            if worker.future is not None and str(worker.future.key) == key:
                worker.share, worker.stage = share, stage

    @property
    def connected(self) -> bool:
        return bool(self.client.status == "running")

    def idle(self) -> Iterator[str]:
        yield from [address for address, one in self.workers.items() if one.future is None]

    def give(self, name: str, task: Task) -> None:
        worker = self.workers[name]
        self._count += 1
        worker.begin(task)
        worker.future = self.client.submit(
            survey_on_cluster,
            task.identified,
            self._setup.digest,
            task.depth,
            # A tuple, so that Dask counts all tasks as one group and forgets them.
            key=("nameplate-survey", self._key, self._count),
            workers=[name],
            allow_other_workers=False,
            pure=False,
        )
        # Fetched in Dask's thread: one whose worker was cut off is long on its way, or never comes.
        worker.future.add_done_callback(
            lambda future: self.client.loop.add_callback(self._arrive, future)
        )

    async def _arrive(self, future: Future) -> None:
        try:
            coming = self.client.gather(future, asynchronous=True)
            answer = await asyncio.wait_for(coming, FETCH_SECONDS)
        except (Exception, asyncio.CancelledError) as error:
            answer = error
        self._done.put((future, answer))

    def collect(self, seconds: float) -> list[tuple[Task, Any]]:
        back: list[tuple[Task, Any]] = []
        with suppress(queue.Empty):
            back += self._take(*self._done.get(timeout=seconds))
            while True:
                back += self._take(*self._done.get_nowait())
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            back += self._look_round()
            back += self._late()
        return back

    def _look_round(self) -> list[tuple[Task, TaskFailure]]:
        """Sees which workers there are; the tasks of those that are gone. It asks the scheduler
        itself: what the client remembers of workers is emptied now and then."""
        self._looked = time.monotonic()
        if not self.connected:
            return self.drop("the scheduler does not answer")
        try:
            identity = self.client.sync(
                self.client.scheduler.identity, n_workers=-1, callback_timeout=ASK_SECONDS
            )
        except (OSError, CommClosedError, TimeoutError):
            return []
        there = dict(identity["workers"])
        gone = [_release(self.workers.pop(a)) for a in list(self.workers) if a not in there]
        for address, info in there.items():
            self.workers.setdefault(address, ClusterWorker(str(info["name"])))
        return [(task, TaskFailure("killed", DIED, True)) for task in gone if task]

    def drop(self, reason: str) -> list[tuple[Task, TaskFailure]]:
        tasks = [_release(worker) for worker in self.workers.values()]
        self.workers.clear()
        return [(task, TaskFailure("adrift", reason, True)) for task in tasks if task]

    def _take(self, future: Future, answer: Any) -> list[tuple[Task, Any]]:
        """A task that is done, with its answer, given or what kept it."""
        for address, worker in list(self.workers.items()):
            if worker.future is future:
                if isinstance(answer, KilledWorker):
                    # Nobody is there: what it was given next would be blamed for the death.
                    del self.workers[address]
                if isinstance(answer, BaseException):
                    answer = self._lost(future, answer)
                task = _release(worker)
                return [] if task is None else [(task, answer)]
        return []

    def _lost(self, future: Future, error: BaseException) -> TaskFailure:
        """Why there is no answer: it did not arrive, or the worker cannot even load the task."""
        name = type(error).__name__
        if isinstance(error, KilledWorker):
            return TaskFailure("killed", DIED, True)
        if future.status == "error" or not isinstance(error, _ON_THE_WAY):
            return TaskFailure("killed", f"its worker failed ({name}: {error})", True)
        # Cancelled is what a scheduler that went away leaves. What else keeps an answer on its way
        # may do so each time: it counts as a try.
        gone = future.cancelled() or not self.connected
        kind = "adrift" if gone else "killed"
        return TaskFailure(kind, f"its answer did not arrive ({name})", True)

    def _restart(self, name: str) -> None:
        worker = self.workers[name]
        worker.task = None
        try:
            self.client.restart_workers([name], timeout=30, raise_for_error=False)
        except (ValueError, OSError, TimeoutError):
            # A worker without a nanny cannot be restarted: it gets no more until it is free.
            return
        _release(self.workers.pop(name))


def _release(worker: ClusterWorker) -> Task | None:
    """Lets Dask forget a worker's task; gives the task."""
    task, future = worker.task, worker.future
    worker.task, worker.future = None, None
    if future is not None:
        if not future.done():
            with suppress(Exception):
                future.cancel()
        future.release()
    return task


def connect(address: str) -> Client:
    """A connection to the scheduler at an address. `ClusterError`: nobody answers there."""
    try:
        return Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise ClusterError(
            f"{address}: no Dask scheduler answers there ({error}); check the address, and that "
            "`dask scheduler` runs"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Dask without its messages about every worker that ends; we report those that matter."""
    names = ("distributed", *logging.root.manager.loggerDict)
    own = [logging.getLogger(name) for name in names if name.split(".")[0] == "distributed"]
    before = [(logger, logger.level) for logger in own]
    for logger in own:
        logger.setLevel(logging.CRITICAL + 1)
    # Clusters may be open within each other: each has a filter of its own to take away.
    asyncio_logger, matters = logging.getLogger("asyncio"), partial(_matters)
    asyncio_logger.addFilter(matters)
    waits = {"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"}
    try:
        with dask.config.set(waits), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        asyncio_logger.removeFilter(matters)
        for logger, level in before:
            logger.setLevel(level)


def _matters(record: logging.LogRecord) -> bool:
    """False for what Dask leaves where an answer was lost with its worker and nobody waits."""
    return not (record.exc_info and isinstance(record.exc_info[1], AllExit))
