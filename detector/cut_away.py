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
from detector.caption import ONE_VIEW, Scene, scene_of
from detector.overlay import Frames
from detector.shots import structure_kept
from detector.types import Box, Likeness, Picture

Place = tuple[Fraction, Box]
"""Where something was read or recognised, and when."""

BESIDE = Fraction(1, 5)
"""Seconds before and after a shot at which is looked: what is coded anew there has settled, and a
caption rarely goes sooner."""

STAYS = 0.5
"""Share of a text's edges, by strength, from which it still stands there. Of 97 marks on machines
in the training photographs, at their place in another one at most 0.30 was there. Of captions over
two of them, on a bar or outlined, 94 in 100 are told, plain ones 74, pale watermarks 60; the others
stood on scenes alike by chance, or hardly showed. Of 291 marks half dissolved into the next scene 5
are taken for captions."""

LETTERS = 16
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
    """A text on a machine in one frame. edges: (2, h, w), gradients of luma about the text;
    scene: the machine made small, without the text; shape: the frame's."""

    machine: Box
    text: Box
    edges: NDArray[np.float32]
    scene: Picture
    shape: tuple[int, ...]

    @classmethod
    def of(cls, picture: Picture, machine: Box, text: Box) -> _Shown:
        panel = line_height(text)
        x1, y1, x2, y2 = text
        rows, columns = _slices((x1 - panel, y1 - panel, x2 + panel, y2 + panel), picture)
        down, across = _slices(machine, picture)
        bare = picture[down, across].copy()
        bare[_less(rows, down.start), _less(columns, across.start)] = 127
        return cls(machine, text, _edges(picture, text), scene_of(bare), picture.shape)

    def stays(self, other: Picture) -> bool:
        """Whether the text stands in another picture, which does not show the machine."""
        if other.shape != self.shape:
            return False
        there = _Shown.of(other, self.machine, self.text)
        whole = float((self.edges * self.edges).sum())
        kept = float((self.edges * there.edges).sum())
        gone = structure_kept(self.scene, there.scene) < ONE_VIEW
        return gone and 0 < STAYS * whole <= kept


def _edges(picture: Picture, text: Box) -> NDArray[np.float32]:
    height = max(1.0, line_height(text))
    by = EDGE * height
    cut = picture[_slices((text[0] - by, text[1] - by, text[2] + by, text[3] + by), picture)]
    shrunk = min(1.0, LETTERS / height)
    size = (max(3, round(cut.shape[1] * shrunk)), max(3, round(cut.shape[0] * shrunk)))
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.stack([cv2.Scharr(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)])


def _slices(box: Box, picture: Picture) -> tuple[slice, slice]:
    """Where a box lies in a picture, rows and columns; a pixel at least."""
    rows, columns = picture.shape[:2]
    left, top = (
        min(max(0, round(v)), n - 1) for v, n in zip(box[:2], (columns, rows), strict=True)
    )
    return slice(top, max(top + 1, round(box[3]))), slice(left, max(left + 1, round(box[2])))


def _less(part: slice, by: int) -> slice:
    return slice(max(0, part.start - by), max(0, part.stop - by))
