"""What the detector is shown: whole pictures, cuts out of them, and close looks at machines.

Each is cut and scaled in one go from the picture as it is stored, so a machine far away can be
seen at its own pixels. A box that a cut leaves little of is neither machine nor background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import MACHINE, MANUAL, WORDMARK, Picture

GREY = 114
"""Of the padding, as the detector's letterbox has it."""
SEEN_MACHINE, SEEN_MARK = 0.3, 0.6
"""Share of a box that must be left for it to be learnt; below it is ignored."""
LEAST_MACHINE, LEAST_MARK = 10.0, 4.0
"""Shorter side in the view, pixels, below which a box is ignored."""
HIDDEN = 0.65
"""Share of a box that may be hidden before it is ignored."""
ENLARGED = 3.0
"""Most a picture is enlarged."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture's boxes. boxes: (n, 4) pixels; classes: (n,) the class, or -1 - class where
    the box is to be ignored for it."""

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)

    def scaled(self, scale: float) -> Labelled:
        """The boxes of the picture made so many times as large."""
        return Labelled(self.boxes * np.float32(scale), self.classes)


View = tuple[Picture, Labelled]
Chance = np.random.Generator


def cut(
    picture: Picture,
    labelled: Labelled,
    size: tuple[int, int],
    scale: tuple[float, float],
    corner: tuple[float, float],
) -> View:
    """The view of `size` (height, width) that a picture scaled by `scale` (x, y) gives.

    corner: where the view's corner lies in the scaled picture (x, y); negative: padding.
    """
    height, width = size
    canvas = np.full((height, width, 3), GREY, np.uint8)
    (sx, sy), (left, top) = scale, corner
    # In pixels of the stored picture, what the view can show.
    x1, y1 = max(0, int(left / sx)), max(0, int(top / sy))
    x2 = min(picture.shape[1], int(np.ceil((left + width) / sx)))
    y2 = min(picture.shape[0], int(np.ceil((top + height) / sy)))
    if x2 > x1 and y2 > y1:
        piece = picture[y1:y2, x1:x2]
        w, h = max(1, round((x2 - x1) * sx)), max(1, round((y2 - y1) * sy))
        way = cv2.INTER_AREA if min(sx, sy) < 0.9 else cv2.INTER_LINEAR
        piece = cv2.resize(piece, (w, h), interpolation=way)
        px, py = round(x1 * sx - left), round(y1 * sy - top)
        fx, fy = max(0, -px), max(0, -py)
        tx, ty = max(0, px), max(0, py)
        piece = piece[fy : fy + height - ty, fx : fx + width - tx]
        canvas[ty : ty + piece.shape[0], tx : tx + piece.shape[1]] = piece
    boxes = labelled.boxes * np.array([sx, sy, sx, sy], np.float32)
    boxes = boxes - np.array([left, top, left, top], np.float32)
    return canvas, _clipped(boxes, labelled.classes, size)


def _clipped(
    boxes: NDArray[np.float32], classes: NDArray[np.int64], size: tuple[int, int]
) -> Labelled:
    height, width = size
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    inside = boxes.clip(0, np.array([width, height, width, height], np.float32))
    sides = (inside[:, 2:] - inside[:, :2]).clip(0)
    left = sides.prod(axis=1) / np.maximum(area, 1e-6)
    mark = np.where(classes < 0, -1 - classes, classes) == WORDMARK
    enough = left >= np.where(mark, SEEN_MARK, SEEN_MACHINE)
    enough &= sides.min(axis=1) >= np.where(mark, LEAST_MARK, LEAST_MACHINE)
    there = sides.min(axis=1) >= 1
    kept = np.where((classes >= 0) & ~enough, -1 - classes, classes)
    return Labelled(inside[there], kept[there])


def whole(picture: Picture, labelled: Labelled, size: tuple[int, int], rng: Chance) -> View:
    """The picture as the detector's first look has it, somewhat nearer or farther."""
    fit = min(size[1] / picture.shape[1], size[0] / picture.shape[0])
    return _placed(picture, labelled, size, fit * np.exp(rng.uniform(-0.6, 0.25)), None, rng)


def part(picture: Picture, labelled: Labelled, size: tuple[int, int], rng: Chance) -> View:
    """A cut as a tile of a hall is looked at: much nearer, machines at its edge cut off."""
    fit = min(size[1] / picture.shape[1], size[0] / picture.shape[0])
    scale = min(fit * np.exp(rng.uniform(0.25, 1.2)), 1.6)
    wanted = labelled.boxes[labelled.classes >= 0]
    centre = None
    if len(wanted) and rng.random() < 0.8:
        box = wanted[rng.integers(len(wanted))]
        shift = rng.uniform(-0.6, 0.6, 2) * (box[2:] - box[:2])
        centre = (box[:2] + box[2:]) / 2 + shift
    return _placed(picture, labelled, size, scale, centre, rng)


def closer(picture: Picture, labelled: Labelled, size: tuple[int, int], rng: Chance) -> View:
    """One machine, enlarged, as the detector looks again for its marks."""
    machines = labelled.boxes[(labelled.classes == MACHINE) | (labelled.classes == MANUAL)]
    if not len(machines):
        return part(picture, labelled, size, rng)
    box = machines[rng.integers(len(machines))]
    sides = (box[2:] - box[:2]) * (1 + 2 * rng.uniform(0.02, 0.15))
    fit = min(size[1] / sides[0], size[0] / sides[1])
    scale = min(fit * np.exp(rng.uniform(-0.25, 0.1)), ENLARGED)
    return _placed(picture, labelled, size, scale, (box[:2] + box[2:]) / 2, rng)


