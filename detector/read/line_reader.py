"""Where lines of text stand, and what each says: PP-OCR on OpenVINO, from RapidOCR's wheel.

The network gives each pixel the chance that it lies on the core of a line. Cores become rectangles,
and rectangles grow back to whole lines. This is what RapidOCR does, box for box; a test holds them
against each other. RapidOCR itself is not loaded: of the 4.5 s of a start, 1 s went into its lists
of models, which are never fetched here.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

from datasets.cache import cache_key, load_or_make
from datasets.errors import ModelError
from detector.boxes import as_box
from detector.inference import (
    LARGE_BYTES,
    PROCESSOR,
    Engine,
    Outputs,
    core,
    open_fixed,
    open_session,
    release_memory,
)
from detector.read.cyrillic import CyrillicHead, decode, is_believed, spell
from detector.settings import TextRecognition
from detector.types import Box, Picture

LINE_HEIGHT = 48
"""Pixels of a line as the network takes it (PP-OCRv6 `rec_img_shape`)."""

SIDE_BY_SIDE = 3
"""Lines that are read at a time: their answers take some megabytes each."""


def _letters_in(file: Path) -> list[str]:
    held = core().read_model(file).get_rt_info(["framework", "character"])
    return list(held.astype(str).splitlines())


def _prepared(file: Path) -> Any:
    """The network, made to answer also with what it saw. That is the line's columns after the
    convolutions (1, 384, 1, steps), and the input of its last product (1, steps, 120)."""
    network = core().read_model(file)
    operations = network.get_ordered_ops()
    pooled = next(op for op in reversed(operations) if op.get_type_name() == "AvgPool")
    product = next(op for op in reversed(operations) if op.get_type_name() == "MatMul")
    for number, output in enumerate((pooled.output(0), product.input_value(0))):
        output.get_tensor().set_names({f"seen_{number}"})
        network.add_outputs(f"seen_{number}")
    return network


class LineReader:
    """Reads lines.

    file: the recogniser, an ONNX file that carries its letters. engine: what it computes on.
    cyrillic: least sureness of a line in Cyrillic. sha256: of the file.
    Raises ModelError: the file is missing, damaged, carries no letters or is another network; the
    head for Cyrillic is missing or belongs to another file.
    """

    def __init__(self, file: Path, engine: Engine = PROCESSOR, cyrillic: float = 0.8) -> None:
        try:
            self.sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            # Lines are read side by side.
            self._session = open_session(
                self.sha256, lambda: _prepared(file), engine, PERFORMANCE_HINT="THROUGHPUT"
            )
            letters = load_or_make("letters", cache_key(self.sha256), lambda: _letters_in(file))
        except (OSError, RuntimeError, StopIteration) as error:
            raise ModelError(f"{file}: no reading model; reinstall rapidocr") from error
        # The first answer stands for no letter.
        self._letters = ["", *letters, " "]
        self._head = CyrillicHead(self.sha256, engine)
        self._cyrillic = cyrillic

    def read(self, lines: Iterable[Picture]) -> Iterator[tuple[str, float]]:
        """The texts of BGR lines (48, width, 3), and how sure it is of their letters, 0..1. The
        sureness is the mean of the letters' probabilities; 0 where there are none."""
        begun = deque[Callable[[], Outputs]]()
        for line in lines:
            scaled = line.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
            begun.append(self._session.start(scaled))
            if len(begun) == SIDE_BY_SIDE:
                yield self._decode(*begun.popleft()())
        for wait in begun:
            yield self._decode(*wait())

    def _decode(
        self, said: NDArray[Any], pooled: NDArray[Any], mixed: NDArray[Any]
    ) -> tuple[str, float]:
        """said: chances (1, steps, letters); pooled, mixed: what was seen, as of `_prepared`."""
        text, sure = decode(said[0], self._letters)
        seen = np.concatenate([pooled[0, :, 0].T, mixed[0]], axis=1)
        shapes, as_sure = self._head.read(seen)
        if as_sure >= self._cyrillic and is_believed(shapes, as_sure, text, sure):
            return spell(shapes), as_sure
        return text, sure


_READER = find_spec("rapidocr")
MODELS = Path(_READER.origin if _READER and _READER.origin else "rapidocr").parent / "models"
DETECTION = "PP-OCRv6_det_small.onnx"

