"""Which footages show one recording, so that it counts once, and what in a compilation is whose.

Two that show each other are one recording; so are an excerpt and the one footage that it is of.
A compilation is not one recording with what it holds: those parts have nothing in common. Nor is
an excerpt that several unlike footages hold, such as an advertisement.

Where the footage of a case came from, by the places where it lies or lay, and which of it a
question is about.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.question import Question
from evidence.case.places import PLACES, corrected, uploaded_claims
from evidence.case.sighting_tables import AnalysisRow, Copy
from evidence.case.tables import Recipe
from evidence.dates import read_date
from evidence.link.alignment import CopySpan
from evidence.link.sightings import chunks
from evidence.spelling import PlantNames, fold

WHOLE = 0.8
"""Share of a footage that another shows, for the other to show it whole."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class JoinedRecordings:
    """Recordings of footage, and what shows what, each by footage.

    - name: of its recording.
    - parts: the stretches in which it shows whole footage of another recording, with its name.
    - within: those that show it whole; none that a fixed camera may have filmed at another time.
    """

    name: dict[str, str]
    parts: dict[str, list[tuple[CopySpan, str]]]
    within: dict[str, set[str]]


def read_recordings(session: Session, recipe: Recipe, footage: Iterable[str]) -> JoinedRecordings:
    """The recordings of a case's footage (SHA-256)."""
    of_recipe = (Copy.model == recipe.model, Copy.settings == recipe.settings)
    shows = or_(Copy.share_a >= WHOLE, Copy.share_b >= WHOLE)
    known = set(footage)
    columns = (Copy.a, Copy.b, Copy.share_a, Copy.share_b, Copy.kind)
    shares: dict[Pair, tuple[float, float]] = {}
    within: dict[str, set[str]] = defaultdict(set)
    for a, b, share_a, share_b, kind in session.execute(select(*columns).where(*of_recipe, shows)):
        if a not in known or b not in known:
            continue
        shares[a, b] = share_a, share_b
        for part, of, share in ((a, b, share_a), (b, a, share_b)):
            if share >= WHOLE and kind != "same view":
                within[part].add(of)
    name = join(known, shares)
    parts: dict[str, list[tuple[CopySpan, str]]] = defaultdict(list)
    if any(name[a] != name[b] for a, b in shares):
        rows = session.execute(
            select(Copy.a, Copy.b, Copy.spans).where(*of_recipe, shows).order_by(Copy.a, Copy.b)
        )
        for a, b, plain in rows:
            if (a, b) not in shares or name[a] == name[b]:
                continue
            spans = [CopySpan.from_json(one) for one in plain]
            if shares[a, b][0] >= WHOLE:
                parts[b] += [(span.turned(), name[a]) for span in spans]
            else:
                parts[a] += [(span, name[b]) for span in spans]
    return JoinedRecordings(name, dict(parts), dict(within))


def join(footage: Iterable[str], shares: Mapping[Pair, tuple[float, float]]) -> dict[str, str]:
    """By footage the name of its recording, which is the first of its footages in order.

    Args:
        shares: of two footages how much of each the other shows.

    Example:
        >>> join("abc", {("a", "b"): (1.0, 0.9), ("b", "c"): (0.1, 0.2)})
        {'a': 'a', 'b': 'a', 'c': 'c'}
        >>> join("abp", {("a", "p"): (1.0, 0.2), ("b", "p"): (1.0, 0.2)})  # a programme
        {'a': 'a', 'b': 'b', 'p': 'p'}
    """
    whole = {pair: both for pair, both in shares.items() if max(both) >= WHOLE}
    first = _groups(footage, (pair for pair, both in whole.items() if min(both) >= WHOLE))
    alike = {frozenset((first[a], first[b])) for a, b in whole}

    def one(names: Collection[str]) -> bool:
        """Whether each of them is a copy of each other."""
        return all(frozenset(two) in alike for two in combinations(names, 2))

    holds: dict[str, set[str]] = defaultdict(set)
    for (a, b), (share_a, _) in whole.items():
        part, of = (first[a], first[b]) if share_a >= WHOLE else (first[b], first[a])
        if part != of:
            holds[of].add(part)
    held: dict[str, set[str]] = defaultdict(set)
    for of, parts in holds.items():
        for part in parts if one(parts) else ():
            held[part].add(of)
    excerpts = [(part, of) for part, several in held.items() if one(several) for of in several]
    last = _groups(set(first.values()), excerpts)
    return {each: last[name] for each, name in first.items()}


