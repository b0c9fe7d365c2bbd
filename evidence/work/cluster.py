"""A Dask cluster to work on: one on this machine, or any by its address."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster
from distributed.client import AllExit
from distributed.system import MEMORY_LIMIT

from datasets.errors import ClusterError
from evidence.work import clock

LEAST_WORKER_BYTES = 7 << 28
"""1.75 GiB: a worker with model and reader, at work on large frames. 19 clips took one to 1.43."""

CONNECT_SECONDS = 30

MOST_STARTS = 3
"""Tries to start the workers of this machine."""

_SCRATCH = "nameplate-workers-"

_CONFIG = {
    # A forked child would share this process's open files, the case's lock among them.
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.preload": [clock.__name__],
    # Answers are small and fetched at once: nothing to spill, and a paused worker would wait for
    # ever. A worker at its limit is killed, and its clip tried again.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # Who killed a worker is found out here, not by killing three more (`crew.py`).
    "distributed.scheduler.allowed-failures": 0,
    # A worker that was killed twice within these 15 s may be away at their end; Dask would then
    # give it up, and with all of them a sweep has nobody left.
    "distributed.deploy.lost-worker-timeout": "365 days",
    "distributed.scheduler.dashboard.status.task-stream-length": 0,
    # Its pages are off: nobody looks at what it measures a hundred times a second.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    # Dask would have every worker, and the decoders it starts, hand memory back to the kernel with
    # each picture let go of, and fault it in anew for the next: a sixth of all they do.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
}


def count_workers() -> int:
    """Workers for this machine: one a core, as far as memory goes.

    The detector and the reader run on processors; a worker per graphics card would leave them
    idle, so cards are not counted.
    """
    return max(1, min(int(CPU_COUNT), int(MEMORY_LIMIT) // LEAST_WORKER_BYTES))


class Cluster:
    """A cluster, and the connection to it. `name` is for messages."""

    def __init__(self, name: str, client: Client, address: str | None = None) -> None:
        self.name, self.client = name, client
        self._address = address

    def reconnect(self) -> None:
        """Connects anew to a scheduler that was away.

        Raises:
            ClusterError: it still is; one of this machine's own does not come back.
        """
        if self._address is None:
            raise ClusterError("the workers of this machine are gone; run the same command again")
        self.close()
        self.client = _connect(self._address)

    def close(self) -> None:
        with suppress(OSError, TimeoutError):
            self.client.close(timeout=2)


@contextmanager
def local_cluster(workers: int | None = None) -> Iterator[Cluster]:
    """Processes on this machine, reachable from it alone, gone with the block.

    They share its cores: fewer have more threads each. Workers end when this process does,
    however it ends: each watches a pipe from it.

    Raises:
        ClusterError: they could not be started.
    """
    count = workers or count_workers()
    with _scratch() as scratch, dask.config.set(_CONFIG), _quiet():
        cluster = _start(count, scratch)
        with cluster, Client(cluster, set_as_default=False) as client:
            try:
                yield Cluster("this machine", client)
            finally:
                _end(cluster)


def _start(count: int, scratch: Path) -> LocalCluster:
    """So many workers; where one dies while it starts Dask gives all up, and they are started anew.

    Raises:
        ClusterError: they could not be started.
    """
    died: RuntimeError | None = None
    for _ in range(MOST_STARTS):
        try:
            return LocalCluster(
                n_workers=count,
                threads_per_worker=max(1, CPU_COUNT // count),
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                # The page is off; what is left of its server takes any free port.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                memory_limit=MEMORY_LIMIT // count,
                local_directory=str(scratch),
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:
            if "Nanny" not in str(error):  # Dask's word for what minds a worker
                raise ClusterError(f"no workers could be started here ({error})") from error
            died = error
        except (OSError, TimeoutError) as error:
            raise ClusterError(f"no workers could be started here ({error})") from error
    raise ClusterError(
        f"a worker of this machine died while it started, {MOST_STARTS} times; see that there is "
        "memory for it, or ask for fewer (--workers), and run the same command again"
    ) from died


def _end(cluster: LocalCluster) -> None:
    """Ends the workers at once: they hold nothing, and would finish their clips first."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for the workers' own files, gone with the block. What sweeps that were killed have
    left of theirs goes too: the kernel lets go of the lock on it, however its holder ends.

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
            if time.time() - old.stat().st_mtime > CONNECT_SECONDS:
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


@contextmanager
def remote_cluster(address: str) -> Iterator[Cluster]:
    """The cluster at an address such as `tcp://10.0.0.5:8786` or `tls://...`.

    For TLS the certificates are those of Dask's own configuration (`distributed.comm.tls`).

    Raises:
        ClusterError: nobody answers there.
    """
    with dask.config.set(_CONFIG), _quiet():
        place = Cluster(address, _connect(address), address)
        try:
            yield place
        finally:
            place.close()


def _connect(address: str) -> Client:
    try:
        return Client(address, set_as_default=False, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise ClusterError(
            f"{address}: no Dask scheduler answers there ({error}); check the address, and that "
            "`dask scheduler` runs"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what Dask says of every worker that ends; who needs to know is told by us."""
    loggers = [
        logging.getLogger(name)
        for name in ("distributed", *logging.root.manager.loggerDict)
        if name.split(".")[0] == "distributed"
    ]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    # Clusters may be open within each other: each has a filter of its own to take away.
    asyncio, told = logging.getLogger("asyncio"), partial(_is_told)
    asyncio.addFilter(told)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        asyncio.removeFilter(told)
        for logger, level in before:
            logger.setLevel(level)


def _is_told(record: logging.LogRecord) -> bool:
    """Whether it is more than what Dask leaves where nobody waits any longer for an answer that
    was lost with its worker."""
    return not (record.exc_info and isinstance(record.exc_info[1], AllExit))
