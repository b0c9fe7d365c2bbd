"""Text drawn over a picture that moves behind it, however the machine's box lies.

The box of a machine that fills the screen moves little in a pan, and grows in a zoom. So it does
not show that a watermark stays. The points nearest to the text do.

The reverse is a text that passes before the machine, on a jacket, a trolley or a door. The machine
stays, and the text leaves its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import combinations, permutations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import line_height
from detector.known_again.movement import LEAST_ALIKE
from detector.known_again.points import Points, find_points, unpack, within
from detector.look.appearance import PATCH, one_thing
from detector.look.legibility import LegibleView
from detector.screen.caption import same_text, stays, still_within
from detector.types import Box, Picture, Reading

Floats = NDArray[np.float32]

NEAREST, LEAST = 24, 8
"""How many points nearest to a text show whether the picture moves there, and the fewest."""
STILL = 0.25
"""Share of them that may seem to stay all the same: what is alike by chance, another caption."""
ALONG = 4.0
"""Pixels that a point of a machine may be off the movement of the others."""
AS_ONE = 0.5
"""Share of the points of two views that must have moved alike for it to be told where what stood
in the one is in the other."""


class BackgroundPoints:
    """Looks at what is behind the texts on one machine."""

    def __init__(self) -> None:
        self._points: dict[Fraction, Points] = {}

    def drawn_over(
        self, readings: Sequence[Reading], views: Sequence[LegibleView]
    ) -> list[Reading]:
        """Those of two readings whose text stays on the screen while the picture around it moves
        from one view to another.

        readings: of the machine; views: the pictures they were read in.
        """
        stay = ((a, b) for a, b in combinations(readings, 2) if stays(a.box, b.box))
        return _both(stay, views, self._moves)

    def passing(self, readings: Sequence[Reading], views: Sequence[LegibleView]) -> list[Reading]:
        """Those of two readings whose text goes from one place of the machine to another, and is
        gone from the first. A machine may bear a mark twice, each read once.

        Arguments as of `drawn_over`.
        """
        return _both(permutations(readings, 2), views, self._leaves)

    def carried(self, before: LegibleView, after: LegibleView, place: Box) -> Box | None:
        """The place of one view as it lies in the frame of another, if it moves with the machine.

        None where that is not known. Points in or near the place do not count: somebody may walk
        by.
        """
        here, there = self._alike(before, after)
        x1, y1, x2, y2 = place
        near = min(x2 - x1, y2 - y1)
        away = ~within(here, [(x1 - near, y1 - near, x2 + near, y2 + near)])
        here, there = here[away], there[away]
        if len(here) < LEAST:
            return None
        moved, along = cv2.estimateAffinePartial2D(here, there, None, cv2.RANSAC, ALONG)
        if moved is None or float(along.mean()) < AS_ONE:
            return None
        corners = np.array([(x1, y1, 1), (x2, y1, 1), (x1, y2, 1), (x2, y2, 1)]) @ moved.T
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return (left, top, right, bottom)

    def _moves(self, before: LegibleView, after: LegibleView, text: Box, then: Box) -> bool:
        here, there = self._alike(before, after)
        panel = line_height(text)
        drawn = text[0] - panel, text[1] - panel, text[2] + panel, text[3] + panel
        around = ~within(here, [drawn])
        here, there = here[around], there[around]
        near = np.argsort(np.linalg.norm(here - _middle(text), axis=1), kind="stable")[:NEAREST]
        if len(near) < LEAST:
            return False
        moved, least = there[near] - here[near], still_within(text)
        # A mark that goes along in a slow pan is off its place by as much as the points are.
        along = np.abs(moved - (_middle(then) - _middle(text))).max(axis=1) <= least / 2
        return float((along | (np.abs(moved).max(axis=1) <= least)).mean()) <= STILL

    def _leaves(self, before: LegibleView, after: LegibleView, text: Box, then: Box) -> bool:
        here, there = self._alike(before, after)
        if len(here) < LEAST:
            return False
        shift = np.median(there - here, axis=0)
        off = np.abs(there - here - shift).max(axis=1)
        stray = np.abs(_middle(then) - _middle(text) - shift).max()
        if (off <= still_within(text)).mean() < AS_ONE or stray <= line_height(text):
            return False
        was, now = (
            _cut(view, np.array(text) + np.tile(by, 2) - np.tile(view.offset, 2))
            for view, by in ((before, np.zeros(2)), (after, shift))
        )
        return was is not None and now is not None and not one_thing(was, now)

    def _alike(self, before: LegibleView, after: LegibleView) -> tuple[Floats, Floats]:
        """(n, 2), (n, 2): where in the frame points are that two views have in common."""
        a, b = self._found(before), self._found(after)
        if not len(a) or not len(b):
            return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
        cosine = a.descriptors @ b.descriptors.T
        i, j = np.arange(len(a)), cosine.argmax(axis=1)
        both = (cosine.argmax(axis=0)[j] == i) & (cosine[i, j] >= LEAST_ALIKE)
        offset_a, offset_b = (np.array(view.offset, np.float32) for view in (before, after))
        return a.xy[i[both]] + offset_a, b.xy[j[both]] + offset_b

    def _found(self, view: LegibleView) -> Points:
        if view.pts not in self._points:
            self._points[view.pts] = unpack(find_points(view.picture, view.box_in_crop))
        return self._points[view.pts]


def _both(
    pairs: Iterable[tuple[Reading, Reading]],
    views: Sequence[LegibleView],
    rule: Callable[[LegibleView, LegibleView, Box, Box], bool],
) -> list[Reading]:
    """The readings of those pairs of one text in two views that a rule holds for."""
    at = {view.pts: view for view in views}
    alike = ((a, b) for a, b in pairs if a.pts != b.pts and same_text(a, b))
    return [one for a, b in alike if rule(at[a.pts], at[b.pts], a.box, b.box) for one in (a, b)]


def _middle(text: Box) -> Floats:
    return np.array([(text[0] + text[2]) / 2, (text[1] + text[3]) / 2], np.float32)


def _cut(view: LegibleView, box: NDArray[np.floating]) -> Picture | None:
    """A patch of a view's picture; None where it is not all in it."""
    rows, columns = view.picture.shape[:2]
    x1, y1, x2, y2 = (round(float(v)) for v in box)
    if min(x1, y1) < 0 or x2 > columns or y2 > rows or x1 >= x2 or y1 >= y2:
        return None
    cut = cv2.resize(view.picture[y1:y2, x1:x2], (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)
