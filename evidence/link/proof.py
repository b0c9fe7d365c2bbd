"""Which stretches prove that two footages show the same recording, and not just the same place.

One view of a hall agrees with another as a crop does. For a second or two so does one camera move
with another. No other recording has the same cuts at the same times, the same picture to the
edges, or the same crop in every shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from detector.known_again.prints import MIRROR
from evidence.link.alignment import SLACK, AlignedRun
from evidence.link.comparison import Extent, FootagePair, Placement

KEPT = 0.5  # share of the prints that had to agree and must, where several different pictures do
KEPT_ALONE = 0.75  # the same where the stretch shows one picture
AGREEMENT, WINDOWS = 0.4, 8
"""Share and number of windows that must fit where several different pictures do at one offset."""

STILL_AGREEMENT, STILL_WINDOWS = 0.7, 6
"""Share and number of windows that must fit in one picture that fills the frame in both."""

STILL = 4
"""Most bits of 64 in which such pictures differ as wholes, in half of their prints. In copies it is
0 to 3; in one studio 11 and more with another guest, 2 to 12 with the same."""

CROP_AGREEMENT, CROP_WINDOWS = 0.5, 4
"""Share and number of windows that must fit in each of several stretches under one placement."""

DIFFERENT = 24
"""Bits of 64 that differ between whole pictures with little in common: unrelated ones 31 on
average, and 3 % of them fewer than this."""

IN_ONE_SHOT = 3  # such pictures that must agree where no cut lies between them, but a camera's move

FRAMED = 0.015  # how far edges may lie from where they would if nothing were cut, of the width
ALIKE = 0.03  # how far corners may lie apart under placements that are called one


def proven(both: FootagePair, runs: Sequence[AlignedRun]) -> list[AlignedRun]:
    """The stretches that are copies beyond doubt, in their order.

    What was done to a picture was done to all of it. So a stretch at another place in the frame
    than the strongest one, which does not fill it, is a camera's move taken for a crop.
    """
    sure = [
        run
        for run in runs
        if _several_pictures(both, run) or _one_picture(both, run) or _one_crop(both, run, runs)
    ]
    strongest = max(sure, key=lambda run: run.agreed, default=None)
    return [
        run
        for run in sure
        if strongest is None
        or _placed_alike(both, run, strongest)
        or framed(run.placement, both.a.shape, both.b.shape)
    ]


def _placed_alike(both: FootagePair, one: AlignedRun, other: AlignedRun) -> bool:
    return one.placement.apart(other.placement, both.a.shape) <= ALIKE * both.b.shape[0]


def _enough(run: AlignedRun, windows: int, agreement: float, kept: float) -> bool:
    return run.agreed >= windows and run.agreement >= agreement and run.kept >= kept


def _several_pictures(both: FootagePair, run: AlignedRun) -> bool:
    shots = {(int(both.a.shot[p.i]), int(both.b.shot[p.j])) for p in run.pairs}
    one_shot = len(shots) == 1 and min(shots.pop()) >= 0
    enough = _enough(run, WINDOWS, AGREEMENT, KEPT)
    return enough and _pictures(both, [run]) >= (IN_ONE_SHOT if one_shot else 2)


def _one_picture(both: FootagePair, run: AlignedRun) -> bool:
    a, b = both.a, both.b
    enough = _enough(run, STILL_WINDOWS, STILL_AGREEMENT, KEPT_ALONE)
    if not enough or not framed(run.placement, a.shape, b.shape):
        return False
    if run.placement.apart(Placement(1.0, 0.0, 0.0, run.placement.mirrored), a.shape) > ALIKE:
        return True  # Bars on one side: as wholes they cannot be compared.
    turned = MIRROR if run.placement.mirrored else np.uint64(0)
    bits = [int(np.bitwise_count(a.whole[p.i] ^ b.whole[p.j] ^ turned)) for p in run.pairs]
    return median(bits) <= STILL


def moves(both: FootagePair, runs: Sequence[AlignedRun]) -> bool:
    """Whether anything in common moves or is cut: otherwise the same view may have been filmed
    twice, from a camera that stood still."""
    return any(_pictures(both, [run]) >= 2 for run in runs) or any(
        not framed(run.placement, both.a.shape, both.b.shape) for run in runs
    )


def _one_crop(both: FootagePair, run: AlignedRun, runs: Sequence[AlignedRun]) -> bool:
    """Whether stretches of different pictures lie in the frame as this one does: two at one
    offset, or three at any."""
    enough = [one for one in runs if _enough(one, CROP_WINDOWS, CROP_AGREEMENT, KEPT_ALONE)]
    if run not in enough:
        return False
    alike = [
        replace(other, pairs=(max(other.pairs, key=lambda pair: pair.agreed),))
        for other in enough
        if _placed_alike(both, run, other)
    ]
    in_time = [other for other in alike if abs(other.offset - run.offset) <= SLACK]
    return _pictures(both, in_time) >= 2 or _pictures(both, alike) >= 3


def _pictures(both: FootagePair, runs: Sequence[AlignedRun]) -> int:
    """How many pictures that have little in common agree in both footages; counted up to
    `IN_ONE_SHOT`."""
    a, b = both.a.whole, both.b.whole
    kept: list[tuple[int, int]] = []
    for pair in (pair for run in runs for pair in run.pairs):
        if len(kept) < IN_ONE_SHOT and all(
            np.bitwise_count(a[pair.i] ^ a[i]) >= DIFFERENT
            and np.bitwise_count(b[pair.j] ^ b[j]) >= DIFFERENT
            for i, j in kept
        ):
            kept.append((pair.i, pair.j))
    return len(kept)


def framed(placement: Placement, a: Extent, b: Extent) -> bool:
    """Whether one picture fills the other's frame, or all of it that bars leave.

    It reaches both edges one way and is centred the other, with nothing cut off.
    """
    x1, y1, x2, y2 = placement.frame(a)
    tolerance = FRAMED * max(b[0], placement.scale * a[0])
    gaps = np.array([[x1, b[0] - x2], [y1, b[1] - y2]])  # of b around a; negative: cut off
    centred = bool((np.abs(gaps[:, 0] - gaps[:, 1]) <= 2 * tolerance).all())
    reaches = bool((np.abs(gaps) <= tolerance).all(axis=1).any())
    whole = bool((gaps >= -tolerance).all()) or bool((gaps <= tolerance).all())
    return centred and reaches and whole
