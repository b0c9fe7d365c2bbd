"""How fast an archive is gone through, and what is found in it, against the alternatives.

python -m lab.archive [--hours 1] [--tracked 4] [--budgets 1 0.5 0.25 0.1]
                        [--data FOLDER]

Tables of rows measured one after the other on the same clips: on the first `--tracked` that
were made, because tracking every frame of an hour takes nearly as long as that hour; on the real
ones; on all, without that row; on those that show no machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lab import DATA
from lab.contenders import Run, decode_all, decode_keyframes, nameplate_sweep, yolo_track
from lab.footage import make_archive
from lab.truth import Clip, Score, from_archive, real_clips

BUDGETS = (1.0, 0.5, 0.25, 0.1)

Way = tuple[str, Callable[[Sequence[Clip], Path], Run]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.archive", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="length of the generated archive")
    parser.add_argument("--tracked", type=int, default=4, help="clips of the first table")
    parser.add_argument("--budgets", type=float, nargs="*", default=BUDGETS)
    parser.add_argument("--data", type=Path, default=DATA, help="a labelled data set with clips")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-archive-") as folder:
        run(given.hours, given.tracked, given.budgets, given.data, Path(folder))


def run(hours: float, tracked: int, budgets: Sequence[float], data: Path, scratch: Path) -> None:
    """Makes the archive and prints the tables."""
    made = [from_archive(clip) for clip in make_archive(scratch / "footage", hours)]
    tables(made, real_clips(data) if data.is_dir() else [], tracked, budgets, scratch)


def tables(
    made: Sequence[Clip],
    real: Sequence[Clip],
    tracked: int,
    budgets: Sequence[float],
    scratch: Path,
) -> None:
    """Prints the tables."""
    sweeps: list[Way] = [
        (f"`nameplate sweep --budget {budget:g}`", partial(nameplate_sweep, budget=budget))
        for budget in budgets
    ]
    every: Way = "`yolo track`, every frame", yolo_track
    thinned: Way = "`yolo track`, a frame a second", partial(yolo_track, seconds=1.0)
    decoding: list[Way] = [
        ("decoding keyframes alone", decode_keyframes),
        ("decoding every frame", decode_all),
    ]
    for clips in (made[:tracked], real if tracked else ()):
        if clips:
            table(clips, [*sweeps, every, thinned, *decoding], scratch)
    table([*made, *real], [*sweeps, thinned, *decoding], scratch)
    empty = [clip for clip in [*made, *real] if clip.machines == ()]
    table(empty, [sweeps[0], decoding[0]], scratch)


def table(clips: Sequence[Clip], ways: Sequence[Way], scratch: Path) -> None:
    """Prints a row for each way through the clips."""
    hours = sum(clip.seconds for clip in clips) / 3600
    load = os.getloadavg()[0]
    print(f"\n{len(clips)} clips, {hours:.2f} hours; load at the begin {load:.1f}\n")
    print("| way | hours per hour | machines found | named of those legible | wrong | false |")
    print("|---|---|---|---|---|---|")
    for name, way in ways:
        done = way(clips, scratch)
        speed = hours * 3600 / done.seconds
        print(f"| {name} | {speed:.1f} | {_found(clips, done)} |", flush=True)


def _found(clips: Sequence[Clip], run: Run) -> str:
    """The cells on what was found, and on what there was to find."""
    if run.seen is None:
        return " | | |"
    score = Score()
    for clip in clips:
        if clip.machines is not None:
            score.add(clip.machines, run.seen[clip.path])
    return (
        f"{score.found} of {score.machines} | {score.named} of {score.legible} |"
        f" {score.wrong} | {score.false}"
    )


if __name__ == "__main__":
    main()
