"""How fast one clip is looked at, and how much memory that takes.

python -m lab.clip [--minutes 3] [--clip FILE]... [--lengths 1 10 60]

The first table: `nameplate analyze` beside `yolo track` on every frame and beside decoding alone,
the start of the program included. The second: the peak of its largest process on made clips of
growing length.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from datasets.maker import long_clip
from lab import MIB, Cost, arguments, run


def main() -> None:
    parser = arguments("lab.clip", __doc__)
    parser.add_argument("--minutes", type=float, default=3, help="length of the clip that is made")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip of yours")
    parser.add_argument("--lengths", type=float, nargs="*", default=[1, 10, 60], help="in minutes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        scratch = Path(folder)
        made = scratch / "made.mp4"
        long_clip(made, minutes=given.minutes, seed=0)
        print_times([made, *given.clip], scratch)
        print_peaks(given.lengths, scratch)


def analyze(clip: Path) -> Cost:
    """The cost of `nameplate analyze` on a clip."""
    return run([sys.executable, "-m", "api.cli", "analyze", "--json", "--quiet", str(clip)])


def print_times(clips: Iterable[Path], scratch: Path) -> None:
    print(
        "| clip | frames | nameplate analyze | yolo track, every frame | decoding alone |"
        " track / analyze | analyze / decoding |"
    )
    print("|---|---|---|---|---|---|---|")
    for clip in clips:
        ours = analyze(clip)
        decoding = _alternative("count_frames", clip)
        tracking = _alternative("track_frames", clip, scratch)
        print(
            f"| {clip.name} | {int(decoding.output)} | {ours.seconds:.1f} s |"
            f" {tracking.seconds:.1f} s | {decoding.seconds:.1f} s |"
            f" {tracking.seconds / ours.seconds:.1f} | {ours.seconds / decoding.seconds:.1f} |",
            flush=True,
        )


def _alternative(name: str, *arguments: Path) -> Cost:
    call = f"from lab.contenders import {name}; from pathlib import Path; "
    call += f"print({name}({', '.join(f'Path({str(a)!r})' for a in arguments)}))"
    return run([sys.executable, "-c", call])


def print_peaks(lengths: Iterable[float], scratch: Path) -> None:
    print("\n| clip | seconds taken | peak memory | machines |\n|---|---|---|---|")
    for length in lengths:
        clip = scratch / f"{length:g}min.mp4"
        long_clip(clip, minutes=length, seed=0)
        cost = analyze(clip)
        machines = len(json.loads(cost.output)["machines"])
        cells = f"{cost.seconds:.1f} s | {cost.peak / MIB:.0f} MiB | {machines}"
        print(f"| {length:g} min | {cells} |", flush=True)
        clip.unlink()


if __name__ == "__main__":
    main()
