"""How fast one clip is looked at, and how much memory that takes.

python -m lab.clip [--clip FILE]... [--lengths 1]

`nameplate analyze`, the start of the program included, its processor seconds and its memory, beside
`yolo track` of every frame and decoding alone: on a photograph, clips of yours, and made ones.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from datasets.maker.scene import draw_scene, random_scene
from lab import MIB, arguments, run
from lab.archive import count_frames
from lab.footage import SHOT, join_clips, make_shot
from lab.tracking import open_yolo, track


def main() -> None:
    parser = arguments("lab.clip", __doc__)
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip of yours")
    parser.add_argument("--lengths", type=float, nargs="*", default=[1], help="in minutes")
    given = parser.parse_args()
    print(
        "| clip | frames | nameplate analyze | processor | yolo track (processor) | decoding | "
        "memory | machines |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        scratch = Path(folder)
        photograph = scratch / "photograph.png"
        Image.fromarray(draw_scene(random_scene(0, (1280, 720)))[0]).save(photograph)
        for clip in (photograph, *given.clip):
            print_row(clip, scratch)
        busy, empty = (
            make_shot(scratch / f"{kind}.mp4", "libx264", (640, 360), (0, 0), kind)[0]
            for kind in ("busy", "empty")
        )
        for minutes in given.lengths:
            clip = scratch / f"{minutes:g}min.mp4"
            count = max(1, round(60 * minutes / float(SHOT)))
            join_clips(clip, [empty if n % 6 else busy for n in range(count)])
            print_row(clip, scratch)
            clip.unlink()


def print_row(clip: Path, scratch: Path) -> None:
    ours = run([sys.executable, "-m", "api.cli", "analyze", "--json", "--quiet", str(clip)])
    began = time.perf_counter()
    frames = count_frames(clip)
    decoding = time.perf_counter() - began
    tracking = ""
    if frames > 1 and (model := open_yolo(scratch)) is not None:
        began, before = time.perf_counter(), time.process_time()
        list(track(model, clip))
        processor = time.process_time() - before
        tracking = f"{time.perf_counter() - began:.1f} s ({processor:.1f} s)"
    machines = len(json.loads(ours.output)["machines"])
    print(
        f"| {clip.name} | {frames} | {ours.seconds:.1f} s | {ours.processor:.1f} s |"
        f" {tracking} | {decoding:.1f} s | {ours.memory / MIB:.0f} MiB | {machines} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
