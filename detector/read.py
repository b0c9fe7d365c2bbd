"""Text read off machines: RapidOCR on OpenVINO, both models from inside the wheel.

Two ways to the same `Reading`. `Reader.read` looks for text in the whole crop of a machine
and recognises it; `Reader.read_marks` recognises only what stands in given boxes, because
the detector finds wordmarks that the text detector misses (thin, slanted, stylised). The
recogniser's alphabet has Latin and Han letters and no Cyrillic ones: a Cyrillic mark comes
out in look-alikes ("СТАН" as "CTAH"), which matching folds back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import rapidocr
from numpy.typing import NDArray
from rapidocr import EngineType, RapidOCR
from rapidocr.main import RapidOCRError

from datasets.errors import ModelError
from detector.settings import Reading_
from detector.types import Box, Picture, Reading, Script

_MODELS = Path(rapidocr.__file__).parent / "models"
_DETECTION = "PP-OCRv6_det_small.onnx"
_RECOGNITION = "PP-OCRv6_rec_small.onnx"

# The recogniser looks at lines 48 pixels high (PP-OCRv6 `rec_img_shape`).
_LINE_HEIGHT = 48
# A crop is enlarged at most so often: on labelled photographs enlarging twice lets a tenth
# more marks be read at 1280 pixels; beyond that interpolation adds nothing to read.
_MOST_ENLARGED = 2.0
# Margins around a wordmark's box, as shares of its height, each read once. Of 70 legible marks
# 47 were read at 0 or 0.08, 42 at 0.15, 33 at 0.3; a second margin, equalised contrast, grey or
# inverted colours added at most one.
_MARGINS = (0.08,)
# Sides of a crop and widths of a line are padded to multiples of these, in pixels: the engine
# keeps compiled code for each shape it meets, and without bound its memory grows.
_STEP, _LINE_STEP = 160, 80
# The grey that normalisation makes zero, as the recogniser pads its lines itself.
_GREY = 127
# A mark's box taller than this many widths holds vertical text: one character under another.
_VERTICAL = 1.5
# Two readings of one text: overlap of the boxes as a share of the smaller one.
_SAME_TEXT = 0.6


class Reader:
    """Reads text off pictures. Loading takes about a second; keep one and reuse it.

    A reader is not safe to share between threads.

    Args:
        settings: least score, greatest side of a crop.
        threads: threads of inference.

    Raises:
        ModelError: the reading models are missing from the installed `rapidocr`.
    """

    def __init__(self, settings: Reading_, threads: int = 2) -> None:
        self._settings = settings
        self._engine = _load_engine(threads)

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
        bgr = _to_reader(picture, mirrored)
        scale = _scale(bgr.shape, self._settings.longest_side)
        scaled = _pad(_resize(bgr, scale), _STEP, _STEP)
        quads, lines = self._find_lines(scaled)
        boxes = [_quad_box(quad, scale) for quad in quads]
        return self._readings(lines, boxes, picture.shape[1], pts, offset, mirrored)

    def read_marks(
        self,
        picture: Picture,
        boxes: Sequence[Box],
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """The text in each of `boxes` (pixels of `picture`), the best of a few margins.

        Boxes without text that reaches the least score give no reading.
        """
        width = picture.shape[1]
        bgr = _to_reader(picture, mirrored)
        found: list[Reading] = []
        for box in boxes:
            placed = _flip(box, width) if mirrored else box
            lines = [line for line in (_cut_line(bgr, placed, m) for m in _MARGINS) if line.size]
            readings = self._readings(lines, [placed] * len(lines), width, pts, offset, mirrored)
            if readings:
                found.append(max(readings, key=lambda reading: reading.score))
        return found

    def read_view(
        self,
        picture: Picture,
        marks: Sequence[Box],
        pts: Fraction,
        offset: tuple[float, float] = (0.0, 0.0),
        mirrored: bool = False,
    ) -> list[Reading]:
        """Both ways together, one reading for each text.

        Args:
            picture: RGB crop of a machine.
            marks: boxes of its wordmarks and controls, pixels of `picture`.
            pts, offset, mirrored: as for `read`.
        """
        whole = self.read(picture, pts, offset, mirrored)
        return merge_readings(whole + self.read_marks(picture, marks, pts, offset, mirrored))

    def _find_lines(self, bgr: Picture) -> tuple[list[NDArray[np.float32]], list[Picture]]:
        """Quadrilaterals (4, 2) of text lines, and the lines cut out and straightened."""
        record: dict[str, dict[str, float]] = {}
        try:
            lines, found = self._engine.detect_and_crop(bgr, record)
        except RapidOCRError:  # its way of saying that there is no text
            return [], []
        # Wide strips are padded above and below before detection.
        padding = record["padding_1"]
        return [quad - (padding["left"], padding["top"]) for quad in found.boxes], lines

    def _readings(
        self,
        lines: Sequence[Picture],
        boxes: Sequence[Box],
        width: int,
        pts: Fraction,
        offset: tuple[float, float],
        mirrored: bool,
    ) -> list[Reading]:
        """Recognises `lines`; those with text and a sufficient score become readings."""
        if not lines:
            return []
        result = self._engine.recognize_txt([_pad_line(line) for line in lines])
        readings = []
        for text, score, box in zip(result.txts, result.scores, boxes, strict=True):
            text = text.strip()
            if not text or score < self._settings.score:
                continue
            x1, y1, x2, y2 = _flip(box, width) if mirrored else box
            dx, dy = offset
            placed = (x1 + dx, y1 + dy, x2 + dx, y2 + dy)
            script = script_of(text)
            readings.append(Reading(text, float(score), placed, pts, script, mirrored))
        return readings


def merge_readings(readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each place: of those that overlap, the one with the highest score.

    Readings of different frames, or of a frame and its mirror image, are never merged.
    """
    kept: list[Reading] = []
    for reading in sorted(readings, key=lambda r: -r.score):
        if not any(_same_place(reading, other) for other in kept):
            kept.append(reading)
    return kept


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


