"""A pinhole camera and the flat faces it looks at.

World axes: x to the right, y up, z into the picture, in metres. A face carries a texture
whose first axis runs along `u` and whose second runs *down* along `v`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
NEAR = 0.08  # metres; nothing nearer is drawn


@dataclass(frozen=True, slots=True)
class Face:
    """A rectangle in the world: top left corner, unit vectors along and down, size in metres."""

    origin: Vector
    u: Vector
    v: Vector
    width: float
    height: float

    @property
    def normal(self) -> Vector:
        """Points away from the side on which the texture reads upright."""
        return np.cross(self.u, self.v)

    def point(self, x: float, y: float) -> Vector:
        """The world point `x` metres along and `y` metres down."""
        return np.asarray(self.origin + self.u * x + self.v * y, np.float64)

    def corners(self) -> Vector:
        """Corners clockwise from the top left, shape (4, 3)."""
        w, h = self.width, self.height
        return np.stack([self.point(x, y) for x, y in ((0, 0), (w, 0), (w, h), (0, h))])


@dataclass(frozen=True, eq=False)
class Camera:
    """Where it stands, where it looks (radians; pitch > 0 is down), its focal length in px."""

    position: Vector
    yaw: float
    pitch: float
    roll: float
    focal: float
    size: tuple[int, int]

    @cached_property
    def matrix(self) -> Vector:
        """The 3 x 4 projection from world metres to pixels (Hartley & Zisserman, eq. 6.8)."""
        cy, sy = np.cos(self.yaw), np.sin(self.yaw)
        cp, sp = np.cos(self.pitch), np.sin(self.pitch)
        cr, sr = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        tilt = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        down = np.diag([1.0, -1.0, 1.0])  # picture rows run down
        world = lean @ down @ tilt @ turn
        w, h = self.size
        inner = np.array([[self.focal, 0, w / 2], [0, self.focal, h / 2], [0, 0, 1]])
        moved = np.concatenate([world, (-world @ self.position)[:, None]], axis=1)
        return np.asarray(inner @ moved, np.float64)

    def depth(self, point: Vector) -> float:
        """Metres in front of the camera along its axis."""
        row = self.matrix[2]
        return float(row[:3] @ point + row[3])

    def sees(self, face: Face) -> bool:
        """Whether the front of `face` is turned to the camera and part of it lies ahead."""
        if float(face.normal @ (self.position - face.point(face.width / 2, face.height / 2))) <= 0:
            return False
        return any(self.depth(corner) > NEAR for corner in face.corners())

    def project(self, points: Vector) -> Vector:
        """Pixels of world points (n, 3), as (n, 2); the points must lie ahead."""
        matrix = self.matrix
        flat = points @ matrix[:, :3].T + matrix[:, 3]
        return np.asarray(flat[:, :2] / np.maximum(flat[:, 2:], 1e-6), np.float64)

    def outline(self, points: Vector) -> Vector:
        """The polygon of world points (n, 3) cut at the near plane, in pixels (m, 2).

        Sutherland-Hodgman clipping against one plane; empty where all lies behind.
        """
        row = self.matrix[2]
        depths = points @ row[:3] + row[3]
        kept: list[Vector] = []
        for i in range(len(points)):
            a, b = points[i - 1], points[i]
            da, db = depths[i - 1] - NEAR, depths[i] - NEAR
            if da * db < 0:
                kept.append(a + (b - a) * (da / (da - db)))
            if db >= 0:
                kept.append(b)
        return self.project(np.stack(kept)) if kept else np.empty((0, 2))

    def homography(self, face: Face, across: float, down: float) -> Vector:
        """Texture pixels to picture pixels, for `across` and `down` texture pixels a metre."""
        columns = np.stack([face.u / across, face.v / down, face.origin], axis=1)
        matrix = self.matrix
        lifted = matrix[:, :3] @ columns
        lifted[:, 2] += matrix[:, 3]
        return lifted

    def density(self, face: Face) -> tuple[float, float]:
        """Pixels a metre along and down the face where it is largest in the picture."""
        w, h = self.size
        spots = np.array([(x, y) for x in (0.02, 0.5, 0.98) for y in (0.02, 0.5, 0.98)])
        here = face.origin + spots @ np.stack([face.u * face.width, face.v * face.height])
        row = self.matrix[2]
        here = here[here @ row[:3] + row[3] > 0.3]
        pixels, right, under = (
            self.project(here + step) for step in (0, face.u / 100, face.v / 100)
        )
        near = ((pixels > (-w, -h)) & (pixels < (2 * w, 2 * h))).all(axis=1)
        if not near.any():
            return 1.0, 1.0
        along = np.linalg.norm((right - pixels)[near], axis=1).max() * 100
        below = np.linalg.norm((under - pixels)[near], axis=1).max() * 100
        return max(1.0, float(along)), max(1.0, float(below))


def box_faces(corner: Vector, yaw: float, size: tuple[float, float, float]) -> dict[str, Face]:
    """The five faces of a box that can be seen: front, left, right, top (and back).

    corner: the lower left front corner; yaw turns the box about it, seen from above;
    size: width, height, depth in metres.
    """
    w, h, d = size
    across = np.array([np.cos(yaw), 0.0, np.sin(yaw)])
    inward = np.array([-np.sin(yaw), 0.0, np.cos(yaw)])
    up = np.array([0.0, 1.0, 0.0])
    top = corner + up * h
    return {
        "front": Face(top, across, -up, w, h),
        "left": Face(top + inward * d, -inward, -up, d, h),
        "right": Face(top + across * w, inward, -up, d, h),
        "back": Face(top + across * w + inward * d, -across, -up, w, h),
        "top": Face(top + inward * d, across, -inward, w, d),
    }
