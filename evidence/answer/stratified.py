"""The share among machines of which some were all judged and others by a random sample."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from datasets.errors import UsageError
from evidence.answer.clustered import ALIKE, FEW, around, clustered
from evidence.answer.estimate import LEVEL, Estimate, check_level

METHOD = (
    "post-stratified audit sample; Korn & Graubard 1998 in each stratum, joined by MOVER "
    "(Zou & Donner 2008)"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One machine as the audit sees it.

    stratum: by what the program says of it; all of one stratum had one chance of being drawn.
    hit: what people say, None where it was not drawn.
    """

    plant: Hashable
    stratum: str
    hit: bool | None


def stratified(machines: Sequence[Judged], level: float = LEVEL, alike: float = ALIKE) -> Estimate:
    """The share of hits among all machines.

    Each stratum's share comes from those of it that were judged, with an interval over plants
    that none found does not shrink to nothing; the strata, of known sizes, are joined by the
    method of variance estimates recovery: Zou & Donner, "Construction of confidence limits about
    effect measures", Statistics in Medicine 27 (2008) 1693-1702.

    Raises:
        UsageError: a level or a correlation out of range.
    """
    check_level(level)
    if not machines:
        return Estimate(None, 0.0, 1.0, METHOD, level, ("there are no machines",))
    strata: dict[str, list[Judged]] = {}
    for one in machines:
        strata.setdefault(one.stratum, []).append(one)
    value = below = above = unjudged = 0.0
    shares: dict[str, float] = {}
    for name, members in strata.items():
        weight = len(members) / len(machines)
        found = _of_stratum(members, level, alike)
        if found.value is None:
            # Nothing is known of it: none or all of them.
            unjudged += weight
            continue
        shares[name] = found.value
        value += weight * found.value
        below += (weight * (found.value - found.low)) ** 2
        above += (weight * (found.high - found.value)) ** 2
    plants = len({one.plant for one in machines})
    warnings = [f"{plants} plants are few to judge by"] if plants < FEW else []
    if unjudged:
        warnings.append(f"{unjudged:.0%} of the machines are of a kind of which none was judged")
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    # How many machines a plant has of each stratum varies from plant to plant as well.
    for_plants = _over_plants(strata, shares, value, level)
    low, high = min(low, for_plants[0]), max(high, for_plants[1])
    low, high = max(0.0, low), min(1.0, high + unjudged)
    return Estimate(None if unjudged else value, low, high, METHOD, level, tuple(warnings))


def _over_plants(
    strata: dict[str, list[Judged]], shares: dict[str, float], value: float, level: float
) -> tuple[float, float]:
    """The interval from how unlike the plants are, each plant's machines summed.

    A machine counts as its stratum's share, put right by what was judged of it over the chance
    of having been: the difference estimator of Särndal, Swensson & Wretman, "Model Assisted
    Survey Sampling" (1992), 6.3.
    """
    sums: dict[Hashable, float] = {}
    number = 0
    for name, share in shares.items():
        members = strata[name]
        number += len(members)
        drawn = sum(one.hit is not None for one in members) / len(members)
        for one in members:
            more = 0.0 if one.hit is None else (one.hit - share) / drawn
            sums[one.plant] = sums.get(one.plant, 0.0) + share + more - value
    plants = len(sums)
    if plants < 2 or not 0 < value < 1:
        return value, value
    between = plants / (plants - 1) * sum(one * one for one in sums.values()) / number**2
    if between == 0:
        return value, value
    return around(value, value * (1 - value) / between, number, plants, level)


def _of_stratum(members: Sequence[Judged], level: float, alike: float) -> Estimate:
    hits: dict[Hashable, int] = {}
    judged: dict[Hashable, int] = {}
    for one in members:
        if one.hit is not None:
            judged[one.plant] = judged.get(one.plant, 0) + 1
            hits[one.plant] = hits.get(one.plant, 0) + one.hit
    if not judged:
        return Estimate(None, 0.0, 1.0, METHOD, level)
    return clustered([hits[plant] for plant in judged], list(judged.values()), level, alike)


def check_chances(chances: dict[str, set[float]]) -> None:
    """That every stratum has one chance of being drawn.

    Raises:
        UsageError: one has several; they must be told apart as strata.
    """
    for stratum, several in chances.items():
        if len(several) > 1:
            raise UsageError(
                f"stratum {stratum}: drawn with chances {sorted(several)}; a stratum has one"
            )