def _load_engine(threads: int) -> RapidOCR:
    """RapidOCR on the models of its own wheel; given as paths, so that it never fetches any."""
    for name in (_DETECTION, _RECOGNITION):
        if not (_MODELS / name).is_file():
            raise ModelError(f"{_MODELS / name}: the reading model is missing; reinstall rapidocr")
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Det.engine_type": EngineType.OPENVINO,
            "Det.model_path": str(_MODELS / _DETECTION),
            # The crop has its size already: never enlarge it again.
            "Det.limit_side_len": 32,
            # One line at a time: a batch of each size would be a shape of its own.
            "Rec.rec_batch_num": 1,
            "Rec.engine_type": EngineType.OPENVINO,
            "Rec.model_path": str(_MODELS / _RECOGNITION),
            "EngineConfig.openvino.inference_num_threads": threads,
        }
    )


def _to_reader(picture: Picture, mirrored: bool) -> Picture:
    """BGR, contiguous, flipped if asked for."""
    rgb = picture[:, ::-1] if mirrored else picture
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _scale(shape: tuple[int, ...], longest_side: int) -> float:
    return min(longest_side / max(shape[0], shape[1]), _MOST_ENLARGED)


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


def _pad_line(line: Picture) -> Picture:
    """A line at the recogniser's height, its width padded to whole steps."""
    return _pad(_resize(line, _LINE_HEIGHT / line.shape[0]), 1, _LINE_STEP)


def _quad_box(quad: NDArray[np.float32], scale: float) -> Box:
    """Upright box around a quadrilateral (4, 2), back in unscaled pixels."""
    x1, y1 = quad.min(axis=0) / scale
    x2, y2 = quad.max(axis=0) / scale
    return float(x1), float(y1), float(x2), float(y2)


def _flip(box: Box, width: int) -> Box:
    return width - box[2], box[1], width - box[0], box[3]


def _cut_line(bgr: Picture, box: Box, margin: float) -> Picture:
    """A box with a margin as one line of text, empty if off the picture.

    A tall box is turned a quarter left, as the recogniser has learnt vertical lines.
    """
    x1, y1, x2, y2 = box
    pad = margin * min(y2 - y1, x2 - x1)
    top, left = max(0, int(y1 - pad)), max(0, int(x1 - pad))
    line = bgr[top : max(top, int(np.ceil(y2 + pad))), left : max(left, int(np.ceil(x2 + pad)))]
    if min(line.shape[:2]) < 4:
        return line[:0]
    if line.shape[0] > _VERTICAL * line.shape[1]:
        line = np.ascontiguousarray(np.rot90(line))
    return line
