"""Text read off machines.

Lines of text are found in the whole crop of a machine, then recognised (`line_reader.py`). They
are also cut where the detector saw wordmarks (`cut_marks`): it finds thin, slanted and
stylised ones that the finder misses. A head of our own reads letters of Cyrillic's own
(`detector.read.cyrillic`). Other Cyrillic comes out in look-alikes, which matching folds back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from detector.boxes import moved
from detector.inference import PROCESSOR, Engine
from detector.read.line_reader import (
    LINE_HEIGHT,
    MODELS,
    VERTICAL,
    Line,
    LineFinder,
    LineReader,
    pad,
    resize,
)
from detector.settings import TextRecognition
from detector.types import Box, Picture, Reading, Script

RECOGNITION = "PP-OCRv6_rec_small.onnx"

# Margin around a wordmark's box, as a share of its height. Of 70 legible marks 47 were read at
# 0 or 0.08, 42 at 0.15, 33 at 0.3. A second margin, equalised contrast, grey or inverted
# colours added at most one.
_MARGIN = 0.08
# Widths of a line are padded to multiples of this, in pixels. The engine keeps compiled code for
# each shape it meets, and without bound its memory grows.
_LINE_STEP = 80
# Lines shorter than this are padded to it. Of 898 labelled texts 493 are read letter for letter at
# 240 pixels, 489 at RapidOCR's 320, 484 at 160, 480 with no least width.
_LEAST_LINE = 240
# Two readings of one text: overlap of the boxes as a share of the smaller one.
_SAME_TEXT = 0.6


class Reader(Protocol):
    """Reads text off RGB pictures (height, width, 3). The same picture gives the same readings;
    none where there is no text. `tests/detector/read/test_reader.py` holds every reader to this."""

    def read(
        self,
        picture: Picture,
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """All text found in `picture`.

        picture: usually one machine cut from a frame.
        pts: time of that frame.
        offset: where the picture's corner lies in the frame, pixels; boxes of the readings are in
        pixels of the frame.
        mirrored: read the picture flipped left to right; boxes stay unflipped.
        """
        return self.read_lines(self.find_lines(picture), pts, offset, mirrored)

    def find_lines(self, picture: Picture, most: int | None = None) -> list[Line]:
        """The lines of text, upright or mirrored.

        most: longer side of the picture for the search, pixels.
        """
        ...

    def read_lines(
        self,
        lines: Sequence[Line],
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """What stands in the lines of one picture, one reading for each place.

        lines: of `find_lines` and `cut_marks`. Others as for `read`.
        """
        ...

    def read_texts(self, lines: Sequence[Line]) -> list[tuple[str, float]]:
        """Text and score, 0..1, of each line as it is cut. One that ran down the machine may run up
        as well."""


class PaddleReader(Reader):
    """Reads text off pictures. Loading takes about a second; keep one and reuse it.

    A reader is not safe to share between threads.

    settings: least score, greatest side of a crop. engine: what it computes on.
    Raises ModelError: the reading models are missing from the installed `rapidocr`.
    """

    def __init__(self, settings: TextRecognition, engine: Engine = PROCESSOR) -> None:
        self._settings = settings
        self._finder = LineFinder(settings, engine)
        self._lines = LineReader(MODELS / RECOGNITION, engine, settings.cyrillic)

    def find_lines(self, picture: Picture, most: int | None = None) -> list[Line]:
        """As `Reader.find_lines`; `most` as for `LineFinder.find_lines`."""
        return self._finder.find_lines(picture, most)

    def read_lines(
        self,
        lines: Sequence[Line],
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """As `Reader.read_lines`; text below the least score gives no reading."""
        texts = self.read_texts([line.flipped() if mirrored else line for line in lines])
        readings = []
        for (text, score), line in zip(texts, lines, strict=True):
            # A stroke or a dot is no text, however sure the reader is of it.
            if any(map(str.isalnum, text)) and score >= self._settings.score:
                placed = moved(line.box, *offset)
                readings.append(Reading(text, score, placed, pts, script_of(text), mirrored))
        return merge_readings(readings)

    def read_texts(self, lines: Sequence[Line]) -> list[tuple[str, float]]:
        """As `Reader.read_texts`."""
        ways = [
            (number, way)
            for number, line in enumerate(lines)
            for way in ([line.picture, line.picture[::-1, ::-1]] if line.turned else [line.picture])
        ]
        found: dict[int, tuple[str, float]] = {}
        texts = self._lines.read(pad_line(way) for _, way in ways)
        for (number, _), said in zip(ways, texts, strict=True):
            found[number] = max(found.get(number, said), said, key=lambda one: _weigh_text(*one))
        return [(text.strip(), score) for text, score in found.values()]


def cut_marks(picture: Picture, boxes: Sequence[Box]) -> list[Line]:
    """The lines in given boxes, pixels of an RGB picture; none for a box off the picture."""
    lines = [_cut_line(picture, box) for box in boxes]
    return [line for line in lines if line is not None]


def merge_readings(readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each place: the one with the most, and surest, letters.

    A fragment is often read more surely than the whole: an emblem as Q beside ROMI, DU of DURMA. So
    a score counts by the root of the letters. Readings of different frames, or of a frame and its
    mirror image, are never merged.
    """
    kept: list[Reading] = []
    for one in sorted(readings, key=lambda one: _weigh_text(one.text, one.score), reverse=True):
        here = (o for o in kept if (o.pts, o.mirrored) == (one.pts, one.mirrored))
        if not any(overlap_of_smaller(one.box, other.box) >= _SAME_TEXT for other in here):
            kept.append(one)
    return kept


def _weigh_text(text: str, score: float) -> float:
    return score * math.sqrt(sum(map(str.isalnum, text)))


def script_of(text: str) -> Script:
    """`han` where there is any Han character, `cyrillic` where any Cyrillic one, else `latin`."""
    if any("一" <= c <= "鿿" or "㐀" <= c <= "䶿" for c in text):
        return "han"
    if any("Ѐ" <= c <= "ӿ" for c in text):
        return "cyrillic"
    return "latin"


def overlap_of_smaller(a: Box, b: Box) -> float:
    """Area shared by two boxes as a share of the smaller one, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / smaller


def pad_line(line: Picture) -> Picture:
    """A line at the recogniser's height, its width padded to whole steps and a least width."""
    scaled = resize(line, LINE_HEIGHT / line.shape[0])
    return pad(scaled, 1, _LINE_STEP if scaled.shape[1] > _LEAST_LINE else _LEAST_LINE)


def _cut_line(picture: Picture, box: Box) -> Line | None:
    """A box with a margin as one line of text, None if off the picture. A tall box is turned a
    quarter left, as the recogniser has learnt vertical lines."""
    x1, y1, x2, y2 = box
    pad = _MARGIN * min(y2 - y1, x2 - x1)
    top, left = max(0, int(y1 - pad)), max(0, int(x1 - pad))
    cut = picture[top : max(top, int(np.ceil(y2 + pad))), left : max(left, int(np.ceil(x2 + pad)))]
    if min(cut.shape[:2]) < 4:
        return None
    turned = cut.shape[0] > VERTICAL * cut.shape[1]
    bgr = np.ascontiguousarray((np.rot90(cut) if turned else cut)[:, :, ::-1])
    return Line(bgr, box, turned)
