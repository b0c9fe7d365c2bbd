"""Proposals: prints whose windows agree on how the one picture lies in the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.copies.fingerprint import Fingerprint
from evidence.copies.place import Floats, Placement, flipped

Whole = NDArray[np.int64]

AGREED = 2
"""Windows that must agree for a proposal: of 4,800 pairs of unrelated photographs none had two."""

NEAR = 0.04
"""How far apart, in shares of the width, a window may lie from where another one's placement
puts it: 2.5 pixels of the thumbnail."""

STEP = 1.28
"""Ratio up to which scales agree: scale space has steps of 1.26."""

MOST = 4000
"""Pairs of prints looked into at most, those with most windows in common first."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs of windows that look alike, in columns: their numbers in either fingerprint, and
    whether the one had to be mirrored."""

    a: Whole
    b: Whole
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.a)

    def turned(self) -> Hits:
        """The same from the other side: what is mirrored is so both ways."""
        return Hits(self.b, self.a, self.mirrored)


@dataclass(frozen=True, slots=True)
class Seed:
    """Print `i` of `a` lies in print `j` of `b` as `placement` says; `agreed` windows say so."""

    i: int
    j: int
    placement: Placement
    agreed: int


def seeds(a: Fingerprint, b: Fingerprint, hits: Hits) -> list[Seed]:
    """All proposals, those of most windows first."""
    i, j = a.owner[hits.a], b.owner[hits.b]
    pair = (i * max(1, len(b)) + j) * 2 + hits.mirrored
    order = np.lexsort((hits.b, hits.a, pair))
    groups = np.split(order, np.flatnonzero(np.diff(pair[order])) + 1) if len(order) else []
    groups = [group for group in groups if len(group) >= AGREED]
    groups.sort(key=lambda group: (-len(group), pair[group[0]]))
    found: list[Seed] = []
    for group in groups[:MOST]:
        mirrored = bool(hits.mirrored[group[0]])
        there, here = a.place[hits.a[group]], b.place[hits.b[group]]
        agreeing = _consensus(flipped(there, a.shape[0]) if mirrored else there, here, b.shape[0])
        agreed = min(len(set(hits.a[group][agreeing])), len(set(hits.b[group][agreeing])))
        if agreed >= AGREED:
            placement = Placement.fit(there[agreeing], here[agreeing], mirrored, a.shape[0])
            found.append(Seed(int(i[group[0]]), int(j[group[0]]), placement, agreed))
    found.sort(key=lambda seed: (-seed.agreed, seed.i, seed.j, seed.placement.mirrored))
    return found


def _consensus(a: Floats, b: Floats, width: float) -> NDArray[np.bool_]:
    """(n,) which pairs of windows agree with the pair that most agree with."""
    scale = b[:, 2] / a[:, 2]
    shift = b[:, :2] - scale[:, None] * a[:, :2]
    put = scale[:, None, None] * a[None, :, :2] + shift[:, None]
    off = np.abs(put - b[None, :, :2]).max(axis=2) / width
    ratio = np.abs(np.log(scale[:, None] / scale[None]))
    agree = (off <= NEAR) & (ratio <= np.log(STEP))
    return np.asarray(agree[int(agree.sum(axis=1).argmax())])
