"""Workers, and what each is on: one task at a time, so that it is known which clip killed one.

`LocalPool` has the processes of this machine, `ClusterPool` the workers of a Dask cluster.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from evidence.work.task import Analyse, LostTask, Task

LOOK_SECONDS = 1.0
"""Seconds between two checks of which workers there are, and whether one is late."""


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


class Pool(ABC, Generic[W]):
    """The workers that a sweep has, each on one task at a time.

    Args:
        seconds: longest that one footage may keep a worker.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.workers: dict[str, W] = {}

    @property
    @abstractmethod
    def connected(self) -> bool:
        """False while the scheduler is away."""

    @abstractmethod
    def idle(self) -> Iterator[str]:
        """Names of the workers that have nothing to do."""

    @abstractmethod
    def give(self, name: str, task: Task) -> None:
        """Gives an idle worker a task."""

    @abstractmethod
    def collect(self, seconds: float) -> list[tuple[Task, Any]]:
        """The tasks that came back, with a worker's answer or `LostTask`.

        Args:
            seconds: longest wait for the first of them.

        Raises:
            ClusterError: workers die while they start, or lose their setup.
        """

    @abstractmethod
    def drop(self, reason: str) -> list[tuple[Task, LostTask]]:
        """Lets go of every worker; their tasks, which are nobody's fault."""

    @abstractmethod
    def _restart(self, name: str) -> None:
        """Ends what a worker does, and its process."""

    def stop(self, path: str) -> None:
        """Takes a worker off the footage of that path; nothing comes back of it."""
        for name, worker in list(self.workers.items()):
            if isinstance(worker.task, Analyse) and worker.task.path == path:
                self._restart(name)

    def _late(self) -> list[tuple[Task, LostTask]]:
        """The tasks that outlasted their time; their workers are restarted."""
        back: list[tuple[Task, LostTask]] = []
        now = time.monotonic()
        for name, worker in list(self.workers.items()):
            if worker.task is not None and now - worker.since >= self._seconds:
                reason = f"it took more than {self._seconds:g} s (option --time-limit)"
                back.append((worker.task, LostTask("overtime", reason)))
                self._restart(name)
        return back
