"""Starting a family of processes, finding every member of it again, and ending it.

Each process inherits one variable of the environment, whatever sessions and groups its
children open for themselves, and by it `/proc` tells who belongs to a trial.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "NAMEPLATE_TRIAL"
STEP = 0.05  # seconds between two looks


@dataclass(frozen=True)
class Member:
    """A living process: its number, its parent's, and what it was called with."""

    pid: int
    parent: int
    command: str


class Family:
    """The processes of one trial."""

    def __init__(self, log: Path) -> None:
        self.mark = uuid.uuid4().hex
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `command`; what it prints goes to the log."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {}), MARK: self.mark},
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def members(self) -> list[Member]:
        """Who is alive now; the dead that nobody has fetched yet do not count."""
        wanted = f"{MARK}={self.mark}".encode()
        found: list[Member] = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if state not in "ZX":
                found.append(Member(int(folder.name), int(parent), command.strip()))
        return found

    def wait_for(self, wanted: Callable[[], object], seconds: float) -> bool:
        """Whether `wanted` came true within so many seconds."""
        until = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > until:
                return False
            time.sleep(STEP)
        return True

    def left_behind(self, seconds: float = 10) -> list[Member]:
        """Who is still alive when all have had `seconds` to end."""
        self.wait_for(lambda: not self.members(), seconds)
        return self.members()

    def end(self) -> None:
        """Kill whoever is left."""
        for member in self.members():
            try:
                os.kill(member.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in self._started:
            process.wait()

    def said(self) -> str:
        """Everything printed so far."""
        return self._log.read_text("utf-8", "replace")


def workers(members: Sequence[Member]) -> list[Member]:
    """Those that analyse: Dask runs them as processes of their own, spawned by a nanny."""
    return [m for m in members if "multiprocessing.spawn" in m.command]
