"""How the picture of one footage lies in that of another: scaled, shifted, mirrored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEADY = 0.01
"""What the ratio of sides weighs against distances between middles, in squares of the longer
side: as much as two windows a tenth of the picture apart. Sides are known to one tenth."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a point of the picture of `a` lies in that of `b`.

    Coordinates are in units of the longer side of either picture. Where `mirrored`, the
    picture of `a`, `width` wide, is flipped first. Then (x, y) lies at (scale x + dx,
    scale y + dy).
    """

    scale: float
    dx: float
    dy: float
    mirrored: bool = False
    width: float = 1.0

    @classmethod
    def fit(cls, a: Floats, b: Floats, mirrored: bool, width: float) -> Placement:
        """The least-squares placement of windows, (n, 3) middles and sides, onto others."""
        a = flipped(a, width) if mirrored else a
        middle, there = a[:, :2].mean(axis=0), b[:, :2].mean(axis=0)
        from_middle = a[:, :2] - middle
        sides = float(np.exp(np.mean(np.log(b[:, 2] / a[:, 2]))))
        spread = float((from_middle**2).sum())
        along = float((from_middle * (b[:, :2] - there)).sum())
        scale = max(0.01, (along + STEADY * sides) / (spread + STEADY))
        dx, dy = there - scale * middle
        return cls(scale, float(dx), float(dy), mirrored, width)

    def moved(self, places: Floats) -> Floats:
        """Windows of `a`, (n, 3), as they lie in `b`."""
        places = flipped(places, self.width) if self.mirrored else places
        return places * self.scale + (self.dx, self.dy, 0.0)

    def back(self, places: Floats) -> Floats:
        """Windows of `b`, (n, 3), as they lie in `a`."""
        places = (places - (self.dx, self.dy, 0.0)) / self.scale
        return flipped(places, self.width) if self.mirrored else places

    def frame(self, shape: tuple[float, float]) -> tuple[float, float, float, float]:
        """Where the whole picture of `a`, `shape` large, lies in `b`: (x1, y1, x2, y2)."""
        width, height = shape
        x, y = self.dx, self.dy
        return x, y, x + self.scale * width, y + self.scale * height

    def shares(
        self, a: tuple[float, float], b: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        """(kx, tx, ky, ty): a point at (x, y), as shares of width and height of `a`, lies at
        (kx x + tx, ky y + ty) of `b`. Mirrored pictures have a negative kx.

        Args:
            a: width and height of the picture of `a`, in units of its longer side.
            b: the same of `b`.
        """
        kx, ky = self.scale * a[0] / b[0], self.scale * a[1] / b[1]
        tx, ty = self.dx / b[0], self.dy / b[1]
        return (-kx, tx + kx, ky, ty) if self.mirrored else (kx, tx, ky, ty)

    def apart(self, other: Placement, shape: tuple[float, float]) -> float:
        """How far the corners of a picture `shape` large lie apart under both, at most."""
        if self.mirrored != other.mirrored:
            return float("inf")
        one, two = np.array(self.frame(shape)), np.array(other.frame(shape))
        return float(np.abs(one - two).max())


def flipped(places: Floats, width: float) -> Floats:
    """Windows, (n, 3), of the picture turned left to right."""
    return places * (-1.0, 1.0, 1.0) + (width, 0.0, 0.0)
