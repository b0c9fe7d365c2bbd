"""A picture and a pinhole camera: faces of boxes in a room, laid into the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""Width and height, pixels."""
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
    size: Size

    @cached_property
    def matrix(self) -> Vector:
        """The 3 x 4 projection from world metres to pixels (Hartley & Zisserman, eq. 6.8)."""
        angles = (self.yaw, self.pitch, self.roll)
        (cy, cp, cr), (sy, sp, sr) = map(np.cos, angles), map(np.sin, angles)
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
        normal = np.cross(face.u, face.v)  # points away from where the texture reads upright
        if float(normal @ (self.position - face.point(face.width / 2, face.height / 2))) <= 0:
            return False
        return any(self.depth(corner) > NEAR for corner in face.corners())

    def project(self, points: Vector) -> Vector:
        """Pixels of world points (n, 3), as (n, 2); the points must lie ahead."""
        matrix = self.matrix
        flat = points @ matrix[:, :3].T + matrix[:, 3]
        return np.asarray(flat[:, :2] / np.maximum(flat[:, 2:], 1e-6), np.float64)

    def outline(self, points: Vector) -> Vector:
        """The polygon of world points (n, 3) cut at the near plane, in pixels (m, 2).
        Sutherland-Hodgman clipping against one plane; empty where all lies behind."""
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

    def density(self, face: Face) -> tuple[float, float]:
        """Pixels a metre along and down the face where it is largest in the picture."""
        w, h = self.size
        spots = np.array([(x, y) for x in (0.02, 0.5, 0.98) for y in (0.02, 0.5, 0.98)])
        here = face.origin + spots @ np.stack([face.u * face.width, face.v * face.height])
        row = self.matrix[2]
        here = here[here @ row[:3] + row[3] > 0.3]
        pixels = self.project(here)
        near = ((pixels > (-w, -h)) & (pixels < (2 * w, 2 * h))).all(axis=1)
        if not near.any():
            return 1.0, 1.0
        steps = [self.project(here + along / 100) - pixels for along in (face.u, face.v)]
        lengths = (np.linalg.norm(step[near], axis=1).max() * 100 for step in steps)
        across, down = (max(1.0, float(length)) for length in lengths)
        return across, down


