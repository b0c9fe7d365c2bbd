"""Many short clips swept in one go: does memory stay flat, does the speed stay?

python -m bench.many [--clips 10000] [--keep FOLDER]

Each clip is a drawing of its own, a second long, 320x180; in one of four stands a machine.
They are swept as any archive is, with the default local cluster. Every two seconds it is read
from the case how many clips are done, and from /proc what each process holds (its share of
pages that several hold in common counted in part, as the kernel does: PSS).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from bench.commands import count_done, new_case, sweep_command
from bench.processes import Family, Member, workers
from datasets.maker import (
    BUILDER_MARKS,
    ClipSpec,
    Encoding,
    ShotSpec,
    View,
    make_clip,
    random_machine,
    random_scene,
)

MIB = 1 << 20
EVERY = 2.0  # seconds between two samples
MACHINE_IN = 4  # one clip in so many shows a machine
FOLDER_OF = 500  # clips in one folder
STILL = (448, 252)  # 1.4 times the frame
ENCODING = Encoding(size=(320, 180), rate=Fraction(10), gop=10)
MOMENTS = (0.1, 0.5, 1.0)  # shares of the clips at which memory is reported


@dataclass(frozen=True)
class Sample:
    """At `time` (s): clips done, the processor's seconds that all spent so far, and the bytes
    held by the lock holder, its workers, their decoders."""

    time: float
    done: int
    spent: float
    holder: int
    workers: int
    decoders: int


def make_one(folder: Path, number: int) -> None:
    """Clip `number`; the same bytes every time."""
    rng = np.random.default_rng((number, 17))
    shows = number % MACHINE_IN == 0
    specs = [random_machine(rng, BUILDER_MARKS)] if shows else None
    seed = int(rng.integers(2**31))
    scene = random_scene(seed, STILL, machines=specs, setting="hall", negative=not shows)
    width = float(rng.uniform(0.8, 1.0))
    shot = ShotSpec(scene, Fraction(1), View(0.48, 0.5, width), View(0.52, 0.5, width))
    path = folder / f"{number // FOLDER_OF:03}" / f"{number:06}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    make_clip(path, ClipSpec((shot,), encodings=(ENCODING,), seed=number))
    path.with_suffix(".json").unlink()


def make_many(folder: Path, count: int) -> None:
    with ProcessPoolExecutor() as pool:
        done = pool.map(make_one, [folder] * count, range(count), chunksize=20)
        for number, _ in enumerate(done, 1):
            if number % 1000 == 0:
                print(f"{number} clips made", file=sys.stderr, flush=True)


def proportional(members: Iterable[Member]) -> int:
    """Bytes held by these processes together (PSS)."""
    total = 0
    for member in members:
        try:
            text = Path(f"/proc/{member.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        line = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
        total += int(line.split()[1]) * 1024
    return total


def spent(members: Iterable[Member]) -> float:
    """Processor seconds of these processes and of those of their children that have ended."""
    ticks = 0
    for member in members:
        try:
            stat = Path(f"/proc/{member.pid}/stat").read_text()
        except OSError:
            continue
        ticks += sum(int(field) for field in stat.rpartition(")")[2].split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def watch(case: Path, family: Family, sweep: subprocess.Popen[bytes]) -> list[Sample]:
    """Samples until the sweep ends."""
    samples: list[Sample] = []
    began = time.monotonic()
    while True:
        try:
            sweep.wait(EVERY)
        except subprocess.TimeoutExpired:
            pass
        else:
            return samples
        members = family.members()
        at_work = workers(members)
        decoders = [m for m in members if "detector.footage.forkserver_process" in m.command]
        samples.append(
            Sample(
                time.monotonic() - began,
                count_done(case),
                spent(members),
                proportional(m for m in members if m.pid == sweep.pid),
                proportional(at_work),
                proportional(decoders),
            )
        )


def when(samples: Sequence[Sample], clips: float) -> Sample:
    """The first sample with so many clips done."""
    return next((s for s in samples if s.done >= clips), samples[-1])


def pace(samples: Sequence[Sample], begin: float, end: float) -> tuple[float, float]:
    """Clips a second, and processor seconds a clip, between two numbers of clips done.

    The second does not depend on what else the machine is doing.
    """
    a, b = when(samples, max(1.0, begin)), when(samples, end)
    clips = max(1, b.done - a.done)
    return clips / max(EVERY, b.time - a.time), (b.spent - a.spent) / clips


def report(samples: Sequence[Sample], count: int, seconds: float, case: Path) -> None:
    print(f"{count} clips in {seconds:.0f} s; load of the machine {os.getloadavg()[2]:.1f}\n")
    print("| clips done | lock holder | workers together | decoders together |")
    print("|---|---|---|---|")
    for share in MOMENTS:
        at_work = [s for s in samples if s.workers]
        s = when(at_work, share * count)
        held = (s.holder, s.workers, s.decoders)
        print(f"| {s.done} | " + " | ".join(f"{h / MIB:.0f} MiB" for h in held) + " |")
    most = (max(getattr(s, who) for s in samples) for who in ("holder", "workers", "decoders"))
    print("| most | " + " | ".join(f"{m / MIB:.0f} MiB" for m in most) + " |\n")
    print("| tenth | clips a second | processor seconds a clip |\n|---|---|---|")
    for tenth in range(10):
        rate, cost = pace(samples, tenth / 10 * count, (tenth + 1) / 10 * count)
        print(f"| {tenth + 1} | {rate:.2f} | {cost:.3f} |")
    last = when(samples, count)
    print(f"\nfrom the last clip to the end: {seconds - last.time:.0f} s")
    files = [f for f in case.rglob("*") if f.is_file()]
    stills = sum(f.stat().st_size for f in files if "stills" in f.parts)
    rest = sum(f.stat().st_size for f in files) - stills
    database, pictures = (size / count / 1024 for size in (rest, stills))
    print(f"a clip: {database:.1f} KiB in the database, {pictures:.1f} KiB of stills")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="a folder for clips and case; found again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-many-") as scratch:
        home = given.keep or Path(scratch)
        clips, case = home / f"clips-{given.clips}", home / f"case-{given.clips}"
        if not clips.exists():
            make_many(clips, given.clips)
        new_case(case)
        family = Family(home / "log")
        try:
            began = time.monotonic()
            sweep = family.start(sweep_command(case, clips))
            samples = watch(case, family, sweep)
            seconds = time.monotonic() - began
        finally:
            family.end()
        if sweep.returncode:
            sys.exit(f"the sweep ended with {sweep.returncode}:\n{family.said()[-2000:]}")
        report(samples, given.clips, seconds, case)


if __name__ == "__main__":
    main()
