"""Whether positive controls are as hard to read as the footage, by the height of the text on them.

How tall the tallest text is that was read on a machine tells how well its mark could be read,
whoever built it. Controls filmed from nearby are recognised more often than machines seen from
far, so their sensitivity holds for the footage only once each band of heights counts as often
as it occurs there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.messages import Message
from evidence.answer.estimators.intervals import LEVEL, Estimate, exact
from evidence.case.sighting_tables import ReadingRow
from evidence.case.tables import Recipe

EDGES = (16.0, 32.0)
"""Pixels between the bands: from 32 on a mark gains nothing by being larger
(`detector/look/legibility.py`), and half of that is where readings begin to fail."""

NAMES = (
    Message("nothing read on it"),
    Message("below 16 px"),
    Message("16 to 32 px"),
    Message("32 px and more"),
)
EASIER = 0.05
"""By so much less a sensitivity at the footage's legibility is told in a warning."""

METHOD = (
    "post-stratified by height (Holt & Smith 1979), Clopper & Pearson 1934 in each band, joined "
    "by MOVER (Zou & Donner 2008)"
)


@dataclass(frozen=True, slots=True)
class Band:
    """Machines of the footage whose tallest text is so high; of controls as high, how many came
    out as what they are, of all of them."""

    name: str
    machines: int
    hits: int
    of: int


def read_heights(session: Session, recipe: Recipe) -> dict[tuple[str, str], float]:
    """By analysis and sighting the height, in pixels, of the tallest text read on it: the shorter
    side of its box."""
    heights: dict[tuple[str, str], float] = {}
    rows = session.execute(
        select(ReadingRow.analysis, ReadingRow.sighting, ReadingRow.box)
        .where(ReadingRow.model == recipe.model, ReadingRow.settings == recipe.settings)
        .where(ReadingRow.sighting.is_not(None), ReadingRow.overlay.is_(False))
        .execution_options(yield_per=10_000)
    )
    for analysis, sighting, (x1, y1, x2, y2) in rows:
        key = analysis, sighting
        heights[key] = max(heights.get(key, 0.0), float(min(x2 - x1, y2 - y1)))
    return heights


def band_of(height: float | None) -> int:
    """Which of `NAMES`.

    >>> band_of(None), band_of(10), band_of(16), band_of(40)
    (0, 1, 2, 3)
    """
    return 0 if height is None else 1 + sum(height >= edge for edge in EDGES)


def into_bands(
    machines: Iterable[float | None], controls: Iterable[tuple[float | None, bool]]
) -> tuple[Band, ...]:
    """The bands, from the heights of machines and those of controls with whether each came out."""
    counts = [[0, 0, 0] for _ in NAMES]
    for height in machines:
        counts[band_of(height)][0] += 1
    for height, hit in controls:
        counts[band_of(height)][1] += hit
        counts[band_of(height)][2] += 1
    return tuple(Band(name, *row) for name, row in zip(NAMES, counts, strict=True))


def at_legibility(bands: Sequence[Band], level: float = LEVEL) -> Estimate:
    """The sensitivity that controls would have, were their heights those of the footage.

    The mean of the bands' shares, weighted by the machines in each: post-stratification (Holt &
    Smith, "Post stratification", Journal of the Royal Statistical Society A 142 (1979) 33-46).
    Of a band without controls nothing is known, and it counts as never recognised.
    """
    machines, controls = sum(one.machines for one in bands), sum(one.of for one in bands)
    if not machines or not controls:
        return Estimate(None, 0.0, 1.0, METHOD, level, ("there are no controls to compare",))
    value = below = above = 0.0
    lacking = []
    for one in bands:
        weight = one.machines / machines
        if not one.of:
            above += weight**2
            if weight:
                lacking.append(one.name)
            continue
        found = exact(one.hits, one.of, level)
        share = found.value or 0.0
        value += weight * share
        below += (weight * (share - found.low)) ** 2
        above += (weight * (found.high - share)) ** 2
    low, high = max(0.0, value - math.sqrt(below)), min(1.0, value + math.sqrt(above))
    warnings = (f"no control is as hard to read as these: {', '.join(lacking)}",) if lacking else ()
    return Estimate(value, low, high, METHOD, level, warnings)
