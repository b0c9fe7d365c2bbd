"""One round of a kill: a sweep begun, somebody killed, the sweep called again, rows compared."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lab.borders import Border
from lab.canon import Rows, canon, differences
from lab.cluster import Cluster
from lab.commands import Failed, check, count_done, new_case, over, sweep_command
from lab.processes import Family, Member, workers
from tests.postgres import PostgresServer

Victim = Literal["holder", "worker", "scheduler"]

HOOKS = Path(__file__).parent / "hooks"
TO_END = 600.0  # seconds after which a sweep counts as hanging
CALLS = 3  # times the sweep may be called again until it goes to its end


@dataclass
class Round:
    """One kill and what came of it.

    kill: who, when or where. died: whether anybody did; a round without a death proves
    nothing. done: clips no longer waiting at that moment. after: exit code of the disturbed
    sweep, None where it hung and was ended. again: exit codes of the calls after it. left:
    processes still alive ten seconds after the last call. trouble: what `case check` said.
    different: rows that differ from the undisturbed case.
    """

    kill: str
    died: bool = False
    done: int = -1
    after: int | None = None
    again: list[int | None] = field(default_factory=list)
    whole: bool = False
    left: list[str] = field(default_factory=list)
    trouble: str = ""
    different: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        fine = not (self.left or self.trouble or self.different)
        return self.died and self.whole and fine


def undisturbed(case: Path, clips: Path) -> tuple[Rows, float]:
    """The rows of a new case after a sweep that nobody disturbed, and the seconds it took.

    Raises:
        Failed: it did not go to its end.
    """
    family = Family(case.with_suffix(".log"))
    began = time.monotonic()
    try:
        family.start(sweep_command(case, clips)).wait(TO_END)
    finally:
        family.end()
    seconds = time.monotonic() - began
    if not over(family.said()):
        raise Failed(f"the undisturbed sweep did not go to its end:\n{family.said()}")
    check(case)
    return canon(case), seconds


class Kills:
    """Rounds over the same clips, on SQLite or on a PostgreSQL server."""

    def __init__(self, scratch: Path, clips: Path, server: PostgresServer | None) -> None:
        self._scratch, self._clips, self._server = scratch, clips, server
        self._number = 0

    def undisturbed(self) -> tuple[Rows, float]:
        """The rows of a sweep that nobody disturbed, and the seconds it took.

        Raises:
            Failed: it did not go to its end.
        """
        with self._family() as (case, _):
            return undisturbed(case, self._clips)

    def at(self, instant: float, victim: Victim, by_hand: bool, expected: Rows) -> Round:
        """Kill `victim` so many seconds after the start; `by_hand`: in a cluster started so."""
        result = Round(f"{victim} after {instant:.2f} s{', cluster by hand' * by_hand}")
        with self._family() as (case, family):
            cluster = Cluster(family) if by_hand else None
            sweep = self._sweep(family, case, cluster)
            family.wait_for(lambda: sweep.poll() is not None, instant)

            def prey() -> list[int]:
                if sweep.poll() is not None:
                    return []
                if victim == "worker":
                    return sorted(m.pid for m in workers(family.members()))
                if victim == "scheduler":
                    return [cluster.scheduler.pid] if cluster else []
                return [sweep.pid]

            family.wait_for(lambda: prey() or sweep.poll() is not None, TO_END)
            alive = prey()
            if alive:
                os.kill(alive[self._number % len(alive)], signal.SIGKILL)
                if cluster and victim == "scheduler":
                    cluster.scheduler.wait()
                result.died = True
                self._go_on(result, case, family, sweep, cluster, expected)
        return result

    def border(self, border: Border, expected: Rows) -> Round:
        """Whoever comes to a border first dies there, once."""
        result = Round(str(border))
        with self._family() as (case, family):
            flag = case.with_suffix(".flag")
            sweep = self._sweep(family, case, None, border.environment(flag, HOOKS))
            family.wait_for(lambda: flag.exists() or sweep.poll() is not None, TO_END)
            result.died = flag.exists()
            self._go_on(result, case, family, sweep, None, expected)
        return result

    def _sweep(
        self,
        family: Family,
        case: Path,
        cluster: Cluster | None,
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        address = cluster.address if cluster else None
        return family.start(sweep_command(case, self._clips, cluster=address), environment)

    def _go_on(
        self,
        result: Round,
        case: Path,
        family: Family,
        sweep: subprocess.Popen[bytes],
        cluster: Cluster | None,
        expected: Rows,
    ) -> None:
        began = time.monotonic()
        result.done = count_done(case)
        if cluster and cluster.scheduler.poll() is not None:
            cluster.restart()
        result.after = _end_of(sweep)
        for _ in range(CALLS):
            result.again.append(_end_of(self._sweep(family, case, cluster)))
            result.whole = over(family.said())
            if result.whole:
                break
        if cluster:
            cluster.close()
        result.left = [_short(member) for member in family.left_behind()]
        result.different = differences(expected, canon(case))
        try:
            check(case)
        except Failed as error:
            result.trouble = str(error)
        result.seconds = time.monotonic() - began
        if not result.good:
            print(f"{result}\n{family.said()[-6000:]}", flush=True)

    @contextmanager
    def _family(self) -> Iterator[tuple[Path, Family]]:
        """A new case, and processes that are gone when the round is over."""
        self._number += 1
        name = f"{'postgres' if self._server else 'sqlite'}-{self._number}"
        database = self._server.database() if self._server else None
        case = new_case(self._scratch / name, database)
        family = Family(case.with_suffix(".log"))
        try:
            yield case, family
        finally:
            family.end()
            shutil.rmtree(case)
            if self._server and database:
                self._server.drop(database)


def _end_of(sweep: subprocess.Popen[bytes]) -> int | None:
    """The exit code, or None for one that hangs; it is killed."""
    try:
        return sweep.wait(TO_END)
    except subprocess.TimeoutExpired:
        sweep.kill()
        sweep.wait()
        return None


def _short(member: Member) -> str:
    return f"{member.pid} (child of {member.parent}) {member.command[:100]}"
