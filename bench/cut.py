"""Three workers on hosts of their own; one's cable is pulled midway. Is each clip stored once?

python -m bench.cut [--clips 40]

The hosts are network namespaces (`bench/namespaces.py`), so the cut is real: packets vanish,
no connection is closed. Once the cable stays out, once it is put back while the sweep goes on.
The rows are compared with those of an undisturbed sweep of the same clips.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.canon import Rows, canon, differences
from bench.cluster import Cluster
from bench.commands import check, count_done, new_case, over, sweep_command
from bench.many import make_many
from bench.namespaces import NET, Hosts
from bench.processes import Family
from bench.rounds import undisturbed

WORKERS = 3
CUT_AT = 0.25  # share of the clips done
MEND_AT = 0.6
LONGEST = 900  # seconds a sweep may take


@dataclass(frozen=True)
class Cut:
    """How it went: seconds, clips done when the cable was pulled, whether all was worked through,
    what differs afterwards."""

    seconds: float
    done_at_cut: int
    whole: bool
    different: list[str]
    left_behind: int
    said: str


def cut(
    clips: Path,
    case: Path,
    expected: Rows,
    total: int,
    mended: bool,
    log: Path,
    workers: int = WORKERS,
) -> Cut:
    """One sweep of `clips` into `case`, a new case, with one worker cut off midway."""
    family = Family(log)
    with Hosts(workers) as hosts:
        try:
            before = [hosts.inside(name) for name in hosts.names]
            cluster = Cluster(family, before, f"{NET}.254")
            began = time.monotonic()
            sweep = family.start(sweep_command(case, clips, cluster=cluster.address))

            def done(share: float) -> bool:
                return sweep.poll() is not None or count_done(case) >= share * total

            family.wait_for(lambda: done(CUT_AT), LONGEST)
            hosts.cut(hosts.names[0])
            at = count_done(case)
            if mended:
                family.wait_for(lambda: done(MEND_AT), LONGEST)
                hosts.mend(hosts.names[0])
            sweep.wait(LONGEST)
            seconds = time.monotonic() - began
            cluster.close()
            left = family.left_behind()
        finally:
            family.end()
    check(case)
    different = differences(expected, canon(case))
    return Cut(seconds, at, over(family.said()), different, len(left), family.said())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cut", description=__doc__)
    parser.add_argument("--clips", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-cut-") as folder:
        scratch = Path(folder)
        clips = scratch / "clips"
        make_many(clips, given.clips)
        expected, seconds = undisturbed(new_case(scratch / "undisturbed"), clips)
        print("| cable | seconds | done at the cut | whole | rows that differ | processes left |")
        print("|---|---|---|---|---|---|")
        print(f"| undisturbed, local | {seconds:.0f} | | yes | | |", flush=True)
        for mended in (False, True):
            name = "put back" if mended else "stays out"
            case = new_case(scratch / name.replace(" ", "-"))
            r = cut(clips, case, expected, given.clips, mended, scratch / f"{name}.log")
            whole = "yes" if r.whole else "**no**"
            print(
                f"| {name} | {r.seconds:.0f} | {r.done_at_cut} of {given.clips} | {whole} |"
                f" {len(r.different)} | {r.left_behind} |",
                *r.different,
                sep="\n",
                flush=True,
            )


if __name__ == "__main__":
    main()