def _groups(footage: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """The first, in order, of all that pairs join each to."""
    group = {one: {one} for one in footage}
    for a, b in pairs:
        if group[a] is not group[b]:
            group[a] |= group[b]
            for one in group[b]:
                group[one] = group[a]
    names = {id(several): min(several) for several in group.values()}
    return {one: names[id(several)] for one, several in group.items()}


_PLANT = "plant_claimed"
MOST_NAMED = 20
"""Plants that are named to whoever asks for one that is not there."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where footage came from, by its places (where it lies or lay) and those of its copies.

    - plant: the one that most of them name; None where none does, or two as often.
    - named: all of them, in order. Both are empty where none of its own places names any.
    - published: the earliest day that its own places name.
    - first: the earliest day on which what it shows was known, from these places or those of
      footage that shows it whole.
    - parts: the stretches in which it shows another recording whole, with that one's name.
    """

    recording: str
    plant: str | None
    published: str | None
    parts: tuple[tuple[CopySpan, str], ...] = ()
    named: tuple[str, ...] = ()
    first: str | None = None

    def at(self, pts: Fraction) -> SourceRecord:
        """The same as what it shows at a time: of the recording that is shown then."""
        shown = next((name for span, name in self.parts if span.holds(pts)), self.recording)
        return replace(self, recording=shown)


def read_sources(session: Session, recipe: Recipe, registry: Registry) -> dict[str, SourceRecord]:
    """By footage, where it came from; copies of one recording share its name, and so do all ways
    of writing a plant."""
    # Of footage that lies nowhere any more nothing is known, and yet it was looked at.
    analysed = select(AnalysisRow.footage).where(
        AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
    )
    said: dict[str, list[Any]] = {footage: [] for footage in session.scalars(analysed)}
    for place in session.execute(select(PLACES).order_by(PLACES.c.path)):
        said.setdefault(place.footage, []).append(place)
    uploaded = [one for some in said.values() for one in some if uploaded_claims(one, _PLANT)]
    settled = corrected(session, [one.path for one in uploaded])
    # Who uploads known footage and names another plant contradicts what stands at its place.
    also = {
        (one.path, one.footage): [
            plant for plant in uploaded_claims(one, _PLANT) if plant != one.plant_claimed
        ]
        for one in uploaded
        if (one.path, _PLANT) not in settled
    }
    joined = read_recordings(session, recipe, said)
    spelled = _spelled(
        (
            plant
            for locations in said.values()
            for one in locations
            for plant in (one.plant_claimed, *also.get((one.path, one.footage), ()))
        ),
        registry,
    )
    placed = {
        footage: [
            plant
            for one in locations
            for said_plant in (one.plant_claimed, *also.get((one.path, one.footage), ()))
            if (plant := spelled[said_plant])
        ]
        for footage, locations in said.items()
    }
    # A copy whose sources name another plant speaks against each, as another place does.
    of_recording: dict[str, list[str]] = defaultdict(list)
    for footage, plants in placed.items():
        of_recording[joined.name[footage]] += plants
    days = {
        footage: min(filter(None, (_day(one.published) for one in locations)), default=None)
        for footage, locations in said.items()
    }
    return {
        footage: SourceRecord(
            joined.name[footage],
            leading[0] if len(leading) == 1 else None,
            day,
            tuple(joined.parts.get(footage, ())),
            tuple(sorted(set(plants))),
            min(filter(None, (day, *map(days.get, joined.within.get(footage, ())))), default=None),
        )
        for footage, day in days.items()
        # What only a copy says is not known of all that this one shows.
        for plants in (of_recording[joined.name[footage]] if placed[footage] else [],)
        for leading in (_leading(plants),)
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what it is about: what one recipe found in a case.

    - question, sources: from `Question.of_known` and `read_sources`.
    - alone: items that too few people settled (`settled_alone`).
    - leave_out: footage (SHA-256) that is not to be counted: positive controls.
    """

    session: Session
    recipe: Recipe
    registry: Registry
    question: Question
    sources: Mapping[str, SourceRecord]
    alone: Collection[str]
    leave_out: Collection[str] = frozenset()

    def footage(self) -> set[str]:
        """The footage that the question is about.

        Raises:
            UsageError: the question is about a plant that no source names.
        """
        named = {fold(plant): plant for source in self.sources.values() for plant in source.named}
        unknown = [plant for plant in self.question.plants if fold(plant) not in named]
        if unknown:
            others = ", ".join(sorted(named.values())[:MOST_NAMED]) or Message("none")
            texts = ", ".join(unknown)
            raise UsageError(
                Message(
                    "%(texts)s: no source names such a plant; those named are: %(what)s",
                    texts=texts,
                    what=others,
                )
            )
        return {
            footage
            for footage, source in self.sources.items()
            if footage not in self.leave_out and _is_asked(source, self.question)
        }

    def fits(
        self, builder: str | None, plate: str | None = None, made: str | None = None
    ) -> bool | None:
        """Whether a machine is of the kind asked for (`Question.fits`)."""
        return self.question.fits(builder, plate, self.registry, made)


def copies_of(session: Session, recipe: Recipe, footage: Collection[str]) -> set[str]:
    """Footage that shows little else than one of these; no compilation that holds one."""
    found: set[str] = set()
    for part in chunks(sorted(footage)):
        rows = session.execute(
            select(Copy.a, Copy.b, Copy.share_a, Copy.share_b).where(
                Copy.model == recipe.model,
                Copy.settings == recipe.settings,
                or_(Copy.a.in_(part), Copy.b.in_(part)),
            )
        )
        for a, b, share_a, share_b in rows:
            if a in footage and share_b >= WHOLE:
                found.add(b)
            if b in footage and share_a >= WHOLE:
                found.add(a)
    return found


def plant_of(froms: Collection[SourceRecord]) -> tuple[str, bool]:
    """The plant that sources name, and whether they do; else the recording stands for it, also
    where they name several equally often."""
    if len(leading := _leading(one.plant for one in froms)) == 1:
        return leading[0], True
    return unplaced(froms), False


def unplaced(froms: Collection[SourceRecord]) -> str:
    """What stands for a plant that is not known: the recording."""
    return Message("recording %(hash)s", hash=min(one.recording for one in froms)[:8])


def _is_asked(source: SourceRecord, question: Question) -> bool:
    if question.plants and fold(source.plant or "") not in set(map(fold, question.plants)):
        return False
    return is_of_period(source, question) is True


def is_of_period(source: SourceRecord, question: Question) -> bool | None:
    """Whether footage is of the period asked for; None where the dates leave it open.

    Footage published before under another name is of no later period. Footage published later is
    of no earlier one, since there may be more in it.
    """
    covered = {question.covers(source.published), question.covers(source.first)}
    return False if False in covered else None if None in covered else True


def _spelled(plants: Iterable[str | None], registry: Registry) -> dict[str | None, str | None]:
    """Each plant by the registry's name; of another the way in which it is written most often."""
    writings, counted = PlantNames(registry.plants), Counter(plants)
    found: dict[str, list[str | None]] = defaultdict(list)
    for plant in counted:
        found[writings.key(plant or "")].append(plant)
    spelled: dict[str | None, str | None] = {}
    for several in found.values():
        leading = _leading(plant for plant in several for _ in range(counted[plant]))
        spelled |= dict.fromkeys(several, writings.name(leading[0]) if leading else None)
    return spelled


def _leading(words: Iterable[str | None]) -> list[str]:
    """The commonest, in order; several where these are equally common."""
    counted = Counter(" ".join(word.split()) for word in words if word and word.strip())
    return sorted(word for word in counted if counted[word] == max(counted.values()))


def _day(published: str | None) -> str | None:
    """What may be compared; cases of earlier versions hold whatever a list said."""
    return None if published is None else read_date(published)


Older = Mapping[str, Sequence[CopySpan]]
"""By footage the stretches of it that footage published before the period shows as well."""


def shown_before(asked: Asked, footage: Collection[str]) -> Older:
    """The stretches of footage of the period that are older than the period.

    A programme is as new as its day, and what it takes from an archive is not. None of a view that
    a camera on a stand may have filmed again.
    """
    if asked.question.since is None:
        return {}
    since = replace(asked.question, until=None)
    before = {
        sha256 for sha256, source in asked.sources.items() if since.covers(source.first) is False
    }
    found: dict[str, list[CopySpan]] = defaultdict(list)
    for part in chunks(sorted(before)):
        rows = asked.session.execute(
            select(Copy.a, Copy.b, Copy.spans).where(
                Copy.model == asked.recipe.model,
                Copy.settings == asked.recipe.settings,
                Copy.kind != "same view",
                or_(Copy.a.in_(part), Copy.b.in_(part)),
            )
        )
        for a, b, plain in rows:
            if a in footage and b in before:
                found[a] += map(CopySpan.from_json, plain)
            elif b in footage and a in before:
                found[b] += (CopySpan.from_json(one).turned() for one in plain)
    return found


def is_older(older: Older, footage: str, pts: Fraction) -> bool:
    """Whether what footage shows at a time was published before the period."""
    return any(span.holds(pts) for span in older.get(footage, ()))
