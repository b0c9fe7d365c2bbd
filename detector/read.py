"""Text read off machines.

Two steps: lines of text are found, then recognised (`detector.read_line`). Lines are found by
RapidOCR on OpenVINO in the whole crop of a machine (`Reader.find_lines`), and cut where the
detector saw wordmarks (`cut_marks`), because it finds some that RapidOCR misses (thin, slanted,
stylised). Both models come from inside the wheel.
The recogniser's alphabet has Latin and Han letters and no Cyrillic ones. Lines with letters that
Cyrillic alone has are read by a head of our own (`detector.cyrillic`); others come out in
look-alikes ("СТАН" as "CTAH"), which matching folds back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError
from detector.read_line import LINE_HEIGHT, LineReader
from detector.settings import Reading_
from detector.types import Box, Picture, Reading, Script

_READER = find_spec("rapidocr")
MODELS = Path(_READER.origin if _READER and _READER.origin else "rapidocr").parent / "models"
_DETECTION = "PP-OCRv6_det_small.onnx"
RECOGNITION = "PP-OCRv6_rec_small.onnx"

# A crop is enlarged at most so often, and to no more than so many pixels: on labelled photographs
# enlarging twice lets a tenth more marks be read; with 1280 pixels instead of 960 the same
# builders were named, with 1.8 times the work.
_MOST_ENLARGED = 2.0
_ENLARGED_TO = 960
# Margin around a wordmark's box, as a share of its height. Of 70 legible marks 47 were read at
# 0 or 0.08, 42 at 0.15, 33 at 0.3; a second margin, equalised contrast, grey or inverted
# colours added at most one.
_MARGIN = 0.08
# Sides of a crop and widths of a line are padded to multiples of these, in pixels: the engine
# keeps compiled code for each shape it meets, and without bound its memory grows.
_STEP, _LINE_STEP = 160, 80
# Lines shorter than this are padded to it. Of 898 labelled texts 493 are read letter for letter at
# 240 pixels, 489 at RapidOCR's 320, 484 at 160, 480 with no least width.
_LEAST_LINE = 240
# The grey that normalisation makes zero, as the recogniser pads its lines itself.
_GREY = 127
# A mark's box taller than this many widths holds vertical text: one character under another.
_VERTICAL = 1.5
# Two readings of one text: overlap of the boxes as a share of the smaller one.
_SAME_TEXT = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text cut from a picture, before it is recognised.

    picture: BGR, (height, width, 3). box: where it was cut, pixels of the picture. turned: it
    ran down the picture and was turned a quarter left.
    """

    picture: Picture
    box: Box
    turned: bool = False

    def flipped(self) -> Line:
        """The same line as it stands in the mirrored picture; the box stays where it is."""
        flipped = self.picture[::-1] if self.turned else self.picture[:, ::-1]
        return replace(self, picture=np.ascontiguousarray(flipped))


