"""Captions that the sweep does not see often enough: text that stays while what is behind it moves.

It takes six keyframes that differ to tell what belongs to the broadcast
(`detector.screen.overlay`). A caption may stand for less, and a short clip may have fewer.

The box of a machine that fills the screen moves little in a pan, and grows in a zoom. So it does
not show that a watermark stays. The points nearest to the text do (`BackgroundPoints`). The reverse
is a text that passes before the machine, on a jacket, a trolley or a door. The machine stays, and
the text leaves its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import combinations, permutations
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.letters import letters
from detector.boxes import line_height, widened
from detector.known_again.movement import LEAST_ALIKE, transformed
from detector.known_again.points import Points, find_points, unpack, within
from detector.look.appearance import PATCH, one_thing
from detector.look.legibility import LegibleView
from detector.look.shots import structure_kept
from detector.read.reader import overlap_of_smaller
from detector.types import Box, Likeness, Picture, Reading, Track

Floats = NDArray[np.float32]

SCENE = 48
"""Pixels of either side of the picture that shows whether two machines are one view."""
ONE_VIEW = 0.5
"""Correlation from which they are. Of 990 pairs of machines in the training photographs 93 % lie
below it. Of 87 pairs of keyframes of two takes, one of them by hand, none, the least at 0.56."""
ON_CAPTION = 0.5
"""Share of the smaller of two boxes from which what was read or looks like a mark at a caption is
the caption."""
NEAREST, LEAST = 24, 8
"""How many points nearest to a text show whether the picture moves there, and the fewest."""
STILL = 0.25
"""Share of them that may seem to stay all the same: what is alike by chance, another caption."""
ALONG = 4.0
"""Pixels that a point of a machine may be off the movement of the others."""
AS_ONE = 0.5
"""Share of the points of two views that must have moved alike for it to be told where what stood
in the one is in the other."""


class ReadMachine(Protocol):
    """A machine read in one shot; `detector.examining.examination.Examination` is one.

    picture: the machine where it is best seen, by `scene_of`.
    """

    @property
    def track(self) -> Track: ...
    @property
    def readings(self) -> tuple[Reading, ...]: ...
    @property
    def likenesses(self) -> tuple[Likeness, ...]: ...
    @property
    def picture(self) -> Picture: ...


def scene_of(picture: Picture) -> Picture:
    """A picture made small, whatever its proportions: (`SCENE`, `SCENE`, 3)."""
    return np.asarray(cv2.resize(picture, (SCENE, SCENE), interpolation=cv2.INTER_AREA), np.uint8)


def static_across_shots(scenes: Sequence[ReadMachine]) -> list[frozenset[int]]:
    """Of each machine the indices of those readings that stand at one place of the screen in
    another shot, too, where something else is seen.

    A camera that stands still shows a mark at one place after a cut, too: there the machine looks
    the same, or nearly, as in the first shot with that text. Not every two are compared: of a take
    looked at in hundreds of stretches that would last longer than all the rest.
    """
    owners = [(n, i) for n, scene in enumerate(scenes) for i in range(len(scene.readings))]
    static: list[set[int]] = [set() for _ in scenes]
    for text in _at_one_place([scenes[n].readings[i] for n, i in owners]):
        bearers = [scenes[n] for n in sorted({owners[k][0] for k in text})]
        if not _show_one_view(bearers):
            for n, i in (owners[k] for k in text):
                static[n].add(i)
    return [frozenset(indices) for indices in static]


def _at_one_place(readings: Sequence[Reading]) -> Iterator[list[int]]:
    """Like texts at one place of the screen, by their indices: each is moved and resized by less
    than a quarter of its height from another."""
    boxes = np.array([reading.box for reading in readings], np.float64).reshape(-1, 4)
    heights = np.array([line_height(reading.box) for reading in readings])
    free = np.ones(len(readings), bool)
    for start in range(len(readings)):
        if not free[start]:
            continue
        free[start] = False
        found = [start]
        for i in found:  # more are added on the way
            reach = np.maximum(2.0, np.minimum(heights, heights[i]) / 4)
            near = free & (np.abs(boxes - boxes[i]).max(axis=1) <= reach)
            others = np.flatnonzero(near).tolist()
            alike = [j for j in others if same_text(readings[i], readings[j])]
            free[alike] = False
            found += alike
        yield found


def _show_one_view(scenes: Sequence[ReadMachine]) -> bool:
    """Whether each looks like one of those of the first shot among them."""
    shot = scenes[0].track.shot.index
    first = [scene for scene in scenes if scene.track.shot.index == shot]
    return all(
        any(structure_kept(here.picture, scene.picture) >= ONE_VIEW for here in first)
        for scene in scenes
        if scene.track.shot.index != shot
    )


def static_in_shot(readings: Sequence[Reading], track: Track) -> list[Reading]:
    """Readings of one track whose text keeps its place on the screen while the machine moves.

    Two readings of like text in two frames moved by less than a quarter of their height. Meanwhile
    the machine's box moved by more than the text's height and a tenth of its own size. A caption
    over a tripod shot is not found here: there a real mark stays, too.
    """
    boxes = {observation.pts: observation.box for observation in track.observations}
    placed = [reading for reading in readings if reading.pts in boxes]
    return [
        one
        for one in placed
        if any(
            other.pts != one.pts
            and same_text(one, other)
            and stays(one.box, other.box)
            and _moves(boxes[one.pts], boxes[other.pts], one.box)
            for other in placed
        )
    ]


def same_text(a: Reading, b: Reading) -> bool:
    """Whether two readings are of one text, if perhaps misread in part."""
    return SequenceMatcher(None, letters(a.text), letters(b.text)).ratio() >= 0.7


def covers(caption: Box, box: Box) -> bool:
    """Whether what lies there is the caption, or a part of it."""
    return overlap_of_smaller(caption, box) >= ON_CAPTION


def drawn_with(known: Collection[Reading], readings: Sequence[Reading]) -> list[Reading]:
    """Those known to be a caption's, and what was read there in other frames: TAIKAN in one and
    TAIKAN 2024 in the next is one caption."""
    return [
        reading
        for reading in readings
        if any(same_text(reading, one) and covers(one.box, reading.box) for one in known)
    ]


def stays(a: Box, b: Box) -> bool:
    """Whether a text has kept its place and its size on the screen."""
    near = min(still_within(a), still_within(b))
    return max(abs(p - q) for p, q in zip(a, b, strict=True)) <= near


def still_within(text: Box) -> float:
    """Pixels within which a text of this size is taken to stand still."""
    return max(2.0, line_height(text) / 4)


def _moves(before: Box, after: Box, text: Box) -> bool:
    """Whether a machine's box moved as a whole, both opposite sides the same way."""
    size = max(before[2] - before[0], before[3] - before[1])
    far = max(text[3] - text[1], size / 10)
    return any(
        min(abs(after[i] - before[i]), abs(after[i + 2] - before[i + 2])) > far
        and (after[i] - before[i]) * (after[i + 2] - before[i + 2]) > 0
        for i in (0, 1)
    )


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
        away = ~within(here, [widened(place, line_height(place))])
        here, there = here[away], there[away]
        if len(here) < LEAST:
            return None
        moved, along = cv2.estimateAffinePartial2D(here, there, None, cv2.RANSAC, ALONG)
        if moved is None or float(along.mean()) < AS_ONE:
            return None
        return transformed(place, moved)

    def _moves(self, before: LegibleView, after: LegibleView, text: Box, then: Box) -> bool:
        here, there = self._alike(before, after)
        around = ~within(here, [widened(text, line_height(text))])
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
