"""Marks hidden by hand: on how many photographs that is told, and what else is called hidden.

python -m bench.concealed DATA [--split val] [--model DIR]

Of each photograph with machines the legible builders' marks of 20 pixels and more are pixelated,
coarsely or finely, or smeared, one way at a time; it is saved as a JPEG of quality 80 and looked
at as any photograph. It is told where a place that is called hidden lies on one that was; every
other such place is a false one, as are all those in photographs and clips that nobody touched.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.annotations import Box, Photograph, read_photographs, split_folder
from datasets.maker.degrade import mosaic, smear
from detector import Analyst
from detector.read import overlap_of_smaller
from detector.types import Analysis, Picture
from training.evaluate import open_picture

LEAST_HEIGHT = 20
QUALITY = 80
ON_IT = 0.3
"""Share of the smaller of two places, one hidden and one called so, that they have in common."""
WAYS: dict[str, Callable[[Picture, Box], None]] = {
    "pixelated, five blocks high": lambda picture, box: mosaic(picture, box, 5),
    "pixelated, three blocks high": lambda picture, box: mosaic(picture, box, 3),
    "smeared": smear,
}
HEADINGS = ("looked at", "told", "with a machine seen", "with a false one", "false ones")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.concealed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    analyst = Analyst(model=given.model)
    told: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "hidden.jpg")
        for photograph in read_photographs(split_folder(given.data, given.split)):
            shows = "machines" if photograph.machines else "no machine"
            count(told, f"untouched, {shows}", analyst.analyze(photograph.path), [])
            marks = large_marks(photograph)
            if not marks:
                continue
            picture = open_picture(photograph)
            for way, hide in WAYS.items():
                hidden = np.array(picture)
                for box in marks:
                    hide(hidden, box)
                Image.fromarray(hidden).save(path, quality=QUALITY)
                count(told, way, analyst.analyze(path), marks)
    for clip in sorted((given.data / "clips").glob("*.*")):
        if clip.suffix != ".json" and clip.with_suffix(".json").is_file():
            count(told, "untouched, clips", analyst.analyze(clip), [])
    print("\n".join(table(told)))


def large_marks(photograph: Photograph) -> list[Box]:
    """Legible marks of builders on machines that are high enough to be hidden."""
    return [
        mark.box
        for number in range(len(photograph.machines))
        for mark in photograph.legible_builder_marks(number)
        if min(mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]) >= LEAST_HEIGHT
    ]


def count(told: dict[str, Counter[str]], row: str, found: Analysis, hidden: list[Box]) -> None:
    """Adds one picture or clip to a row."""
    places = [
        line.box
        for one in found.sightings
        for line in one.attribution.evidence
        if line.kind == "concealed" and line.box is not None
    ]
    false = sum(
        not any(overlap_of_smaller(place, box) >= ON_IT for box in hidden) for place in places
    )
    counts = told.setdefault(row, Counter())
    counts["looked at"] += 1
    counts["told"] += len(places) > false
    counts["with a machine seen"] += bool(found.sightings)
    counts["with a false one"] += false > 0
    counts["false ones"] += false


def table(told: dict[str, Counter[str]]) -> Iterator[str]:
    """The counts, as Markdown."""
    yield f"| marks | {' | '.join(HEADINGS)} |"
    yield "|---" * (len(HEADINGS) + 1) + "|"
    for name, counts in sorted(told.items()):
        yield f"| {name} | {' | '.join(str(counts[heading]) for heading in HEADINGS)} |"


if __name__ == "__main__":
    main()
