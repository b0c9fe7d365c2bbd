"""Pictures to learn from and to measure on, as they are stored."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from datasets.errors import DataError
from datasets.photographs.annotations import Photograph
from detector.types import Picture


def read_picture(file: Path, longest: int | None = None, *, grey: bool = False) -> Picture:
    """A picture, RGB (height, width, 3), or grey (height, width).

    longest: pixels of the longer side that a larger picture is shrunk to.
    Raises DataError: it cannot be read.
    """
    picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{file}: not a picture that can be read")
    scale = scale_within(picture.shape[1], picture.shape[0], longest)
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(picture if grey else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def scale_within(width: int, height: int, longest: int | None) -> float:
    """The scale at which the longer side has at most so many pixels; never above 1."""
    return 1.0 if longest is None else min(1.0, longest / max(width, height))


def read_photograph(photograph: Photograph, *, grey: bool = False) -> Picture:
    """A labelled picture; as `read_picture`. Raises DataError: it cannot be read, or has another
    size than its line says."""
    picture = read_picture(photograph.path, grey=grey)
    height, width = picture.shape[:2]
    if (width, height) != (photograph.width, photograph.height):
        raise DataError(
            f"{photograph.path}: it has {width}x{height} pixels, its line in the annotations "
            f"says {photograph.width}x{photograph.height}"
        )
    return picture
