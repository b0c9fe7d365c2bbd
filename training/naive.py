"""The naive way to name a builder, measured beside ours: read, compare, take the nearest.

It is given the true box of the machine, reads all text in it, and names the builder whose
wordmark is nearest to any line read, from 88 of 100 on. No weak cues, no second cue, no
telling controls from builders: what a first script would do.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from datasets.annotations import Box
from datasets.registry import Registry
from detector.read.reader import Reader
from detector.types import Picture

# The score at which such scripts usually call two strings the same.
LEAST = 88.0


class Naive:
    """Reads with `reader`, compares with every wordmark of `registry`'s builders."""

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._marks = [(m.text.casefold(), b.id) for b in registry.builders for m in b.wordmarks]

    def name(self, picture: Picture, box: Box) -> str | None:
        """The builder id of the nearest wordmark, or None where none is near enough.

        Args:
            picture: RGB, (height, width, 3).
            box: the machine in it, pixels.
        """
        x1, y1, x2, y2 = (max(0, round(side)) for side in box)
        crop = np.ascontiguousarray(picture[y1:y2, x1:x2])
        lines = [r.text.casefold() for r in self._reader.read(crop, Fraction(0))]
        scored = [(ratio(line, mark), id) for line in lines for mark, id in self._marks]
        best, id = max(scored, default=(0.0, ""))
        return id if best >= LEAST else None


def ratio(a: str, b: str) -> float:
    """Likeness of two strings, 0..100: twice their longest common subsequence over both lengths.

    The `ratio` of RapidFuzz, computed.
    """
    if not a and not b:
        return 100.0
    # No pair of such lengths can reach the score that counts.
    if 200.0 * min(len(a), len(b)) < LEAST * (len(a) + len(b)):
        return 0.0
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, start=1):
            above = row[j]
            row[j] = diagonal + 1 if x == y else max(above, row[j - 1])
            diagonal = above
    return 200.0 * row[-1] / (len(a) + len(b))
