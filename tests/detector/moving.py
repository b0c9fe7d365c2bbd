"""A simulated shop floor: machines of known place under a moving camera, seen now and then."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import MACHINE, Detections, Frame, Picture

WIDTH, HEIGHT = 640, 360


@dataclass(frozen=True)
class Placed:
    """A machine in the world: its box at time 0 and its speed, pixels and pixels a second."""

    box: tuple[float, float, float, float]
    speed: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Seen:
    frame: Frame
    detections: Detections
    truth: tuple[int, ...]


class Floor:
    """Renders frames of the world and gives the boxes a good detector would."""

    def __init__(
        self, machines: list[Placed], pan: tuple[float, float] = (0.0, 0.0), seed: int = 0
    ) -> None:
        self.machines = machines
        self.pan = pan
        self._rng = np.random.default_rng(seed)
        self._wall = _texture(self._rng, 900, 3000, cells=30, base=(120, 120, 118))
        self._faces = [
            _texture(self._rng, 200, 200, cells=7, base=self._rng.integers(40, 220, 3))
            for _ in machines
        ]

    def at(self, seconds: Fraction, missed: float = 0.0, jitter: float = 2.0) -> Seen:
        """The frame at a time; each machine is missed with a probability, boxes are off by
        a normal error of `jitter` pixels. Later machines stand in front of earlier ones."""
        t = float(seconds)
        x0, y0 = self.pan[0] * t, self.pan[1] * t
        image = self._background(x0, y0)
        boxes: list[list[float]] = []
        truth: list[int] = []
        for index, machine in enumerate(self.machines):
            dx, dy = machine.speed[0] * t - x0, machine.speed[1] * t - y0
            place = np.array(machine.box) + np.array([dx, dy, dx, dy])
            box = np.clip(place, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
            if box[2] - box[0] < 20 or box[3] - box[1] < 20:
                continue
            _paint(image, self._faces[index], place)
            if self._rng.random() < missed:
                continue
            boxes.append(list(box + self._rng.normal(0, jitter, 4)))
            truth.append(index)
        image = np.clip(image + self._rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        xyxy = np.array(boxes, np.float32).reshape(-1, 4)
        found = Detections(
            xyxy, np.full(len(xyxy), 0.6, np.float32), np.full(len(xyxy), MACHINE, np.int64)
        )
        return Seen(Frame(seconds, image), found, tuple(truth))

    def _background(self, x0: float, y0: float) -> Picture:
        left, top = round(x0) + 500, round(y0) + 250
        return self._wall[top : top + HEIGHT, left : left + WIDTH].copy()


def _texture(
    rng: np.random.Generator, rows: int, columns: int, cells: int, base: object
) -> NDArray[np.uint8]:
    coarse = rng.normal(0, 45, (cells, cells * columns // rows, 1))
    fine = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(np.asarray(base) + fine, 0, 255).astype(np.uint8)


def _paint(image: Picture, face: Picture, box: NDArray[np.float64]) -> None:
    x1, y1, x2, y2 = (round(float(v)) for v in box)
    whole = cv2.resize(face, (x2 - x1, y2 - y1))
    left, top, right, bottom = max(0, x1), max(0, y1), min(WIDTH, x2), min(HEIGHT, y2)
    image[top:bottom, left:right] = whole[top - y1 : bottom - y1, left - x1 : right - x1]


def changes_of_number(numbers: list[tuple[tuple[int, ...], list[int]]]) -> int:
    """Identity switches: how often a machine's track number differs from its last one."""
    last: dict[int, int] = {}
    count = 0
    for truth, given in numbers:
        for machine, number in zip(truth, given, strict=True):
            count += last.get(machine, number) != number
            last[machine] = number
    return count
