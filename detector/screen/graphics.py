"""Text that does not go with the machine it was read on.

What is drawn over the picture may still be there when the scene is cut away, and it may come and go
while the machine stays. Neither needs a second machine, motion, or more than one shot. One frame
that shows it is enough: before or after the shot, at its ends, or among those that were read.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import line_height, widened
from detector.look.shots import structure_kept
from detector.screen.caption import Floats, ReadMachine, scene_of
from detector.screen.overlay import Frames
from detector.types import Box, Picture

Place = tuple[Fraction, Box]
"""Where something was read or recognised, and when."""
BESIDE = Fraction(1, 5)
"""Seconds from a cut to the frame looked at: the new picture's coding has settled there, and a
caption rarely comes or goes sooner."""
LATER = Fraction(1, 2), Fraction(1)
"""And so many after a shot whose last frame still stands then: slides, few frames a second."""
STAYS = 0.5
"""Correlation of the gradients of a place in two frames from which the same stands there."""
ALL_STAYS = 0.3
"""Share of the machine's parts that may stay so, too: what is alike by chance, a caption's bar."""
ANOTHER = 0.65
"""Correlation of two pictures of the machine's place, made small, below which they are of two
scenes. Each of 128 pairs in the training photographs lies below it."""
GONE = 0.5
"""Correlation of luma up to which a text is found again nowhere on the machine, nor near."""
NEAR = 1.0
"""Of its height: so far about its place a text is sought beyond the machine's edge, too."""
FLAT = 4.0
"""Standard deviation of luma, in grey levels, under which a place shows nothing to be found."""
MACHINE_STAYS = 0.7
"""Share of the machine's parts that must stay for its text to have come or gone without it."""
CHANGED = 24
"""Grey levels, of luma, between what is drawn or taken away and what was there."""
STRIP = 0.15
"""Of the picture's height: what changes with a text is at most so high. Higher is somebody who
walks by and hides a mark."""
LINES = 6.0
"""And at most so many times as high as the text: a bar with another line."""
FOUND = 0.9
"""Correlation from which a text is found at its own place, and sought nowhere else."""
PARTS = 8
"""The machine's place has so many parts a side; those with hardly an edge do not count."""
BARE = 0.1
"""Of the mean of all parts: gradients of a part with hardly an edge, squared."""
LETTERS = 32
"""Pixels of height that a line of text is shrunk to, if it is higher, before it is compared."""
WIDTH = 480
"""Pixels: pictures are compared at this width, if they are wider, for what has changed."""
EDGE = 0.15
"""Of its height: a text's outermost edges lie so far about its box."""


def drawn_on(scene: ReadMachine, frames: Frames) -> frozenset[Place]:
    """Those places on a machine with a text, or a mark, that was drawn over the picture.

    frames: shows the footage.
    """
    shot = scene.track.shot
    places = {(one.pts, one.box) for one in scene.readings if not one.overlay}
    places |= {(one.pts, one.box) for one in scene.likenesses}
    asked = {max(Fraction(0), shot.start - BESIDE), min(shot.start + BESIDE, shot.end), shot.end}
    asked |= {shot.end + after for after in (BESIDE, *LATER)} | {pts for pts, _ in places}
    shown = {frame.pts: frame.image for frame in frames(sorted(asked))}
    # Of those asked for after the shot the first that is.
    for pts in sorted(pts for pts in shown if pts > shot.end)[1:]:
        del shown[pts]
    small = {pts: _luma(one, min(1.0, WIDTH / one.shape[1])) for pts, one in shown.items()}
    machines = {seen.pts: seen.box for seen in scene.track.observations}
    drawn: set[Place] = set()
    for when, there in shown.items():
        rule = _comes_or_goes if shot.start <= when <= shot.end else _outlasts
        for pts in {pts for pts, _ in places} & shown.keys() & machines.keys() - {when}:
            if shown[pts].shape != there.shape:
                continue
            pair = _Pair(shown[pts], there, small[pts], small[when])
            here = {one for one in places if one[0] == pts} - drawn
            drawn |= {one for one in here if rule(pair, machines[pts], one[1])}
    return frozenset(drawn)


