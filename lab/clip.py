"""How fast one clip is looked at, against tracking its every frame and against decoding alone.

python -m lab.clip [--minutes 3] [--clip FILE]...
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from datasets.maker import long_clip
from lab.measure import Cost, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.clip", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3, help="length of the clip that is made")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip of yours")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        scratch = Path(folder)
        made = scratch / "made.mp4"
        long_clip(made, minutes=given.minutes, seed=0)
        table([made, *given.clip], scratch)


def analyze(clip: Path) -> Cost:
    """`nameplate analyze` on a clip, the start of the program included."""
    return run([sys.executable, "-m", "api.cli", "analyze", "--json", "--quiet", str(clip)])


def table(clips: Iterable[Path], scratch: Path) -> None:
    """Whole-clip wall time, start of the program included, side by side."""
    print(
        "| clip | frames | nameplate analyze | yolo track, every frame | decoding alone |"
        " track / analyze | analyze / decoding |"
    )
    print("|---|---|---|---|---|---|---|")
    for clip in clips:
        ours = analyze(clip)
        decoding = _alternative("decode_alone", clip)
        tracking = _alternative("track_every_frame", clip, scratch)
        frames = int(decoding.output)
        print(
            f"| {clip.name} | {frames} | {ours.seconds:.1f} s | {tracking.seconds:.1f} s |"
            f" {decoding.seconds:.1f} s | {tracking.seconds / ours.seconds:.1f} |"
            f" {ours.seconds / decoding.seconds:.1f} |",
            flush=True,
        )


def _alternative(name: str, *arguments: object) -> Cost:
    call = f"from lab.alternatives import {name}; from pathlib import Path; "
    call += f"print({name}({', '.join(f'Path({str(a)!r})' for a in arguments)}))"
    return run([sys.executable, "-c", call])


if __name__ == "__main__":
    main()
