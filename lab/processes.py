"""The processes of a trial: started, found again, ended; and the command it calls.

Each process inherits one variable of the environment, whatever sessions and groups its
children open for themselves. By it one knows who belongs to a trial.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
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
    """What `nameplate case check --deep` does. Raises Failed: something is wrong with the case."""
    with Case.open(case) as opened:
        wrong = [str(finding) for finding in find(opened, deep=True) if finding.wrong]
    if wrong:
        raise Failed("\n".join(wrong))


def count_done(case: Path) -> int:
    """The number of clips that no longer wait."""
    query = select(func.count()).select_from(Work).where(Work.state != "waiting")
    with Case.open(case) as opened, opened.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def command_of(process: psutil.Process) -> str:
    """The command line of one of a family's members."""
    return " ".join(process.info["cmdline"] or ())


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

    def members(self) -> list[psutil.Process]:
        """The living, each with its `info`; the dead that nobody has fetched yet do not count."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "environ", "status"])
            if (process.info["environ"] or {}).get(MARK) == self.mark
            and process.info["status"] not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        ]

    def workers(self) -> list[psutil.Process]:
        """Those that analyse: processes of their own, spawned by the holder or by a nanny."""
        return [m for m in self.members() if "multiprocessing.spawn" in command_of(m)]

    def wait_for(self, wanted: Callable[[], object], seconds: float) -> bool:
        """True if `wanted` came true within so many seconds."""
        until = time.monotonic() + seconds
        while not wanted():
            if time.monotonic() > until:
                return False
            time.sleep(STEP)
        return True

    def left_behind(self, seconds: float = 10) -> list[psutil.Process]:
        """Who still lives when all have had `seconds` to end."""
        self.wait_for(lambda: not self.members(), seconds)
        return self.members()

    def end(self) -> None:
        """Kill whoever is left."""
        for member in self.members():
            with suppress(psutil.NoSuchProcess):
                member.kill()
        for process in self._started:
            process.wait()

    def output(self) -> str:
        """Everything printed so far."""
        return self._log.read_text("utf-8", "replace")
