"""What was done to the picture between two footages, as far as their prints tell.

Which of the two is the original they do not tell: a picture cut out of a larger one and the
larger one look the same from both sides. So every word says what lies between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from evidence.copies.align import Run
from evidence.copies.compare import fit_by_height
from evidence.copies.fingerprint import Fingerprint
from evidence.copies.place import Floats
from evidence.copies.proof import framed

Change = Literal["mirrored", "cropped", "letterboxed", "recaptioned", "rescaled", "recompressed"]
Rectangle = tuple[float, float, float, float]

CUT = 0.03
"""Share of the width by which an edge must lie off to be called cut or moved: two pixels of the
thumbnails prints are made of."""

BAR = 0.05
"""Share of the width a bar has at least: narrower ones are hardly seen."""

CENTRED = 0.04
"""Difference of two opposite bars, in shares of the width, up to which they are bars: a picture
put between bars lies in the middle, and one cut out of another seldom does."""

EMPTY = 0.35
"""Windows outside the common picture over windows in it, for equal areas, below which what is
outside is bars: black ones have none, blurred ones few and large ones."""

LOWER = 2 / 3
"""Captions stand in the lowest third of the picture."""

LETTERED = 0.6
"""Share of windows that fit in the lowest third over the share in the rest, below which the
caption is another."""

SEEN = 20
"""Windows needed in either part of the picture to tell."""


def changes_of(a: Fingerprint, b: Fingerprint, runs: Sequence[Run]) -> tuple[Change, ...]:
    """Everything that was done, the greatest change first; never empty."""
    # Where keyframes alone are known, those of a moving camera are not of one moment, and lie
    # apart as in a crop; a picture that fills the frame anywhere shows that nothing was cut.
    full = [run for run in runs if framed(run.placement, a.shape, b.shape)]
    run = max(full or runs, key=lambda run: run.agreed)
    found: set[Change] = set()
    if run.placement.mirrored:
        found.add("mirrored")
    found |= _framing(a, b, run)
    # At the edges of a crop windows are lost that look like a new caption's.
    if "cropped" not in found and _relettered(a, b, run):
        found.add("recaptioned")
    if a.size != b.size and not found & {"cropped", "letterboxed"}:
        found.add("rescaled")
    order: tuple[Change, ...] = ("mirrored", "cropped", "letterboxed", "recaptioned", "rescaled")
    return tuple(change for change in order if change in found) or ("recompressed",)


def _framing(a: Fingerprint, b: Fingerprint, run: Run) -> set[Change]:
    """Cut, or put between bars: whichever picture is the larger, is there more in it?"""
    of_a = [a.places(p.i) for p in run.pairs]
    of_b = [b.places(p.j) for p in run.pairs]
    x1, y1, x2, y2 = run.placement.frame(a.shape)
    in_b = (x1, y1, x2, y2)
    corners = run.placement.back(np.array([(0, 0, 0), (*b.shape, 0)]))
    (left, top, _), (right, bottom, _) = np.sort(corners, axis=0)
    in_a = (float(left), float(top), float(right), float(bottom))
    found: set[Change] = set()
    for frame, shape, places in ((in_b, b.shape, of_b), (in_a, a.shape, of_a)):
        beyond = _beyond(frame, shape)
        if beyond > CUT:
            empty = _filled(frame, shape, np.concatenate(places)) < EMPTY
            bars = empty and beyond > BAR and _centred(frame, shape)
            found.add("letterboxed" if bars else "cropped")
    return found


def _beyond(frame: Rectangle, shape: tuple[float, float]) -> float:
    """How far a picture reaches beyond a frame that lies in it, in shares of its width."""
    x1, y1, x2, y2 = frame
    return max(x1, y1, shape[0] - x2, shape[1] - y2) / shape[0]


def _centred(frame: Rectangle, shape: tuple[float, float]) -> bool:
    x1, y1, x2, y2 = frame
    return max(abs(x1 - (shape[0] - x2)), abs(y1 - (shape[1] - y2))) <= CENTRED * shape[0]


def _filled(frame: Rectangle, shape: tuple[float, float], places: Floats) -> float:
    """Windows outside a frame over windows in it, for equal areas."""
    x1, y1 = max(0.0, frame[0]), max(0.0, frame[1])
    x2, y2 = min(shape[0], frame[2]), min(shape[1], frame[3])
    area = max(1e-6, (x2 - x1) * (y2 - y1))
    outside = max(1e-6, shape[0] * shape[1] - area)
    x, y = places[:, 0], places[:, 1]
    inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    return float((~inside).sum() / outside / (max(1, inside.sum()) / area))


def _relettered(a: Fingerprint, b: Fingerprint, run: Run) -> bool:
    """Whether windows fit in the upper part of the common picture and not in the lower."""
    _, y1, _, y2 = run.placement.frame(a.shape)
    y1, y2 = max(0.0, y1), min(b.shape[1], y2)
    seen, fitting = np.zeros(2), np.zeros(2)
    for pair in run.pairs:
        height, fits = fit_by_height(a, b, pair, run.placement)
        lower = height > y1 + LOWER * (y2 - y1)
        for part, where in enumerate((~lower, lower)):
            seen[part] += where.sum()
            fitting[part] += fits[where].sum()
    if (seen < SEEN).any() or not fitting[0]:
        return False
    return bool(fitting[1] / seen[1] < LETTERED * fitting[0] / seen[0])
