"""Workers, and what each is on: one task at a time, so that it is known which clip killed one.

`LocalPool` has processes of this machine, with limits on time and memory. `ClusterPool`
(`cluster.py`) has the workers of a Dask cluster.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, Self, TypeVar

import psutil

from datasets.errors import ClusterError
from evidence.work.tasks import Task, TaskFailure, WorkerSetup, equip, survey

DIED = "its worker died on it"
LOOK_SECONDS = 1.0  # seconds between two checks that the workers are there, and that none is late


@dataclass(slots=True, eq=False)
class Worker:
    """One worker. `since` is of the monotonic clock. `share` (0..1), `stage`: its progress."""

    name: str
    task: Task | None = None
    since: float = 0.0
    share: float | None = None
    stage: str | None = None

    def begin(self, task: Task) -> None:
        self.task, self.since = task, time.monotonic()
        self.share = self.stage = None


W = TypeVar("W", bound=Worker)


class Pool(AbstractContextManager["Pool[W]"], Generic[W]):
    """The workers that a sweep has, each on one task at a time. Use it in a `with`.

    name: of the place, for messages. setup: what each worker needs besides footage. seconds:
    longest that one footage may keep a worker. `ClusterError`: workers cannot be started, reached
    or equipped.
    """

    def __init__(self, name: str, setup: WorkerSetup, seconds: float) -> None:
        self.name = name
        self._setup, self._seconds = setup, seconds
        self._looked = time.monotonic()
        self.workers: dict[str, W] = {}

    @property
    def connected(self) -> bool:
        """False while the scheduler is away."""
        return True

    def reconnect(self) -> None:
        """Connects again to a scheduler that was away. `ClusterError`: it still is."""

    @abstractmethod
    def idle(self) -> Iterator[str]:
        """Names of the workers that have nothing to do."""

    @abstractmethod
    def give(self, name: str, task: Task) -> None:
        """Gives an idle worker a task."""

    @abstractmethod
    def collect(self, seconds: float) -> list[tuple[Task, Any]]:
        """The tasks that came back, with the worker's answer, or why there is none.

        seconds: longest wait for the first of them. `ClusterError`: workers die while they start,
        or lose their setup.
        """

    @abstractmethod
    def drop(self, reason: str) -> list[tuple[Task, TaskFailure]]:
        """Lets go of every worker; their tasks, which are nobody's fault."""

    @abstractmethod
    def _restart(self, name: str) -> None:
        """Ends what a worker does, and its process."""

    def stop(self, path: str) -> None:
        """Takes a worker off the footage of that path; nothing comes back of it."""
        for name, worker in list(self.workers.items()):
            if worker.task is not None and worker.task.path == path:
                self._restart(name)

    def _late(self) -> list[tuple[Task, TaskFailure]]:
        """The tasks that outlasted their time; their workers are restarted."""
        back: list[tuple[Task, TaskFailure]] = []
        now = time.monotonic()
        for name, worker in list(self.workers.items()):
            if worker.task is not None and now - worker.since >= self._seconds:
                reason = f"it took more than {self._seconds:g} s (option --time-limit)"
                back.append((worker.task, TaskFailure("overtime", reason, True)))
                self._restart(name)
        return back


# 1.75 GiB: a worker with model and reader, at work on large frames. 19 clips took one to 1.43.
LEAST_WORKER_BYTES = 7 << 28
MEMORY_SHARE = 0.95  # of a worker's memory limit at which it is ended; its clip is tried again
MOST_STARTS = 3  # tries to start a worker, in a row

_CONTEXT = multiprocessing.get_context("spawn")  # a forked child would share the case's lock
# Arithmetic beside the networks starts no threads that only wait for more of it.
_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def count_cores() -> int:
    """Processors that this process may use."""
    from dask.system import CPU_COUNT  # it knows the limits of containers

    return int(CPU_COUNT)


def memory_bytes() -> int:
    """Bytes of memory that this process may use."""
    from distributed.system import MEMORY_LIMIT

    return int(MEMORY_LIMIT)