def _placed(
    picture: Picture,
    labelled: Labelled,
    size: tuple[int, int],
    scale: float,
    centre: NDArray[np.float32] | None,
    rng: Chance,
) -> View:
    """`centre`: what lies in the middle, in pixels of the picture; anywhere if None."""
    scales = scale * np.exp(rng.uniform(-0.08, 0.08, 2))
    sides = np.array([picture.shape[1], picture.shape[0]]) * scales
    room = np.array([size[1], size[0]]) - sides
    if centre is None:
        corner = -rng.uniform(np.minimum(room, 0), np.maximum(room, 0))
    else:
        corner = np.asarray(centre) * scales - np.array([size[1], size[0]]) / 2
        # No more padding than there has to be.
        corner = corner.clip(np.minimum(0, -room), np.maximum(0, -room))
    return cut(picture, labelled, size, (scales[0], scales[1]), (corner[0], corner[1]))


def mosaic(views: Sequence[View], size: tuple[int, int], at: tuple[int, int]) -> View:
    """Four views, made for the four parts that a cross at `at` (x, y) divides the view into."""
    canvas = np.full((*size, 3), GREY, np.uint8)
    boxes, classes = [], []
    for (picture, labelled), (left, top, _, _) in zip(views, quarters(size, at), strict=True):
        canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        boxes.append(labelled.boxes + np.array([left, top, left, top], np.float32))
        classes.append(labelled.classes)
    return canvas, Labelled(np.concatenate(boxes), np.concatenate(classes))


def quarters(size: tuple[int, int], at: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """The four parts of a view, as boxes."""
    (height, width), (x, y) = size, at
    return [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]


def mirrored(view: View) -> View:
    """The view, left for right."""
    picture, labelled = view
    width = picture.shape[1]
    boxes = labelled.boxes.copy()
    boxes[:, [0, 2]] = width - labelled.boxes[:, [2, 0]]
    return np.ascontiguousarray(picture[:, ::-1]), Labelled(boxes, labelled.classes)


def coloured(picture: Picture, rng: Chance) -> Picture:
    """Other light: hue, saturation and brightness changed; grey now and then."""
    hue, saturation, value = 1 + rng.uniform(-1, 1, 3) * np.array([0.015, 0.5, 0.4])
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    steps = np.arange(256)
    tables = (steps * hue % 180, (steps * saturation).clip(0, 255), (steps * value).clip(0, 255))
    for channel, table in enumerate(tables):
        hsv[..., channel] = cv2.LUT(hsv[..., channel], table.astype(np.uint8))
    changed = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    if rng.random() < 0.05:
        changed = cv2.cvtColor(cv2.cvtColor(changed, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(changed, np.uint8)


def as_filmed(picture: Picture, rng: Chance) -> Picture:
    """The view as footage has it: fewer lines, motion, dim light, compressed again."""
    height, width = picture.shape[:2]
    if rng.random() < 0.5:
        shrink = rng.uniform(0.3, 0.8)
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(small, (width, height)), np.uint8)
    if rng.random() < 0.3:
        picture = shaken(picture, int(rng.integers(3, 10)), rng.uniform(0, np.pi))
    if rng.random() < 0.3:
        picture = dimmed(picture, rng.uniform(1.1, 2.2), rng.uniform(0.6, 1), rng)
    if rng.random() < 0.7:
        picture = recompressed(picture, int(rng.integers(12, 60)))
    return picture


def recompressed(picture: Picture, quality: int) -> Picture:
    """The picture after JPEG of that quality, 0 to 100."""
    _, held = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(held, cv2.IMREAD_COLOR), np.uint8)


def dimmed(picture: Picture, gamma: float, light: float, rng: Chance) -> Picture:
    """The picture in little light: darker, its shadows most, and noisy."""
    dim = (np.arange(256) / 255) ** gamma * 255 * light
    noise = rng.normal(0, rng.uniform(2, 10), (*picture.shape[:2], 1))
    dark = cv2.LUT(picture, dim.astype(np.uint8)).astype(np.float32) + noise
    return np.asarray(dark.clip(0, 255), np.uint8)


def shaken(picture: Picture, length: int, angle: float) -> Picture:
    """The picture blurred by a motion of so many pixels, at an angle in radians."""
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    dx, dy = np.cos(angle) * middle, np.sin(angle) * middle
    ends = (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def stood_before(view: View, other: Picture, rng: Chance) -> View:
    """The view with something upright in front of it, about as a person stands there. What it hides
    by more than two thirds is ignored."""
    picture, labelled = view
    height, width = picture.shape[:2]
    h = int(height * rng.uniform(0.3, 0.9))
    w = max(2, int(h * rng.uniform(0.25, 0.5)))
    x, y = int(rng.uniform(-w / 2, width - w / 2)), int(rng.uniform(0.1, 0.9) * height - h / 4)
    x1, y1, x2, y2 = max(0, x), max(0, y), min(width, x + w), min(height, y + h)
    if x2 - x1 < 2 or y2 - y1 < 2:
        return view
    picture = picture.copy()
    mask = np.zeros((h, w), np.uint8)
    cv2.ellipse(mask, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
    mask = mask[y1 - y : y2 - y, x1 - x : x2 - x]
    piece = cv2.resize(other, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    region = picture[y1:y2, x1:x2]
    np.copyto(region, piece, where=mask[..., None].astype(bool))
    boxes = labelled.boxes
    if not len(boxes):
        return picture, labelled
    over = np.minimum(boxes[:, 2:], [x2, y2]) - np.maximum(boxes[:, :2], [x1, y1])
    hidden = over.clip(0).prod(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).clip(1e-6)
    gone = (hidden > HIDDEN) & (labelled.classes >= 0)
    return picture, Labelled(boxes, np.where(gone, -1 - labelled.classes, labelled.classes))