VERTICAL = 1.5
"""A line taller than this many widths runs down the picture: one character under another."""

# How a map of cores becomes lines, as RapidOCR is set (`config.yaml`, `Det`), after Liao and
# others, "Real-time scene text detection with differentiable binarization", AAAI 2020.
_CORE = 0.3  # chance from which a pixel lies on a core
_SURE = 0.5  # least mean chance of a core
_GROWN = 1.6  # a core grows by its area over its outline, so many times
_MOST = 1000
# Least shorter side of a core, of one that is grown, and of a line within the picture, in pixels.
_LEAST_CORE, _LEAST_GROWN, _LEAST_LINE = 3, 5, 4
# Lines whose tops differ by less than this, in pixels, from one to the next, stand side by side.
_ABREAST = 10

# A crop is enlarged at most so often, and to no more than so many pixels. On labelled photographs
# enlarging twice lets a tenth more marks be read. With 1280 pixels instead of 960 the same
# builders were named, with 1.8 times the work.
_MOST_ENLARGED = 2.0
_ENLARGED_TO = 960
# Sides of a crop are padded to multiples of this, in pixels. The engine keeps compiled code for
# each shape it meets, and without bound its memory grows.
_STEP = 160
# The grey that normalisation makes zero, as the recogniser pads its lines itself.
_GREY = 127

