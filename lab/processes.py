"""The processes of a trial: started, found again, ended; and the command it calls.

Each process inherits one variable of the environment, whatever sessions and groups its
children open for themselves, and by it `/proc` tells who belongs to a trial.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select

from evidence.case.case import Case
from evidence.case.check import check as find
from evidence.case.tables import Work

MARK = "NAMEPLATE_TRIAL"
STEP = 0.05  # seconds between two looks
NAMEPLATE = [sys.executable, "-m", "api.cli"]


class Failed(Exception):
    """Something did not end as it must; the message says how."""


def new_case(folder: Path, database: str | None = None) -> Path:
    """The folder of a new case, as `nameplate case new` makes one."""
    Case.new(folder, folder.name, database).close()
    return folder


def sweep_command(case: Path, *sources: Path) -> list[str]:
    """The command that sweeps `sources` into `case` to the end."""
    return [*NAMEPLATE, "sweep", *map(str, sources), "--case", str(case), "--json"]


def is_over(output: str) -> bool:
    """True if the last sweep that printed this worked through everything that waited."""
    events = [line for line in output.splitlines() if line.startswith('{"event"')]
    return bool(events) and events[-1].startswith('{"event": "end", "outcome": "done"')


def check(case: Path) -> None:
    """What `nameplate case check --deep` does.

    Raises Failed: something is wrong with the case.
    """
    with Case.open(case) as opened:
        wrong = [str(finding) for finding in find(opened, deep=True) if finding.wrong]
    if wrong:
        raise Failed("\n".join(wrong))


def count_done(case: Path) -> int:
    """The number of clips that no longer wait."""
    query = select(func.count()).select_from(Work).where(Work.state != "waiting")
    with Case.open(case) as opened, opened.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


class Member(NamedTuple):
    """A living process."""

    pid: int
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
        """The living; the dead that nobody has fetched yet do not count."""
        wanted = f"{MARK}={self.mark}".encode()
        found: list[Member] = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if state not in "ZX":
                found.append(Member(int(folder.name), command.strip()))
        return found

    def workers(self) -> list[Member]:
        """Those that analyse: processes of their own, spawned by the holder or by a nanny."""
        return [m for m in self.members() if "multiprocessing.spawn" in m.command]

    def wait_for(self, wanted: Callable[[], object], seconds: float) -> bool:
        """True if `wanted` came true within so many seconds."""
        until = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > until:
                return False
            time.sleep(STEP)
        return True

    def left_behind(self, seconds: float = 10) -> list[Member]:
        """Who still lives when all have had `seconds` to end."""
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

    def output(self) -> str:
        """Everything printed so far."""
        return self._log.read_text("utf-8", "replace")
