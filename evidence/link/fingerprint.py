"""All prints of one footage in columns, and an exact index over their hashes.

If two hashes differ in at most 7 bits, one of their four quarters differs in at most one bit. Faiss
looks those quarters up and compares what it finds there in full. Source: Norouzi, Punjani, Fleet,
Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from detector.known_again.prints import CHANGED, UNIT, unpack
from detector.types import Print

Hashes = NDArray[np.uint64]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

RADIUS = 7
"""Most bits of 64 in which two windows may differ and still match.

With 7, 96 % of cropped pictures keep one window and more. Of 1.9 million pairs of windows of
unrelated photographs 3 are as near. With 10, 15 are, and each takes three more comparisons.
"""

QUARTERS, QUARTER_BITS = 4, 16


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Pairs of a queried hash and one in the index, (n,), sorted by key, number, query."""

    query: Integers  # which of the hashes asked for
    key: Integers  # under which the other was added
    number: Integers  # which of those added under it

    def of(self, key: int) -> tuple[Integers, Integers]:
        """query and number of the pairs with what was added under `key`."""
        first, last = np.searchsorted(self.key, (key, key + 1))
        return self.query[first:last], self.number[first:last]


class HashIndex:
    """Hashes added under keys, to be searched; the order makes no difference."""

    def __init__(self) -> None:
        import faiss  # here, since most who read prints search nothing

        self._keys: list[int] = []
        self._starts: list[int] = [0]
        self._index = faiss.IndexBinaryMultiHash(QUARTERS * QUARTER_BITS, QUARTERS, QUARTER_BITS)
        self._index.nflip = 1

    def __len__(self) -> int:
        return self._starts[-1]

    def add(self, key: int, hashes: Hashes) -> None:
        """Adds hashes, (n,), under a key that was not added before."""
        self._keys.append(key)
        self._starts.append(len(self) + len(hashes))
        if len(hashes):
            self._index.add(_as_bytes(hashes))

    def near(self, hashes: Hashes) -> Neighbour:
        """All pairs of one of `hashes`, (n,), and one in the index at most `RADIUS` bits apart."""
        if not len(hashes) or not len(self):
            return Neighbour(*[np.empty(0, np.int64)] * 3)
        # Faiss finds what is nearer than the radius it is given.
        limits, _, entry = self._index.range_search(_as_bytes(hashes), RADIUS + 1)
        query = np.repeat(np.arange(len(hashes)), np.diff(limits.astype(np.int64)))
        starts = np.array(self._starts, np.int64)
        owner = np.searchsorted(starts, entry, side="right") - 1
        key = np.array(self._keys, np.int64)[owner]
        within = entry - starts[owner]
        order = np.lexsort((query, within, key))
        return Neighbour(query[order], key[order], within[order])


def _as_bytes(hashes: Hashes) -> NDArray[np.uint8]:
    """Hashes as Faiss takes them, (n, 8)."""
    return np.ascontiguousarray(hashes, np.uint64).view(np.uint8).reshape(-1, 8)


OTHER_PICTURE = 16
"""Bits of 64 that make two whole pictures different. A shift by 6 % of the width changes 15, one
by 8 % 21. None of 31,000 pairs of unrelated photographs differs in fewer."""

