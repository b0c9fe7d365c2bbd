"""Which machines are the same: those entered by hand, and how many must be different.

Machines entered by hand are in no estimated share, since the audit sample was not drawn from them.
One that stands where the program found a machine is that machine.

Linking splits one machine, seen from two sides, more often than it joins two (docs/linking.md).
Sure to be different are those seen at one time in two places of one picture, those of different
builders, and those of different plants. Except:

- recordings whose sources name no plant may be of any plant;
- plants that share a recording may be one;
- plants may be one if their names may be: written in another script, or shortened;
- what a seller put a badge on may be any builder's;
- builders that only the program names may be misreadings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from statistics import median

from sqlalchemy import select

from datasets.messages import Message
from detector.types import Box
from evidence.answer.population import CountedMachine, Status, status_of
from evidence.answer.sources import Asked, is_older, plant_of, shown_before
from evidence.case.base import found_with
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Item
from evidence.case.verdicts import given, verdicts_on
from evidence.link.sighting_pairs import LAID
from evidence.link.sightings import as_box, in_company, overlap
from evidence.review.items import ENTERED
from evidence.review.manual_entries import same_place
from evidence.review.standing import JUDGEMENTS, NAMING, NO_MACHINE, PROBABLE, confirms, in_force
from evidence.spelling import fold

SAME_BOX = 0.5
"""Least IoU of two boxes to mean one machine even where the builders told are different ones."""

NEAR = Fraction(2)
"""Seconds before and after a frame in which a machine found at the same place is the same one."""

STATES = {
    "probable": Message("probable, not confirmed"),
    "waits": Message("waits for others to judge"),
    "confirmed": Message("builder confirmed"),
    "second cue": Message("concealed, builder from a second cue"),
    "control": Message("a control, builder unknown"),
    "concealed": Message("concealed, builder unknown"),
    "unknown": Message("builder unknown"),
}


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """A machine as it was entered.

    - state: `confirmed` (people settled the builder), `probable` (somebody names one, others have
      still to say), `concealed`, `unknown`, or `waits` (who has to agree must not know yet). kind:
      the same in words. hit: it is of the kind asked for (None: not known).
    - control, made: who made its control, and where it was built, as people say.
    - counted: it adds to what was seen, or replaces a machine that the program found there.
    - machine: the one that the program found at its place; unlinked: that one has no page yet.
    - differs: people settled something else of it in the review, and their word stands.
    """

    id: str
    plant: str
    footage: str
    pts: str
    box: tuple[float, ...]
    state: str
    builder: str | None
    concealed: bool
    control: str | None
    made: str | None
    hit: bool | None
    authors: tuple[str, ...]
    kind: str = ""
    counted: bool = True
    machine: str | None = None
    unlinked: bool = False
    differs: bool = False


def with_entered(
    asked: Asked, machines: Sequence[CountedMachine]
) -> tuple[list[CountedMachine], tuple[ManualEntry, ...]]:
    """The machines that the program found with those that people entered, and every entry."""
    whole = {one.id: one for one in machines}
    entries = []
    for entry, one in _read_entered(asked):
        there = find_machine(one, machines)
        if there is None:
            whole[one.id] = one
        else:
            now = whole[there.id]
            more = one.settled or (one.claimed is True and now.claimed is not True)
            counted = more and not now.settled and not now.replaced
            if counted:
                whole[now.id] = replace(now, replaced=True)
                # A claim for the kind that waits is not silenced by another builder's name.
                waits = now.status is Status.LEAD and one.status is not Status.CONFIRMED
                whole[one.id] = replace(one, status=Status.LEAD) if waits else one
            both = one.settled and now.settled
            entry = replace(
                entry,
                counted=counted,
                machine=now.id,
                unlinked=now.unlinked is not None,
                differs=both and (one.builder, one.hit) != (now.builder, now.hit),
            )
        entries.append(entry)
    return sorted(whole.values(), key=lambda one: (one.entered, one.id)), tuple(entries)


def find_machine(
    one: CountedMachine, machines: Collection[CountedMachine]
) -> CountedMachine | None:
    """The machine of the program that stands where one was entered, or None. Of several the one of
    the same builder, else one of an unknown builder, else of agreeing boxes."""
    ((footage, ((pts, box), *_)), *_) = one.views
    fits = []
    for other in machines:
        seen = [
            (abs(at - pts), place)
            for where, track in other.views
            if where == footage
            for at, place in track
        ]
        off, place = min(seen, default=(NEAR + 1, box))
        if off > NEAR or not same_place(box, place):
            continue
        builders = {_builder_of(one), _builder_of(other)}
        alike = 2 if len(builders) == 1 else int("" in builders)
        if alike or overlap(box, place) >= SAME_BOX:
            fits.append((alike, overlap(box, place), other.id, other))
    return max(fits, key=lambda fit: fit[:3])[-1] if fits else None


def _builder_of(one: CountedMachine) -> str:
    """Whose it is taken to be: by people, else by the program or who entered it."""
    return one.builder or ("" if one.settled else one.claim or "")


def _read_entered(asked: Asked) -> list[tuple[ManualEntry, CountedMachine]]:
    """Every machine that people entered on the footage asked about, in the order they did."""
    footage = asked.footage()
    older = shown_before(asked, footage)
    query = select(Item).where(Item.kind == ENTERED, found_with(Item, asked.recipe))
    items = [
        item
        for item in asked.session.scalars(query)
        if item.footage in footage and not is_older(older, item.footage, item.pts)
    ]
    items.sort(key=lambda item: int((item.sighting or "").rpartition("-")[2]))
    logs = verdicts_on(asked.session, items)
    return [one for item in items if (one := _read(item, logs[item.item], asked)) is not None]


def _read(
    item: Item, log: Sequence[Verdict], asked: Asked
) -> tuple[ManualEntry, CountedMachine] | None:
    """One of them; None where it is taken back, or people settled that no CNC machine is there."""
    rows = {row.number: row for row in log}
    held = [one for one in in_force(map(given, log)) if one.word in JUDGEMENTS]
    alone = item.item in asked.alone
    settled = item.state == "settled" and not alone
    if not held or (settled and item.outcome in NO_MACHINE):
        return None
    naming = [one.builder for one in held if one.word in (*NAMING, PROBABLE) and one.builder]
    builder = item.builder if settled else next(iter(naming), None)
    same = (one for one in held if one.builder == builder and one.word not in NO_MACHINE)
    agreed = [rows[one.number] for one in same]
    said = [row.before.get("said") or {} for row in agreed]
    places = [one["made"] for one in said if one.get("made") is not None]
    enough = len(set(places)) == 1 and len(places) >= (item.needs if settled else 1)
    made = places[0] if enough else None
    # Where a machine was built does not tell whose it is.
    hit = asked.fits(builder, made=made)
    # Where two disagree either may be right: a claim for the kind waits in any case.
    claims = {hit, *(asked.fits(one, made=made) for one in naming)}
    claimed = None if settled else True if True in claims else False if False in claims else None
    if settled:
        named = confirms(item.outcome, builder)
        state = "confirmed" if named else "concealed" if item.outcome == "concealed" else "unknown"
    elif alone or item.needs > 1:
        state = "waits"
    else:
        hidden = builder is None and any(row.verdict == "concealed" for row in agreed)
        state = "probable" if builder or hit else "concealed" if hidden else "unknown"
    controls = {one["control"] for one in said if one.get("control") is not None}
    concealed = any(row.verdict == "concealed" for row in agreed)
    concealed = concealed or any(one.get("concealed") for one in said)
    source = asked.sources[item.footage].at(item.pts)
    plant, stated = plant_of([source])
    shown, kind = state != "waits", state
    if concealed and state == "confirmed":
        kind = "second cue"
    control = controls.pop() if len(controls) == 1 and shown else None
    if control and state == "unknown":
        kind = "control"
    entry = ManualEntry(
        id=str(item.sighting),
        plant=plant,
        footage=item.footage,
        pts=str(item.pts),
        box=as_box(item.box or ()),
        state=state,
        builder=builder if shown else None,
        concealed=concealed and shown,
        control=control,
        made=made if shown else None,
        hit=hit if settled else None,
        authors=tuple(sorted({row.author for row in agreed})) if shown else (),
        kind=STATES[kind],
    )
    of_people = builder if settled else None
    status = status_of(
        settled=settled, hit=entry.hit, waiting=claimed is True, concealed=entry.concealed,
        builder=of_people, claim=builder, claimed=claimed,
    )  # fmt: skip
    machine = CountedMachine(
        id=entry.id,
        plant=plant,
        stated=stated,
        recordings=frozenset({source.recording}),
        years=(source.first[:4],) if source.first else (),
        claim=None if settled else builder,
        claimed=claimed,
        builder=of_people,
        status=status,
        settled=settled,
        views=((item.footage, ((item.pts, as_box(entry.box)),)),),
        entered=True,
    )
    return entry, machine


_Moment = tuple[str, tuple[int, int]]  # footage, and a time as a fraction: compared fast


def least(machines: Iterable[CountedMachine], sellers: Collection[str] = ()) -> int:
    """How many of these machines must be different; sellers: ids that are no builder's."""
    return sum(by_place(machines, sellers))