def count_workers() -> int:
    """Workers for this machine: one a core, as far as memory goes. The detector and the reader run
    on processors; a worker per graphics card would leave them idle, so cards are not counted."""
    return max(1, min(count_cores(), memory_bytes() // LEAST_WORKER_BYTES))


@dataclass(slots=True, eq=False, kw_only=True)
class LocalWorker(Worker):
    """A process of this machine, at the other end of a pipe."""

    process: BaseProcess
    connection: Connection
    ready: bool = False


class LocalPool(Pool[LocalWorker]):
    """Processes of this machine. They end with the block, or with the process that started them.

    count: how many share the cores; None: as many as suit the machine.
    """

    def __init__(self, count: int | None, setup: WorkerSetup, seconds: float) -> None:
        super().__init__("this machine", setup, seconds)
        self._count = count or count_workers()
        self.threads = max(1, count_cores() // self._count)
        self._most_bytes = memory_bytes() // self._count * MEMORY_SHARE
        self._failed = 0

    def __enter__(self) -> Self:
        for number in range(self._count):
            self._start(str(number))
        return self

    def __exit__(self, *_: object) -> None:
        self.drop("the sweep ended")  # they hold nothing, and would finish their clips first

    def _start(self, name: str) -> None:
        """Starts a worker, in place of the one of that name."""
        ours, theirs = _CONTEXT.Pipe()
        # Little goes with the start: a worker killed before it has read that would block us.
        process = _CONTEXT.Process(target=_serve, args=(theirs, self.threads))
        added = [key for key in _ENVIRONMENT if key not in os.environ]
        os.environ.update({key: _ENVIRONMENT[key] for key in added})
        try:
            process.start()
        except OSError as error:
            raise ClusterError(f"no workers could be started here ({error})") from error
        finally:
            for key in added:
                os.environ.pop(key, None)
            theirs.close()
        self.workers[name] = LocalWorker(name, process=process, connection=ours)

    def idle(self) -> Iterator[str]:
        yield from [name for name, one in self.workers.items() if one.ready and one.task is None]

    def give(self, name: str, task: Task) -> None:
        worker = self.workers[name]
        worker.begin(task)
        with suppress(OSError):  # it died; the next `collect` says so
            worker.connection.send(task)

    def collect(self, seconds: float) -> list[tuple[Task, Any]]:
        back: list[tuple[Task, Any]] = []
        end = time.monotonic() + seconds
        while not back:
            now = time.monotonic()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                back += self._late()
                self._check_memory()
            by_connection = {worker.connection: worker for worker in self.workers.values()}
            left = 0.0 if back else min(max(0.0, end - now), LOOK_SECONDS)
            for connection in wait(list(by_connection), left):
                back += self._read(by_connection[connection])  # type: ignore[index]
            if time.monotonic() >= end:
                break
        return back

    def _read(self, worker: LocalWorker) -> list[tuple[Task, Any]]:
        """What a worker has sent: that it is ready, its progress, or an answer."""
        try:
            kind, *content = worker.connection.recv()
        except (EOFError, OSError):
            return self._dead(worker)
        task = worker.task
        if kind == "started":
            with suppress(OSError):
                worker.connection.send(self._setup)
        elif kind == "ready":
            worker.ready, self._failed = True, 0
        elif kind == "progress":
            worker.share, worker.stage = content
        elif task is not None:
            worker.task = None
            return [(task, content[0])]
        return []

    def _dead(self, worker: LocalWorker) -> list[tuple[Task, Any]]:
        """Replaces a worker that died; gives its task."""
        self._restart(worker.name)
        if not worker.ready:
            self._failed += 1
            if self._failed >= MOST_STARTS:
                raise ClusterError(
                    f"a worker of this machine died while it started, {MOST_STARTS} times; see "
                    "that there is memory for it, or ask for fewer (--workers), and run the same "
                    "command again"
                )
        return [] if worker.task is None else [(worker.task, TaskFailure("killed", DIED, True))]

    def _check_memory(self) -> None:
        """Ends workers above their memory limit, as the kernel would; `collect` finds them dead."""
        for worker in self.workers.values():
            with suppress(psutil.Error):
                if psutil.Process(worker.process.pid).memory_info().rss > self._most_bytes:
                    worker.process.kill()

    def _restart(self, name: str) -> None:
        _end(self.workers[name])
        self._start(name)

    def drop(self, reason: str) -> list[tuple[Task, TaskFailure]]:
        workers = list(self.workers.values())
        self.workers.clear()
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            _end(worker)
        return [(one.task, TaskFailure("adrift", reason, True)) for one in workers if one.task]


def _end(worker: LocalWorker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.connection.close()


def _serve(connection: Connection, threads: int) -> None:
    """A worker's life: tasks in, answers out, until the other end of the pipe is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the sweep decides when its workers end
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        connection.send(("started",))
        setup: WorkerSetup = connection.recv()
        equip(setup, threads)
        connection.send(("ready",))
        while True:
            task: Task = connection.recv()
            answer = survey(task.identified, setup.digest, partial(_tell, connection), task.depth)
            connection.send(("answer", answer))


def _tell(connection: Connection, share: float, stage: str) -> None:
    with suppress(OSError):
        connection.send(("progress", share, stage))


def _end_with_parent() -> None:
    """Ends this process with the one that started it, however that one ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
