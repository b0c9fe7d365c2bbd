"""The share among machines of which some were all judged and others by a random sample."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from datasets.errors import UsageError
from evidence.answer.clustered import ALIKE, FEW, around, clustered, few_plants
from evidence.answer.estimate import LEVEL, Estimate, check_level
from evidence.answer.told import Told

METHOD = (
    "post-stratified audit sample; Korn & Graubard 1998 in each stratum, joined by MOVER "
    "(Zou & Donner 2008)"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """The machines of one plant in one stratum.

    stratum: by what the program says of them; all of one stratum had one chance of being
    drawn. judged: those that were drawn and judged; hits: those of them that are of the kind.
    """

    plant: Hashable
    stratum: str
    machines: int
    judged: int
    hits: int


def stratified(cells: Sequence[Cell], level: float = LEVEL, alike: float = ALIKE) -> Estimate:
    """The share of hits among all machines.

    Each stratum's share comes from those of it that were judged, with an interval over plants
    that none found does not shrink to nothing; the strata, of known sizes, are joined by the
    method of variance estimates recovery: Zou & Donner, "Construction of confidence limits about
    effect measures", Statistics in Medicine 27 (2008) 1693-1702. How unlike the plants are as
    wholes gives another interval; the wider end counts on either side.

    Raises:
        UsageError: counts that do not go together, a level or a correlation out of range.
    """
    check_level(level)
    strata: dict[str, list[Cell]] = {}
    for one in cells:
        if not 0 <= one.hits <= one.judged <= one.machines:
            raise UsageError(f"{one.hits} hits of {one.judged} judged of {one.machines} machines")
        if one.machines:
            strata.setdefault(one.stratum, []).append(one)
    total = sum(one.machines for members in strata.values() for one in members)
    if not total:
        return Estimate(None, 0.0, 1.0, METHOD, level, (Told("there are no machines"),))
    value = below = above = unjudged = 0.0
    shares: dict[str, float] = {}
    for name, members in strata.items():
        weight = sum(one.machines for one in members) / total
        found = clustered(
            [one.hits for one in members], [one.judged for one in members], level, alike
        )
        if found.value is None:
            # Nothing is known of it: none or all of them.
            unjudged += weight
            continue
        shares[name] = found.value
        value += weight * found.value
        below += (weight * (found.value - found.low)) ** 2
        above += (weight * (found.high - found.value)) ** 2
    plants = len({one.plant for members in strata.values() for one in members})
    warnings = [few_plants(plants)] if plants < FEW else []
    if unjudged:
        warnings.append(
            Told(
                "%(share)s of the machines are in strata of the sample of which none was judged",
                share=f"{100 * unjudged:.0f} %",
            )
        )
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    for_plants = _over_plants({name: strata[name] for name in shares}, shares, value, level)
    low, high = min(low, for_plants[0]), max(high, for_plants[1])
    low, high = max(0.0, low), min(1.0, high + unjudged)
    return Estimate(None if unjudged else value, low, high, METHOD, level, tuple(warnings))


def _over_plants(
    strata: dict[str, list[Cell]], shares: dict[str, float], value: float, level: float
) -> tuple[float, float]:
    """The interval from how unlike the plants are, each plant's machines summed.

    How many machines a plant has of each stratum varies from plant to plant as well. A machine
    counts as its stratum's share, put right by what was judged of it over the chance of having
    been: the difference estimator of Särndal, Swensson & Wretman, "Model Assisted Survey
    Sampling" (1992), 6.3.
    """
    sums: dict[Hashable, float] = {}
    total = 0
    for name, share in shares.items():
        members = strata[name]
        machines = sum(one.machines for one in members)
        drawn = sum(one.judged for one in members) / machines
        total += machines
        for one in members:
            found = one.machines * share + (one.hits - one.judged * share) / drawn
            sums[one.plant] = sums.get(one.plant, 0.0) + found - one.machines * value
    plants = len(sums)
    if plants < 2 or not 0 < value < 1:
        return value, value
    between = plants / (plants - 1) * sum(one * one for one in sums.values()) / total**2
    if between == 0:
        return value, value
    return around(value, value * (1 - value) / between, total, plants, level)
