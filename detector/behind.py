"""Text drawn over a picture that moves behind it, however the machine's box lies.

The box of a machine that fills the screen moves little in a pan, and in a zoom it grows: it does
not tell that a watermark stays where it is. The points of the picture nearest to the text do.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np

from detector.boxes import line_height
from detector.caption import same_text, stays, still_within
from detector.keypoints import Points, find_points, unpack, within
from detector.legible import LegibleView
from detector.movement import LEAST_ALIKE
from detector.types import Box, Reading

NEAREST, LEAST = 24, 8
"""Points nearest to a text by which it is told whether the picture moves there, and the fewest."""

STILL = 0.25
"""Share of them that may seem to stay all the same: what is alike by chance, another caption."""


class Behind:
    """Looks at what is behind the texts on one machine."""

    def __init__(self) -> None:
        self._points: dict[Fraction, Points] = {}

    def drawn_over(
        self, readings: Sequence[Reading], views: Sequence[LegibleView]
    ) -> list[Reading]:
        """Those of two readings whose text stays on the screen while the picture around it moves
        from one view to another.

        Args:
            readings: of the machine; views: the pictures they were read in.
        """
        at = {view.pts: view for view in views}
        return [
            one
            for a, b in combinations(readings, 2)
            if a.pts != b.pts
            and same_text(a, b)
            and stays(a.box, b.box)
            and self._moves(at[a.pts], at[b.pts], a.box)
            for one in (a, b)
        ]

    def _moves(self, before: LegibleView, after: LegibleView, text: Box) -> bool:
        a, b = self._found(before), self._found(after)
        if not len(a) or not len(b):
            return False
        here = a.xy + np.array(before.offset, np.float32)
        there = b.xy + np.array(after.offset, np.float32)
        panel = line_height(text)
        drawn = text[0] - panel, text[1] - panel, text[2] + panel, text[3] + panel
        around = ~within(here, [drawn])
        cosine = a.descriptors @ b.descriptors.T
        i, j = np.arange(len(a)), cosine.argmax(axis=1)
        both = around & (cosine.argmax(axis=0)[j] == i) & (cosine[i, j] >= LEAST_ALIKE)
        i, j = i[both], j[both]
        middle = np.array([(text[0] + text[2]) / 2, (text[1] + text[3]) / 2])
        near = np.argsort(np.linalg.norm(here[i] - middle, axis=1), kind="stable")[:NEAREST]
        if len(near) < LEAST:
            return False
        off = np.abs(here[i[near]] - there[j[near]]).max(axis=1)
        return float((off <= still_within(text)).mean()) <= STILL

    def _found(self, view: LegibleView) -> Points:
        if view.pts not in self._points:
            self._points[view.pts] = unpack(find_points(view.picture, view.box_in_crop))
        return self._points[view.pts]