class LineFinder:
    """Finds lines of text in pictures.

    Args:
        settings: greatest side of a crop.
        threads: threads of inference; as many as there are cores if None.

    Raises:
        ModelError: the finding model is missing from the installed `rapidocr`.
    """

    def __init__(self, settings: Reading_, threads: int | None = None) -> None:
        self._settings = settings
        self._engine = _load_engine(threads)
        self._detection = self._engine._load_det_model()

    def find_lines(self, picture: Picture) -> list[Line]:
        """The lines of text in an RGB picture (height, width, 3), upright or mirrored."""
        bgr = np.ascontiguousarray(picture[:, :, ::-1])
        scale = _scale(bgr.shape, self._settings.longest_side)
        scaled = _pad(_resize(bgr, scale), _STEP, _STEP)
        quads = self._find_quads(scaled)
        # Where the picture was shrunk to find them, they are read at the size they have.
        whole, cut_at = (bgr, quads / scale) if scale < 1 else (scaled, quads)
        cuts = self._engine.crop_text_regions(whole, cut_at)
        return [
            Line(cut, _quad_box(quad, scale), _is_turned(quad))
            for cut, quad in zip(cuts, quads, strict=True)
        ]

    def _find_quads(self, bgr: Picture) -> NDArray[np.float32]:
        """Quadrilaterals of text lines, (n, 4, 2) pixels: the steps of RapidOCR's `detect`,
        but scaled in single precision, in a tenth of the time."""
        # Grey levels become -1..1, as PP-OCR's detector was trained with (mean and std 0.5).
        blob = cv2.dnn.blobFromImage(bgr, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        quads, _ = self._detection.postprocess_op(self._detection.session(blob), bgr.shape[:2])
        if not len(quads):
            return np.empty((0, 4, 2), np.float32)
        return np.asarray(self._detection.sorted_boxes(quads), np.float32)


class Reader:
    """Reads text off pictures. Loading takes about a second; keep one and reuse it.

    A reader is not safe to share between threads.

    Args:
        settings: least score, greatest side of a crop.
        threads: threads of inference; as many as there are cores if None. What is read does
            not depend on it.

    Raises:
        ModelError: the reading models are missing from the installed `rapidocr`.
    """

    def __init__(self, settings: Reading_, threads: int | None = None) -> None:
        self._settings = settings
        self._finder = LineFinder(settings, threads)
        self._lines = LineReader(MODELS / RECOGNITION, threads, settings.cyrillic)

    def read(
        self,
        picture: Picture,
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """All text found in `picture`.

        Args:
            picture: RGB, (height, width, 3), usually one machine cut from a frame.
            pts: time of that frame.
            offset: where the picture's corner lies in the frame, pixels; boxes of the
                readings are given in pixels of the frame.
            mirrored: read the picture flipped left to right; boxes stay unflipped.
        """
        return self.read_lines(self.find_lines(picture), pts, offset, mirrored)

    def find_lines(self, picture: Picture) -> list[Line]:
        """The lines of text in an RGB picture (height, width, 3), upright or mirrored."""
        return self._finder.find_lines(picture)

    def read_lines(
        self,
        lines: Sequence[Line],
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """What stands in the lines of one picture, one reading for each place.

        Lines without text that reaches the least score give no reading.

        Args:
            lines: of `find_lines` and `cut_marks`.
            pts, offset, mirrored: as for `read`.
        """
        read = [line.flipped() if mirrored else line for line in lines]
        dx, dy = offset
        readings = []
        for one, line in zip(read, lines, strict=True):
            text, score = self._read_line(one)
            # A stroke or a dot is no text, however sure the reader is of it.
            if any(map(str.isalnum, text)) and score >= self._settings.score:
                x1, y1, x2, y2 = line.box
                placed = (x1 + dx, y1 + dy, x2 + dx, y2 + dy)
                readings.append(Reading(text, score, placed, pts, script_of(text), mirrored))
        return merge_readings(readings)

    def _read_line(self, line: Line) -> tuple[str, float]:
        """Text and score of a line. What runs down a machine may run up it as well."""
        ways = [line.picture, line.picture[::-1, ::-1]] if line.turned else [line.picture]
        read = [self._lines.read(pad_line(way)) for way in ways]
        text, score = max(read, key=lambda said: _sureness(*said))
        return text.strip(), score


def cut_marks(picture: Picture, boxes: Sequence[Box]) -> list[Line]:
    """The lines in given boxes, pixels of an RGB picture; none for a box off the picture."""
    lines = [_cut_line(picture, box) for box in boxes]
    return [line for line in lines if line is not None]


def merge_readings(readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each place: of those that overlap, the one that says most surely most.

    A fragment is often read more surely than the whole (an emblem as Q beside ROMI, DU of DURMA),
    so a score counts by the root of the letters. Readings of different frames, or of a frame and
    its mirror image, are never merged.
    """
    kept: list[Reading] = []
    for reading in sorted(readings, key=_says, reverse=True):
        if not any(_same_place(reading, other) for other in kept):
            kept.append(reading)
    return kept


def _says(reading: Reading) -> float:
    return _sureness(reading.text, reading.score)


def _sureness(text: str, score: float) -> float:
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


def _same_place(a: Reading, b: Reading) -> bool:
    same_frame = a.pts == b.pts and a.mirrored == b.mirrored
    return same_frame and overlap_of_smaller(a.box, b.box) >= _SAME_TEXT


def _load_engine(threads: int | None) -> Any:
    """RapidOCR to find text, on the model of its own wheel; given as a path, so that it never
    fetches any."""
    if not (MODELS / _DETECTION).is_file():
        raise ModelError(f"{MODELS / _DETECTION}: the model is missing; reinstall rapidocr")
    # Whoever only compares what was read needs no reader.
    from rapidocr import EngineType, RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.use_rec": False,
            "Det.engine_type": EngineType.OPENVINO,
            "Det.model_path": str(MODELS / _DETECTION),
            # The crop has its size already: never enlarge it again.
            "Det.limit_side_len": 32,
            "EngineConfig.openvino.inference_num_threads": -1 if threads is None else threads,
            # As for the detector: bound to a core it would wait for whatever else runs there.
            "EngineConfig.openvino.enable_cpu_pinning": False,
        }
    )


def _scale(shape: tuple[int, ...], longest_side: int) -> float:
    side = max(shape[0], shape[1])
    return min(min(longest_side, max(side, _ENLARGED_TO)) / side, _MOST_ENLARGED)


def _resize(bgr: Picture, scale: float) -> Picture:
    height, width = bgr.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(bgr, size, interpolation=how), dtype=np.uint8)


def _pad(bgr: Picture, step_down: int, step_across: int) -> Picture:
    """A picture padded with grey below and to the right, to whole steps."""
    height, width = bgr.shape[:2]
    below, beside = -height % step_down, -width % step_across
    grey = (_GREY, _GREY, _GREY)
    padded = cv2.copyMakeBorder(bgr, 0, below, 0, beside, cv2.BORDER_CONSTANT, value=grey)
    return np.asarray(padded, dtype=np.uint8)


def pad_line(line: Picture) -> Picture:
    """A line at the recogniser's height, its width padded to whole steps and a least width."""
    scaled = _resize(line, LINE_HEIGHT / line.shape[0])
    return _pad(scaled, 1, _LINE_STEP if scaled.shape[1] > _LEAST_LINE else _LEAST_LINE)


def _quad_box(quad: NDArray[np.float32], scale: float) -> Box:
    """Upright box around a quadrilateral (4, 2), back in unscaled pixels."""
    x1, y1 = quad.min(axis=0) / scale
    x2, y2 = quad.max(axis=0) / scale
    return float(x1), float(y1), float(x2), float(y2)


def _is_turned(quad: NDArray[np.float32]) -> bool:
    """Whether RapidOCR turns the line it cuts along a quadrilateral (`get_rotate_crop_image`)."""
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    across, down = int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))
    return down >= _VERTICAL * across


def _cut_line(picture: Picture, box: Box) -> Line | None:
    """A box with a margin as one line of text, None if off the picture.

    A tall box is turned a quarter left, as the recogniser has learnt vertical lines.
    """
    x1, y1, x2, y2 = box
    pad = _MARGIN * min(y2 - y1, x2 - x1)
    top, left = max(0, int(y1 - pad)), max(0, int(x1 - pad))
    cut = picture[top : max(top, int(np.ceil(y2 + pad))), left : max(left, int(np.ceil(x2 + pad)))]
    if min(cut.shape[:2]) < 4:
        return None
    turned = cut.shape[0] > _VERTICAL * cut.shape[1]
    bgr = np.ascontiguousarray((np.rot90(cut) if turned else cut)[:, :, ::-1])
    return Line(bgr, box, turned)
