"""Captions that the sweep does not see often enough: text that stays while what is behind it moves.

It takes six keyframes that differ to tell what belongs to the broadcast
(`detector.screen.overlay`). A caption may stand for less, and a short clip may have fewer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Protocol

import cv2
import numpy as np

from datasets.letters import letters
from detector.boxes import line_height
from detector.look.shots import structure_kept
from detector.read.reader import overlap_of_smaller
from detector.types import Box, Picture, Reading, Track

SCENE = 48
"""Pixels of either side of the picture that shows whether two machines are one view."""
ONE_VIEW = 0.5
"""Correlation from which they are. Of 990 pairs of machines in the training photographs 93 % lie
below it. Of 87 pairs of keyframes of two takes, one of them by hand, none, the least at 0.56."""
ON_CAPTION = 0.5
"""Share of the smaller of two boxes from which what was read or looks like a mark at a caption is
the caption."""


class ReadMachine(Protocol):
    """A machine read in one shot; `detector.examining.examination.Examination` is one.

    picture: the machine where it is best seen, by `scene_of`.
    """

    @property
    def track(self) -> Track: ...
    @property
    def readings(self) -> tuple[Reading, ...]: ...
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
