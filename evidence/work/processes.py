"""Worker processes of this machine: one clip each, with limits on time and memory."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from datasets.errors import ClusterError
from evidence.work.task import (
    Analyse,
    Identify,
    LostTask,
    Task,
    WorkerSetup,
    equip,
    identify,
    survey,
)

LEAST_WORKER_BYTES = 7 << 28
"""1.75 GiB: a worker with model and reader, at work on large frames. 19 clips took one to 1.43."""

MEMORY_SHARE = 0.95
"""Share of a worker's memory limit at which it is ended; its clip is tried again."""

MOST_STARTS = 3
"""Tries to start a worker, in a row."""

LOOK_SECONDS = 1.0
"""Seconds between two checks of time and memory."""

STALE_SECONDS = 30.0
"""Age in seconds at which a folder without an owner is removed."""

_SCRATCH = "nameplate-workers-"
_CONTEXT = multiprocessing.get_context("spawn")  # a forked child would share the case's lock
_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Arithmetic beside the networks starts no threads that only wait for more of it."""


def count_cores() -> int:
    """Processors that this process may use."""
    from dask.system import CPU_COUNT  # it knows the limits of containers

    return int(CPU_COUNT)


def memory_bytes() -> int:
    """Bytes of memory that this process may use."""
    from distributed.system import MEMORY_LIMIT

    return int(MEMORY_LIMIT)


def count_workers() -> int:
    """Workers for this machine: one a core, as far as memory goes.

    The detector and the reader run on processors; a worker per graphics card would leave them
    idle, so cards are not counted.
    """
    return max(1, min(count_cores(), memory_bytes() // LEAST_WORKER_BYTES))


@dataclass(slots=True)
class Process:
    """One worker. `since` is of the monotonic clock. `share` (0..1), `stage`: its progress."""

    name: str
    process: BaseProcess
    connection: Connection
    ready: bool = False
    task: Task | None = None
    since: float = 0.0
    share: float | None = None
    stage: str | None = None


class LocalPool:
    """The workers of this machine, each on one task at a time.

    Args:
        count: how many; they share the cores.
        folder: for the workers' own files.
        seconds: longest that one footage may keep a worker.
    """

    def __init__(self, count: int, folder: Path, setup: WorkerSetup, seconds: float) -> None:
        self._setup, self._folder, self._seconds = setup, folder, seconds
        self.threads = max(1, count_cores() // count)
        self._most_bytes = memory_bytes() // count * MEMORY_SHARE
        self._looked, self._failed = time.monotonic(), 0
        self.connected = True
        self.hands: dict[str, Process] = {}
        for number in range(count):
            self._start(str(number))

    def _start(self, name: str) -> None:
        """Starts a worker, in place of the one of that name."""
        ours, theirs = _CONTEXT.Pipe()
        # Little goes with the start: a worker killed before it has read that would block us.
        process = _CONTEXT.Process(target=_serve, args=(theirs, self._folder, self.threads))
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
        self.hands[name] = Process(name, process, ours)

    def idle(self) -> Iterator[str]:
        """Names of the workers that have nothing to do."""
        for name, worker in list(self.hands.items()):
            if worker.ready and worker.task is None:
                yield name

    def give(self, name: str, task: Task) -> None:
        """Gives an idle worker a task."""
        worker = self.hands[name]
        worker.task, worker.since = task, time.monotonic()
        worker.share = worker.stage = None
        with suppress(OSError):  # it died; the next `collect` says so
            worker.connection.send(task)

    def collect(self, seconds: float) -> list[tuple[Task, Any]]:
        """The tasks that came back, with a worker's answer or `LostTask`.

        Args:
            seconds: longest wait for the first of them.

        Raises:
            ClusterError: workers die while they start.
        """
        back: list[tuple[Task, Any]] = []
        end = time.monotonic() + seconds
        while not back:
            now = time.monotonic()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                back += self._late(now)
                self._check_memory()
            by_connection = {worker.connection: worker for worker in self.hands.values()}
            left = 0.0 if back else min(max(0.0, end - now), LOOK_SECONDS)
            for connection in wait(list(by_connection), left):
                back += self._read(by_connection[connection])  # type: ignore[index]
            if time.monotonic() >= end:
                break
        return back

    def _read(self, worker: Process) -> list[tuple[Task, Any]]:
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

    def _dead(self, worker: Process) -> list[tuple[Task, Any]]:
        """Replaces a worker that died; gives its task."""
        task, ready = worker.task, worker.ready
        self._restart(worker)
        if not ready:
            self._failed += 1
            if self._failed >= MOST_STARTS:
                raise ClusterError(
                    f"a worker of this machine died while it started, {MOST_STARTS} times; see "
                    "that there is memory for it, or ask for fewer (--workers), and run the same "
                    "command again"
                )
        return [] if task is None else [(task, LostTask("killed", "its worker died on it"))]

    def _late(self, now: float) -> list[tuple[Task, LostTask]]:
        """The tasks that outlasted their time; their workers are replaced."""
        back = []
        for worker in list(self.hands.values()):
            if worker.task is not None and now - worker.since >= self._seconds:
                reason = f"it took more than {self._seconds:g} s (option --time-limit)"
                back.append((worker.task, LostTask("overtime", reason)))
                self._restart(worker)
        return back

    def _check_memory(self) -> None:
        """Ends workers above their memory limit, as the kernel would; `collect` finds them dead."""
        for worker in self.hands.values():
            with suppress(psutil.Error):
                if psutil.Process(worker.process.pid).memory_info().rss > self._most_bytes:
                    worker.process.kill()

    def stop(self, path: str) -> None:
        """Takes a worker off the footage of that path; nothing comes back of it."""
        for worker in list(self.hands.values()):
            if isinstance(worker.task, Analyse) and worker.task.path == path:
                self._restart(worker)

    def _restart(self, worker: Process) -> None:
        _end(worker)
        self._start(worker.name)

    def drop(self, reason: str) -> list[tuple[Task, LostTask]]:
        """Ends every worker; their tasks, which are nobody's fault."""
        workers = list(self.hands.values())
        self.hands.clear()
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            _end(worker)
        return [(one.task, LostTask("adrift", reason)) for one in workers if one.task]


