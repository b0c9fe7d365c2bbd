"""How fast one clip is looked at, and how much memory that takes.

python -m lab.clip [--clip FILE]... [--lengths 1 10 60]

`nameplate analyze`, the start of the program included, beside decoding alone, its processor seconds
and its memory: on clips and photographs of yours, and on made clips of growing length.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from lab import MIB, arguments, run
from lab.archive import count_frames
from lab.footage import SHOT, join_clips, make_shot


def main() -> None:
    parser = arguments("lab.clip", __doc__)
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip of yours")
    parser.add_argument("--lengths", type=float, nargs="*", default=[1, 10, 60], help="in minutes")
    given = parser.parse_args()
    print("| clip | frames | nameplate analyze | processor | decoding alone | memory | machines |")
    print("|---|---|---|---|---|---|---|")
    for clip in given.clip:
        print_row(clip)
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        scratch = Path(folder)
        busy, empty = (
            make_shot(scratch / f"{kind}.mp4", "libx264", (640, 360), (0, 0), kind)[0]
            for kind in ("busy", "empty")
        )
        for minutes in given.lengths:
            clip = scratch / f"{minutes:g}min.mp4"
            count = max(1, round(60 * minutes / float(SHOT)))
            join_clips(clip, [empty if n % 6 else busy for n in range(count)])
            print_row(clip)
            clip.unlink()


def print_row(clip: Path) -> None:
    ours = run([sys.executable, "-m", "api.cli", "analyze", "--json", "--quiet", str(clip)])
    began = time.perf_counter()
    frames = count_frames(clip)
    decoding = time.perf_counter() - began
    machines = len(json.loads(ours.output)["machines"])
    print(
        f"| {clip.name} | {frames} | {ours.seconds:.1f} s | {ours.processor:.1f} s |"
        f" {decoding:.1f} s | {ours.memory / MIB:.0f} MiB | {machines} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
