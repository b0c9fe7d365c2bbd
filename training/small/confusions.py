"""What the reader takes for what, counted: `detector/confusions.json`, behind the prices of
`detector.name.fold`.

    python -m training.small.confusions OUT.json [--made N] [--data FOLDER] [--han]

Marks of the registry, and codes of random letters and figures, are drawn as the footage maker
draws them, worn as archives wear them, cut out and read; the labelled marks of the train split
of a data set too. With `--han` it is marks in Han alone (`detector/confusions-han.json`). Text
and reading are then aligned at the prices in force, and the edits of the cheapest alignment
counted. (Two rounds of what Brill and Moore 2000 call estimating the channel model by
expectation maximisation, with the best alignment for the expectation.)
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.letters import letters, script_of
from datasets.maker.broadcast import wear
from datasets.maker.lettering import Script, draw_lettering, random_lettering
from datasets.photographs.annotations import read_photographs, split_folder
from datasets.registry import Registry, load_registry
from detector.name.align import Edit, Template, edits
from detector.name.fold import RUNS
from detector.read.reader import PaddleReader, cut_marks
from detector.settings import Settings
from training.evaluate.evaluation import open_picture

Picture = NDArray[np.uint8]

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CODES = 0.3
"""Share of the made texts that are codes of random letters: rare letters are read too."""
HEIGHTS = (6.0, 30.0)
"""Height of the letters in pixels, drawn evenly in its logarithm."""
UNLIKE = 0.6
"""A reading dearer than this a letter is of something else, or no reading at all."""
REAL = 3
"""What a labelled mark counts, for one made: its wear and its type are the true ones."""


@dataclass(slots=True)
class Confusions:
    """Counts of edits: `letters` of how often each letter (and each run of letters that
    `detector.name.fold` prices) stood there, `edits` by mark and read.

    An edit of nothing into letters is an addition, of letters into nothing an omission; those
    before the first or after the last letter of a mark are kept apart as `edge`.
    """

    texts: int = 0
    exact: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    edits: Counter[tuple[str, str]] = field(default_factory=Counter)
    edge: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, reading: str, weight: int = 1) -> None:
        """Counts one text and what was read of it; neither may be empty of letters."""
        truth, read = letters(text), letters(reading)
        aligned = edits(Template.of(truth), read)
        if aligned is None or aligned.price > UNLIKE * len(truth):
            return
        self.texts += weight
        self.exact += weight * (truth == read)
        for letter in truth:
            self.letters[letter] += weight
        for run in RUNS:
            if len(run) > 1:
                self.letters[run] += weight * truth.count(run)
        for edit in aligned.edits:
            self._count(edit, len(truth), weight)

    def _count(self, edit: Edit, length: int, weight: int) -> None:
        if not edit.mark and edit.at in (0, length):
            for letter in edit.read:
                self.edge[letter] += weight
        else:
            self.edits[edit.mark, edit.read] += weight

    def as_dict(self) -> dict[str, object]:
        table: dict[str, dict[str, int]] = {}
        for (mark, read), count in sorted(self.edits.items()):
            table.setdefault(mark, {})[read] = count
        return {
            "texts": self.texts,
            "exact": self.exact,
            "letters": {run: n for run, n in sorted(self.letters.items()) if n},
            "edits": table,
            "edge": dict(sorted(self.edge.items())),
        }


def made_marks(
    count: int, seed: int, registry: Registry, *, han: bool = False
) -> Iterator[tuple[str, Picture, tuple[float, float, float, float]]]:
    """Texts drawn on sheet metal and worn: the text, the picture, the box of the text in it."""
    least = 2 if han else 4
    marks = [
        mark.text
        for entry in registry
        for mark in entry.wordmarks
        if (mark.script == "han") == han and len(letters(mark.text)) >= least
    ]
    for i in range(count):
        rng = np.random.default_rng((seed, i))
        text = str(marks[rng.integers(len(marks))])
        if not han and rng.random() < CODES:
            text = "".join(rng.choice(list(ALPHABET), int(rng.integers(4, 9))))
        yield (text, *draw_worn(text, rng))


def draw_worn(
    text: str, rng: np.random.Generator
) -> tuple[Picture, tuple[float, float, float, float]]:
    """A text on sheet metal as footage shows it, RGB, and its box in pixels."""
    level = int(rng.integers(40, 235))
    ground = tuple(int(v) for v in np.clip(level + rng.normal(0, 12, 3), 0, 255))
    scripts = {script_of(c) for c in text}
    script: Script = "latin"
    if "cyrillic" in scripts or "han" in scripts:
        script = "han" if "han" in scripts else "cyrillic"
    style = random_lettering(rng, ground, script, extra_faces=True)  # type: ignore[arg-type]
    drawn = draw_lettering(text, style, 60)
    rows, columns = drawn.shape[:2]
    pad = 40
    sheet = np.empty((rows + 2 * pad, columns + 2 * pad, 3), np.uint8)
    sheet[...] = ground
    here = sheet[pad : pad + rows, pad : pad + columns]
    weight = drawn[..., 3:].astype(np.float32) / 255
    here[...] = (here * (1 - weight) + drawn[..., :3] * weight).astype(np.uint8)
    height = float(np.exp(rng.uniform(*np.log(HEIGHTS))))
    scale = height / 60
    size = (max(8, round(sheet.shape[1] * scale)), max(8, round(sheet.shape[0] * scale)))
    # The farther away, the more a machine's face is turned from the camera.
    narrow = float(rng.uniform(0.6, 1.0))
    size = (max(8, round(size[0] * narrow)), size[1])
    small = np.asarray(cv2.resize(sheet, size, interpolation=cv2.INTER_AREA), np.uint8)
    worn = wear(small, rng)
    x, y = worn.shape[1] / sheet.shape[1], worn.shape[0] / sheet.shape[0]
    return worn, (pad * x, pad * y, (pad + columns) * x, (pad + rows) * y)


def read_box(reader: PaddleReader, picture: Picture, box: tuple[float, float, float, float]) -> str:
    """What the reader reads in a box of an RGB picture; nothing where it is not sure enough."""
    found = reader.read_lines(cut_marks(picture, [box]), Fraction(0))
    return max(found, key=lambda r: r.score).text if found else ""


def measure(
    count: int,
    seed: int,
    data: Path | None,
    registry: Registry | None = None,
    *,
    han: bool = False,
) -> Confusions:
    """Counts over `count` made texts, and the legible marks of the train split of `data`; of those
    with characters in Han, or of those without.

    Raises:
        DataError: `data` is no data set.
        ModelError: the reading models are missing.
    """
    reader = PaddleReader(Settings().reading)
    found = Confusions()
    for text, picture, box in made_marks(count, seed, registry or load_registry(), han=han):
        if read := letters(read_box(reader, picture, box)):
            found.add(text, read)
    for photograph in read_photographs(split_folder(data, "train")) if data else ():
        marks = [
            mark
            for mark in photograph.marks
            if mark.legible and letters(mark.text) and any(map(_is_han, mark.text)) == han
        ]
        if not marks:
            continue
        picture = open_picture(photograph)
        for mark in marks:
            if read := letters(read_box(reader, picture, mark.box)):
                found.add(mark.text, read, REAL)
    return found


def _is_han(letter: str) -> bool:
    return script_of(letter) == "han"


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("out", type=Path)
    asked.add_argument("--made", type=int, default=12000, help="texts to draw")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--data", type=Path, help="a data set whose train split is read too")
    asked.add_argument("--han", action="store_true", help="marks in Han instead of all others")
    said = asked.parse_args()
    found = measure(said.made, said.seed, said.data, han=said.han).as_dict()
    text = json.dumps(found, ensure_ascii=False, indent=1)
    said.out.write_text(text + "\n", "utf-8")
    print(f"{said.out}: {found['exact']} of {found['texts']} texts read exactly")


if __name__ == "__main__":
    main()
