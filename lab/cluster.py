"""A Dask cluster started by hand, as an archivist with several hosts would start it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence

from lab.processes import Family

SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard"]
SECONDS_TO_COME_UP = 30
SECONDS_TO_END = 5


class Cluster:
    """One scheduler and its workers, one task at a time each.

    Args:
        family: whose members the processes become.
        hosts: for each worker what goes before its command (`ip netns exec ...`) or nothing.
        address: where the scheduler listens.

    Raises:
        TimeoutError: the scheduler does not come up.
    """

    def __init__(
        self, family: Family, hosts: Sequence[Sequence[str]] = ((), ()), address: str = "127.0.0.1"
    ) -> None:
        self._family, self._host, self._hosts = family, address, hosts
        with socket.socket() as free:
            free.bind((address, 0))
            self.port = int(free.getsockname()[1])
        self.address = f"tcp://{address}:{self.port}"
        self._start()

    def restart(self) -> None:
        """End what is left of it and start it anew, at the same address."""
        self.close()
        self._start()

    def _start(self) -> None:
        where = ["--host", self._host, "--port", str(self.port)]
        self.scheduler = self._family.start([*SCHEDULER, *where])
        if not self._family.wait_for(self._listens, SECONDS_TO_COME_UP):
            raise TimeoutError(f"the scheduler does not listen:\n{self._family.said()[-2000:]}")
        self.workers = [self._worker(before) for before in self._hosts]

    def _worker(self, before: Sequence[str]) -> subprocess.Popen[bytes]:
        at = [] if before else ["--host", self._host]
        one = [*at, "--nworkers", "1", "--nthreads", "1", "--memory-limit", "0"]
        return self._family.start([*before, *WORKER, self.address, *one])

    def close(self) -> None:
        """Ask every part to end, as Ctrl-C would, and wait for it; who stays is killed."""
        parts = (*self.workers, self.scheduler)
        for part in parts:
            part.terminate()
        self._family.wait_for(lambda: all(p.poll() is not None for p in parts), SECONDS_TO_END)
        for part in parts:
            part.kill()
            part.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self._host, self.port)) == 0
