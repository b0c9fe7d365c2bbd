"""From ties between sightings to machines, whatever the order in which the ties were found.

Ties are taken strongest first, and each joins two groups unless something says that they are
two machines (Kruskal's rule with pairs that must stay apart). Groups that no tie connects never
meet, so any set that is closed under ties can be worked out alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evidence.link.pairs import apart
from evidence.link.sightings import LinkSighting, Tie

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LinkedMachine:
    """One physical machine: the keys of its sightings, in order, and what they say it is."""

    sightings: tuple[str, ...]
    builder: str | None
    grade: str
    probability: float
    footages: int
    conflict: bool  # they name more than one builder


def machines_of(
    seen: Mapping[str, LinkSighting],
    ties: Iterable[Tie],
    cuts: Collection[Pair],
    tested: Collection[str],
) -> tuple[list[LinkedMachine], set[tuple[str, str, str]]]:
    """The machines, and the (a, b, kind) of the ties that hold within one.

    Args:
        seen: all sightings of a set that is closed under ties. ties: between them.
        cuts: pairs, (a, b) with a < b, that a person has cut apart; also of other sets.
        tested: builders whose presence is the claim under test.
    """
    ties = sorted(ties, key=lambda tie: tie.order)
    groups = _Groups(seen, cuts)
    for tie in ties:
        groups.join(tie)
    held = [tie for tie in ties if groups.of(tie.a) is groups.of(tie.b)]
    voices = _Groups(seen, ())
    for tie in held:
        if tie.kind in ("copy", "span"):
            voices.join(tie)
    found: dict[int, list[str]] = defaultdict(list)
    for key in sorted(seen):
        found[id(groups.of(key))].append(key)
    machines = [_machine([seen[key] for key in keys], voices, tested) for keys in found.values()]
    return machines, {(tie.a, tie.b, tie.kind) for tie in held}


@dataclass(slots=True, eq=False)
class _Group:
    keys: list[str]
    builders: set[str]
    footages: dict[str, list[str]] = field(default_factory=dict)


class _Groups:
    """Sightings in groups that grow together, but never across what keeps two apart."""

    def __init__(self, seen: Mapping[str, LinkSighting], cuts: Collection[Pair]) -> None:
        self._seen = seen
        self._group = {
            key: _Group([key], {one.builder} if one.builder else set(), {one.footage: [key]})
            for key, one in seen.items()
        }
        self._cut: dict[str, set[str]] = defaultdict(set)
        for a, b in cuts:
            # One that is cut from a sighting outside this set never meets it.
            if a in seen and b in seen:
                self._cut[a].add(b)
                self._cut[b].add(a)

    def of(self, key: str) -> _Group:
        return self._group[key]

    def join(self, tie: Tie) -> None:
        """Makes one of the two groups that a tie connects, unless they must stay apart."""
        a, b = self._group[tie.a], self._group[tie.b]
        if a is b or self._kept_apart(a, b, tie):
            return
        if len(a.keys) < len(b.keys):
            a, b = b, a
        a.keys += b.keys
        a.builders |= b.builders
        for footage, keys in b.footages.items():
            a.footages.setdefault(footage, []).extend(keys)
        for key in b.keys:
            self._group[key] = a

    def _kept_apart(self, a: _Group, b: _Group, tie: Tie) -> bool:
        if any(self._group[other] is b for key in a.keys for other in self._cut.get(key, ())):
            return True
        if tie.kind == "joined":
            return False
        # In a copy or in the same shot a builder read otherwise is a slip of the reader.
        if tie.kind == "place" and a.builders and b.builders and a.builders != b.builders:
            return True
        return any(
            apart(self._seen[one], self._seen[other])
            for footage in a.footages.keys() & b.footages.keys()
            for one in a.footages[footage]
            for other in b.footages[footage]
        )


def _machine(
    seen: Sequence[LinkSighting], voices: _Groups, tested: Collection[str]
) -> LinkedMachine:
    """What the sightings of one machine say together: what the surest says.

    Several builders may be named. Then one of an origin under test is named only if it has more
    voices than anything else, and more than one. Copies of one recording and parts of one shot
    have one voice.
    """
    surest = min(seen, key=lambda one: (one.grade, -one.probability, one.key))
    builder, grade, probability = surest.builder, surest.grade, surest.probability
    said = {(one.builder, id(voices.of(one.key))) for one in seen if one.builder}
    count = Counter(name for name, _ in said)
    alone = builder is not None and not 1 < count[builder] > len(said) / 2
    if builder in tested and len(count) > 1 and alone:
        builder, grade, probability = None, "U", 0.0
    keys, footages = tuple(one.key for one in seen), len({one.footage for one in seen})
    return LinkedMachine(keys, builder, grade, probability, footages, len(count) > 1)
