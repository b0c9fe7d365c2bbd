"""Lines for the head that reads Cyrillic to learn from: drawn ones, and those of photographs.

Nobody labelled Cyrillic in photographs, so it is drawn: words of dictionaries, letters at random,
codes. Marks of the registry in Cyrillic are left out, so that what is measured on them later
was never learnt. Latin, Han and lines mirrored or upside down are among the lines, to be told
from Cyrillic; the last two are to be read as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.letters import fold, script_of
from datasets.maker.broadcast import wear
from datasets.maker.lettering import draw_lettering, random_lettering
from datasets.photographs.annotations import read_photographs, split_folder
from datasets.registry import Registry
from detector.read.cyrillic import HAN, SHAPES
from detector.read.lines import LineFinder
from detector.read.reader import cut_marks
from training.evaluate.evaluation import open_picture
from training.marks.cuts import can_draw, seeded

Kind = Literal["word", "random", "code", "latin", "han", "not upright"]
Picture = NDArray[np.uint8]

CAPITALS = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЇІЄ"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KINDS: tuple[Kind, ...] = ("word", "random", "code", "latin", "han", "not upright")
SHARES = (0.46, 0.10, 0.09, 0.25, 0.04, 0.06)
"""Of the drawn lines."""
HEIGHTS = (7.0, 40.0)
"""Of the letters, pixels, drawn evenly in its logarithm."""
DRAWN = 60
"""Pixels of the letters before they are shrunk."""
LAID = 0.3
"""Share of the lines laid on a piece of a photograph instead of bare sheet metal."""
SURE = 0.85
"""A line of a photograph that nobody labelled counts as what the recogniser reads as surely."""


@dataclass(frozen=True, slots=True)
class CyrillicLine:
    """A line to read. picture: BGR (height, width, 3). shapes: what it is to be read as.

    height: of its letters, pixels; None where unknown.
    """

    kind: str
    shapes: str
    picture: Picture
    height: float | None = None


def shapes_of(text: str) -> str:
    """A text in the shapes that the head tells apart; what it does not know is left out.

    Example:
        >>> shapes_of("Сделано в КНР, 机床")
        'CДEЛAHO B KHP □□'
    """
    told = (HAN if script_of(c) == "han" else c for c in fold(text))
    return " ".join("".join(c for c in told if c in SHAPES).split())


def read_words(files: Sequence[Path]) -> list[str]:
    """Words of three to fourteen Cyrillic letters in dictionaries as Hunspell has them (.dic).

    Raises:
        DataError: a file cannot be read or holds none.
    """
    found: list[str] = []
    for file in files:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file}: cannot be read as UTF-8 ({error})") from error
        words = (line.partition("/")[0].strip() for line in lines)
        own = [w for w in words if 3 <= len(w) <= 14 and all(script_of(c) == "cyrillic" for c in w)]
        if not own:
            raise DataError(f"{file}: no word in Cyrillic in it; give a Hunspell dictionary, .dic")
        found += own
    return found


class Drawer:
    """Draws lines; the same number and seed give the same line.

    Args:
        words: in Cyrillic, in the order of `read_words`.
        registry: whose Latin and Han wordmarks are among the lines.
        faces: typefaces by family.
        grounds: pictures to lay lines on, RGB.
    """

    def __init__(
        self,
        words: Sequence[str],
        registry: Registry,
        faces: Sequence[Sequence[Path]],
        grounds: Sequence[Picture] = (),
    ) -> None:
        self._words, self._faces, self._grounds = words, faces, grounds
        marks = [mark for entry in registry for mark in entry.wordmarks]
        self._latin = [mark.text for mark in marks if mark.script == "latin"]
        self._han = [mark.text for mark in marks if mark.script == "han"]

    def draw(self, seed: int, number: int) -> CyrillicLine:
        """One line, drawn, worn and cut out as a hasty box would."""
        rng = seeded(seed, f"cyrillic-{number}")
        kind = KINDS[int(rng.choice(len(KINDS), p=SHARES))]
        text = self._text(kind, rng)
        picture, height = self._cut(text, rng)
        if kind == "not upright":
            turned = (picture[:, ::-1], picture[::-1, ::-1], picture[::-1])
            picture = turned[int(rng.choice(3, p=(0.6, 0.25, 0.15)))]
        if rng.random() < 0.1:
            picture = 255 - picture
        shapes = "" if kind == "not upright" else shapes_of(text)
        return CyrillicLine(kind, shapes, np.ascontiguousarray(picture[:, :, ::-1]), height)

    def _text(self, kind: Kind, rng: np.random.Generator) -> str:
        if kind == "word":
            count = int(rng.choice((1, 1, 1, 2, 2, 3)))
            text = " ".join(_one(rng, self._words) for _ in range(count))
            if rng.random() < 0.08:
                text = " ".join(_shuffled(rng, [text, _one(rng, self._latin)]))
            return _cased(rng, text)
        if kind == "random":
            return "".join(rng.choice(list(CAPITALS), int(rng.integers(3, 9))))
        if kind == "code":
            return _code(rng)
        if kind == "han":
            return _one(rng, self._han)
        if kind == "not upright":
            return _one(rng, self._latin if rng.random() < 0.6 else self._words).upper()
        how = rng.random()
        if how < 0.6:
            return _cased(rng, _one(rng, self._latin)) if how < 0.3 else _one(rng, self._latin)
        letters = LATIN if how < 0.8 else LATIN + "0123456789-"
        return "".join(rng.choice(list(letters), int(rng.integers(3, 9))))

    def _cut(self, text: str, rng: np.random.Generator) -> tuple[Picture, float]:
        """The line as a box around it cuts it, RGB, and the height of its letters."""
        level = int(rng.integers(20, 240))
        ground = tuple(int(v) for v in np.clip(level + rng.normal(0, 12, 3), 0, 255))
        han = any(script_of(c) == "han" for c in text)
        style = random_lettering(rng, ground, "han" if han else "cyrillic")  # type: ignore[arg-type]
        if rng.random() < 0.9:
            family = self._faces[int(rng.integers(len(self._faces)))]
            face = family[int(rng.integers(len(family)))]
            if can_draw(face, text):
                style = replace(style, face=face, weight=float(rng.uniform(0, 0.03)))
        if rng.random() < 0.5:
            style = replace(style, stretch=float(rng.uniform(0.7, 1.5)))
        drawn = draw_lettering(text, style, DRAWN)
        rows, columns = drawn.shape[:2]
        pad = 40
        sheet = self._sheet((rows + 2 * pad, columns + 2 * pad), ground, rng)
        here = sheet[pad : pad + rows, pad : pad + columns]
        weight = drawn[..., 3:].astype(np.float32) / 255
        here[...] = (here * (1 - weight) + drawn[..., :3] * weight).astype(np.uint8)
        if rng.random() < 0.3:
            sheet = _askew(sheet, rng)
        height = float(np.exp(rng.uniform(*np.log(HEIGHTS))))
        scale = height / DRAWN
        size = (
            max(8, round(sheet.shape[1] * scale * float(rng.uniform(0.7, 1)))),
            max(8, round(sheet.shape[0] * scale)),
        )
        small = np.asarray(cv2.resize(sheet, size, interpolation=cv2.INTER_AREA), np.uint8)
        worn = wear(small, rng)
        x, y = worn.shape[1] / sheet.shape[1], worn.shape[0] / sheet.shape[0]
        left, top, right, bottom = rng.uniform(-0.04, 0.3, 4) * rows
        rows_cut = slice(max(0, int((pad - top) * y)), max(4, int((pad + rows + bottom) * y) + 1))
        wide = slice(max(0, int((pad - left) * x)), max(4, int((pad + columns + right) * x) + 1))
        return worn[rows_cut, wide], height

    def _sheet(
        self, size: tuple[int, int], ground: tuple[int, ...], rng: np.random.Generator
    ) -> Picture:
        sheet = np.empty((*size, 3), np.uint8)
        sheet[...] = ground
        if self._grounds and rng.random() < LAID:
            piece = self._grounds[int(rng.integers(len(self._grounds)))]
            piece = np.asarray(cv2.resize(piece, size[::-1], interpolation=cv2.INTER_LINEAR))
            # Faint, so that letters chosen for the bare colour stay legible on it.
            both = cv2.addWeighted(sheet, 0.6, piece.astype(np.uint8), 0.4, 0)
            sheet = np.asarray(both, np.uint8)
        return sheet


def photographed(data: Path, split: str, finder: LineFinder) -> Iterator[list[CyrillicLine]]:
    """Of each photograph its labelled legible marks (`mark`), and what else looks like a line.

    The latter (`line`) have no shapes yet: nobody labelled them.
    """
    for photograph in read_photographs(split_folder(data, split)):
        picture = open_picture(photograph)
        marks = [
            CyrillicLine("mark", shapes_of(mark.text), cut.picture)
            for mark in photograph.marks
            if mark.legible and mark.text
            for cut in cut_marks(picture, [mark.box])
            if not cut.turned
        ]
        others = [
            CyrillicLine("line", "", cut.picture)
            for cut in finder.find_lines(picture)
            if not cut.turned
        ]
        yield marks + others


def read_grounds(data: Path, split: str, each: int = 2) -> list[Picture]:
    """Pieces of the photographs that show no machine, RGB, to lay lines on."""
    pieces = []
    for photograph in read_photographs(split_folder(data, split)):
        if photograph.machines or photograph.marks:
            continue
        picture = open_picture(photograph)
        rng = seeded(0, photograph.image)
        rows, columns = picture.shape[0] // 6 + 1, picture.shape[1] // 3 + 1
        for _ in range(each):
            top = int(rng.integers(picture.shape[0] - rows + 1))
            left = int(rng.integers(picture.shape[1] - columns + 1))
            pieces.append(np.ascontiguousarray(picture[top : top + rows, left : left + columns]))
    return pieces


def _one(rng: np.random.Generator, of: Sequence[str]) -> str:
    return of[int(rng.integers(len(of)))]


def _shuffled(rng: np.random.Generator, texts: Sequence[str]) -> list[str]:
    return [texts[i] for i in rng.permutation(len(texts))]


def _cased(rng: np.random.Generator, text: str) -> str:
    how = rng.random()
    return text.upper() if how < 0.65 else text.title() if how < 0.8 else text.lower()


def _code(rng: np.random.Generator) -> str:
    """Such as 16К20Ф3, МС12-250, № 1234, ГОСТ 8-82."""
    letters = "".join(rng.choice(list(CAPITALS), int(rng.integers(1, 4))))
    number = str(rng.integers(1, 10 ** int(rng.integers(1, 5))))
    return _one(
        rng,
        (
            letters + number,
            number + letters,
            f"{letters}-{number}",
            f"{number}{letters}{rng.integers(1, 10)}",
            f"{letters} {number}",
            f"№ {number}",
            f"ГОСТ {number}-{rng.integers(10, 99)}",
        ),
    )


def _askew(sheet: Picture, rng: np.random.Generator) -> Picture:
    rows, columns = sheet.shape[:2]
    lean = float(rng.normal(0, 0.05)) * rows
    flat = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    seen = flat + np.array([[0, 0], [0, lean], [0, 0.6 * lean], [0, 0]], np.float32)
    seen += rng.normal(0, 0.02 * rows, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(flat, seen)
    return np.asarray(
        cv2.warpPerspective(sheet, matrix, (columns, rows), borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
