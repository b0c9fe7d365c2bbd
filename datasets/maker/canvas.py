"""The picture under way, and which face every pixel belongs to."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.maker.camera import Camera, Face, Vector

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]


class Canvas:
    """A picture that faces are laid into, back to front.

    Attributes:
        picture: (height, width, 3) uint8 RGB.
        owner: (height, width) int16, the number of the face seen at each pixel; 0 is none.
    """

    def __init__(self, camera: Camera) -> None:
        w, h = camera.size
        self.camera = camera
        self.picture: Picture = np.full((h, w, 3), 128, np.uint8)
        self.owner: NDArray[np.int16] = np.zeros((h, w), np.int16)

    def lay(
        self,
        face: Face,
        texture: Picture,
        alpha: Picture | None = None,
        *,
        number: int = 0,
    ) -> None:
        """Lay a texture into the picture in perspective.

        Args:
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
        matrix = self.camera.homography(face, columns / face.width, rows / face.height)
        shift = np.array([[1.0, 0, -x1], [0, 1, -y1], [0, 0, 1]]) @ matrix
        # cv2 puts pixel centres at whole numbers; textures here begin at pixel edges.
        shift = shift @ np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        size = (x2 - x1, y2 - y1)
        border = cv2.BORDER_REPLICATE
        colour = cv2.warpPerspective(
            texture, shift, size, flags=cv2.INTER_LINEAR, borderMode=border
        )
        cover = np.zeros((size[1], size[0]), np.uint8)
        points = np.round((outline - (x1, y1)) * 16).astype(np.int32)
        cv2.fillConvexPoly(cover, points, 255, cv2.LINE_AA, 4)
        if alpha is not None:
            cut = cv2.warpPerspective(alpha, shift, size, flags=cv2.INTER_LINEAR, borderMode=border)
            cover = cv2.multiply(cover, cut, scale=1 / 255)
        self._blend(region, colour, cover)
        if number:
            self.owner[y1:y2, x1:x2][cover > 127] = number

    def _region(self, outline: Vector) -> tuple[int, int, int, int] | None:
        if len(outline) < 3:
            return None
        w, h = self.camera.size
        x1, y1 = np.floor(np.clip(outline.min(axis=0), 0, (w, h))).astype(int)
        x2, y2 = np.ceil(np.clip(outline.max(axis=0), 0, (w, h))).astype(int)
        return (int(x1), int(y1), int(x2), int(y2)) if x2 - x1 >= 1 and y2 - y1 >= 1 else None

    def _blend(self, region: tuple[int, int, int, int], colour: Picture, cover: Picture) -> None:
        x1, y1, x2, y2 = region
        here = self.picture[y1:y2, x1:x2]
        weight = cv2.merge([cover, cover, cover])
        lit = cv2.multiply(colour, weight, scale=1 / 255)
        kept = cv2.multiply(here, cv2.bitwise_not(weight), scale=1 / 255)
        self.picture[y1:y2, x1:x2] = cv2.add(lit, kept)

    def darken(self, outline: Vector, softness: float, amount: float) -> None:
        """A soft shadow under a polygon of pixels (n, 2), clipped to the picture."""
        margin = softness * 2
        if len(outline) < 3:
            return
        w, h = self.camera.size
        low = np.floor(np.clip(outline.min(axis=0) - margin, 0, (w, h))).astype(int)
        high = np.ceil(np.clip(outline.max(axis=0) + margin, 0, (w, h))).astype(int)
        if (high - low).min() < 2:
            return
        # A shadow is smooth: drawn at a quarter of the size and enlarged.
        small = np.maximum((high - low) // 4, 1)
        mask = np.zeros((small[1], small[0]), np.float32)
        cv2.fillConvexPoly(mask, np.round((outline - low) / 4).astype(np.int32), 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, softness / 4))
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        gain = 1 - amount * cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
        here = self.picture[low[1] : high[1], low[0] : high[0]]
        np.copyto(here, (here * gain[..., None]).astype(np.uint8))

    def seen(self, outline: Vector, number: int) -> float:
        """The share of a polygon (pixels) that shows face `number`; none outside the picture."""
        if len(outline) < 3:
            return 0.0
        area = float(cv2.contourArea(outline.astype(np.float32)))
        region = self._region(outline)
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