Quad = NDArray[np.float32]
"""Corners (4, 2) in pixels, from the upper left one clockwise."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text cut from a picture, before it is recognised.

    picture: BGR, (height, width, 3). box: where it was cut, pixels of the picture. turned: it ran
    down the picture and was turned a quarter left.
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

    settings: greatest side of a crop. engine: what it computes on.
    Raises ModelError: the finding model is missing from the installed `rapidocr`, or damaged.
    """

    def __init__(self, settings: TextRecognition, engine: Engine = PROCESSOR) -> None:
        self._settings, self._engine = settings, engine
        file = MODELS / DETECTION
        self._prepare = lambda: core().read_model(file)
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            self._session = open_session(digest, self._prepare, engine)
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{file}: no model to find text; reinstall rapidocr") from error

    def find_lines(self, picture: Picture, most: int | None = None) -> list[Line]:
        """The lines of text in an RGB picture (height, width, 3), upright or mirrored.

        most: longer side of the picture for the search, pixels. If None, as the settings say, with
        small pictures enlarged.
        """
        bgr = np.ascontiguousarray(picture[:, :, ::-1])
        side, longest = max(bgr.shape[:2]), self._settings.longest_side
        scale = min(min(longest, max(side, _ENLARGED_TO)) / side, _MOST_ENLARGED)
        if most is not None:
            scale = min(1.0, most / side)
        scaled = pad(resize(bgr, scale), _STEP, _STEP)
        large = picture.nbytes > LARGE_BYTES // 3
        quads = self.find_quads(scaled, large)
        # Where the picture was shrunk to find them, they are read at the size they have.
        whole, grown = (bgr, scale) if scale < 1 else (scaled, 1.0)
        lines = []
        for quad in quads:
            cut, turned = _cut_along(whole, quad / np.float32(grown))
            box = as_box(np.concatenate([quad.min(axis=0), quad.max(axis=0)]) / scale)
            lines.append(Line(cut, box, turned))
        return lines

    def find_quads(self, bgr: Picture, sparing: bool = False) -> list[Quad]:
        """The lines in a BGR picture (height, width, 3) whose sides are multiples of 32 pixels.

        sparing: take half of the memory and a third more of the time.
        """
        # Grey levels become -1..1, as PP-OCR's detector was trained with (mean and std 0.5).
        blob = cv2.dnn.blobFromImage(bgr, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        if not sparing:
            return _sorted(list(_lines_of(self._session.infer(blob)[0][0, 0])))
        release_memory()  # what looked at the picture before
        session = open_fixed(self._prepare, self._engine, blob.shape) or self._session
        chances = session.infer(blob)[0][0, 0]
        release_memory()
        return _sorted(list(_lines_of(chances)))


def _lines_of(chances: NDArray[np.float32]) -> Iterator[Quad]:
    """The lines of a map (height, width) of how likely each pixel lies on the core of one."""
    size = np.array(chances.shape[::-1], np.float32)
    cores = cv2.dilate((chances > _CORE).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(cores, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines[:_MOST]:
        core, side = _least_rectangle(outline)
        if side < _LEAST_CORE or _mean_within(chances, core) < _SURE:
            continue
        line, side = _least_rectangle(_grow(core))
        if side < _LEAST_GROWN:
            continue
        # Rounded by way of a share of the side, as in RapidOCR: of 1,127 lines of photographs two
        # would be a pixel off. In order before they are kept within: afterwards two may be one.
        whole = np.clip(np.round(line / size * size), 0, size)
        quad = np.minimum(_clockwise(whole), size - 1)
        across, down = (int(np.linalg.norm(quad[0] - quad[corner])) for corner in (1, 3))
        if min(across, down) >= _LEAST_LINE:
            yield quad


def _least_rectangle(points: NDArray[Any]) -> tuple[Quad, float]:
    """The corners of the least rectangle around points, clockwise, and its shorter side."""
    rectangle = cv2.minAreaRect(points)
    return _clockwise(np.asarray(cv2.boxPoints(rectangle), np.float32)), min(rectangle[1])


def _clockwise(corners: Quad) -> Quad:
    """Corners in order: of the two to the left the upper one first and the lower one last."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (two[np.argsort(two[:, 1], kind="stable")] for two in (by_x[:2], by_x[2:]))
    return np.stack([left[0], right[0], right[1], left[1]])


def _mean_within(chances: NDArray[np.float32], quad: Quad) -> float:
    """The mean of a map within a quadrilateral."""
    height, width = chances.shape
    least = np.clip(np.floor(quad.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    most = np.clip(np.ceil(quad.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    mask = np.zeros((most[1] - least[1] + 1, most[0] - least[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(quad - least).astype(np.int32)], 1)
    within = chances[least[1] : most[1] + 1, least[0] : most[0] + 1]
    return float(cv2.mean(within, mask)[0])


def _grow(core: Quad) -> NDArray[np.int32]:
    """The outline (n, 2) of a core grown on all sides to its whole line."""
    x, y = core.astype(float).T
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    around = np.linalg.norm(core.astype(float) - np.roll(core, -1, axis=0), axis=1).sum()
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(core, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    rings = offset.Execute(area * _GROWN / around)
    return np.concatenate([np.array(ring, np.int32) for ring in rings])


def _sorted(quads: list[Quad]) -> list[Quad]:
    """Lines downwards and, of those side by side, from left to right."""
    downwards = sorted(quads, key=lambda quad: float(quad[0, 1]))
    tops = np.array([quad[0, 1] for quad in downwards])
    rows = np.concatenate([[0], np.cumsum(np.diff(tops) >= _ABREAST)])
    order = sorted(range(len(quads)), key=lambda n: (rows[n], downwards[n][0, 0]))
    return [downwards[n] for n in order]


def _cut_along(picture: Picture, quad: Quad) -> tuple[Picture, bool]:
    """What stands in a quadrilateral, set straight, and whether it was turned a quarter left."""
    across, down = (
        int(max(np.linalg.norm(quad[a] - quad[b]), np.linalg.norm(quad[c] - quad[d])))
        for a, b, c, d in ((0, 1, 2, 3), (0, 3, 1, 2))
    )
    corners = np.array([[0, 0], [across, 0], [across, down], [0, down]], np.float32)
    how = {"borderMode": cv2.BORDER_REPLICATE, "flags": cv2.INTER_CUBIC}
    matrix = cv2.getPerspectiveTransform(quad, corners)
    cut = cv2.warpPerspective(picture, matrix, (across, down), **how)
    turned = down >= VERTICAL * across
    return np.asarray(np.rot90(cut) if turned else cut, np.uint8), turned


def resize(bgr: Picture, scale: float) -> Picture:
    """A picture (height, width, 3) so many times as large."""
    height, width = bgr.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(bgr, size, interpolation=how), dtype=np.uint8)


def pad(bgr: Picture, step_down: int, step_across: int) -> Picture:
    """A picture padded with grey below and to the right, to whole steps."""
    height, width = bgr.shape[:2]
    below, beside = -height % step_down, -width % step_across
    grey = (_GREY, _GREY, _GREY)
    padded = cv2.copyMakeBorder(bgr, 0, below, 0, beside, cv2.BORDER_CONSTANT, value=grey)
    return np.asarray(padded, dtype=np.uint8)
