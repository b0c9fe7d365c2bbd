"""Mosaics, known by their lattice: grey levels that step where rows and columns of one period do.

Each place gets a score: how well the steps around it, down and across, fit into squares of one
size. With s(x) the height of the step at x, which stands alone,

    coherence(p) = |sum s(x) exp(2 pi i x / p)| / sum s(x)                  over 4.5 periods
    fit(p)       = coherence(p) - max(coherence(1.5 p), coherence(2 p))
    score        = max over p of min(fit across, fit down)

A single edge would fit any period. But it also fits 1.5 and 2 times the period, and steps at every
line of a lattice do not. What is regular in one direction alone, as slats are, has no period in
common.

Where the score is highest a closer look follows. Barred windows and keys have lines on a lattice
too, but not at most of its places, or the blocks between are not even.

The sum is the Fourier coefficient of the steps at that period. The search for compression blocks
uses it too (Wang, Bovik and Evans, "Blind measurement of blocking artifacts in images", 2000).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Box, Picture

CELL = 4
"""Pixels each way for one score."""
SURE, PART = 0.57, 0.42
"""Score that a place must reach somewhere, and that its cells have. Chosen on untouched photographs
of `train` (docs/accuracy.md)."""
LINES, PRESENT = 4, 0.15
"""Lines side by side that a place must have each way, and the least steps of a line, as a share of
the second strongest."""
EVEN = 0.1
"""Share of the variance that may lie within the blocks."""
LARGEST = 1600
"""Longer side of what is looked at, pixels. Larger pictures are halved until they fit."""
_OCTAVE = 12
"""Periods to each doubling: what lies between is out by an eighth at the end of 4.5 periods."""
_SHORTEST, _OCTAVES = 4.5, 2
_PERIODS = [_SHORTEST * 2 ** (n / _OCTAVE) for n in range(_OCTAVE * (_OCTAVES + 1) + 1)]
_HALF_MORE = 7  # steps of `_PERIODS` to nearly once and a half the period (a thousandth off)
_WINDOW, _FAR = 4.5, 4.0
"""Periods that are looked at, and how far each way in the closer look."""
_OUTERMOST = 0.02
"""Share of a place's steps at each end that may stand beside it."""
_LEAST, _MOST = 3.0, 40.0
"""Grey levels of a step: less is noise, and no step counts for more."""
_NOISE = 0.15
"""Mean step, grey levels, that a place needs for its coherence to count by half."""
_Floats = NDArray[np.float32]


class Lattice:
    """How well each place of a picture fits a lattice.

    picture: (height, width, 3) RGB.
    """

    def __init__(self, picture: Picture) -> None:
        self._looks = [(grey, scale, *scores(grey)) for grey, scale in _sizes(picture)]

    def mosaics(self) -> list[Box]:
        """Boxes of what is pixelated, in pixels of the picture; one may come twice. Blocks may be
        4.5 to 36 pixels large, twice that in a picture twice `LARGEST`."""
        return [
            (scale * x1, scale * y1, scale * x2, scale * y2)
            for grey, scale, score, period in self._looks
            for x1, y1, x2, y2 in _places(grey, score, period)
        ]

    def highest(self, place: Box) -> float:
        """The highest score anywhere in a place."""
        found = [0.0]
        for _, scale, score, _ in self._looks:
            left, top, right, bottom = (max(0, int(v / (CELL * scale))) for v in place)
            found.append(float(score[top : bottom + 1, left : right + 1].max(initial=0)))
        return max(found)


