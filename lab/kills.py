"""SIGKILL at every stage border and at random instants; then the sweep is called again.

python -m lab.kills [--instants 50] [--database sqlite postgres] [--no-borders] [--seed 0]

After each kill `nameplate sweep` is run again to its end and the case is compared, row by row
(`lab/canon.py`), with one whose sweep nobody disturbed. Killed are the holder of the case's
lock and a worker. Stage borders are met exactly: a process kills
itself when it comes to a named function (`lab/hooks/sitecustomize.py`). No process of a
round may be left when it is over, and `nameplate case check` must find nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Literal

from lab import arguments
from lab.canon import Rows, canon, differences
from lab.processes import (
    Failed,
    Family,
    check,
    command_of,
    count_done,
    is_over,
    new_case,
    sweep_command,
)
from lab.small import make_small
from tests.postgres import PostgresServer, binaries

Victim = Literal["holder", "worker"]

HOOKS = Path(__file__).parent / "hooks"
TO_END = 600.0  # seconds after which a sweep counts as hanging
CALLS = 3  # times the sweep may be called again until it goes to its end


@dataclass(frozen=True)
class Border:
    """Before or after the `nth` call, in one process, of a function that leads a stage.

    at: module:function, or module:Class.method. given: a text that its arguments, written
    out, must hold.
    """

    stage: str
    when: Literal["before", "after"]
    at: str
    nth: int = 1
    given: str = ""

    def __str__(self) -> str:
        return f"{self.stage}: {self.when} {self.at.partition(':')[2]}, call {self.nth}"

    def environment(self, flag: Path, hooks: Path) -> dict[str, str]:
        """What makes a process that starts with it die at this border, once for one `flag`."""
        return {
            "PYTHONPATH": str(hooks),
            "NAMEPLATE_KILL_AT": self.at,
            "NAMEPLATE_KILL_WHEN": self.when,
            "NAMEPLATE_KILL_NTH": str(self.nth),
            "NAMEPLATE_KILL_IF": self.given,
            "NAMEPLATE_KILL_FLAG": str(flag),
        }


def _both(stage: str, at: str, nth: int = 1, given: str = "") -> tuple[Border, Border]:
    return Border(stage, "before", at, nth, given), Border(stage, "after", at, nth, given)


# Commits of the lock holder, by number. The first ones add recipe, run and work. Then each clip
# has one for its rows and one for its copies. The last ones link machines and end the run.
_COMMITS = (1, 2, 3, 5, 8, 13)

BORDERS: tuple[Border, ...] = (
    # Workers.
    *_both("survey", "evidence.work.tasks:survey", 2),
    Border("sweep", "after", "detector.look.sweep:sweep", 2),
    Border("read overlays", "after", "detector.screen.overlay:OverlayFinder.settle", 2),
    Border("watch", "before", "detector.look.watch:watch", 2),
    Border("examine", "after", "detector.examining.examine:Examiner.examine"),
    # The lock holder.
    *_both("lock", "evidence.case.folder:_lock_file"),
    *_both("list the work", "evidence.case.work_queue:add_work"),
    *_both("note the run", "evidence.case.summary:begin_run"),
    *_both("equip the workers", "evidence.work.pool:LocalPool.__enter__"),
    *_both("identify", "evidence.work.tasks:identify", 2),
    Border("open", "after", "detector.footage.files:open_footage", 2),
    *_both("hand out", "evidence.work.pool:LocalPool.give", 3),
    *_both("keep a still", "evidence.case.case:Case.put_still", 2),
    *_both("name a still", "pathlib:Path.replace", 2, "/stills/"),
    *_both("record a survey", "evidence.case.rows:record_survey", 2),
    *_both("strike off the list", "evidence.case.work_queue:done", 2),
    *_both("set aside", "evidence.case.work_queue:set_aside"),
    *_both("find copies", "evidence.link.copies:CopyFinder.update", 3),
    *_both("link machines", "evidence.link.machines:update_machines"),
    *_both("note the end", "evidence.work.ledger:Ledger.end"),
    *(
        border
        for nth in _COMMITS
        for border in _both("commit", "sqlalchemy.engine.default:DefaultDialect.do_commit", nth)
    ),
)


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

    @property
    def good(self) -> bool:
        fine = not (self.left or self.trouble or self.different)
        return self.died and self.whole and fine


def undisturbed(case: Path, clips: Path) -> tuple[Rows, float]:
    """The rows of a new case after a sweep that nobody disturbed, and the seconds it took. Raises
    Failed: it did not go to its end."""
    family = Family(case.with_suffix(".log"))
    began = time.monotonic()
    try:
        family.start(sweep_command(case, clips)).wait(TO_END)
    finally:
        family.end()
    seconds = time.monotonic() - began
    if not is_over(family.output()):
        raise Failed(f"the undisturbed sweep did not go to its end:\n{family.output()}")
    check(case)
    return canon(case), seconds


class Kills:
    """Rounds over the same clips, on SQLite or on a PostgreSQL server."""

    def __init__(self, scratch: Path, clips: Path, server: PostgresServer | None) -> None:
        self._scratch, self._clips, self._server = scratch, clips, server
        self._number = 0

    def undisturbed(self) -> tuple[Rows, float]:
        """As the function of that name, on the database of these rounds."""
        with self._family() as (case, _):
            return undisturbed(case, self._clips)

    def at(self, instant: float, victim: Victim, expected: Rows) -> Round:
        """Kill `victim` so many seconds after the start."""
        result = Round(f"{victim} after {instant:.2f} s")
        with self._family() as (case, family):
            sweep = family.start(sweep_command(case, self._clips))
            family.wait_for(lambda: sweep.poll() is not None, instant)

            def prey() -> list[int]:
                if sweep.poll() is not None:
                    return []
                return [sweep.pid] if victim == "holder" else [m.pid for m in family.workers()]

            family.wait_for(lambda: prey() or sweep.poll() is not None, TO_END)
            alive = sorted(prey())
            if alive:
                os.kill(alive[self._number % len(alive)], signal.SIGKILL)
                result.died = True
                self._go_on(result, case, family, sweep, expected)
        return result

    def border(self, border: Border, expected: Rows) -> Round:
        """Whoever comes to a border first dies there, once."""
        result = Round(str(border))
        with self._family() as (case, family):
            flag = case.with_suffix(".flag")
            sweep = family.start(sweep_command(case, self._clips), border.environment(flag, HOOKS))
            family.wait_for(lambda: flag.exists() or sweep.poll() is not None, TO_END)
            result.died = flag.exists()
            self._go_on(result, case, family, sweep, expected)
        return result

    def _go_on(
        self, result: Round, case: Path, family: Family, sweep: Popen[bytes], expected: Rows
    ) -> None:
        result.done = count_done(case)
        result.after = _end_of(sweep)
        for _ in range(CALLS):
            result.again.append(_end_of(family.start(sweep_command(case, self._clips))))
            result.whole = is_over(family.output())
            if result.whole:
                break
        result.left = [f"{one.pid} {command_of(one)[:100]}" for one in family.left_behind()]
        result.different = differences(expected, canon(case))
        try:
            check(case)
        except Failed as error:
            result.trouble = str(error)
        if not result.good:
            print(f"{result}\n{family.output()[-6000:]}", flush=True)

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


def _end_of(sweep: Popen[bytes]) -> int | None:
    """The exit code, or None for one that hangs; it is killed."""
    try:
        return sweep.wait(TO_END)
    except TimeoutExpired:
        sweep.kill()
        sweep.wait()
        return None


HEAD = "| kill | clips done | disturbed sweep | called again | left | rows that differ | good |"


def at_instants(kills: Kills, expected: Rows, seconds: float, count: int, seed: int) -> list[Round]:
    """`count` kills at instants drawn from the whole of an undisturbed sweep. An instant at which
    there was nobody to kill any more is drawn again."""
    draw = random.Random(seed)
    rounds: list[Round] = []
    while len(rounds) < count:
        victim: Victim = "worker" if len(rounds) % 2 else "holder"
        one = kills.at(draw.uniform(0, seconds), victim, expected)
        if one.died:
            rounds.append(one)
            show(one)
    return rounds


def show(one: Round) -> None:
    again = " ".join(str(code) for code in one.again)
    cells = (one.kill, one.done, one.after, again, len(one.left), len(one.different))
    good = "yes" if one.good else "never reached" if not one.died else "**no**"
    print("| " + " | ".join(map(str, cells)) + f" | {good} |", flush=True)


def main() -> None:
    parser = arguments("lab.kills", __doc__)
    parser.add_argument("--instants", type=int, default=50)
    parser.add_argument("--database", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--no-borders", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    everything: list[Round] = []
    references: list[Rows] = []
    with tempfile.TemporaryDirectory(prefix="nameplate-kills-") as folder, ExitStack() as stack:
        clips = make_small(Path(folder) / "clips")
        for database in given.database:
            server = None
            if database == "postgres":
                programs = binaries()
                if programs is None:
                    sys.exit("PostgreSQL is not installed (Debian: apt-get install postgresql)")
                server = stack.enter_context(PostgresServer(programs))
            kills = Kills(Path(folder), clips, server)
            expected, seconds = kills.undisturbed()
            references.append(expected)
            counts = ", ".join(f"{table} {rows.total()}" for table, rows in expected.items())
            print(f"\n{database}, undisturbed: {seconds:.1f} s; rows: {counts}\n\n{HEAD}")
            print("|---|---|---|---|---|---|---|", flush=True)
            rounds = [kills.border(one, expected) for one in BORDERS if not given.no_borders]
            for one in rounds:
                show(one)
            rounds += at_instants(kills, expected, seconds, given.instants, given.seed)
            print(f"\n{database}: {sum(one.good for one in rounds)} of {len(rounds)} rounds good\n")
            everything += rounds
        if len(references) > 1:
            same = all(rows == references[0] for rows in references)
            print(f"the databases hold equal rows: {'yes' if same else 'no'}")
    sys.exit(not all(one.good for one in everything))


if __name__ == "__main__":
    main()
