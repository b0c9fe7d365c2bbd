"""An index over hashes of 64 bits that finds all within `RADIUS` bits, and no others.

A hash within 7 bits of another agrees with it in one of its four quarters to within one bit
(Norouzi, Punjani, Fleet: Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014).
So the hashes are kept sorted by each quarter, and 17 stretches of each are compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

RADIUS = 7
"""Most bits of 64 in which windows of one picture, copied, are still known again: with 7, 96 %
of cropped pictures keep one window and more; of 1.9 million pairs of windows of unrelated
photographs 3 are as near (with 10: 15, and three more stretches to compare for each now)."""

QUARTERS = 4
BUCKETS = 1 << 16

LOOSE = 1 << 15
"""Hashes compared one by one before a block of them is sorted: 32768 take 0.1 ms."""

GROWTH = 4
"""A block is merged with the one before it unless that is so many times larger."""


@dataclass(frozen=True, slots=True)
class Near:
    """Pairs of a queried hash and one in the index, in columns.

    query: which of the hashes asked for. key: under which number the other was added, and
    number: which of those added under it. All of shape (n,), sorted by key, number, query.
    """

    query: Places
    key: Places
    number: Places

    def __len__(self) -> int:
        return len(self.query)

    def of(self, key: int) -> tuple[Places, Places]:
        """query and number of the pairs with what was added under `key`."""
        first, last = np.searchsorted(self.key, (key, key + 1))
        return self.query[first:last], self.number[first:last]


class HashIndex:
    """Hashes added under keys, to be searched. What is found depends on what was added and
    not on its order, but for the keys themselves."""

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._starts: list[int] = [0]
        self._loose: list[Hashes] = []
        self._waiting = 0
        self._blocks: list[_Block] = []

    def __len__(self) -> int:
        return self._starts[-1]

    def add(self, key: int, hashes: Hashes) -> None:
        """Adds hashes, (n,), under a key that was not added before."""
        self._keys.append(key)
        self._starts.append(len(self) + len(hashes))
        self._loose.append(np.array(hashes, np.uint64))
        self._waiting += len(hashes)
        if self._waiting >= LOOSE:
            self._sort()

    def near(self, hashes: Hashes) -> Near:
        """All pairs of one of `hashes`, (n,), and one in the index at most `RADIUS` bits apart."""
        queries: list[Places] = []
        entries: list[Places] = []
        loose = np.concatenate([np.empty(0, np.uint64), *self._loose])
        for number, wanted in enumerate(hashes):
            found = [block.near(wanted) for block in self._blocks]
            found.append(len(self) - len(loose) + _close(loose, wanted))
            entries += found
            queries += [np.full(len(one), number, np.int64) for one in found]
        query = np.concatenate([np.empty(0, np.int64), *queries])
        entry = np.concatenate([np.empty(0, np.int64), *entries])
        starts = np.array(self._starts, np.int64)
        owner = np.searchsorted(starts, entry, side="right") - 1
        key = np.array(self._keys, np.int64)[owner] if len(entry) else entry
        within = entry - starts[owner]
        order = np.lexsort((query, within, key))
        return Near(query[order], key[order], within[order])

    def _sort(self) -> None:
        hashes = np.concatenate(self._loose)
        first = len(self) - len(hashes)
        self._loose, self._waiting = [], 0
        while self._blocks and len(self._blocks[-1]) < GROWTH * len(hashes):
            before = self._blocks.pop()
            hashes = np.concatenate([before.hashes(), hashes])
            first = before.first
        self._blocks.append(_Block(first, hashes))


class _Block:
    """Neighbouring entries of the index, sorted by each quarter of their hashes."""

    def __init__(self, first: int, hashes: Hashes) -> None:
        self.first = first
        self._sorted: list[Hashes] = []
        self._entries: list[NDArray[np.uint32]] = []
        self._starts: list[Places] = []
        for quarter in range(QUARTERS):
            bucket = (hashes >> np.uint64(16 * quarter)).astype(np.uint16)
            # NumPy sorts 16 bits by radix: linear, and stable.
            order = np.argsort(bucket, kind="stable").astype(np.uint32)
            counts = np.bincount(bucket, minlength=BUCKETS)
            self._sorted.append(hashes[order])
            self._entries.append(order)
            self._starts.append(np.concatenate([[0], np.cumsum(counts)]))

    def __len__(self) -> int:
        return len(self._sorted[0])

    def hashes(self) -> Hashes:
        """As they were added."""
        hashes = np.empty(len(self), np.uint64)
        hashes[self._entries[0]] = self._sorted[0]
        return hashes

    def near(self, wanted: np.uint64) -> Places:
        """The entries at most `RADIUS` bits from `wanted`, each once."""
        found: list[Places] = []
        for quarter in range(QUARTERS):
            starts, entries = self._starts[quarter], self._entries[quarter]
            probes = (int(wanted) >> 16 * quarter) % BUCKETS ^ FLIPS
            first, last = starts[probes], starts[probes + 1]
            stretches = [slice(a, b) for a, b in zip(first, last, strict=True) if a < b]
            hashes = self._sorted[quarter]
            hashes = np.concatenate([np.empty(0, np.uint64), *(hashes[s] for s in stretches)])
            close = _close(hashes, wanted)
            if len(close):
                found.append(np.concatenate([entries[s] for s in stretches])[close])
        if not found:
            return np.empty(0, np.int64)
        return self.first + np.unique(np.concatenate(found)).astype(np.int64)


FLIPS = np.array([0, *(1 << bit for bit in range(16))], np.int64)
"""A quarter itself and each that differs from it in one bit."""


def _close(hashes: Hashes, wanted: np.uint64) -> Places:
    return np.flatnonzero(np.bitwise_count(hashes ^ wanted) <= RADIUS)
