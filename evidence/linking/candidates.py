"""Which pairs of sightings are worth comparing: those that look somewhat alike.

Whether a pair is one depends on the two alone: each has all neighbours within a distance, never
the nearest few, or the answer would depend on who came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.45
"""Least cosine of the appearance of two sightings for them to be compared at all. In eight
generated archives nothing more was tied with 0.38, which lets four times as many pairs of drawn
machines through."""

ALIKE_NAMED = 0.38
"""The same where one builder is read on both."""

ALIKE_HERE, HERE_SECONDS = 0.30, 900.0
"""The same where both are in one footage, and come into view within so many seconds: a film of a
works is hardly longer, and in a recording of hours each would be compared with a third of all."""

STEPS = 1 << 14
"""Vectors are compared in whole numbers of so many steps: sums of those come out the same in
any order, on any machine."""

AT_ONCE = 256


class Neighbours:
    """All sightings by what they look like.

    Args:
        rows: key, footage, the second at which it comes into view, builder and appearance of each;
            the appearance, float32 of unit length as bytes, None where it is not known.
    """

    def __init__(self, rows: Iterable[tuple[str, str, float, str | None, bytes | None]]) -> None:
        import faiss

        self._keys: list[str] = []
        footages: list[str] = []
        builders: list[str] = []
        looks: list[bytes] = []
        firsts: list[float] = []
        for key, footage, first, builder, look in rows:
            self._keys.append(key)
            firsts.append(first)
            footages.append(footage)
            builders.append(builder or "")
            looks.append(look or b"")
        self._row = {key: row for row, key in enumerate(self._keys)}
        self._first = np.array(firsts)
        self._footage = np.unique(np.array(footages), return_inverse=True)[1]
        self._builder = np.unique(np.array(builders), return_inverse=True)[1]
        self._named = np.array([name != "" for name in builders])
        width = max(4, *map(len, looks)) if looks else 4
        packed = b"".join(look if len(look) == width else bytes(width) for look in looks)
        self._vectors = np.frombuffer(packed, "<f4").reshape(-1, width // 4)
        self._index = faiss.IndexFlatIP(self._vectors.shape[1])
        self._index.add(self._vectors)
        self._here: dict[int, NDArray[np.int64]] = {}
        order = np.argsort(self._footage, kind="stable")
        ends = np.flatnonzero(np.diff(self._footage[order])) + 1
        for rows in np.split(order, ends):
            if len(rows):
                self._here[int(self._footage[rows[0]])] = rows

    def pairs(self, new: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Each pair, (a, b) with a < b, once, of which one at least is new."""
        fresh = np.zeros(len(self._keys), bool)
        rows = np.array(sorted(self._row[key] for key in new), np.int64)
        fresh[rows] = True
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            # A little wider than asked: what lies on the edge is decided in whole numbers.
            limits, _, found = self._index.range_search(self._vectors[part], ALIKE_NAMED - 1e-3)
            for at, row in enumerate(part):
                near = found[limits[at] : limits[at + 1]]
                near = np.union1d(near, self._near_in_time(int(row)))
                near = near[(near != row) & ~(fresh[near] & (near < row))]
                for other in near[self._close(int(row), near)]:
                    a, b = sorted((self._keys[row], self._keys[other]))
                    yield a, b

    def _close(self, row: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
        one = np.round(self._vectors[row] * STEPS).astype(np.int64)
        many = np.round(self._vectors[others] * STEPS).astype(np.int64)
        cosine = (many @ one) / STEPS**2
        named = self._named[row] & (self._builder[others] == self._builder[row])
        least = np.where(named, ALIKE_NAMED, ALIKE)
        soon = np.abs(self._first[others] - self._first[row]) <= HERE_SECONDS
        here = soon & (self._footage[others] == self._footage[row])
        return np.asarray(cosine >= np.where(here, ALIKE_HERE, least))

    def _near_in_time(self, row: int) -> NDArray[np.int64]:
        """Those of its footage that come into view about when it does, itself among them."""
        here = self._here[int(self._footage[row])]
        soon = np.abs(self._first[here] - self._first[row]) <= HERE_SECONDS
        return np.asarray(here[soon])
