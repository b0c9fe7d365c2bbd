"""A line read again in other shapes: wider, narrower, leaning, turned, softer, sharper.

A reader that takes MAZAK for MEZAK may read MAZAK in the same line leaning a little. What several
shapes agree on is rarely chance (docs/how-it-looks.md). Footage shows a mark in many views, a
photograph in one; shapes stand in for the others. They are read only if nobody is named, and no
claim of an origin under test rests on them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import product

import cv2
import numpy as np

from datasets.letters import words
from datasets.registry import Registry
from detector.boxes import line_height, moved
from detector.look.legibility import LegibleView
from detector.name.homes import claimed_by
from detector.name.kinds import load_kinds
from detector.name.match import Matcher
from detector.read.line_reader import LINE_HEIGHT, Line
from detector.read.reader import Reader, overlap_of_smaller, script_of
from detector.types import Picture, Reading

_FIRST = 3
"""Shapes that are read first; without a builder's mark in them the others are spared. No mark of 12
in 595 places was lost by it."""
_AGREE = 3
"""Shapes that must say the same builder's mark."""
_RIVALS = 2
"""How many times as many as say another's."""
_READ = 0.5
"""Least sureness of a reading that counts."""
_MOST = 12
"""Lines of a machine that are read again, the highest first."""

_SAME_PLACE = 0.6
"""Overlap of a line and a reading of it, as a share of the smaller box."""

_UPRIGHT, _LEAST_LETTERS = 0.9, 3
"""Least score, and letters, of a line that surely stands the right way round."""

_SYMMETRIC = frozenset("AHIMOTUVWXY08")
"""Letters that look the same in a mirror: a MAHO in one is read as a sure OHAM."""


class Rereader:
    """Reads lines of a machine again; build it once.

    reader: the one that read them. matcher, registry: whose marks are looked for. tested: origins
    under test (`Attributing.tested_origins`); no claim of them rests on this.
    """

    def __init__(
        self, reader: Reader, matcher: Matcher, registry: Registry, tested: Collection[str]
    ) -> None:
        self._reader = reader
        self._matcher = matcher
        self._words = load_kinds()
        self._spared = {one.id for one in registry if not claimed_by(one).isdisjoint(tested)}

    def reread(
        self, readings: Sequence[Reading], lines: Sequence[Line], view: LegibleView
    ) -> list[Reading]:
        """The readings, some of the view's replaced by what several shapes of their line say.

        readings: of all views. lines: of the view.
        """
        found: dict[Reading, list[Line]] = {}
        for line in lines:
            box = moved(line.box, *view.offset)
            for read in readings:
                same = read.pts == view.pts and not read.overlay and not read.mirrored
                if same and overlap_of_smaller(read.box, box) >= _SAME_PLACE:
                    found.setdefault(read, []).append(line)
        asked = sorted(filter(self.is_open, found), key=lambda read: -line_height(read.box))
        better = {read: self.read_shapes(read, found[read]) for read in asked[:_MOST]}
        return [better.get(read, read) for read in readings]

    def is_open(self, read: Reading) -> bool:
        """True if a reading may be a misread mark: no mark itself, no word of the trade."""
        known = all(self._words.is_known(word) for word in words(read.text))
        return not known and not self._matcher.match(read.text)

    def read_shapes(self, read: Reading, lines: Sequence[Line]) -> Reading:
        """What the shapes of its lines agree on, or what was read."""
        said: dict[str, list[tuple[str, float]]] = {}
        for shapes in (SHAPES[:_FIRST], SHAPES[_FIRST:]):
            cuts = [
                replace(line, picture=shape(line.picture)) for shape, line in product(shapes, lines)
            ]
            for text, score in self._reader.read_texts(cuts):
                for id in self._marks_in(text) if score >= _READ else ():
                    said.setdefault(id, []).append((text, score))
            if not said:
                return read
        first, *others = sorted(said, key=lambda id: (-len(said[id]), id))
        agreed = said[first]
        contested = any(_RIVALS * len(said[other]) > len(agreed) for other in others)
        if len(agreed) < _AGREE or contested or first in self._spared:
            return read
        text, _ = max(agreed, key=lambda one: one[1])
        score = sum(score for _, score in agreed) / len(agreed)
        return replace(read, text=text, score=score, script=script_of(text))

    def _marks_in(self, text: str) -> set[str]:
        found = self._matcher.match(text)
        marks = (one for one in found if one.kind == "wordmark" and not one.beside)
        return {one.id for one in marks if one.type != "control"}


def open_in_mirror(
    lines: Sequence[Line], view: LegibleView, upright: Sequence[Reading]
) -> list[Line]:
    """The lines of a view that may stand mirrored: those not surely read the right way round.

    upright: what was read so, in any view.
    """
    plain = [read.box for read in upright if read.pts == view.pts and _is_upright(read)]
    places = [moved(line.box, *view.offset) for line in lines]
    return [
        line
        for line, place in zip(lines, places, strict=True)
        if all(overlap_of_smaller(place, box) < _SAME_PLACE for box in plain)
    ]


def _is_upright(read: Reading) -> bool:
    letters = [letter for letter in read.text.upper() if letter.isalnum()]
    telling = len(letters) >= _LEAST_LETTERS and not _SYMMETRIC.issuperset(letters)
    return telling and read.score >= _UPRIGHT


Shape = Callable[[Picture], Picture]


def _stretched(share: float) -> Shape:
    def shape(line: Picture) -> Picture:
        height, width = line.shape[:2]
        size = (max(4, int(width * share)), height)
        return np.asarray(cv2.resize(line, size, interpolation=cv2.INTER_CUBIC))

    return shape


def _leaning(slope: float) -> Shape:
    def shape(line: Picture) -> Picture:
        half = line.shape[0] / 2
        return _moved(line, np.array([[1, slope, -slope * half], [0, 1, 0]]))

    return shape


def _turned(degrees: float) -> Shape:
    def shape(line: Picture) -> Picture:
        height, width = line.shape[:2]
        return _moved(line, cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1))

    return shape


def _moved(line: Picture, by: object) -> Picture:
    height, width = line.shape[:2]
    moved = cv2.warpAffine(
        line, np.asarray(by, np.float32), (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved)


def _soft(line: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(_as_read(line), (0, 0), 1.2))


def _sharp(line: Picture) -> Picture:
    whole = _as_read(line)
    return np.asarray(cv2.addWeighted(whole, 1.8, cv2.GaussianBlur(whole, (0, 0), 2), -0.8, 0))


def _as_read(line: Picture) -> Picture:
    share = LINE_HEIGHT / line.shape[0]
    return np.asarray(cv2.resize(line, None, fx=share, fy=share, interpolation=cv2.INTER_CUBIC))


SHAPES: tuple[Shape, ...] = (
    _stretched(1.7),
    _leaning(-0.25),
    _turned(4.0),
    _leaning(0.25),
    _stretched(1.3),
    _turned(-4.0),
    _sharp,
    _stretched(0.8),
    _soft,
)
"""The most telling first, of fourteen that were tried. Darker, thicker, thinner, inverted and
narrower ones named nobody more."""
