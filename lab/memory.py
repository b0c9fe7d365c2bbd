"""Memory against the length of a clip: the peak of the largest process of `nameplate analyze`.

python -m lab.memory [--minutes 1 10 60]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from datasets.maker import long_clip
from lab.clip import analyze

MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.memory", description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="*", default=[1, 10, 60])
    given = parser.parse_args()
    print("| clip | seconds taken | peak memory | machines |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as folder:
        for length in given.minutes:
            clip = Path(folder) / f"{length:g}min.mp4"
            long_clip(clip, minutes=length, seed=0)
            cost = analyze(clip)
            machines = len(json.loads(cost.output)["machines"])
            print(
                f"| {length:g} min | {cost.seconds:.1f} s | {cost.peak / MIB:.0f} MiB |"
                f" {machines} |",
                flush=True,
            )
            clip.unlink()


if __name__ == "__main__":
    main()