@dataclass
class _Pair:
    """Two frames, (h, w, 3) each: one in which texts were read, and another.

    before, after: their luma at a width of `WIDTH`.
    """

    here: Picture
    there: Picture
    before: Floats
    after: Floats

    @cached_property
    def pieces(self) -> NDArray[np.int32]:
        """(h, w): the number of the piece that a point belongs to of what has changed, or 0."""
        changed = np.asarray(np.abs(self.before - self.after) >= CHANGED, np.uint8)
        _, pieces = cv2.connectedComponents(cv2.dilate(changed, np.ones((3, 3), np.uint8)))
        return np.asarray(pieces, np.int32)


def _outlasts(pair: _Pair, machine: Box, text: Box) -> bool:
    """Whether the text stands in the other frame, too, which does not show the machine.

    Measured on the 128 legible marks in the training photographs. None is taken for a caption when
    another photograph follows, hides half of the machine, or is half dissolved in. With two thirds
    of the dissolve over, 9 are. After a zoom by 10, 15 or 25 %, at most 4 are. Found are 505 of 512
    texts on a bar, with an outline or on a shade. Of 128 plain white texts 117 are found, of 128
    pale watermarks 98.
    """
    if _text_kept(pair, text) < STAYS:
        return False
    parts = _parts_kept(pair, machine, text)
    if not parts.size or (parts >= STAYS).mean() > ALL_STAYS:
        return False
    before, after = (scene_of(_bare(one, machine, text)) for one in (pair.here, pair.there))
    return structure_kept(before, after) < ANOTHER


def _comes_or_goes(pair: _Pair, machine: Box, text: Box) -> bool:
    """Whether the other frame shows the machine without the text, and with nothing else before it.

    The camera has to stand still: after a drift of some pixels no caption is found.

    Measured on the same marks. None is taken for a caption when the camera moves, the scene
    dissolves, the light goes, the picture blurs or a door slides. When something as high as a
    person hides them, 2 of 256 are. When only an arm or a sheet does, 41 and 37 of 128 are. Of
    texts that are gone, 502 of 512 are found. Of 128 plain white texts 87 are found, of 128 pale
    watermarks 52.
    """
    most = min(STRIP * len(pair.here), LINES * line_height(text))
    if not 0 < _height_changed(pair, text) <= most or not _is_gone(pair, machine, text):
        return False
    parts = _parts_kept(pair, machine, text)
    return parts.size > 0 and float((parts >= STAYS).mean()) >= MACHINE_STAYS


def _text_kept(pair: _Pair, text: Box) -> float:
    """How far a text's place shows the same, -1..1; 0 where it shows nothing."""
    height = max(1.0, line_height(text))
    place = _slices(widened(text, EDGE * height), pair.here)
    shrunk = min(1.0, LETTERS / height)
    before, after = (_edges(one[place], shrunk) for one in (pair.here, pair.there))
    kept = _kept(before, after, 1)
    return float(kept[0]) if kept.size else 0.0


def _is_gone(pair: _Pair, machine: Box, text: Box) -> bool:
    """Whether a text is found nowhere on the machine, on a door that was slid open, say, nor near
    its place, where the camera moved."""
    height = max(1.0, line_height(text))
    shrunk = min(1.0, LETTERS / height)
    near = widened(text, (EDGE + NEAR) * height)
    about = (*np.minimum(near[:2], machine[:2]), *np.maximum(near[2:], machine[2:]))
    place = _slices(widened(text, EDGE * height), pair.here)
    mark, same = (_luma(one[place], shrunk) for one in (pair.here, pair.there))
    if mark.std() < FLAT:
        return False
    if same.std() >= FLAT and cv2.matchTemplate(same, mark, cv2.TM_CCOEFF_NORMED)[0, 0] >= FOUND:
        return False
    # Near its place first: of a machine in 4K all of it takes a hundredth of a second.
    for box in (near, about):
        among = _luma(pair.there[_slices(box, pair.there)], shrunk)
        if mark.shape[0] > among.shape[0] or mark.shape[1] > among.shape[1]:
            return False
        found = cv2.matchTemplate(among, mark, cv2.TM_CCOEFF_NORMED)
        if np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0).max() > GONE:
            return False
    return True