def by_place(machines: Iterable[CountedMachine], sellers: Collection[str] = ()) -> list[int]:
    """The same plant by plant; recordings without a plant come last, as one. They may be of one of
    the others: only those count that must differ from machines there."""
    placed: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    each: list[int] = []
    most = 0
    for there in places(machines):
        by_builder = _by_builder(there, sellers)
        together = max(_most_at_once(there), sum(by_builder.values()))
        if any(one.stated for one in there):
            each.append(together)
            placed.update(by_builder)
        else:
            most = max(most, together)
            elsewhere |= Counter(by_builder)
    more = max(most, (placed | elsewhere).total()) - sum(each)
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


def _by_builder(group: Iterable[CountedMachine], sellers: Collection[str]) -> dict[str, int]:
    """Of each builder that people settled as many as were seen together. One whose builder is not
    known may be of any of them."""
    found: dict[str, list[CountedMachine]] = defaultdict(list)
    for one in group:
        if one.settled and one.builder is not None and one.builder not in sellers:
            found[one.builder].append(one)
    return {builder: _most_at_once(several) for builder, several in found.items()}


def _most_at_once(group: Sequence[CountedMachine]) -> int:
    """The most of them at one time in one clip, each in a place of its own; one at least, if
    there is any."""
    at: dict[_Moment, list[int]] = defaultdict(list)
    shown = (
        (footage, track[0][0], track[-1][0], number)
        for number, one in enumerate(group)
        for footage, track in one.views
    )
    # Made only of those that are seen while another is: where each is at each moment.
    boxes: dict[int, dict[_Moment, Box]] = {
        number: {
            (footage, time.as_integer_ratio()): box
            for footage, track in group[number].views
            for time, box in track
        }
        for number in sorted(in_company(shown))
    }
    for number, moments in boxes.items():
        for moment in moments:
            at[moment].append(number)
    apart = cache(lambda a, b: _apart(boxes[a], boxes[b]))
    most = min(1, len(group))
    for several in at.values():
        chosen: list[int] = []
        for one in several if len(several) > most else ():
            if all(apart(one, other) for other in chosen):
                chosen.append(one)
        most = max(most, len(chosen))
    return most


def _apart(a: dict[_Moment, Box], b: dict[_Moment, Box]) -> bool:
    """Whether they are seen in two places at the same times (`sighting_pairs.apart`)."""
    both = [overlap(a[moment], b[moment]) for moment in a.keys() & b.keys()]
    return bool(both) and median(both) < LAID
