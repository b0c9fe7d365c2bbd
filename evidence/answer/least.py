"""How many of the machines confirmed must be different ones, however badly they were linked.

Linking splits one machine, seen from two sides, more often than it joins two (docs/linking.md),
so that more are counted than there are. Sure to be different are those seen at one time in two
places of one picture, those of different builders, and those of different plants. Recordings of
which no source names the plant may be of any plant, plants that share a recording may be one, and
what a seller put a badge on may be any builder's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from statistics import median

from evidence.answer.judged import SeenMachine
from evidence.linking.pairs import LAID
from evidence.linking.seen import overlap


def least(machines: Iterable[SeenMachine], sellers: Collection[str] = ()) -> int:
    """The most of these machines that cannot be one and the same, counted so that no two are.

    Args:
        sellers: names that are no builder's, by their ids.
    """
    placed: dict[str, int] = defaultdict(int)
    elsewhere: dict[str, int] = defaultdict(int)
    whole = most = 0
    for group in places(machines):
        by_builder = _by_builder(group, sellers)
        together = max(_together(group), sum(by_builder.values()))
        if any(one.stated for one in group):
            whole += together
            for builder, number in by_builder.items():
                placed[builder] += number
        else:
            most = max(most, together)
            for builder, number in by_builder.items():
                elsewhere[builder] = max(elsewhere[builder], number)
    builders = placed.keys() | elsewhere.keys()
    return max(whole, most, sum(max(placed[one], elsewhere[one]) for one in builders))


def places(machines: Iterable[SeenMachine]) -> list[list[SeenMachine]]:
    """The machines of each plant, or recording of none that is named; of several together where
    they share a recording."""
    groups: list[tuple[set[str], list[SeenMachine]]] = []
    for one in machines:
        names, group = {one.plant, *one.recordings}, [one]
        for other in [other for other in groups if other[0] & names]:
            groups.remove(other)
            names |= other[0]
            group += other[1]
        groups.append((names, group))
    return [group for _, group in groups]


def _by_builder(group: Sequence[SeenMachine], sellers: Collection[str]) -> dict[str, int]:
    """Of each builder as many as were seen together. One whose builder is not known may be of any
    of them."""
    found: dict[str, list[SeenMachine]] = defaultdict(list)
    for one in group:
        if one.named is not None and one.named not in sellers:
            found[one.named].append(one)
    return {builder: _together(several) for builder, several in found.items()}


def _together(group: Sequence[SeenMachine]) -> int:
    """The most of them at one time in one clip, each in a place of its own; one at least, if
    there is any."""
    at: dict[tuple[str, object], list[SeenMachine]] = defaultdict(list)
    for one in group:
        for moment in {(footage, time) for footage, track in one.views for time, _ in track}:
            at[moment].append(one)
    most = min(1, len(group))
    for several in at.values():
        chosen: list[SeenMachine] = []
        for one in several if len(several) > most else ():
            if all(_apart(one, other) for other in chosen):
                chosen.append(one)
        most = max(most, len(chosen))
    return most


def _apart(a: SeenMachine, b: SeenMachine) -> bool:
    """Whether they are seen in two places at the same times: boxes upon each other are one
    machine found twice (`pairs.apart`)."""
    theirs = {(footage, time): box for footage, track in b.views for time, box in track}
    both = [
        overlap(box, theirs[footage, time])
        for footage, track in a.views
        for time, box in track
        if (footage, time) in theirs
    ]
    return bool(both) and median(both) < LAID
