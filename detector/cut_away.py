"""Text that stays on the screen when the scene it was read in is cut away.

It needs no second machine, no motion and no long footage: of the frame before a shot and the one
after it, either that shows another scene and the text at its place is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import line_height
from detector.caption import Scene, scene_of
from detector.overlay import Frames
from detector.shots import structure_kept
from detector.types import Box, Likeness, Picture

Floats = NDArray[np.float32]

Place = tuple[Fraction, Box]
"""Where something was read or recognised, and when."""

BESIDE = Fraction(1, 5)
"""Seconds before and after a shot at which is looked: what is coded anew there has settled, and a
caption rarely goes sooner."""

STAYS = 0.5
"""Correlation of the gradients of a text's place from which it still stands there."""

ALL_STAYS = 0.3
"""Share of the machine's parts that may stay so, too: what is alike by chance, a caption's bar."""

ANOTHER = 0.65
"""Correlation of two pictures of the machine's place, made small, below which they are of two
scenes; each of 128 pairs in the training photographs lies below it.

With the three, of the 128 legible marks of builders there none is taken for a caption where another
photograph comes next, where that hides half of the machine, or where half of a dissolve is over; 9
are with two thirds of it over, at most 4 where the camera has zoomed by 10, 15 or 25 % at the mark
itself. Of 512 texts drawn over both photographs on a bar, with an outline or on a shade all are
told, of 128 plain white ones 118, of as many pale watermarks 101."""

PARTS = 8
"""The machine's place has so many parts a side; those with hardly an edge do not count."""

BARE = 0.1
"""Of the mean of all parts: gradients of a part with hardly an edge, squared."""

LETTERS = 32
"""Pixels of height that a line of text is shrunk to, if it is higher, before it is compared."""

EDGE = 0.15
"""Of its height: a text's outermost edges lie so far about its box."""


class Placed(Scene, Protocol):
    """A machine read in one shot and what it looks like; `detector.examine.Examined` is one."""

    @property
    def likenesses(self) -> tuple[Likeness, ...]: ...


def outlasting(scenes: Sequence[Placed], frames: Frames) -> list[frozenset[Place]]:
    """Of each machine of one shot those places with a text or a mark of which what stands there
    does so, too, right before or after that shot, where another scene is seen.

    Args:
        scenes: the machines, at least one, all of one shot.
        frames: shows the footage.
    """
    shot = scenes[0].track.shot
    asked: dict[Fraction, list[tuple[int, Box]]] = {}
    for n, scene in enumerate(scenes):
        places = [(one.pts, one.box) for one in scene.readings]
        for pts, box in places + [(one.pts, one.box) for one in scene.likenesses]:
            asked.setdefault(pts, []).append((n, box))
    machines = [{seen.pts: seen.box for seen in scene.track.observations} for scene in scenes]
    beside = {max(Fraction(0), shot.start - BESIDE), shot.end + BESIDE}
    shown: dict[tuple[int, Place], _Shown] = {}
    others: list[Picture] = []
    for frame in frames(sorted(beside | asked.keys())):
        if not shot.start <= frame.pts <= shot.end:
            others.append(frame.image)
        for n, box in asked.get(frame.pts, ()):
            machine = machines[n].get(frame.pts)
            if machine is not None:
                shown[n, (frame.pts, box)] = _Shown.of(frame.image, machine, box)
    found_on: list[set[Place]] = [set() for _ in scenes]
    for (n, place), here in shown.items():
        if any(here.stays(other) for other in others):
            found_on[n].add(place)
    return [frozenset(places) for places in found_on]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A text on a machine in one frame. edges, around: (2, h, w), gradients of luma of the text's
    place and of the machine's without the text; scene: the machine made small, without the text;
    shape: the frame's."""

    machine: Box
    text: Box
    edges: Floats
    around: Floats
    scene: Picture
    shape: tuple[int, ...]

    @classmethod
    def of(cls, picture: Picture, machine: Box, text: Box) -> _Shown:
        height = max(1.0, line_height(text))
        shrunk = min(1.0, LETTERS / height)
        edges = _edges(picture[_slices(_grown(text, EDGE * height), picture)], shrunk)
        down, across = _slices(machine, picture)
        rows, columns = _slices(_grown(text, height), picture)
        panel = _less(rows, down.start), _less(columns, across.start)
        bare = picture[down, across].copy()
        around = _edges(bare, shrunk)
        around[(slice(None), *(_scaled(part, shrunk) for part in panel))] = 0
        bare[panel] = 127
        return cls(machine, text, edges, around, scene_of(bare), picture.shape)

    def stays(self, other: Picture) -> bool:
        """Whether the text stands in another picture, which does not show the machine."""
        if other.shape != self.shape:
            return False
        there = _Shown.of(other, self.machine, self.text)
        text = _kept(self.edges, there.edges, 1)
        parts = _kept(self.around, there.around, PARTS)
        return bool(
            text.size
            and parts.size
            and text[0] >= STAYS
            and (parts >= STAYS).mean() <= ALL_STAYS
            and structure_kept(self.scene, there.scene) < ANOTHER
        )


def _kept(before: Floats, after: Floats, parts: int) -> Floats:
    """(n,): how far the gradients of each part that has edges correlate, -1..1."""

    def summed(products: Floats) -> Floats:
        total = cv2.resize(products.sum(axis=0), (parts, parts), interpolation=cv2.INTER_AREA)
        return np.asarray(total, np.float32)

    both, was, now = summed(before * after), summed(before * before), summed(after * after)
    edged = was >= max(BARE * float(was.mean()), 1e-6)
    norm = np.sqrt(was[edged] * np.maximum(now[edged], 1e-6))
    return np.asarray(both[edged] / norm, np.float32)


def _edges(cut: Picture, shrunk: float) -> Floats:
    size = (max(3, round(cut.shape[1] * shrunk)), max(3, round(cut.shape[0] * shrunk)))
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.stack([cv2.Scharr(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)])


def _grown(box: Box, by: float) -> Box:
    x1, y1, x2, y2 = box
    return x1 - by, y1 - by, x2 + by, y2 + by


def _slices(box: Box, picture: Picture) -> tuple[slice, slice]:
    """Where a box lies in a picture, rows and columns; a pixel at least."""
    rows, columns = picture.shape[:2]
    left, top = (
        min(max(0, round(v)), n - 1) for v, n in zip(box[:2], (columns, rows), strict=True)
    )
    return slice(top, max(top + 1, round(box[3]))), slice(left, max(left + 1, round(box[2])))


def _less(part: slice, by: int) -> slice:
    return slice(max(0, part.start - by), max(0, part.stop - by))


def _scaled(part: slice, by: float) -> slice:
    return slice(round(part.start * by), round(part.stop * by))
