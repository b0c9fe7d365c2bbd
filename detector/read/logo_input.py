"""What the mark embedder looks at: a cut-out as one small grey picture, text running across.

The same function feeds training and recognising, so that both see the same.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

Grey = NDArray[np.uint8]

HEIGHT, WIDTH = 32, 128
"""The embedder's input, pixels. Half of the legible builders' marks of the training photographs are
22 pixels high or less; three of four are at most four times as wide."""

_TALL = 1.5
"""A cut taller than so many widths may hold text that runs down (as in `detector.read.reader`)."""


def grey(picture: Picture) -> Grey:
    """A picture (height, width, 3) RGB or (height, width) as grey, (height, width)."""
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def fit(cut: Grey) -> Grey:
    """A grey cut of any size in the middle of (32, 128), its sides in proportion.

    The rest has the cut's mean, which the network's normalisation makes zero.
    """
    rows, columns = cut.shape
    scale = min(HEIGHT / rows, WIDTH / columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(cut, size, interpolation=how)
    fitted = np.full((HEIGHT, WIDTH), round(float(small.mean())), np.uint8)
    top, left = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
    fitted[top : top + size[1], left : left + size[0]] = small
    return fitted


def views(picture: Picture) -> list[Grey]:
    """The views of a cut, each (32, 128): upright, and if tall turned a quarter either way."""
    cut = grey(picture)
    turns = (0, 1, 3) if cut.shape[0] > _TALL * cut.shape[1] else (0,)
    return [fit(np.ascontiguousarray(np.rot90(cut, turn))) for turn in turns]
