"""Captions that the sweep does not see often enough: text that stays while what is behind it moves.

It takes six keyframes that differ to tell what belongs to the broadcast (`detector.overlay`). A
caption may stand for less, and a short clip may have fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Protocol

import cv2
import numpy as np

from datasets.letters import letters
from detector.shots import structure_kept
from detector.types import Box, Picture, Reading, Track

SCENE = 48
"""Pixels of either side of the picture by which it is told whether two machines are one view."""

ONE_VIEW = 0.5
"""Correlation from which they are. Of 990 pairs of machines in the training photographs 93 % lie
below it; of 87 pairs of keyframes of two takes, one of them by hand, none, the least at 0.56."""


class Scene(Protocol):
    """A machine read in one shot; `detector.examine.Examined` is one.

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


def static_across_shots(scenes: Sequence[Scene]) -> list[frozenset[int]]:
    """Of each machine the indices of those readings that stand at one place of the screen in
    another shot, too, where something else is seen.

    Like text, moved and resized by less than a quarter of its height. A camera that stands still
    shows a mark at one place after a cut, too: there the machine looks the same, or nearly.
    """
    owners = [n for n, scene in enumerate(scenes) for _ in scene.readings]
    readings = [reading for scene in scenes for reading in scene.readings]
    boxes = np.array([reading.box for reading in readings], np.float64).reshape(-1, 4)
    heights = boxes[:, 3] - boxes[:, 1]
    shots = np.array([scenes[n].track.shot.index for n in owners], np.int64)
    static: list[set[int]] = [set() for _ in scenes]
    firsts = np.cumsum([0, *(len(scene.readings) for scene in scenes)])
    for i, reading in enumerate(readings):
        reach = np.maximum(2.0, np.maximum(1.0, np.minimum(heights, heights[i])) / 4)
        near = (np.abs(boxes - boxes[i]).max(axis=1) <= reach) & (shots != shots[i])
        here = owners[i]
        if any(
            same_text(reading, readings[j]) and not _one_view(scenes[here], scenes[owners[j]])
            for j in np.flatnonzero(near)
        ):
            static[here].add(i - int(firsts[here]))
    return [frozenset(indices) for indices in static]


def _one_view(a: Scene, b: Scene) -> bool:
    return structure_kept(a.picture, b.picture) >= ONE_VIEW


def static_in_shot(readings: Sequence[Reading], track: Track) -> list[Reading]:
    """Readings of one track whose text keeps its place on the screen while the machine moves.

    Two readings of like text in two frames, moved by less than a quarter of their height and
    not resized, though the machine's box moved by more than the text's height and a tenth of
    its own size. A caption over a tripod shot is not found here: there a real mark stays, too.
    """
    boxes = {observation.pts: observation.box for observation in track.observations}
    static: list[Reading] = []
    for reading in readings:
        if any(
            other.pts != reading.pts
            and same_text(reading, other)
            and _stays(reading.box, other.box)
            and reading.pts in boxes
            and other.pts in boxes
            and _moves(boxes[reading.pts], boxes[other.pts], reading.box)
            for other in readings
        ):
            static.append(reading)
    return static


def same_text(a: Reading, b: Reading) -> bool:
    """Whether two readings are of one text, if perhaps misread in part."""
    return SequenceMatcher(None, letters(a.text), letters(b.text)).ratio() >= 0.7


def _stays(a: Box, b: Box) -> bool:
    least = max(1.0, min(a[3] - a[1], b[3] - b[1]))
    return max(abs(p - q) for p, q in zip(a, b, strict=True)) <= max(2.0, least / 4)


def _moves(before: Box, after: Box, text: Box) -> bool:
    """Whether a machine's box moved as a whole, both opposite sides the same way."""
    size = max(before[2] - before[0], before[3] - before[1])
    far = max(text[3] - text[1], size / 10)
    return any(
        min(abs(after[i] - before[i]), abs(after[i + 2] - before[i + 2])) > far
        and (after[i] - before[i]) * (after[i + 2] - before[i + 2]) > 0
        for i in (0, 1)
    )
