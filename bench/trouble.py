"""What happens when disk, network folder, database or clock let a sweep down midway.

python -m bench.trouble [NAME...]

Each trouble is real: an ext4 file system that is full or that the kernel turns read-only, an
SFTP folder whose server or client dies or falls silent, a PostgreSQL server stopped as by a
crash for a minute, a clock that jumps by hours under every process (libfaketime). It strikes
when two of six clips are done; then it is mended and the sweep is called again. Printed is
how the disturbed sweep ended, what it said last, and whether the rows are those of a sweep
that nobody disturbed. Needs root.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.canon import Rows, canon, differences
from bench.commands import Failed, Unable, check, count_done, new_case, over, sweep_command
from bench.disks import Disk, NetworkFolder
from bench.processes import Family
from bench.rounds import TO_END, undisturbed
from bench.small import make_small
from tests.postgres import PostgresServer, binaries

STRIKES_AT = 2  # clips done
MINUTE = 60.0
SILENCE = 30.0  # seconds a network folder hangs
STEP_HOURS = 5
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
ROOT_BUT_FOR_ITS_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@dataclass
class Outcome:
    """One trouble and what came of it.

    done: clips no longer waiting when it struck. after, again: exit codes of the disturbed
    sweep and of the one after it. whole: that one worked through everything. said: the
    disturbed sweep's last words. different: rows that differ in the end. trouble: what
    `case check` said.
    """

    name: str
    done: int = -1
    after: int | None = None
    again: int | None = None
    whole: bool = False
    said: str = ""
    seconds: float = 0.0
    different: list[str] = field(default_factory=list)
    trouble: str = ""

    @property
    def good(self) -> bool:
        return self.whole and not self.different and not self.trouble


@dataclass
class Scene:
    """Where a trouble plays: the clips, the case, and what the sweep is started with."""

    clips: Path
    case: Path
    before: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def play(
    name: str,
    scene: Scene,
    expected: Rows,
    strike: Callable[[], None],
    mend: Callable[[], None],
    mend_after: float | None = None,
    strikes_at: int = STRIKES_AT,
) -> Outcome:
    """A sweep that `strike` disturbs when so many clips are done; `mend` once it has ended, or
    `mend_after` seconds later."""
    result = Outcome(name)
    log = scene.clips.parent / f"{scene.case.parent.name}-{name.replace(' ', '-')}.log"
    family = Family(log)
    command = [*scene.before, *sweep_command(scene.case, scene.clips)]
    try:
        began = time.monotonic()
        sweep = family.start(command, scene.environment)
        family.wait_for(
            lambda: sweep.poll() is not None or count_done(scene.case) >= strikes_at, TO_END
        )
        result.done = count_done(scene.case)
        strike()
        if mend_after is not None:
            time.sleep(mend_after)
            mend()
        result.after = _end(sweep)
        result.seconds = time.monotonic() - began
        result.said = last_words(family.said())
        family.left_behind()
        family.end()
        if mend_after is None:
            mend()
        result.again = _end(family.start(sweep_command(scene.case, scene.clips)))
        result.whole = over(family.said())
        result.different = differences(expected, canon(scene.case))
        try:
            check(scene.case)
        except Failed as error:
            result.trouble = str(error)
        if not result.good:
            print(f"{family.said()[-6000:]}\n{result.trouble}", *result.different, sep="\n")
        return result
    finally:
        family.end()


def last_words(said: str) -> str:
    """The last line meant for a person, or the last event that has a message."""
    words = ""
    for line in said.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            words = line.strip() or words
        else:
            words = event.get("message") or words
    return words


def _end(sweep: subprocess.Popen[bytes]) -> int | None:
    try:
        return sweep.wait(TO_END)
    except subprocess.TimeoutExpired:
        return None


def full_disk(folder: Path, clips: Path, expected: Rows) -> list[Outcome]:
    """The case's disk is filled, leaving little, less or nothing."""
    outcomes: list[Outcome] = []
    for leave in (0, 64, 256):
        with Disk(folder / f"disk-{leave}") as disk:
            scene = Scene(clips, new_case(disk.at / "case"))
            strike = partial(disk.fill, leave * 1024)
            outcomes.append(
                play(f"disk full, {leave} KiB left", scene, expected, strike, disk.empty)
            )
    return outcomes