def axes(yaw: float) -> tuple[Vector, Vector]:
    """Unit vectors along the front of a thing turned by `yaw`, and into it."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([cos, 0.0, sin]), np.array([-sin, 0.0, cos])


def box_faces(corner: Vector, yaw: float, size: tuple[float, float, float]) -> dict[str, Face]:
    """The five faces of a box that can be seen: front, left, right, top (and back).

    corner: the lower left front corner; yaw turns the box about it, seen from above;
    size: width, height, depth in metres.
    """
    w, h, d = size
    across, inward = axes(yaw)
    up = np.array([0.0, 1.0, 0.0])
    top = corner + up * h
    return {
        "front": Face(top, across, -up, w, h),
        "left": Face(top + inward * d, -inward, -up, d, h),
        "right": Face(top + across * w, inward, -up, d, h),
        "back": Face(top + across * w + inward * d, -across, -up, w, h),
        "top": Face(top + inward * d, across, -inward, w, d),
    }


Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]


class Canvas:
    """A picture that faces are laid into, back to front.

    picture: (height, width, 3) uint8 RGB. owner: (height, width) int16, the number of the face seen
    at each pixel; 0 is none.
    """

    def __init__(self, camera: Camera) -> None:
        w, h = camera.size
        self.camera = camera
        self.picture: Picture = np.full((h, w, 3), 128, np.uint8)
        self.owner: NDArray[np.int16] = np.zeros((h, w), np.int16)

    def lay(
        self, face: Face, texture: Picture, alpha: Picture | None = None, *, number: int = 0
    ) -> None:
        """Lay a texture into the picture in perspective.

        face: where it lies.
        texture: (rows, columns, 3); covers the face.
        alpha: (rows, columns) uint8 cover; None is opaque.
        number: written into `owner` where the cover is more than half.
        """
        outline = self.camera.outline(face.corners())
        region = self._region(outline)
        if region is None:
            return
        x1, y1, x2, y2 = region
        rows, columns = texture.shape[:2]
        # From pixels of the texture to those of the picture.
        sides = (face.u / (columns / face.width), face.v / (rows / face.height), face.origin)
        matrix = self.camera.matrix[:, :3] @ np.stack(sides, axis=1)
        matrix[:, 2] += self.camera.matrix[:, 3]
        shift = np.array([[1.0, 0, -x1], [0, 1, -y1], [0, 0, 1]]) @ matrix
        # cv2 puts pixel centres at whole numbers; textures here begin at pixel edges.
        shift = shift @ np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        size = (x2 - x1, y2 - y1)
        how = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
        colour = cv2.warpPerspective(texture, shift, size, **how)
        cover = np.zeros((size[1], size[0]), np.uint8)
        points = np.round((outline - (x1, y1)) * 16).astype(np.int32)
        cv2.fillConvexPoly(cover, points, 255, cv2.LINE_AA, 4)
        if alpha is not None:
            cut = cv2.warpPerspective(alpha, shift, size, **how)
            cover = cv2.multiply(cover, cut, scale=1 / 255)
        here, weight = self.picture[y1:y2, x1:x2], cv2.merge([cover] * 3)
        lit = cv2.multiply(colour, weight, scale=1 / 255)
        kept = cv2.multiply(here, cv2.bitwise_not(weight), scale=1 / 255)
        here[...] = cv2.add(lit, kept)
        if number:
            self.owner[y1:y2, x1:x2][cover > 127] = number

    def _region(self, outline: Vector, margin: float = 0) -> tuple[int, int, int, int] | None:
        """The part of the picture about a polygon; None where it is empty."""
        if len(outline) < 3:
            return None
        x1, y1 = np.floor(np.clip(outline.min(axis=0) - margin, 0, self.camera.size)).astype(int)
        x2, y2 = np.ceil(np.clip(outline.max(axis=0) + margin, 0, self.camera.size)).astype(int)
        return (int(x1), int(y1), int(x2), int(y2)) if x2 - x1 >= 1 and y2 - y1 >= 1 else None

    def darken(self, outline: Vector, softness: float, amount: float) -> None:
        """A soft shadow under a polygon of pixels (n, 2), clipped to the picture."""
        region = self._region(outline, softness * 2)
        if region is None or min(region[2] - region[0], region[3] - region[1]) < 2:
            return
        x1, y1, x2, y2 = region
        # A shadow is smooth: drawn at a quarter of the size and enlarged.
        mask = np.zeros((max(1, (y2 - y1) // 4), max(1, (x2 - x1) // 4)), np.float32)
        cv2.fillConvexPoly(mask, np.round((outline - (x1, y1)) / 4).astype(np.int32), 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, softness / 4))
        gain = 1 - amount * cv2.resize(mask, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
        here = self.picture[y1:y2, x1:x2]
        np.copyto(here, (here * gain[..., None]).astype(np.uint8))

    def seen(self, outline: Vector, number: int) -> float:
        """The share of a polygon (pixels) that shows face `number`; none outside the picture."""
        region = self._region(outline)
        area = float(cv2.contourArea(outline.astype(np.float32))) if region is not None else 0.0
        if region is None or area < 1:
            return 0.0
        x1, y1, x2, y2 = region
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillConvexPoly(mask, np.round(outline - (x1, y1)).astype(np.int32), 1)
        shown = int(np.count_nonzero(mask & (self.owner[y1:y2, x1:x2] == number)))
        return min(1.0, shown / max(area, float(mask.sum())))

    def extent(self, numbers: list[int]) -> tuple[Box, int] | None:
        """The box around the pixels of some faces and how many they are; None where unseen."""
        mask = np.isin(self.owner, numbers)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            return None
        box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
        return box, int(np.count_nonzero(mask))
