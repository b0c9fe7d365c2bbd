"""One print held against another under a known placement: which of their windows fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.footage.frames import THUMBNAIL_WIDTH
from detector.known_again.prints import BANDS, MIRROR
from evidence.copies.fingerprint import Fingerprint, Whole
from evidence.copies.place import Floats, Placement

NEARBY = 0.04
"""How far from where a placement puts it a window may lie, in shares of the width: prints of a
moving camera are up to 4 % of it apart (`detector.known_again.prints.CHANGED`)."""

SIDES = 1.3
"""Ratio of sides up to which a window fits: scale space has steps of 1.26."""

GUIDED = 14
"""Bits of 64 in which a window at the right place may differ; of unrelated windows 1 in 10,000
differs in no more."""

LEAST = 2
"""Windows that must fit for two prints to agree."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Print `i` of `a` held against print `j` of `b`.

    agreed: windows that fit each other. possible: windows that either has where both can see,
    of the side that has fewer.
    """

    i: int
    j: int
    agreed: int
    possible: int

    @property
    def agrees(self) -> bool:
        """Whether this is more than chance: at least `LEAST`, and a quarter of what could."""
        return self.agreed >= LEAST and self.agreed * 4 >= self.possible


def compare(a: Fingerprint, b: Fingerprint, i: int, j: int, placement: Placement) -> Pair:
    """How far two prints agree."""
    rows, columns = _fits(a, b, i, j, placement)
    agreed = min(len(set(rows.tolist())), len(set(columns.tolist())))
    there, here = _seen(a, b, i, j, placement)
    return Pair(i, j, agreed, max(agreed, min(int(there.sum()), int(here.sum()))))


def agreements(
    a: Fingerprint, b: Fingerprint, i: int, others: Sequence[int], placement: Placement
) -> list[Pair]:
    """The pairs of print `i` of `a` with those of `others` in `b` that agree."""
    found: list[Pair] = []
    for j in others:
        # Most do not, and this costs a tenth of a full comparison.
        if len(_fits(a, b, i, j, placement)[0]) >= LEAST:
            pair = compare(a, b, i, j, placement)
            if pair.agrees:
                found.append(pair)
    return found


def fitting(
    a: Fingerprint, b: Fingerprint, placement: Placement, pairs: Sequence[Pair]
) -> tuple[Floats, Floats]:
    """The windows, (k, 3), of `a` and of `b` that fit each other in all the pairs."""
    of_a, of_b = [], []
    for pair in pairs:
        rows, columns = _fits(a, b, pair.i, pair.j, placement)
        of_a.append(a.place[a.first[pair.i] + rows])
        of_b.append(b.place[b.first[pair.j] + columns])
    return np.concatenate(of_a), np.concatenate(of_b)


def fit_by_height(
    a: Fingerprint, b: Fingerprint, pair: Pair, placement: Placement
) -> tuple[Floats, NDArray[np.bool_]]:
    """How high each window stands in `b`, (k,), and whether it fits; of both, where both see."""
    rows, columns = _fits(a, b, pair.i, pair.j, placement)
    there, here = _seen(a, b, pair.i, pair.j, placement)
    height = np.concatenate(
        [placement.moved(a.places(pair.i))[there, 1], b.places(pair.j)[here, 1]]
    )
    fits = [np.isin(np.arange(len(s)), f)[s] for s, f in ((there, rows), (here, columns))]
    return height, np.concatenate(fits)


def _fits(
    a: Fingerprint, b: Fingerprint, i: int, j: int, placement: Placement
) -> tuple[Whole, Whole]:
    """Which window of print `i` fits which one of print `j`: numbers within the prints."""
    turned = b.hash[b.first[j] : b.first[j + 1]]
    turned = turned ^ MIRROR if placement.mirrored else turned
    bits = np.bitwise_count(a.hash[a.first[i] : a.first[i + 1], None] ^ turned)
    rows, columns = np.nonzero(bits <= GUIDED)
    if not len(rows):
        return rows, columns
    moved, places = placement.moved(a.places(i)[rows]), b.places(j)[columns]
    off = np.abs(moved - places)
    near = NEARBY * b.shape[0]
    larger, smaller = moved[:, 2] * SIDES, places[:, 2] * SIDES
    fits = (off[:, 0] <= near) & (off[:, 1] <= near)
    fits &= (places[:, 2] <= larger) & (moved[:, 2] <= smaller)
    return rows[fits], columns[fits]


def _seen(
    a: Fingerprint, b: Fingerprint, i: int, j: int, placement: Placement
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which windows of print `i` of `a` and of print `j` of `b` the other picture would have as
    well: wholly inside it, and of a side that prints use."""
    return _within(placement.moved(a.places(i)), b.shape), _within(
        placement.back(b.places(j)), a.shape
    )


def _within(places: Floats, shape: tuple[float, float]) -> NDArray[np.bool_]:
    x, y, side = places.T
    half, pixel = side / 2, shape[0] / THUMBNAIL_WIDTH
    inside = (x >= half) & (y >= half) & (x <= shape[0] - half) & (y <= shape[1] - half)
    return np.asarray(inside & (side >= BANDS[0] * pixel) & (side < BANDS[-1] * pixel))