def _sizes(picture: Picture) -> Iterator[tuple[_Floats, int]]:
    """Its grey levels in two sizes, and by how much they were made smaller. A mosaic that was
    scaled later has no sharp edges; at half its size it has."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    scale = 1
    while max(grey.shape) > LARGEST:
        grey, scale = _halved(grey), 2 * scale
    for each, by in ((grey, scale), (_halved(grey), 2 * scale)):
        if min(each.shape) >= _WINDOW * _SHORTEST:
            yield each, by


def scores(grey: _Floats) -> tuple[_Floats, _Floats]:
    """Score of each cell of grey levels (height, width), and its period in pixels. Both are (height
    / CELL, width / CELL), rounded up."""
    across, down = _Waves(grey), _Waves(np.ascontiguousarray(grey.T))
    best = np.zeros([-(-side // CELL) for side in grey.shape], np.float32)
    period = np.full_like(best, _SHORTEST)
    for number in range(_OCTAVE * _OCTAVES + 1):
        fit = np.minimum(across.fit(number).T, down.fit(number))
        better = fit > best
        best[better], period[better] = fit[better], _PERIODS[number]
    return best, period


def _places(grey: _Floats, best: _Floats, period: _Floats) -> list[Box]:
    cells = (best >= PART).astype(np.uint8)
    count, places, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=4)
    found: list[Box] = []
    for place in range(1, count):
        x, y, width, height, _ = (int(v) for v in stats[place])
        part = slice(y, y + height), slice(x, x + width)
        here = np.where(places[part] == place, best[part], 0)
        row, column = np.unravel_index(int(here.argmax()), here.shape)
        more = float(period[part][row, column])
        middle = CELL * (x + int(column) + 0.5), CELL * (y + int(row) + 0.5)
        if here[row, column] < SURE or not _is_mosaic(grey, middle, more):
            continue
        # Near its border half of a window shows no mosaic any more; beyond it half shows one still.
        left, top = (max(0, int(CELL * v - more)) for v in (x, y))
        right, bottom = (int(CELL * v + more) for v in (x + width, y + height))
        around = grey[top:bottom, left:right]
        x1, x2 = _extent(around)
        y1, y2 = _extent(around.T)
        found.append((left + x1, top + y1, left + x2, top + y2))
    return found


def _extent(grey: _Floats) -> tuple[float, float]:
    """The columns between which its steps across stand, without the outermost."""
    share = np.cumsum(_steps(grey).sum(axis=0))
    first, last = np.searchsorted(share, np.array([_OUTERMOST, 1 - _OUTERMOST]) * share[-1])
    # A step from one column to the next lies at the border between both.
    return float(first + 1), float(last + 1)


def _is_mosaic(grey: _Floats, middle: tuple[float, float], period: float) -> bool:
    """True if lines lie side by side around a place, both ways, with even blocks between."""
    near, far = _WINDOW / 2 * period, _FAR * period
    left, top, wide = _around(grey, middle, far, near)
    across = _Lines(wide, left, period)
    left, top, high = _around(grey, middle, near, far)
    down = _Lines(high.T, top, period)
    if min(across.side_by_side, down.side_by_side) < LINES:
        return False
    left, top, shown = _around(grey, middle, near, near)
    columns, inner_columns = across.blocks(left, shown.shape[1])
    rows, inner_rows = down.blocks(top, shown.shape[0])
    inner = inner_rows[:, None] & inner_columns[None]
    block = (rows[:, None] * (int(columns.max()) + 1) + columns[None])[inner]
    level = shown[inner].astype(np.float64)
    if not level.size:
        return False
    mean = np.bincount(block, level) / np.maximum(1, np.bincount(block))
    return float(np.square(level - mean[block]).mean()) <= EVEN * float(level.var())


class _Lines:
    """The lines of a lattice of about a period across a part of a picture.

    part: grey levels (rows, columns). begin: the picture's column in which it begins.
    """

    def __init__(self, part: _Floats, begin: int, period: float) -> None:
        steps = _steps(part).sum(axis=0)
        x = np.arange(len(steps))
        tried = period * np.linspace(0.95, 1.05, 11)
        sums = [(steps * np.exp(2j * np.pi * x / each)).sum() for each in tried]
        best = int(np.abs(sums).argmax())
        self._period = float(tried[best])
        first = float(np.angle(sums[best]) / (2 * np.pi) * self._period)
        number = np.round((x - first) / self._period).astype(np.intp)
        on_it = np.abs(x - first - number * self._period) <= max(1.0, 0.15 * self._period)
        strength = np.bincount(number - number.min(), steps * on_it)
        there = (strength > 0) & (strength >= PRESENT * np.sort(strength)[-2:][0])
        self.side_by_side = max(map(len, "".join(".|"[int(one)] for one in there).split(".")))
        self._first = begin + first + 1  # at the border, as in `_extent`

    def blocks(self, begin: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The block of each of so many columns, from 0 on, and whether it is away from its ends."""
        place = (begin + np.arange(count) + 0.5 - self._first) / self._period
        block = np.floor(place).astype(np.intp)
        end = min(0.3, 1.2 / self._period)
        return block - block.min(), np.abs(place - block - 0.5) < 0.5 - end


