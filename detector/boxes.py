"""Arithmetic on boxes in columns: (n, 4) arrays of `(x1, y1, x2, y2)` in pixels; shrinking."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Box, Picture

Boxes = NDArray[np.float32]


def as_box(row: NDArray[np.floating]) -> Box:
    """One row of a box column as a plain tuple of four floats."""
    return (float(row[0]), float(row[1]), float(row[2]), float(row[3]))


def moved(box: Box, right: float, down: float) -> Box:
    """A box so many pixels further right and down."""
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def widened(box: Box, by: float) -> Box:
    """A box so many pixels larger on all sides."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def grown(box: Box, margin: float, picture: Picture) -> tuple[int, int, int, int]:
    """A box in whole pixels, `margin` of its sides larger on each, cut to the picture."""
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * margin, (y2 - y1) * margin
    rows, columns = picture.shape[:2]
    left, top = max(0, int(x1 - across)), max(0, int(y1 - down))
    right, bottom = min(columns, int(np.ceil(x2 + across))), min(rows, int(np.ceil(y2 + down)))
    return left, top, max(left, right), max(top, bottom)


LARGE = 4_000_000
"""Pixels of a picture above which it is halved before it is shrunk."""


def shrink(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture at that smaller width and height, each pixel the mean of its area. OpenCV halves
    a picture ten times as fast as it shrinks it by a fraction."""
    width, height = size
    while picture.shape[0] * picture.shape[1] > LARGE:
        rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
        if rows < height or columns < width or any(side % 2 for side in picture.shape[:2]):
            break
        picture = _mean_of_areas(picture, (columns, rows))
    return _mean_of_areas(picture, size)


def _mean_of_areas(picture: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def line_height(box: Box) -> float:
    """The height of a line of text, whichever way it runs."""
    return min(box[2] - box[0], box[3] - box[1])


def area(box: Box) -> float:
    """Area of a box, in square pixels; 0 for one turned inside out."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """Areas (n,) in square pixels; 0 for a box turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def intersections(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Common area of each box of `a` (n, 4) with each of `b` (m, 4): (n, m) square pixels."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each box of `a` (n, 4) with each of `b` (m, 4): (n, m), 0..1."""
    common = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None, :] - common
    return np.asarray(common / np.maximum(union, 1e-9), np.float32)


def share_inside(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Share of each box of `a` (n, 4) that lies inside each of `b` (m, 4): (n, m), 0..1."""
    return np.asarray(intersections(a, b) / np.maximum(areas(a)[:, None], 1e-9), np.float32)


def holding(boxes: Boxes, other: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Boxes (n, 4) that hold the middle of another box (4,), as a mask (n,)."""
    middle = (other[:2] + other[2:]) / 2
    return np.asarray(((boxes[:, :2] <= middle) & (middle <= boxes[:, 2:])).all(1), np.bool_)


def suppress(
    boxes: Boxes, confidence: NDArray[np.float32], class_id: NDArray[np.int64], overlap: float
) -> NDArray[np.int64]:
    """Greedy non-maximum suppression within each class.

    boxes: (n, 4); confidence: (n,); class_id: (n,). overlap: a box is dropped whose IoU with a
    surer one of its class exceeds this.
    Returns indices of the boxes kept, surest first. Ties keep their order, so equal input gives
    equal output.
    """
    order = np.argsort(-confidence, kind="stable")
    rivals = iou(boxes, boxes) > overlap
    rivals &= class_id[:, None] == class_id[None, :]
    alive = np.ones(len(boxes), bool)
    kept = []
    for index in order:
        if alive[index]:
            kept.append(index)
            alive &= ~rivals[index]
    return np.asarray(kept, np.int64)


def holds(box: Box, other: Box) -> bool:
    """True if the middle of another box lies in this one."""
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
