"""How many of some machines must be different ones, however badly they were linked.

Linking splits one machine, seen from two sides, more often than it joins two (docs/linking.md),
so that more are counted than there are. Sure to be different are those seen at one time in two
places of one picture, those of different builders, and those of different plants. Except:

- recordings whose sources name no plant may be of any plant;
- plants that share a recording may be one;
- plants may be one if their names may be: written in another script, or shortened;
- what a seller put a badge on may be any builder's;
- builders that only the program names may be misreadings.

And what was seen of each plant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from statistics import median

from sqlalchemy import select

from detector.types import Box
from evidence.answer.population import CountedMachine, Status, confirmed
from evidence.answer.sources import Asked
from evidence.case.sighting_tables import AnalysisRow
from evidence.link.pairs import LAID
from evidence.link.sightings import in_company, overlap
from evidence.spelling import fold

Moment = tuple[str, tuple[int, int]]
"""Footage, and a time of it as a fraction: pairs of numbers are compared in a tenth of the time."""


@dataclass(frozen=True)
class _Seen:
    """Whose a machine is taken to be, and where it is seen: by footage, in order of time."""

    named: str | None
    views: tuple[tuple[str, tuple[tuple[Fraction, Box], ...]], ...]

    @cached_property
    def boxes(self) -> dict[Moment, Box]:
        """Where it is at each moment. Made only of one that is seen while another is."""
        return {
            (footage, time.as_integer_ratio()): box
            for footage, track in self.views
            for time, box in track
        }


def least(machines: Iterable[CountedMachine], sellers: Collection[str] = ()) -> int:
    """The most of these machines that cannot be one and the same, counted so that no two are.

    Args:
        sellers: names that are no builder's, by their ids.
    """
    return sum(by_place(machines, sellers))


def by_place(machines: Iterable[CountedMachine], sellers: Collection[str] = ()) -> list[int]:
    """The same plant by plant; recordings without a plant come last, as one.

    These may all be of one plant, or of one of the others. So only those count that must differ
    from the machines of the plants.

    Args:
        sellers: names that are no builder's, by their ids.
    """
    placed: dict[str, int] = defaultdict(int)
    elsewhere: dict[str, int] = defaultdict(int)
    each: list[int] = []
    most = 0
    for machines_there in places(machines):
        group = [_Seen(one.builder if one.settled else None, one.views) for one in machines_there]
        by_builder = _by_builder(group, sellers)
        together = max(_most_at_once(group), sum(by_builder.values()))
        if any(one.stated for one in machines_there):
            each.append(together)
            for builder, number in by_builder.items():
                placed[builder] += number
        else:
            most = max(most, together)
            for builder, number in by_builder.items():
                elsewhere[builder] = max(elsewhere[builder], number)
    builders = placed.keys() | elsewhere.keys()
    least_of_all = max(most, sum(max(placed[one], elsewhere[one]) for one in builders))
    more = least_of_all - sum(each)
    return [*each, more] if more > 0 else each


def places(machines: Iterable[CountedMachine]) -> list[list[CountedMachine]]:
    """The machines of each plant, or recording of none that is named; of several together where
    they share a recording."""
    machines = list(machines)
    plant_key = one_name({one.plant for one in machines if one.stated})
    at: dict[str, tuple[set[str], list[CountedMachine]]] = {}
    for one in machines:
        names = {plant_key[one.plant] if one.stated else one.plant, *one.recordings}
        known = {id(at[name]): at[name] for name in names if name in at}
        # Into the largest: there may be as many recordings as machines.
        place, *others = sorted(known.values(), key=lambda it: -len(it[1])) or [(set(), [])]
        for more, group in others:
            names |= more
            place[1].extend(group)
        place[0].update(names)
        place[1].append(one)
        at.update(dict.fromkeys(names, place))
    return [group for _, group in {id(place): place for place in at.values()}.values()]


def one_name(plants: Collection[str]) -> dict[str, str]:
    """By plant the first of those that it may be: nobody said that their names are of two plants.

    Example:
        >>> found = one_name(["Уралмаш", "Uralmash", "Kazan", "УЗТМ", "Uralskiy zavod t. mash."])
        >>> found["Уралмаш"] == found["Uralmash"], found["УЗТМ"] == found["Uralskiy zavod t. mash."]
        (True, True)
    """
    first: dict[str, str] = {}
    known: dict[str, str] = {}
    for plant in sorted(plants, key=lambda name: (-len(name.split()), name)):
        words = _latin(plant).split()
        bare = " ".join("".join(c for c in word if c not in "aeiouyj") or word for word in words)
        short = "short " + ("".join(words) if len(words) < 2 else "".join(w[0] for w in words))
        also = known.get(short) if len(words) < 2 else None
        first[plant] = known.get(bare) or also or plant
        known.setdefault(bare, first[plant])
        if len(words) > 1:
            known.setdefault(short, first[plant])
    return first


_LATIN = dict(
    zip("абвгдеёжзийклмнопрстуфхцчшщыэюяіїєґ", "abvgdeezziiklmnoprstufkccssyeuaiieg", strict=True)
) | dict.fromkeys("ъь", "")
"""Of each Cyrillic letter what Latin spellings have in common."""


def _latin(name: str) -> str:
    """A name in letters that Cyrillic and its transliterations share."""
    plain = "".join(_LATIN.get(letter, letter) for letter in fold(name))
    for several, one in (("shch", "s"), ("sch", "s"), ("sh", "s"), ("zh", "z"), ("ch", "c"),
                         ("kh", "k"), ("ts", "c"), ("ya", "a"), ("yu", "u"), ("ia", "a"),
                         ("iu", "u")):  # fmt: skip
        plain = plain.replace(several, one)
    return "".join(letter if letter.isalnum() else " " for letter in plain)


def _by_builder(group: Sequence[_Seen], sellers: Collection[str]) -> dict[str, int]:
    """Of each builder as many as were seen together. One whose builder is not known may be of any
    of them."""
    found: dict[str, list[_Seen]] = defaultdict(list)
    for one in group:
        if one.named is not None and one.named not in sellers:
            found[one.named].append(one)
    return {builder: _most_at_once(several) for builder, several in found.items()}


def _most_at_once(group: Sequence[_Seen]) -> int:
    """The most of them at one time in one clip, each in a place of its own; one at least, if
    there is any."""
    at: dict[Moment, list[int]] = defaultdict(list)
    shown = (
        (footage, track[0][0], track[-1][0], number)
        for number, one in enumerate(group)
        for footage, track in one.views
    )
    for number in sorted(in_company(shown)):
        for moment in group[number].boxes:
            at[moment].append(number)
    apart = cache(lambda a, b: _apart(group[a], group[b]))
    most = min(1, len(group))
    for several in at.values():
        chosen: list[int] = []
        for one in several if len(several) > most else ():
            if all(apart(one, other) for other in chosen):
                chosen.append(one)
        most = max(most, len(chosen))
    return most


def _apart(a: _Seen, b: _Seen) -> bool:
    """Whether they are seen in two places at the same times: boxes upon each other are one
    machine found twice (`pairs.apart`)."""
    both = [overlap(a.boxes[moment], b.boxes[moment]) for moment in a.boxes.keys() & b.boxes.keys()]
    return bool(both) and median(both) < LAID


SHOWN = {
    Status.CONFIRMED: "confirmed",
    Status.OTHER: "confirmed",
    Status.LEAD: "probable",
    Status.NAMED: "claimed",
    Status.CONCEALED: "concealed",
}


def shown_as(machine: CountedMachine) -> str:
    """One of five words for figures and tables.

    confirmed: of some builder, by people. probable: of the kind, by the program. claimed: of
    another kind, by the program. concealed, unknown.
    """
    if machine.status is Status.UNTOLD:
        return "confirmed" if machine.settled else "claimed"
    return SHOWN.get(machine.status, "unknown")


@dataclass(frozen=True, slots=True)
class PlantRow:
    """What was seen of one plant.

    recordings: looked at; readable: in which the builder of some machine is identified; shows:
    in which one of the kind is confirmed. probable: leads for the kind.
    """

    plant: str
    stated: bool
    recordings: int
    readable: int
    shows: int
    machines: int
    confirmed: int
    probable: int
    unknown: int

    @property
    def named_otherwise(self) -> int:
        """Machines that are named, and neither confirmed nor claimed as of the kind."""
        return self.machines - self.confirmed - self.probable - self.unknown


def read_looked_at(asked: Asked) -> dict[str, frozenset[str]]:
    """By plant that sources name its recordings that were looked at, of the footage asked about."""
    wanted, recipe = asked.footage(), asked.recipe
    analysed = asked.session.scalars(
        select(AnalysisRow.footage).where(
            AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
        )
    )
    found: dict[str, set[str]] = defaultdict(set)
    for footage in analysed:
        source = asked.sources[footage]
        if footage in wanted and source.plant is not None:
            found[source.plant].add(source.recording)
    return {plant: frozenset(several) for plant, several in found.items()}


def by_plant(machines: Iterable[CountedMachine]) -> dict[str, list[CountedMachine]]:
    """The machines of each plant, plants with most of them first."""
    plants: dict[str, list[CountedMachine]] = defaultdict(list)
    for one in machines:
        plants[one.plant].append(one)
    return dict(sorted(plants.items(), key=lambda row: (-len(row[1]), row[0])))


def plant_rows(
    plants: Mapping[str, Sequence[CountedMachine]], looked_at: Mapping[str, frozenset[str]]
) -> tuple[PlantRow, ...]:
    """A row of each plant in which a machine was seen, then of those in which none was."""
    empty = sorted(looked_at.keys() - plants.keys())
    return (
        *(_row(name, group, looked_at.get(name, frozenset())) for name, group in plants.items()),
        *(PlantRow(name, True, len(looked_at[name]), 0, 0, 0, 0, 0, 0) for name in empty),
    )


def _row(name: str, group: Sequence[CountedMachine], looked_at: frozenset[str]) -> PlantRow:
    words = [shown_as(one) for one in group]
    return PlantRow(
        plant=name,
        stated=group[0].stated,
        recordings=len(looked_at | _recordings(group)),
        readable=len(_recordings(one for one in group if one.identified)),
        shows=len(_recordings(filter(confirmed, group))),
        machines=len(group),
        confirmed=sum(map(confirmed, group)),
        probable=sum(one.status is Status.LEAD for one in group),
        unknown=words.count("unknown") + words.count("concealed"),
    )


def _recordings(machines: Iterable[CountedMachine]) -> frozenset[str]:
    """Of the plant's own footage; what other plants' footage shows is no visit to it."""
    return frozenset().union(*(one.at_plant or one.recordings for one in machines))