def _end(worker: Process) -> None:
    worker.process.kill()
    worker.process.join()
    worker.connection.close()


def _serve(connection: Connection, folder: Path, threads: int) -> None:
    """A worker's life: tasks in, answers out, until the other end of the pipe is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the sweep decides when its workers end
        signal.signal(number, _ignore)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        connection.send(("started",))
        setup: WorkerSetup = connection.recv()
        equip(setup, folder, threads)
        connection.send(("ready",))
        while True:
            task: Task = connection.recv()
            connection.send(("answer", _answer(connection, task, setup.digest)))


def _answer(connection: Connection, task: Task, digest: str) -> Any:
    def tell(share: float, stage: str) -> None:
        with suppress(OSError):
            connection.send(("progress", share, stage))

    if isinstance(task, Identify):
        return identify(task.files)
    return survey(task.identified, digest, tell)


def _ignore(*_: object) -> None:
    pass


def _end_with_parent() -> None:
    """Ends this process with the one that started it, however that one ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class LocalWorkers:
    """This machine as a place to work. `name` is for messages."""

    name = "this machine"

    def __init__(self, count: int, folder: Path) -> None:
        self._count, self._folder = count, folder
        self._pools: list[LocalPool] = []

    def equip(self, setup: WorkerSetup, seconds: float) -> LocalPool:
        """Starts workers with a setup."""
        pool = LocalPool(self._count, self._folder, setup, seconds)
        self._pools.append(pool)
        return pool

    def reconnect(self) -> None:
        """Never needed: there is no scheduler that could be away."""

    def close(self) -> None:
        """Ends the workers at once: they hold nothing, and would finish their clips first."""
        for pool in self._pools:
            pool.drop("the sweep ended")


@contextmanager
def local_workers(count: int | None = None) -> Iterator[LocalWorkers]:
    """Processes on this machine, gone with the block; they end when this process does.

    Raises:
        ClusterError: they could not be started.
    """
    with scratch_folder() as folder:
        workers = LocalWorkers(count or count_workers(), folder)
        try:
            yield workers
        finally:
            workers.close()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the workers' own files, gone with the block.

    It also removes the folders of sweeps that were killed: the kernel releases the lock on one,
    however its holder ends.

    Raises:
        ClusterError: there is no place for one.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_SCRATCH))
    except OSError as error:
        raise ClusterError(
            f"the workers have no place for files of their own ({error.strerror}); name one in "
            "the environment variable TMPDIR"
        ) from error
    for old in folder.parent.glob(f"{_SCRATCH}*"):
        with suppress(OSError):
            # A new one may not be locked yet.
            if time.time() - old.stat().st_mtime > STALE_SECONDS:
                with _locked(old):
                    shutil.rmtree(old, ignore_errors=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        with suppress(OSError):  # a file system without locks
            stack.enter_context(_locked(folder))
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the lock on a folder.

    Raises:
        OSError: somebody else does, or it is not there.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
