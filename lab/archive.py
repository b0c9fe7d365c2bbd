"""How fast an archive is gone through, and what is found in it, against the alternatives.

python -m lab.archive [--hours 1] [--tracked 4] [--budgets 1 0.5 0.25 0.1]

Tables of rows measured one after the other on the same clips: on the first `--tracked` that
were made, because tracking every frame of an hour takes nearly as long as that hour; on all,
without that row; on those that show no machine.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lab import arguments
from lab.contenders import (
    ContenderRun,
    Score,
    decode_frames,
    decode_keyframes,
    sweep_clips,
    track_clips,
)
from lab.footage import AnnotatedClip, make_archive

Way = tuple[str, Callable[[Sequence[AnnotatedClip], Path], ContenderRun]]


def main() -> None:
    parser = arguments("lab.archive", __doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="length of the generated archive")
    parser.add_argument("--tracked", type=int, default=4, help="clips of the first table")
    parser.add_argument("--budgets", type=float, nargs="*", default=(1.0, 0.5, 0.25, 0.1))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        scratch = Path(folder)
        made = make_archive(scratch / "footage", given.hours)
        print_tables(made, given.tracked, given.budgets, scratch)


def print_tables(
    clips: Sequence[AnnotatedClip], tracked: int, budgets: Sequence[float], scratch: Path
) -> None:
    sweeps: list[Way] = [
        (f"`nameplate sweep --budget {budget:g}`", partial(sweep_clips, budget=budget))
        for budget in budgets
    ]
    every: Way = "`yolo track`, every frame", track_clips
    thinned: Way = "`yolo track`, a frame a second", partial(track_clips, seconds=1.0)
    keyframes: Way = "decoding keyframes alone", decode_keyframes
    frames: Way = "decoding every frame", decode_frames
    print_table(clips[:tracked], [*sweeps, every, thinned, keyframes, frames], scratch)
    print_table(clips, [*sweeps, thinned, keyframes, frames], scratch)
    empty = [clip for clip in clips if not clip.machines]
    print_table(empty, [sweeps[0], keyframes], scratch)


def print_table(clips: Sequence[AnnotatedClip], ways: Sequence[Way], scratch: Path) -> None:
    """A row for each way through the clips."""
    if not clips:
        return
    hours = sum(clip.seconds for clip in clips) / 3600
    load = os.getloadavg()[0]
    print(f"\n{len(clips)} clips, {hours:.2f} hours; load at the begin {load:.1f}\n")
    print("| way | hours per hour | machines found | named of those legible | wrong | false |")
    print("|---|---|---|---|---|---|")
    for name, way in ways:
        done = way(clips, scratch)
        speed = hours * 3600 / done.seconds
        print(f"| {name} | {speed:.1f} | {_found(clips, done)} |", flush=True)


def _found(clips: Sequence[AnnotatedClip], run: ContenderRun) -> str:
    """The cells on what was found, and on what there was to find."""
    if run.seen is None:
        return " | | |"
    score = Score()
    for clip in clips:
        score.add(clip.machines, run.seen[clip.path])
    return (
        f"{score.found} of {score.machines} | {score.named} of {score.legible} |"
        f" {score.wrong} | {score.false}"
    )


if __name__ == "__main__":
    main()