def read_only(folder: Path, clips: Path, expected: Rows) -> list[Outcome]:
    """The disk under the case turns read-only; or the case's folder may not be written."""
    with Disk(folder / "failing") as disk:
        scene = Scene(clips, new_case(disk.at / "case"))
        outcomes = [play("disk turns read-only", scene, expected, disk.turn_read_only, disk.repair)]
    case = new_case(folder / "locked")

    def rights(how: str) -> None:
        subprocess.run(["chmod", "-R", how, str(case)], check=True)

    rights("a-w")
    scene = Scene(clips, case, ROOT_BUT_FOR_ITS_RIGHTS)
    name = "no right to write the case"
    outcomes.append(play(name, scene, expected, lambda: None, lambda: rights("u+w")))
    return outcomes


def network(folder: Path, clips: Path, local: Rows) -> list[Outcome]:
    """The folder with the clips goes away while they are looked at, in three ways."""
    outcomes: list[Outcome] = []
    share = folder / "share"
    with NetworkFolder(clips, share) as net:
        # The files' times come over the network in whole seconds, so `local` would not do.
        expected = undisturbed(new_case(folder / "undisturbed"), share)[0]

        def back() -> None:
            net.clear()
            net.come()

        for name, strike, mend, after in (
            ("network folder unmounted for 5 s", net.vanish, back, 5.0),
            ("network folder not connected for 5 s", net.snap, back, 5.0),
            ("network folder silent for 30 s", net.hang, net.wake, SILENCE),
        ):
            case = new_case(folder / name.replace(" ", "-").replace(",", ""))
            outcomes.append(play(name, Scene(share, case), expected, strike, mend, after))
    return outcomes


def database(folder: Path, clips: Path, expected: Rows) -> list[Outcome]:
    """PostgreSQL is gone for a minute; its disk is full."""
    programs = binaries()
    if programs is None:
        raise Unable("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with PostgresServer(programs) as server:
        scene = Scene(clips, new_case(folder / "gone", server.database()))
        name = "database gone for a minute"
        outcomes = [play(name, scene, expected, server.stop, server.start, MINUTE)]
    with (
        Disk(folder / "disk", size=160 << 20) as disk,
        PostgresServer(programs, disk.at) as server,
    ):
        scene = Scene(clips, new_case(folder / "full", server.database()))

        def mend() -> None:
            disk.empty()
            server.stop()
            server.start()

        name = "database's disk full"
        outcomes.append(play(name, scene, expected, lambda: disk.fill(0), mend))
    return outcomes


def clock(folder: Path, clips: Path, expected: Rows) -> list[Outcome]:
    """The clock jumps by hours, forwards and backwards; the files' own times stay."""
    if not FAKETIME.exists():
        raise Unable("libfaketime is not installed (Debian: apt-get install libfaketime)")
    outcomes: list[Outcome] = []
    for hours in (STEP_HOURS, -STEP_HOURS):
        offset = folder / f"offset{hours}"
        _put(offset, "+0\n")
        environment = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        scene = Scene(clips, new_case(folder / f"clock{hours}"), environment=environment)
        strike = partial(_put, offset, f"{hours * 3600:+}\n")
        outcomes.append(play(f"clock {hours:+} h", scene, expected, strike, lambda: None))
    return outcomes


def _put(file: Path, text: str) -> None:
    """Write a file that is read all the time, at one stroke."""
    aside = file.with_suffix(".new")
    aside.write_text(text)
    aside.replace(file)


TROUBLES = {
    "full-disk": full_disk,
    "read-only": read_only,
    "network": network,
    "database": database,
    "clock": clock,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.trouble", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*TROUBLES, []], metavar="NAME")
    given = parser.parse_args()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="nameplate-trouble-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o711)  # a database server's own account must find its folder here
        clips = make_small(folder / "clips")
        expected = undisturbed(new_case(folder / "undisturbed"), clips)[0]
        print("| trouble | clips done | sweep ended | last words | called again | rows equal |")
        print("|---|---|---|---|---|---|", flush=True)
        for name in given.names or TROUBLES:
            (folder / name).mkdir(mode=0o711)
            for one in TROUBLES[name](folder / name, clips, expected):
                outcomes.append(one)
                print(
                    f"| {one.name} | {one.done} | {one.after}, {one.seconds:.0f} s | {one.said} |"
                    f" {one.again} | {'yes' if one.good else '**no**'} |",
                    flush=True,
                )
    sys.exit(not all(one.good for one in outcomes))


if __name__ == "__main__":
    main()