STANDS = 0.015  # how far a window moves and still stands, of the longer side: one pixel
GROWS = 1.15  # ratio of sides up to which a window is the same: scale space has steps of 1.26
WITNESSES = 16  # prints, spread evenly, in which a window is looked for: does it always stand?
EARLIER = 4  # earlier prints that show the same picture, in which a window is looked for
ALWAYS = 2  # pictures in which a window stands to be of the broadcast's layer, not the scene


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """The prints of one footage, n of them, with m windows between them.

    Windows of the broadcast's layer (a channel bug, a strap, bars) are left out, since all clips of
    a channel share them. They stand at one place while the picture behind them changes.
    """

    footage: str  # its SHA-256
    length: Fraction  # seconds
    shape: tuple[float, float]  # width and height, in units of the longer side
    size: tuple[int, int] | None  # in pixels
    pts: tuple[Fraction, ...]  # when each print was taken
    until: tuple[Fraction, ...]  # until when no other was
    start: Floats  # (n,) pts as numbers
    end: Floats  # (n,) until as numbers
    shot: Integers  # (n,) of prints of densely watched shots, -1 elsewhere
    leaves: tuple[Fraction, ...]  # when the next shot's first print was taken
    whole: Hashes  # (n,) of the whole picture
    first: Integers  # (n + 1,) the windows of print i are `first[i]` up to `first[i + 1]`
    hash: Hashes  # (m,)
    place: Floats  # (m, 3) middle and side, in units of the longer side
    fresh: NDArray[np.bool_]  # (m,) it stood here in no earlier print that shows the same
    stills: bool = False  # a photograph or a folder of them

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def owner(self) -> Integers:
        """(m,) which print each window belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def places(self, number: int) -> Floats:
        """(k, 3) places of the windows of one print."""
        return self.place[self.first[number] : self.first[number + 1]]

    @classmethod
    def of(
        cls,
        footage: str,
        prints: Sequence[Print],
        length: Fraction | None,
        size: tuple[int, int] | None = None,
        stills: bool = False,
    ) -> Fingerprint:
        """From prints in time order, and what is known of the footage's length, size and kind."""
        unpacked = [unpack(one.hashes) for one in prints]
        pts = tuple(one.pts for one in prints)
        length = max([length or Fraction(0), *pts[-1:]])
        until = (*pts[1:], length) if pts else ()
        stands = list(zip((one.shot for one in prints), until, strict=True))
        ends = dict(stands)
        leaves = (end if shot is None else ends[shot] for shot, end in stands)
        middle = unpacked[0][0] if unpacked else {"x": UNIT / 2, "y": UNIT / 2}
        whole = np.array([windows["hash"][0] for windows in unpacked], np.uint64)
        scene = [windows[1:] for windows in unpacked]
        stays = _layer(scene, whole)
        kept = [windows[~layer] for windows, layer in zip(scene, stays, strict=True)]
        windows = np.concatenate([unpack(b""), *kept])
        first = np.concatenate([[0], np.cumsum([len(one) for one in kept], dtype=np.int64)])
        return cls(
            footage=footage,
            length=length,
            shape=(2 * float(middle["x"]) / UNIT, 2 * float(middle["y"]) / UNIT),
            size=size,
            pts=pts,
            until=until,
            start=np.array([float(time) for time in pts]),
            end=np.array([float(time) for time in until]),
            shot=np.array([-1 if one.shot is None else one.shot for one in prints], np.int64),
            leaves=tuple(leaves),
            whole=whole,
            first=first,
            hash=np.ascontiguousarray(windows["hash"]),
            place=_places(windows),
            fresh=_fresh(windows, first, whole),
            stills=stills,
        )


def _places(windows: NDArray[np.void]) -> Floats:
    return np.stack([windows[axis] for axis in ("x", "y", "side")], axis=1) / UNIT


def stands_in(
    hashes: NDArray[np.uint64], places: Floats, others: NDArray[np.uint64], there: Floats
) -> NDArray[np.bool_]:
    """(m,) whether each window stands at the same place among the other ones, (k,)."""
    apart = np.abs(places[:, None, :2] - there[None, :, :2]).max(axis=2)
    ratio = np.abs(np.log(places[:, None, 2] / there[None, :, 2]))
    bits = np.bitwise_count(hashes[:, None] ^ others[None])
    same = (apart <= STANDS) & (ratio <= np.log(GROWS)) & (bits <= RADIUS)
    return np.asarray(same.any(axis=1))


def _layer(scene: Sequence[NDArray[np.void]], whole: NDArray[np.uint64]) -> list[NDArray[np.bool_]]:
    """For each print, which of its windows stand in several quite different pictures."""
    spread = np.unique(np.linspace(0, len(scene) - 1, min(WITNESSES, len(scene))).astype(int))
    witnesses: list[int] = []
    for one in spread:
        if (np.bitwise_count(whole[witnesses] ^ whole[one]) >= OTHER_PICTURE).all():
            witnesses.append(one)
    found = []
    for windows, picture in zip(scene, whole, strict=True):
        seen = np.zeros(len(windows), np.int64)
        for witness in witnesses:
            if np.bitwise_count(whole[witness] ^ picture) >= OTHER_PICTURE:
                there = scene[witness]
                seen += stands_in(windows["hash"], _places(windows), there["hash"], _places(there))
        found.append(seen >= ALWAYS)
    return found


def _fresh(
    windows: NDArray[np.void], first: Integers, whole: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Which windows stood in none of the earlier pictures that look like theirs. Otherwise a studio
    that appears a hundred times would be in the index a hundred times."""
    places, hashes = _places(windows), windows["hash"]
    fresh = np.ones(len(windows), bool)
    for number in range(1, len(whole)):
        own = slice(*first[number : number + 2])
        alike = np.flatnonzero(np.bitwise_count(whole[:number] ^ whole[number]) <= CHANGED)
        for before in {number - 1, *alike[:EARLIER].tolist()}:
            there = slice(*first[before : before + 2])
            fresh[own] &= ~stands_in(hashes[own], places[own], hashes[there], places[there])
    return fresh
