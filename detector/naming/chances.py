"""Log-odds of cues summed by builder, and the probability of each.

    p(builder) = exp(W(builder) - PRIOR) / (1 + sum over builders of exp(W - PRIOR))

so two builders' wordmarks on one machine share it and neither is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from datasets.letters import letters
from detector.matching.fuse import Cue

# Log-odds against any one builder before anything is read.
PRIOR = 5.0
# A further independent view of a mark adds this share of the first, then its square ...
FURTHER_VIEW = 0.3


def totals_of(
    cues: Sequence[Cue], speakers: Sequence[str | None], weights: Sequence[float]
) -> dict[str, float]:
    """Log-odds by builder: part of a mark counted already is a further view."""
    totals: dict[str, float] = {}
    counted: dict[str, list[str]] = {}
    for i in sorted(range(len(cues)), key=lambda i: -weights[i]):
        builder = speakers[i]
        if builder is None or weights[i] <= 0:
            continue
        mark = letters(cues[i].mark)
        marks = counted.setdefault(builder, [])
        known = any(mark in other or other in mark for other in marks)
        share = FURTHER_VIEW if known else 1.0
        totals[builder] = totals.get(builder, 0.0) + share * weights[i]
        marks.append(mark)
    return totals


def added(totals: Mapping[str, float], looks: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Log-odds by builder, with those of looks and of what was read beside them."""
    sums = dict(totals)
    for id, weight in looks:
        sums[id] = sums.get(id, 0.0) + weight
    return sums


def probabilities(totals: Mapping[str, float]) -> dict[str, float]:
    """Probability by builder from log-odds; what is missing to 1 is `unknown`.

    Example:
        >>> chances = probabilities({"mazak": 9.0, "okuma": 9.0})
        >>> round(chances["mazak"], 2)
        0.5
    """
    top = max([0.0, *(total - PRIOR for total in totals.values())])
    shares = {id: math.exp(total - PRIOR - top) for id, total in totals.items()}
    whole = math.exp(-top) + sum(shares.values())
    return {id: share / whole for id, share in shares.items()}