def _around(
    grey: _Floats, middle: tuple[float, float], across: float, down: float
) -> tuple[int, int, _Floats]:
    """Where the part around a place begins, column and row, and the part."""
    x, y = middle
    left, top = max(0, int(x - across)), max(0, int(y - down))
    return left, top, grey[top : int(y + down) + 1, left : int(x + across) + 1]


class _Waves:
    """The steps across grey levels, and their waves of each period, as cells (columns, rows)."""

    def __init__(self, grey: _Floats) -> None:
        steps = _steps(grey)
        rows, columns = (-(-side // CELL) for side in steps.shape)
        whole = np.zeros((rows * CELL, columns * CELL), np.float32)
        whole[: steps.shape[0], : steps.shape[1]] = steps
        thin = cv2.resize(whole, (columns * CELL, rows), interpolation=cv2.INTER_AREA)
        # (columns, pixels of a cell across, rows): a wave is a product of small matrices then.
        thin = np.ascontiguousarray(thin.T).reshape(columns, CELL, rows)
        self._steps = np.asarray(thin.sum(axis=1) / CELL, np.float32)
        x = np.arange(columns * CELL).reshape(columns, 1, CELL)
        turns = 2 * np.pi * x / np.array(_PERIODS)[None, :, None]
        waves = np.concatenate([np.cos(turns), np.sin(turns)], axis=1) / CELL
        self._waves = np.matmul(waves.astype(np.float32), thin)

    def fit(self, number: int) -> _Floats:
        """(columns, rows): how much better a period fits than 1.5 and 2 times as large a one."""
        side = round(_WINDOW * _PERIODS[number] / CELL) | 1

        def around(values: _Floats) -> _Floats:
            blurred = cv2.blur(values, (side, side), borderType=cv2.BORDER_CONSTANT)
            return np.asarray(blurred, np.float32)

        there = around(self._steps) + _NOISE

        def coherence(of: int) -> _Floats:
            real, imaginary = (around(self._waves[:, n]) for n in (of, of + len(_PERIODS)))
            return np.asarray(cv2.magnitude(real, imaginary) / there, np.float32)

        larger = np.maximum(coherence(number + _HALF_MORE), coherence(number + _OCTAVE))
        return np.asarray(coherence(number) - larger, np.float32)


def _steps(grey: _Floats) -> _Floats:
    """Height of the step at each place across, above all two pixels beside it; 0 beside a higher
    one."""
    change = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    beside = cv2.copyMakeBorder(change, 0, 0, 2, 2, cv2.BORDER_REPLICATE)
    before, after = beside[:, 1:-3], beside[:, 3:-1]
    alone = change - cv2.max(beside[:, :-4], beside[:, 4:])
    stands = (change >= before) & (change > after) & (alone >= _LEAST)
    return np.pad(np.minimum(alone, _MOST) * stands, ((0, 0), (0, 1)))


def _halved(grey: _Floats) -> _Floats:
    size = max(1, grey.shape[1] // 2), max(1, grey.shape[0] // 2)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
