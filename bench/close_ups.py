"""Close-ups of builders' marks: what is told of them, and of pictures that show no machine.

python -m bench.close_ups DATA [--split val] [--model DIR]

Each photograph's first two legible marks of builders in the registry are cut out with so much
around them that they fill the cut to two thirds, a half or a quarter of its width, and the cut is
looked at as any photograph. Either a machine is seen, or the mark alone is told, or nothing is.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import arguments
from datasets.annotations import Mark, Photograph, read_photographs, split_folder
from datasets.registry import load_registry
from detector import Analyst
from detector.types import Analysis, Picture
from training.evaluate.evaluation import open_picture

WIDTHS = (1.5, 2.0, 4.0)
"""Of a cut, in widths of its mark."""

LEAST_HEIGHT = 1.3
"""Of a cut, in heights of its mark."""

MARKS = 2
SIZE = 1280  # pixels across, as a camera would show it
OUTCOMES = (
    "machine, named right",
    "machine, named wrong",
    "machine, unknown",
    "mark alone, right",
    "mark alone, wrong",
    "plate alone",
    "nothing",
)


def main() -> None:
    parser = arguments("bench.close_ups", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    analyst, registry = Analyst(model=given.model), load_registry()
    told: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cut.png")
        for photograph in read_photographs(split_folder(given.data, given.split)):
            if not photograph.machines and not photograph.marks:
                found = outcome(analyst.analyze(photograph.path), None)
                told.setdefault("no machine, no mark", Counter())[found] += 1
                continue
            picture = open_picture(photograph)
            for mark in builders_marks(photograph):
                if mark.id not in registry:
                    continue
                for width in WIDTHS:
                    Image.fromarray(close_up(picture, mark, width)).save(path)
                    found = outcome(analyst.analyze(path), mark.id)
                    told.setdefault(f"1/{width:g} of the width", Counter())[found] += 1
    print("\n".join(table(told)))


def builders_marks(photograph: Photograph) -> list[Mark]:
    """The first legible marks of builders."""
    legible = [mark for mark in photograph.marks if mark.legible and mark.role == "builder"]
    return legible[:MARKS]


def close_up(picture: Picture, mark: Mark, width: float) -> Picture:
    """A mark with so much around it that the cut is `width` times as wide, as far as the picture
    goes, `SIZE` pixels across."""
    rows, columns = picture.shape[:2]
    x1, y1, x2, y2 = mark.box
    high = max((x2 - x1) * width * 9 / 16, (y2 - y1) * LEAST_HEIGHT)
    wide, x, y = high * 16 / 9, (x1 + x2) / 2, (y1 + y2) / 2
    left, right = int(max(0, x - wide / 2)), int(min(columns, x + wide / 2))
    top, bottom = int(max(0, y - high / 2)), int(min(rows, y + high / 2))
    cut = picture[top:bottom, left:right]
    size = (SIZE, max(1, round(SIZE * cut.shape[0] / cut.shape[1])))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def outcome(found: Analysis, truth: str | None) -> str:
    """What was told of one picture, one of `OUTCOMES`; `truth`: the builder, None of no machine."""
    named = {one.attribution.builder for one in found.sightings} - {None}
    if named:
        return "machine, named right" if named == {truth} else "machine, named wrong"
    if found.sightings:
        return "machine, unknown"
    read = {mark.builder for mark in found.lone_marks} - {None}
    if read:
        return "mark alone, right" if read == {truth} else "mark alone, wrong"
    return "plate alone" if found.lone_marks else "nothing"


def table(told: dict[str, Counter[str]]) -> Iterator[str]:
    """The counts, as Markdown."""
    yield f"| cut | pictures | {' | '.join(OUTCOMES)} |"
    yield "|---" * (len(OUTCOMES) + 2) + "|"
    for name, counts in sorted(told.items()):
        cells = [str(counts[outcome]) for outcome in OUTCOMES]
        yield f"| {name} | {counts.total()} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
