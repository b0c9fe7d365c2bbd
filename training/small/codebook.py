"""The centres of `detector/known_again/codebook.py`, found among the points of photographs.

python -m training.small.codebook FOLDER_OF_PHOTOGRAPHS
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.cluster.vq import kmeans2

from detector.known_again.codebook import STEPS
from detector.known_again.points import find_points, unpack

CENTRES = 8
EVERY = 3
"""Of the photographs, in order of their names, and of the points of each, every third."""


def learn(folder: Path) -> bytes:
    """The centres in steps, as they stand in `detector/known_again/codebook.py`: 8 x 128 bytes."""
    found = []
    for path in sorted(folder.glob("*.jpg"))[::EVERY]:
        picture = np.array(Image.open(path).convert("RGB"))
        nothing = (0.0, 0.0, 0.0, 0.0)
        found.append(unpack(find_points(picture, nothing)).descriptors[::EVERY])
    points = np.concatenate(found).astype(float)
    centres, _ = kmeans2(points, CENTRES, minit="++", seed=1, iter=40)
    steps: bytes = np.clip(np.round(centres * STEPS), 0, 255).astype(np.uint8).tobytes()
    return steps


if __name__ == "__main__":
    print(base64.b64encode(learn(Path(sys.argv[1]))).decode())
