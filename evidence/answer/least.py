"""How many of the machines confirmed must be different ones, however badly they were linked.

Linking splits one machine, seen from two sides, more often than it joins two (docs/linking.md),
so that more are counted than there are. Sure to be different are those on screen at one time in one
clip, those of different builders, and those of different plants. Recordings of which no source
names the plant may be of any plant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from evidence.answer.judged import SeenMachine


def least(machines: Iterable[SeenMachine]) -> int:
    """The most of these machines that cannot be one and the same, counted so that no two are."""
    plants: dict[str, list[SeenMachine]] = defaultdict(list)
    stated: set[str] = set()
    for one in machines:
        plants[one.plant].append(one)
        if one.stated:
            stated.add(one.plant)
    placed: dict[str, int] = defaultdict(int)
    elsewhere: dict[str, int] = defaultdict(int)
    whole = most = 0
    for plant, group in plants.items():
        by_builder = _by_builder(group)
        together = _together(group)
        if plant in stated:
            whole += max(together, sum(by_builder.values()))
        else:
            most = max(most, together, sum(by_builder.values()))
        for builder, number in by_builder.items():
            if plant in stated:
                placed[builder] += number
            else:
                elsewhere[builder] = max(elsewhere[builder], number)
    builders = placed.keys() | elsewhere.keys()
    return max(whole, most, sum(max(placed[one], elsewhere[one]) for one in builders))


def _by_builder(group: Sequence[SeenMachine]) -> dict[str, int]:
    """Of each builder as many as were on screen together. One whose builder is not known may be of
    any of them."""
    found: dict[str, list[SeenMachine]] = defaultdict(list)
    for one in group:
        if one.named is not None:
            found[one.named].append(one)
    return {builder: _together(several) for builder, several in found.items()}


def _together(group: Sequence[SeenMachine]) -> int:
    """The most of them on screen at one time in one clip; one at least, if there is any."""
    times: dict[str, list[tuple[Fraction, int, str]]] = defaultdict(list)
    for one in group:
        for footage, first, last in one.views:
            times[footage] += [(first, 0, one.id), (last, 1, one.id)]
    most = min(1, len(group))
    for several in times.values():
        here: dict[str, int] = defaultdict(int)
        for _, gone, id_ in sorted(several):
            here[id_] += -1 if gone else 1
            most = max(most, sum(number > 0 for number in here.values()))
    return most
