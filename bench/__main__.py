"""`make bench`: speed against its alternatives, on one clip and on an archive; memory against
the length of a clip.

python -m bench [--minutes 1 10 60] [--clip FILE]... [--hours 1] [--tracked 4]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench import archive
from bench.measure import Cost, run
from datasets.maker import long_clip

MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="*", default=[1, 10, 60])
    parser.add_argument("--speed-minutes", type=float, default=3, help="length of the speed clip")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip of yours")
    parser.add_argument("--hours", type=float, default=1.0, help="length of the archive")
    parser.add_argument("--tracked", type=int, default=4, help="its clips that YOLO tracks, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-bench-") as folder:
        scratch = Path(folder)
        made = scratch / "speed.mp4"
        long_clip(made, minutes=given.speed_minutes, seed=0)
        speed([made, *given.clip], scratch)
        memory(given.minutes, scratch)
        archive.run(given.hours, given.tracked, archive.BUDGETS, archive.DATA, scratch)


def analyze(clip: Path) -> Cost:
    return run([sys.executable, "-m", "api.cli", "analyze", "--json", "--quiet", str(clip)])


def alternative(name: str, *arguments: object) -> Cost:
    call = f"from bench.alternatives import {name}; from pathlib import Path; "
    call += f"print({name}({', '.join(f'Path({str(a)!r})' for a in arguments)}))"
    return run([sys.executable, "-c", call])


def speed(clips: list[Path], scratch: Path) -> None:
    """Whole-clip wall time, start of the program included, side by side."""
    print(
        "| clip | frames | nameplate analyze | yolo track, every frame | decoding alone |"
        " track / analyze | analyze / decoding |"
    )
    print("|---|---|---|---|---|---|---|")
    for clip in clips:
        ours = analyze(clip)
        decoding = alternative("decode_alone", clip)
        tracking = alternative("track_every_frame", clip, scratch)
        frames = int(decoding.output)
        print(
            f"| {clip.name} | {frames} | {ours.seconds:.1f} s | {tracking.seconds:.1f} s |"
            f" {decoding.seconds:.1f} s | {tracking.seconds / ours.seconds:.1f} |"
            f" {ours.seconds / decoding.seconds:.1f} |",
            flush=True,
        )


def memory(minutes: list[float], scratch: Path) -> None:
    """Peak memory of the largest process, on clips of growing length."""
    print("\n| clip | seconds taken | peak memory | machines |\n|---|---|---|---|")
    for length in minutes:
        clip = scratch / f"{length:g}min.mp4"
        long_clip(clip, minutes=length, seed=0)
        cost = analyze(clip)
        machines = len(json.loads(cost.output)["machines"])
        print(
            f"| {length:g} min | {cost.seconds:.1f} s | {cost.peak / MIB:.0f} MiB | {machines} |",
            flush=True,
        )
        clip.unlink()


if __name__ == "__main__":
    main()
