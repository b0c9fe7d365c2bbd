"""A detector whose network finds rectangles of pure colour: real OpenVINO, known answers.

Pure red is a machine, green a wordmark, blue a control, yellow a manual machine; the confidence
is the colour's brightness. It speaks YOLO11's format: (1, 4 + 4, n) of centre and size in
pixels of its input, then a score for each class.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as op

from detector.types import CLASSES, Detections, Picture

GREY = 128
COLOURS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0))
"""Red, green and blue of each class."""


def write_model(folder: Path, shape: list[int] | None = None) -> Path:
    """The model's folder, as an export writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    ov.save_model(_network(shape or [1, 3, -1, -1]), folder / "model.xml")
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.xml", "model.bin")
    }
    card = {"classes": list(CLASSES), "image_size": 640, "files": files}
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    return folder


def painted(
    width: int, height: int, *rectangles: tuple[int, tuple[int, int, int, int], float]
) -> Picture:
    """A grey picture with (class, box, brightness 0..1) painted in."""
    picture = np.full((height, width, 3), GREY, np.uint8)
    for class_id, (x1, y1, x2, y2), brightness in rectangles:
        colour = np.array(COLOURS[class_id]) * round(255 * brightness)
        picture[y1:y2, x1:x2] = colour
    return picture


def detections(*entries: tuple[int, Sequence[float], float]) -> Detections:
    """Detections of (class, box, confidence)."""
    classes, boxes, sure = zip(*entries, strict=True) if entries else ((), (), ())
    return Detections(np.float32(boxes).reshape(-1, 4), np.float32(sure), np.int64(classes))


def _network(shape: list[int]) -> ov.Model:
    pixels = op.parameter(ov.PartialShape(shape), ov.Type.f32)
    planes = [op.gather(pixels, np.int64([c]), np.int64(1)) for c in range(3)]
    columns = [_column(planes[c], planes[c - 1], planes[c - 2], c) for c in range(3)]
    yellow = op.minimum(planes[0], planes[1])
    columns.append(_column(yellow, planes[2], planes[2], 3))
    return ov.Model([op.concat(columns, 2)], [pixels], "colours")


def _column(plane: ov.Node, other: ov.Node, third: ov.Node, class_id: int) -> ov.Node:
    dark = np.float32(0.12)
    pure = op.logical_and(op.less(other, dark), op.less(third, dark))
    mask = op.logical_and(op.greater(plane, np.float32(0.15)), pure)
    ones = op.add(op.multiply(plane, np.float32(0)), np.float32(1))
    edges = []
    for axis in (3, 2):
        index = op.cum_sum(ones, np.int64(axis))
        low = op.select(mask, op.subtract(index, np.float32(1)), np.float32(1e6))
        high = op.select(mask, index, np.float32(0))
        edges.append((_over(op.reduce_min, low), _over(op.reduce_max, high)))
    (x1, x2), (y1, y2) = edges
    score = _over(op.reduce_max, op.select(mask, plane, np.float32(0)))
    none = op.multiply(score, np.float32(0))
    half = np.float32(0.5)
    box = [
        op.multiply(op.add(x1, x2), half),
        op.multiply(op.add(y1, y2), half),
        op.subtract(x2, x1),
        op.subtract(y2, y1),
    ]
    return op.concat([*box, *(score if c == class_id else none for c in range(len(CLASSES)))], 1)


def _over(reduce: Callable[..., ov.Node], node: ov.Node) -> ov.Node:
    """One number of a whole picture, shaped (1, 1, 1)."""
    return op.unsqueeze(reduce(node, np.int64([2, 3])), np.int64(2))
