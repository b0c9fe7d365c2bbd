"""What reading lines again in other shapes gains, and what it makes up.

    python -m bench.again DATA [--seed 5]

Labelled texts of photographs, cut out as the detector's marks are: builders' marks that are known
as they are read, and those that shapes of the line make known. And drawn texts, low, soft and
noisy, that are no builder's: lines of `tests/detector/strangers.txt`, and marks with one letter
changed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench import arguments
from datasets.annotations import read_photographs, split_folder
from datasets.fonts import font, font_path, system_faces
from datasets.registry import Registry, load_registry
from detector.examining.reread import Rereader
from detector.matching.match import Matcher, matcher_of
from detector.read.lines import Line
from detector.read.reader import Reader, cut_marks, script_of
from detector.settings import Settings
from detector.types import Picture, Reading
from training.evaluate.evaluation import open_picture
from training.evaluate.tables import table

STRANGERS = Path(__file__).parents[1] / "tests" / "detector" / "strangers.txt"
NEAR = 300
HEIGHTS = (9, 11, 13, 16, 20)
"""Of a drawn line, pixels."""
LETTERS = "ABCDEFGHIKLMNOPRSTUVWXYZ"

Case = tuple[str, Line, str | None]
"""What it counts under, a line, and whose mark it is."""


def main() -> None:
    parser = arguments("bench.again", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    settings, registry = Settings(), load_registry()
    matcher, reader = matcher_of(registry), Reader(settings.reading)
    again = Rereader(reader, matcher, registry, settings.attributing.tested_origins)
    rng = random.Random(given.seed)
    cases = [*_labelled(given.data, registry), *_drawn(rng, registry, matcher)]
    told = outcomes(cases, reader, matcher, again)
    head = ("texts", "of", "known as read", "asked again", "known then", "falsely", "alone")
    print(table(head, ([name, *map(str, row.values())] for name, row in told.items())))


def outcomes(
    cases: Iterable[Case], reader: Reader, matcher: Matcher, again: Rereader
) -> dict[str, Counter[str]]:
    """By kind of text how many were known, asked again, and known then, rightly or not; `alone`:
    falsely, by a mark that may name by itself."""
    names = ("of", "read", "asked", "then", "false", "alone")
    told: dict[str, Counter[str]] = {}
    for name, line, builder in cases:
        row = told.setdefault(name, Counter(dict.fromkeys(names, 0)))
        row["of"] += 1
        text, score = reader.read_line(line.picture, turned=line.turned)
        read = Reading(text, score, line.box, Fraction(0), script_of(text))
        if builder in {one.id for one in matcher.match(text)}:
            row["read"] += 1
        if not text or not again.is_open(read):
            continue
        row["asked"] += 1
        better = again.again(read, [line])
        if better is read:
            continue
        marks = [one for one in matcher.match(better.text) if one.kind == "wordmark"]
        right = builder in {one.id for one in marks}
        row["then"] += right
        row["false"] += not right
        row["alone"] += not right and any(not one.needs_second_cue for one in marks)
    return told


def _labelled(data: Path, registry: Registry) -> Iterator[Case]:
    """Legible texts on the photographs of both splits."""
    for split in ("train", "val"):
        for photograph in read_photographs(split_folder(data, split)):
            marks = [mark for mark in photograph.marks if mark.legible and mark.text]
            picture = open_picture(photograph) if marks else None
            for mark in marks:
                assert picture is not None
                owner = None if mark.of is None else photograph.machines[mark.of].builder
                builders = mark.role == "builder" and owner in registry
                name = f"{split}, {'builders' if builders else 'other'}"
                if builders or mark.role != "builder":
                    yield from ((name, line, owner) for line in cut_marks(picture, [mark.box]))


def _drawn(rng: random.Random, registry: Registry, matcher: Matcher) -> Iterator[Case]:
    """Texts of nobody, and builders' marks that may name alone with one letter changed."""
    texts = [line.strip() for line in STRANGERS.read_text("utf-8").splitlines()]
    for text in texts:
        if text and not text.startswith("#") and script_of(text) != "han":
            yield "drawn, strangers", drawn_line(text, rng), None
    marks = [
        (mark.text, entry.id)
        for entry in registry.builders
        for mark in entry.wordmarks
        if mark.script == "latin" and len(mark.text) > 4
        if not any(one.needs_second_cue for one in matcher.match(mark.text))
    ]
    for text, builder in rng.sample(marks, NEAR):
        at = rng.randrange(len(text))
        letter = rng.choice([one for one in LETTERS if one != text[at].upper()])
        yield "drawn, a letter changed", drawn_line(text[:at] + letter + text[at + 1 :], rng), None
        yield "drawn, marks", drawn_line(text, rng), builder


def drawn_line(text: str, rng: random.Random) -> Line:
    """A text as footage shows it: a few pixels high, soft, noisy, coded as JPEG, enlarged."""
    drawn = font(48, face=rng.choice([font_path(), font_path(serif=True), *system_faces()]))
    left, top, right, bottom = (int(side) for side in drawn.getbbox(text))
    dark, light = rng.choice([(30, 220), (230, 40), (60, 170), (200, 110)])
    image = Image.new("L", (right - left + 24, bottom - top + 16), light)
    ImageDraw.Draw(image).text((12 - left, 8 - top), text, font=drawn, fill=dark)
    height = rng.choice(HEIGHTS)
    size = (max(8, image.width * height // image.height), height)
    low = cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(low, (0, 0), rng.uniform(0.3, 1.0))
    noise = np.random.default_rng(rng.randrange(1 << 30)).normal(0, 6, soft.shape)
    noisy = np.clip(soft + noise, 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, rng.choice([25, 40, 60])])
    grey = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    share = rng.choice([1.0, 1.5, 2.0])
    picture: Picture = np.asarray(
        cv2.cvtColor(
            cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_CUBIC),
            cv2.COLOR_GRAY2BGR,
        )
    )
    return Line(picture, (0.0, 0.0, float(picture.shape[1]), float(picture.shape[0])))


if __name__ == "__main__":
    main()