def _parts_kept(pair: _Pair, machine: Box, text: Box) -> Floats:
    """(n,): how far the parts of a machine that have edges show the same, the text aside."""
    shrunk = min(1.0, LETTERS / max(1.0, line_height(text)))
    place = _slices(machine, pair.here)
    panel = (slice(None), *(_scaled(part, shrunk) for part in _panel(machine, text, pair.here)))
    before, after = (_edges(one[place], shrunk) for one in (pair.here, pair.there))
    before[panel] = after[panel] = 0
    return _kept(before, after, PARTS)


def _height_changed(pair: _Pair, text: Box) -> float:
    """Pixels of height of all that has changed where the text is, in one piece with it."""
    shrunk = min(1.0, WIDTH / pair.here.shape[1])
    x1, y1, x2, y2 = (round(v * shrunk) for v in text)
    touched = np.unique(pair.pieces[max(0, y1) : y2 + 1, max(0, x1) : x2 + 1])
    rows = np.flatnonzero(np.isin(pair.pieces, touched[touched > 0]).any(axis=1))
    return float(rows[-1] + 1 - rows[0]) / shrunk if rows.size else 0.0


def _bare(picture: Picture, machine: Box, text: Box) -> Picture:
    """The machine's place, the text's left blank."""
    bare = picture[_slices(machine, picture)].copy()
    bare[_panel(machine, text, picture)] = 127
    return bare


def _panel(machine: Box, text: Box, picture: Picture) -> tuple[slice, slice]:
    """Where in the machine's place a text is, with what may be drawn about it."""
    down, across = _slices(machine, picture)
    rows, columns = _slices(widened(text, line_height(text)), picture)
    return _less(rows, down.start), _less(columns, across.start)


def _kept(before: Floats, after: Floats, parts: int) -> Floats:
    """(n,): how far the gradients of each part that has edges correlate, -1..1."""

    def summed(one: Floats, other: Floats) -> Floats:
        # In place: of a machine that fills a picture of 4K each product takes 33 MB.
        products = one[0] * other[0]
        products += one[1] * other[1]
        total = cv2.resize(products, (parts, parts), interpolation=cv2.INTER_AREA)
        return np.asarray(total, np.float32)

    both, was, now = summed(before, after), summed(before, before), summed(after, after)
    edged = was >= max(BARE * float(was.mean()), 1e-6)
    norm = np.sqrt(was[edged] * np.maximum(now[edged], 1e-6))
    return np.asarray(both[edged] / norm, np.float32)


def _edges(cut: Picture, shrunk: float) -> Floats:
    """(2, h, w): gradients of luma, across and down."""
    luma = _luma(cut, shrunk)
    return np.stack([cv2.Scharr(luma, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)])


def _luma(cut: Picture, shrunk: float) -> Floats:
    """(h, w): grey levels of the cut, made smaller."""
    size = (max(3, round(cut.shape[1] * shrunk)), max(3, round(cut.shape[0] * shrunk)))
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)


def _slices(box: Box, picture: Picture) -> tuple[slice, slice]:
    """Where a box lies in a picture, rows and columns; a pixel at least."""
    sides = picture.shape[1::-1]
    left, top = (min(max(0, round(v)), n - 1) for v, n in zip(box[:2], sides, strict=True))
    return slice(top, max(top + 1, round(box[3]))), slice(left, max(left + 1, round(box[2])))


def _less(part: slice, by: int) -> slice:
    """A part of the frame as one of a cut that begins `by` pixels in."""
    return slice(max(0, part.start - by), max(0, part.stop - by))


def _scaled(part: slice, by: float) -> slice:
    return slice(round(part.start * by), round(part.stop * by))
