"""SIGKILL at every stage border and at random instants; then the sweep is called again.

python -m lab.kills [--instants 50] [--database sqlite postgres] [--no-borders] [--seed 0]

After each kill `nameplate sweep` is run again to its end and the case is compared, row by row
(`lab/canon.py`), with one whose sweep nobody disturbed. Killed are the holder of the case's
lock, a worker, and the scheduler; the last is a process of its own only in a cluster started
by hand, whose workers outlive the holder. Stage borders are met exactly: a process kills
itself when it comes to a named function (`lab/hooks/sitecustomize.py`). No process of a
round may be left when it is over, and `nameplate case check` must find nothing.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lab.borders import BORDERS
from lab.canon import Rows
from lab.rounds import Kills, Round, Victim
from lab.small import make_small
from tests.postgres import PostgresServer, binaries

# The scheduler can be killed alone only in a cluster started by hand.
TURNS: tuple[tuple[Victim, bool], ...] = (
    ("holder", False),
    ("worker", False),
    ("scheduler", True),
    ("holder", True),
    ("worker", True),
)
HEAD = "| kill | clips done | disturbed sweep | called again | left | rows that differ | good |"


def at_instants(kills: Kills, expected: Rows, seconds: float, count: int, seed: int) -> list[Round]:
    """`count` kills at instants drawn from the whole of an undisturbed sweep.

    An instant at which there was nobody to kill any more is drawn anew.
    """
    draw = random.Random(seed)
    rounds: list[Round] = []
    while len(rounds) < count:
        victim, by_hand = TURNS[len(rounds) % len(TURNS)]
        one = kills.at(draw.uniform(0, seconds), victim, by_hand, expected)
        if one.died:
            rounds.append(one)
            show(one)
    return rounds


def at_borders(kills: Kills, expected: Rows) -> list[Round]:
    rounds: list[Round] = []
    for border in BORDERS:
        rounds.append(kills.border(border, expected))
        show(rounds[-1])
    return rounds


def show(one: Round) -> None:
    again = " ".join(str(code) for code in one.again)
    cells = (one.kill, one.done, one.after, again, len(one.left), len(one.different))
    good = "yes" if one.good else "never reached" if not one.died else "**no**"
    print("| " + " | ".join(map(str, cells)) + f" | {good} |", flush=True)


def summary(name: str, rounds: Sequence[Round]) -> None:
    held = sum(one.good for one in rounds)
    left = sum(bool(one.left) for one in rounds)
    differ = sum(bool(one.different) for one in rounds)
    ends = Counter(str(one.after) for one in rounds)
    told = ", ".join(f"{code} {times} x" for code, times in sorted(ends.items()))
    print(
        f"\n{name}: {len(rounds)} kills, {held} rounds good, {differ} with other rows, "
        f"{left} with processes left; the disturbed sweep ended with {told}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.kills", description=__doc__)
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
            rounds = [] if given.no_borders else at_borders(kills, expected)
            rounds += at_instants(kills, expected, seconds, given.instants, given.seed)
            summary(database, rounds)
            everything += rounds
        if len(references) > 1:
            same = all(rows == references[0] for rows in references)
            print(f"the databases hold equal rows: {'yes' if same else 'no'}")
    sys.exit(not all(one.good for one in everything))


if __name__ == "__main__":
    main()
