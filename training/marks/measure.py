"""Measuring the mark model: right against false, at which thresholds, and how much each says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.photographs.annotations import Photograph, read_photographs
from datasets.registry import Registry
from detector.read.logos import Recogniser, Recognition, strength_of
from training.marks.material import Tell
from training.marks.prototypes import MarkCase, cases_of

_NO_PICTURE = np.empty((0, 0, 3), np.uint8)
# Added to the strength of the worst mistake: it is the maximum over a few sources only.
_ABOVE = 0.03
# What is no mark at all looks like these few. A builder that takes more than this share of the
# false looks is no finding, whatever the strength.
_CROWDED = 0.02
# Steps of strength (score + margin) for which a weight is tabled.
_STEPS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)


@dataclass(frozen=True, slots=True)
class Tried:
    """A case and what the recogniser said of it; `case.picture` may have been let go."""

    case: MarkCase
    found: Recognition

    @property
    def right(self) -> bool:
        """Whether the nearest builder is the true one."""
        return self.case.truth is not None and self.found.nearest == self.case.truth


def run_cases(
    recogniser: Recogniser,
    photographs: Sequence[Photograph],
    registry: Registry,
    *,
    looks: int = 1,
    grounds: int = 5,
    tell: Tell = lambda stage, done, total: None,
) -> list[Tried]:
    """What the recogniser says of every case of the photographs; pictures are let go."""
    tried = []
    for done, photograph in enumerate(photographs):
        tell("recognising marks", done, len(photographs))
        cases = list(cases_of(photograph, registry, looks=looks, grounds=grounds))
        found = recogniser.recognise([case.picture for case in cases])
        tried += [
            Tried(replace(case, picture=_NO_PICTURE), one)
            for case, one in zip(cases, found, strict=True)
        ]
    return tried


def choose(tried: Sequence[Tried]) -> dict[str, Any]:
    """A card's least strength, a little above that of the worst mistake, and its weights.

    Weights are the natural log of odds from which strength on. Beside them stand the builders whose
    looks weigh nothing, and on what all this was chosen.

    tried: what neither the network nor the prototypes have seen.
    """
    mistakes = [strength_of(one.found) for one in tried if not one.right]
    strength = round(max(mistakes, default=1.0) + _ABOVE, 2)
    marks = [one for one in tried if one.case.truth is not None]
    crowded = find_crowded(tried)
    weights = weigh([one for one in tried if one.found.nearest not in crowded])
    return {
        "thresholds": {"strength": strength},
        "weights": [{"from": at, "log_odds": value} for at, value in weights],
        "crowded": crowded,
        "chosen_on": {
            "sources": len({one.case.source for one in tried}),
            "looks at builders' marks": len(marks),
            "nearest is right": sum(one.right for one in tried),
            "named rightly": sum(o.right and strength_of(o.found) >= strength for o in tried),
            "looks at anything else": len(tried) - len(marks),
            "strength of the worst mistake": round(max(mistakes, default=0.0), 3),
        },
    }


def find_crowded(tried: Sequence[Tried]) -> tuple[str, ...]:
    """The builders that bare surfaces look like, by id: each takes more than one false look in
    fifty."""
    false = Counter(str(one.found.nearest) for one in tried if not one.right)
    return tuple(sorted(id for id, count in false.items() if count > _CROWDED * false.total()))


def weigh(tried: Sequence[Tried]) -> tuple[tuple[float, float], ...]:
    """For each step of strength, ln of P(that strong and right | a builder's mark) over
    P(that strong, and of that builder | anything else, or a mark of another builder).

    A false look is of some builder, rarely of the one in question. Its share is one over the
    effective number of builders that false looks fall on (`effective`). Counts have one added to
    each (Laplace). Values have two decimals, and each is no less than the one before. Steps that
    say nothing (under 0) are left out.
    """
    marks = [one for one in tried if one.case.truth is not None]
    strengths = np.array([strength_of(one.found) for one in tried])
    rights = np.array([one.right for one in tried], np.bool_)
    builders = effective([str(one.found.nearest) for one in tried if not one.right])
    table: list[tuple[float, float]] = []
    for low, high in zip(_STEPS, (*_STEPS[1:], math.inf), strict=True):
        here = (strengths >= low) & (strengths < high)
        right = (int((here & rights).sum()) + 1) / (len(marks) + len(_STEPS))
        other = (int((here & ~rights).sum()) + 1) / (len(tried) - int(rights.sum()) + len(_STEPS))
        value = math.log(right / other * builders)
        if value > (table[-1][1] if table else 0.0):
            table.append((low, round(value, 2)))
    return tuple(table)


def effective(names: Sequence[str]) -> float:
    """How many equally frequent names would repeat as often as these. It is the inverse of the
    chance that two drawn at random are the same; 1 for fewer than two.

    Simpson, E. H. (1949), Measurement of diversity. Nature 163; Hill, M. O. (1973), Diversity
    and evenness. Ecology 54, of order 2.

    >>> effective(["a", "b", "a", "b"])
    3.0
    """
    total = len(names)
    if total < 2:
        return 1.0
    repeats = sum(count * (count - 1) for count in Counter(names).values())
    return total * (total - 1) / max(repeats, 1)


def report(
    recogniser: Recogniser,
    data: Path,
    registry: Registry,
    tell: Tell = lambda stage, done, total: None,
) -> dict[str, Any] | None:
    """Counts of the labelled boxes of `data`/val; None where there is none. Raises DataError: the
    split is wrong."""
    if not (data / "val").is_dir():
        return None
    photographs = read_photographs(data / "val")
    tried = run_cases(recogniser, photographs, registry, grounds=20, tell=tell)
    return {"split": "val", "labelled boxes": _counts(tried)}


def _counts(tried: Sequence[Tried]) -> dict[str, Any]:
    marks = [one for one in tried if one.case.truth is not None]
    named = [one for one in tried if one.found.id is not None]
    groups = {g: [o for o in tried if o.case.group == g] for g in ("firm", "text", "ground")}
    return {
        "builders' marks": len(marks),
        "nearest is right": sum(one.right for one in marks),
        "named rightly": sum(one.right and one.found.id is not None for one in marks),
        "named wrongly": sum(not one.right and one.case.truth is not None for one in named),
        "named falsely": {
            group: f"{sum(one.found.id is not None for one in held)} of {len(held)}"
            for group, held in groups.items()
            if held
        },
        "mistakes": [
            f"{one.case.image} {one.case.text!r} ({one.case.truth}) as {one.found.id}, "
            f"{one.found.score:.2f} + {one.found.margin:.2f}"
            for one in named
            if not one.right
        ],
    }
