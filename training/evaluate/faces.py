"""Real machines to write made marks on: their own marks painted over, a flat place found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.photographs.annotations import Photograph
from detector.types import Box, Picture

LEAST_SIDE = 150.0
"""Pixels of a machine's shorter side in its photograph: smaller ones are too blurred."""

GROWN = 0.25
"""Share of a mark's height painted over beyond its box: letters have soft edges."""

RADIUS = 4.0
"""Pixels around a painted-over spot from which it is filled (Telea, 2004, in OpenCV)."""

SIDES, TOP, BOTTOM = 0.06, 0.06, 0.72
"""Shares of a machine's box kept free of marks: its edges, and the lower third, where nobody
writes."""

CUT_SIDE, AROUND, LEAST_BODY = 240, 0.12, 0.3
"""Pixels at which a machine is cut out; what is seen around it, as a share of its larger side;
the least share of its box that it fills if the cut is to be believed."""

SOLID = 0.97
"""Share of a place that must be machine."""

PULL = 0.5
"""What a place as far from the usual one as the machine is high must be flatter by, in units
of the mean slope of the machine's face."""


@dataclass(frozen=True, slots=True)
class MachineFace:
    """One labelled machine. usual: where its own mark stands, as shares of its box."""

    photograph: Photograph
    machine: int
    usual: tuple[float, float]

    @property
    def box(self) -> Box:
        return self.photograph.machines[self.machine].box


def find_faces(photographs: Sequence[Photograph]) -> list[MachineFace]:
    """Whole CNC machines large enough, of pictures with few others, in their order."""
    faces = []
    for photograph in photographs:
        for index, machine in enumerate(photograph.machines):
            x1, y1, x2, y2 = machine.box
            if not machine.cnc or machine.truncated or min(x2 - x1, y2 - y1) < LEAST_SIDE:
                continue
            faces.append(MachineFace(photograph, index, _usual(photograph, index)))
    return faces


def _usual(photograph: Photograph, machine: int) -> tuple[float, float]:
    """Where its builder's mark stands; else in the upper middle, where most do."""
    x1, y1, x2, y2 = photograph.machines[machine].box
    own = photograph.legible_builder_marks(machine)
    if not own:
        return 0.5, 0.3
    a, b, c, d = max(
        own, key=lambda mark: (mark.box[2] - mark.box[0]) * (mark.box[3] - mark.box[1])
    ).box
    return ((a + c) / 2 - x1) / (x2 - x1), ((b + d) / 2 - y1) / (y2 - y1)


def without_marks(picture: Picture, photograph: Photograph) -> Picture:
    """The picture with everything labelled as written painted over.

    Args:
        picture: RGB, (height, width, 3), as stored.
    """
    mask = np.zeros(picture.shape[:2], np.uint8)
    for mark in photograph.marks:
        x1, y1, x2, y2 = mark.box
        edge = GROWN * min(x2 - x1, y2 - y1) + 2
        left, top = max(0, int(x1 - edge)), max(0, int(y1 - edge))
        mask[top : int(y2 + edge) + 1, left : int(x2 + edge) + 1] = 255
    if not mask.any():
        return picture
    return np.asarray(cv2.inpaint(picture, mask, RADIUS, cv2.INPAINT_TELEA), np.uint8)


def body(picture: Picture, box: Box) -> NDArray[np.uint8]:
    """Which part of a machine's box is the machine and not what stands behind it.

    GrabCut (Rother, Kolmogorov and Blake, 2004, in OpenCV), begun from the box. Where it
    leaves hardly anything, because nothing is to be seen around the machine, all of it counts.

    Args:
        picture: RGB, (height, width, 3); box: the machine, pixels.

    Returns:
        (rows, columns) 0 or 1, covering the box at `CUT_SIDE` pixels or less.
    """
    x1, y1, x2, y2 = box
    margin = AROUND * max(x2 - x1, y2 - y1)
    left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
    crop = picture[top : int(y2 + margin), left : int(x2 + margin)]
    scale = min(1.0, CUT_SIDE / max(crop.shape[:2]))
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    a, b = max(1, round((x1 - left) * scale)), max(1, round((y1 - top) * scale))
    c = min(small.shape[1] - 1, round((x2 - left) * scale))
    d = min(small.shape[0] - 1, round((y2 - top) * scale))
    mask = np.zeros(small.shape[:2], np.uint8)
    cv2.setRNGSeed(0)
    cv2.grabCut(
        small, mask, (a, b, c - a, d - b), np.zeros((1, 65)), np.zeros((1, 65)), 3,
        cv2.GC_INIT_WITH_RECT,
    )  # fmt: skip
    inside = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)[b:d, a:c]
    kept = np.asarray(
        cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8
    )
    return kept if kept.mean() >= LEAST_BODY else np.ones_like(kept)


def flat_place(
    picture: Picture,
    machine: Box,
    whole: NDArray[np.uint8],
    usual: tuple[float, float],
    size: tuple[float, float],
) -> tuple[float, float] | None:
    """The middle of a flat place of that size on a machine's front, near where marks stand.

    Args:
        picture: RGB; machine: its box in pixels; whole: of `body`; usual: as `MachineFace.usual`.
        size: width and height needed, pixels.

    Returns:
        x and y in pixels; None where the machine is too small for it.
    """
    x1, y1, x2, y2 = machine
    w, h = x2 - x1, y2 - y1
    left, right = x1 + SIDES * w + size[0] / 2, x2 - SIDES * w - size[0] / 2
    top, bottom = y1 + TOP * h + size[1] / 2, y1 + BOTTOM * h - size[1] / 2
    left, right = max(left, size[0] / 2), min(right, picture.shape[1] - size[0] / 2)
    top, bottom = max(top, size[1] / 2), min(bottom, picture.shape[0] - size[1] / 2)
    if left > right or top > bottom:
        return None
    total = _summed_slope(picture)
    fit = (max(1, round(w)), max(1, round(h)))
    solid = cv2.integral(cv2.resize(whole, fit, interpolation=cv2.INTER_NEAREST)).astype(float)
    mean = _mean(total, (x1 + x2) / 2, (y1 + y2) / 2, w, h)
    best, least = None, float("inf")
    for y in np.linspace(top, bottom, 16):
        for x in np.linspace(left, right, 24):
            if _mean(solid, x - x1, y - y1, *size) < SOLID:
                continue
            away = np.hypot(x - (x1 + usual[0] * w), y - (y1 + usual[1] * h)) / h
            cost = _mean(total, x, y, *size) / max(mean, 1e-6) + PULL * float(away)
            if cost < least:
                best, least = (float(x), float(y)), cost
    return best


def _summed_slope(picture: Picture) -> NDArray[np.float64]:
    """Integral image of how steeply lightness changes."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.abs(cv2.Sobel(luma, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(luma, cv2.CV_32F, 0, 1))
    return np.asarray(cv2.integral(slope), np.float64)


def _mean(total: NDArray[np.float64], x: float, y: float, w: float, h: float) -> float:
    rows, columns = total.shape
    left, right = (int(np.clip(v, 0, columns - 1)) for v in (x - w / 2, x + w / 2))
    top, bottom = (int(np.clip(v, 0, rows - 1)) for v in (y - h / 2, y + h / 2))
    area = max(1, (right - left) * (bottom - top))
    whole = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return float(whole) / area
