"""Estimates with their intervals, over plants: one plant's machines are alike.

Shares are written so that they claim no more than holds.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from datasets.errors import UsageError

LEVEL = 0.95
"""The share of worlds in which an interval is to hold the truth."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share between 0 and 1.

    value: the estimate, None where the data fix none. low, high: its interval. method: what
    computed it, with its source.
    """

    value: float | None
    low: float
    high: float
    method: str
    level: float = LEVEL


def ruled_out(of: float, level: float = LEVEL, sensitivity: float = 1.0) -> float:
    """The smallest share that would have shown at least once among `of` with chance `level`.

    1 - (1 - level)^(1/of), divided by `sensitivity`: the chance that one is seen for what it is.
    This is the exact form of the rule of three, which gives 3/of at 0.95; 1 if no share would have
    been noticed so surely. Source: Hanley & Lippman-Hand, "If nothing goes wrong, is everything
    all right?", JAMA 249 (1983) 1743-1745.

    >>> round(ruled_out(100), 4)
    0.0295
    """
    if of <= 0 or sensitivity <= 0:
        return 1.0
    return float(min(1.0, -math.expm1(math.log1p(-level) / of) / sensitivity))


def percent(share: float | None) -> str:
    """A share for people; nothing and all are written of no other share.

    >>> percent(0.0295), percent(0.5), percent(None)
    ('2.9 %', '50 %', 'not known')
    >>> percent(0.0), percent(0.0002), percent(0.998), percent(1.0)
    ('0 %', '<0.1 %', '>99 %', '100 %')
    """
    if share is None:
        return "not known"
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def above(share: float) -> str:
    """A limit above which something holds, rounded up: it holds above what is written too.

    >>> above(0.04049), above(0.0002), above(0.25)
    ('4.1 %', '0.1 %', '25.0 %')
    """
    return f"{math.ceil(round(1000 * share, 6)) / 10:.1f} %"


def at_least(share: float) -> str:
    """A lower limit, rounded down: no more is written than holds.

    >>> at_least(0.757), at_least(0.0299), at_least(0.0009), at_least(0.0)
    ('75 %', '2.9 %', '<0.1 %', '0 %')
    """
    steps = 1000 if share < 0.1 else 100
    return percent(math.floor(round(steps * share, 6)) / steps or min(share, 0.0004))


def at_most(share: float) -> str:
    """An upper limit, rounded up: no less is written than holds.

    >>> at_most(0.493), at_most(0.0361), at_most(0.0002), at_most(0.0)
    ('50 %', '3.7 %', '0.1 %', '0 %')
    >>> at_most(0.9871), at_most(0.9901), at_most(1.0)
    ('99 %', '>99 %', '100 %')
    """
    steps = 1000 if share < 0.1 else 100
    up = math.ceil(round(steps * share, 6)) / steps
    return percent(up if share == 1 else min(up, 0.999))


ALIKE = 0.3
"""Correlation of two machines of one plant that is assumed where the counts cannot show one: plants
buy in batches, from few sellers."""

FEW = 10
"""With hits, or others, from fewer plants `ALIKE` is the least correlation."""


def clustered(
    hits: Sequence[float], machines: Sequence[float], level: float = LEVEL, alike: float = ALIKE
) -> Estimate:
    """The share of machines, with an interval over plants.

    hits, machines: of each plant; effective numbers need not be whole. `UsageError`: they do not go
    together. By `alike` machines of a plant correlate at least (0..1), where few plants (`FEW`, by
    `even`) have hits, or others.

    The ratio estimate and its variance between plants give an effective number of machines. It is
    never more than that of the machines, and gives the exact interval. Source: Korn & Graubard,
    "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24 (1998) 193-201.
    """
    y, m = np.asarray(hits, float), np.asarray(machines, float)
    if y.shape != m.shape or y.ndim != 1 or (y < 0).any() or (y > m).any():
        raise UsageError("hits and machines must be as many, and no plant have more hits")
    y, m = y[m > 0], m[m > 0]
    method = "Korn & Graubard 1998, over plants"
    total = float(m.sum())
    if not len(m):
        return Estimate(None, 0.0, 1.0, method, level)
    share = float(y.sum()) / total
    low, high = around(share, effective(y, m, alike), total, even(m), level)
    return Estimate(share, low, high, method, level)


def around(
    share: float, size: float, machines: float, plants: float, level: float = LEVEL
) -> tuple[float, float]:
    """The exact interval around a share that rests on so many independent machines.

    The effective number is an estimate from `plants`. The squared ratio of Student's t for
    machines - 1 and for plants - 1 degrees makes it smaller. It is never more than that of the
    machines. Plants of unequal size count as fewer. Source: Carter, Schnepel & Steigerwald,
    "Asymptotic behavior of a t-test robust to cluster heterogeneity", Review of
    Economics and Statistics 99 (2017) 698-709.
    """
    tail = (1 - level) / 2
    narrow = special.stdtrit(max(1.0, machines - 1), 1 - tail)
    wide = special.stdtrit(max(1.0, plants - 1), 1 - tail)
    size = min(machines, size * float(narrow / wide) ** 2)
    x = share * size
    low = 0.0 if x <= 0 else float(special.betaincinv(x, size - x + 1, tail))
    high = 1.0 if x >= size else float(special.betaincinv(x + 1, size - x, 1 - tail))
    return low, high


def even(parts: np.ndarray) -> float:
    """Parts of one size that would tell as much as these: Kish, "Survey Sampling" (1965), 11.7.

    >>> even(np.array([5, 5, 5, 0])), round(even(np.array([98, 1, 1])), 2)
    (3.0, 1.04)
    """
    squares = float((parts.astype(float) ** 2).sum())
    return float(parts.sum()) ** 2 / squares if squares else 0.0


def effective(
    hits: np.ndarray, machines: np.ndarray, alike: float = ALIKE, sizes: np.ndarray | None = None
) -> float:
    """How many independent machines would say as much as these.

    hits, machines: (plants,) of each plant that has machines; estimates may be below 0. sizes:
    (plants,) above 0, the weights of the plants; `machines` if None.

    The variance of the share is the jackknife's, which leaves out one plant at a time. A plant
    with most of the machines pulls the share to its own, so a linearised variance would be too
    small. With equal plants both are the same. Source: Rust & Rao, "Variance estimation for
    complex surveys using replication techniques", Statistical Methods in Medical Research 5
    (1996) 283-310.
    """
    total, plants = float(machines.sum()), len(machines)
    sizes = machines if sizes is None else sizes
    share = float(hits.sum()) / total
    # Kish, "Survey Sampling" (1965), 5.4: the design effect of clusters of unequal sizes.
    assumed = total / (1 + (total / even(sizes) - 1) * alike)
    if plants < 2 or not 0 < share < 1:
        return assumed
    without = total * (1 - sizes / sizes.sum())
    between = (plants - 1) / plants * float((((hits - share * machines) / without) ** 2).sum())
    size = min(total, share * (1 - share) / between) if between else total
    # A share that rests on few plants has seldom met those that hold many of the kind.
    told_by = (even(np.maximum(0, one)) for one in (hits, machines - hits))
    return min(size, assumed) if min(told_by) < FEW else size


METHOD = (
    "post-stratified audit sample; Korn & Graubard 1998 in each stratum, joined by MOVER "
    "(Zou & Donner 2008)"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """The machines of one plant in one stratum.

    - machines: all that the program takes for machines.
    - stratum: by what it says of them. All of one stratum had the same chance of being drawn.
    - judged: those that were drawn and judged.
    - hits, none: those judged that are of the kind, and that are no machines.
    """

    plant: Hashable
    stratum: str
    machines: int
    judged: int
    hits: int
    none: int = 0


def stratified(cells: Sequence[Cell], alike: float = ALIKE) -> Estimate:
    """The share of hits among all machines.

    Each stratum's share comes from its judged machines. Its interval over plants does not shrink
    to nothing if no hit was found. If some of those judged are no machines, the size of the
    stratum is estimated in the same way. MOVER joins the strata: Zou & Donner, "Construction of
    confidence limits about effect measures", Statistics in Medicine 27 (2008) 1693-1702.
    The differences between whole plants give another interval; the wider end counts on each side.
    `UsageError`: counts that do not go together.
    """
    strata: dict[str, list[Cell]] = {}
    for one in cells:
        if not 0 <= one.hits <= one.judged - one.none <= one.judged <= one.machines:
            raise UsageError(
                f"{one.hits} hits and {one.none} none of {one.judged} judged of {one.machines} "
                "machines"
            )
        if one.machines:
            strata.setdefault(one.stratum, []).append(one)
    real = {name: _real(members, alike) for name, members in strata.items()}
    sizes = {name: _size(members, real[name]) for name, members in strata.items()}
    total = sum(sizes.values())
    if not total:
        return Estimate(None, 0.0, 1.0, METHOD)
    value = below = above = unjudged = 0.0
    shares: dict[str, float] = {}
    for name, members in strata.items():
        weight = sizes[name] / total
        there = [one.judged - one.none for one in members]
        found = clustered([one.hits for one in members], there, alike=alike)
        if found.value is None:
            # Nothing is known of it: none or all of them.
            unjudged += sizes[name]
            continue
        shares[name] = found.value
        value += weight * found.value
        below += (weight * (found.value - found.low)) ** 2
        above += (weight * (found.high - found.value)) ** 2
    unjudged /= total  # once: a sum of shares may come to less than all of them
    if all(share == 1 for share in shares.values()):
        value = 1 - unjudged  # as may a sum of weights, in one order and not in another
    for name, share in shares.items():
        # Were fewer of this stratum machines, the others would weigh more.
        weight, fewer, more = sizes[name] / total, *_reach(real[name])
        down, up = share - value, share - value - unjudged
        below += (weight * down * (fewer if down > 0 else more)) ** 2
        above += (weight * up * (more if up > 0 else fewer)) ** 2
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    judged = {
        name: (strata[name], share, real[name].value or 0.0) for name, share in shares.items()
    }
    for_plants = _over_plants(judged, value, alike)
    low, high = min(low, for_plants[0]), max(high, for_plants[1])
    low, high = max(0.0, low), min(1.0, high + unjudged)
    return Estimate(None if unjudged else value, low, high, METHOD)


def _real(members: Sequence[Cell], alike: float) -> Estimate:
    """Of what the program takes for machines the share that are; all, where no one judged is
    none."""
    if not any(one.none for one in members):
        return Estimate(1.0, 1.0, 1.0, METHOD)
    there = [one.judged - one.none for one in members]
    return clustered(there, [one.judged for one in members], alike=alike)


def _size(members: Sequence[Cell], real: Estimate) -> float:
    """How many machines a stratum has. Where each one judged is none, as many of the others may be
    as that does not rule out."""
    machines = sum(one.machines for one in members)
    if real.value:
        return real.value * machines
    return real.high * (machines - sum(one.judged for one in members))


def _reach(real: Estimate) -> tuple[float, float]:
    """By what part of itself a share may be smaller, and by what part larger."""
    return (1 - real.low / real.value, real.high / real.value - 1) if real.value else (0.0, 0.0)


def _over_plants(
    strata: dict[str, tuple[list[Cell], float, float]], value: float, alike: float
) -> tuple[float, float]:
    """The interval from how unlike the plants are, each plant's machines summed.

    How many machines a plant has of each stratum varies from plant to plant as well. A machine
    counts as its stratum's share, put right by what was judged of it over the chance of having
    been: the difference estimator of Särndal, Swensson & Wretman, "Model Assisted Survey
    Sampling" (1992), 6.3. So does how many of what the program takes for machines are.
    strata: of each its cells, the share of hits, and that of machines.
    """
    sums: dict[Hashable, list[float]] = {}
    for members, share, real in strata.values():
        drawn = sum(one.judged for one in members) / sum(one.machines for one in members)
        for one in members:
            plant = sums.setdefault(one.plant, [0.0, 0.0, 0.0])
            plant[0] += real * one.machines * share + (one.hits - real * one.judged * share) / drawn
            plant[1] += real * one.machines + (one.judged - one.none - real * one.judged) / drawn
            plant[2] += one.machines
    if len(sums) < 2 or value <= 0:
        return value, value
    hits, there, sizes = np.array(list(sums.values())).T
    return around(value, effective(hits, there, alike, sizes), float(there.sum()), even(sizes))
