"""The machines of a case as the statistics see them: each once, where it stands, what it was
claimed and judged to be, and with what chance it was drawn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.registry import Registry
from datasets.sentences import Sentence
from detector.types import Box
from evidence.answer.question import Question
from evidence.answer.recordings import WHOLE, read_recordings
from evidence.answer.told import Told
from evidence.copies.spans import Span
from evidence.dates import read_date
from evidence.linking.load import chunks
from evidence.review.enter import as_box
from evidence.review.standing import NO_MACHINE, confirms
from evidence.spelled import Writings, fold
from evidence.store import AnalysisRow, Copy, Draw, Flag, Item, Membership, Recipe, SightingRow
from evidence.store.base import read_time
from evidence.store.keys import machine_id
from evidence.store.places import PLACES

CLAIMED, NAMED, UNREAD = "claimed", "named", "unread"
"""The strata: claimed to be of the kind asked for; of another; not told."""


@dataclass(frozen=True, slots=True)
class SeenMachine:
    """One physical machine.

    plant: as its sources say, most of them where they differ; footage of which none is known for
    certain is a plant of its own, together with its copies. recordings: in which it is seen,
    copies counted once. years: of publication. claim, claimed: the builder that the program names,
    and whether that is of the kind asked for (None: it names none). concealed: people settled that
    its mark is hidden. settled: whether people have judged it;
    hit: whether what they settled is of the kind, None where they could not tell, disagree, or
    settled against it while a claim for it waits. builder: the one they settled on. waiting: a
    claim for the kind waits for reviewers, be it of another sighting than those settled. drawn:
    its first sighting is in the audit sample, whose chance was `chance`. conflict: its settled
    sightings disagree; disputed: on whether it is of the kind. lane: the stratum of the audit
    sample that its first sighting is in; flagged: a sighting is there as a claim, so that it is
    judged in any case. pending: a sighting of it was judged, and others have still to agree, so
    that hit is None; to name an origin under test takes two. none: people settled that it is no
    CNC machine; it only tells how many of those like it are none. views: the footage it was seen
    in, each with the times and boxes of its track.
    sightings: that were linked. height: pixels of the tallest text read on it, None where none
    was. entered: by hand (`entered.py`), so of no share that is estimated. stood_in: one that
    was entered by hand counts in its stead. unlinked: the key of its one sighting, where that was
    not linked to others yet, as in a sweep that was stopped.
    """

    id: str
    plant: str
    stated: bool
    recordings: frozenset[str]
    years: tuple[str, ...]
    claim: str | None
    claimed: bool | None
    concealed: bool
    settled: bool
    hit: bool | None
    builder: str | None
    waiting: bool
    drawn: bool
    chance: float | None
    conflict: bool
    disputed: bool = False
    lane: str = ""
    flagged: bool = False
    pending: bool = False
    none: bool = False
    views: tuple[tuple[str, tuple[tuple[Fraction, Box], ...]], ...] = ()
    sightings: int = 1
    height: float | None = None
    entered: bool = False
    stood_in: bool = False
    unlinked: str | None = None

    @property
    def stratum(self) -> str:
        """What the program says of it, as far as the question goes."""
        return {True: CLAIMED, False: NAMED, None: UNREAD}[self.claimed]

    @property
    def named(self) -> str | None:
        """Whose it is taken to be: once people have settled it, by their word alone. What was
        entered by hand and waits is told to nobody who may still have to judge it."""
        return self.builder if self.settled else None if self.entered else self.claim

    @property
    def known(self) -> bool | None:
        """Whether it is of the kind, by people or else by the program; None: not known."""
        return self.hit if self.settled else self.claimed


@dataclass(frozen=True, slots=True)
class Source:
    """Where footage came from, as far as the places say at which it lies or lay. plant: the one
    that most of them name, None where none does or two as often; named: all of them, in order.
    parts: the stretches in which it shows another recording whole, with that one's name."""

    recording: str
    plant: str | None
    published: str | None
    parts: tuple[tuple[Span, str], ...] = ()
    named: tuple[str, ...] = ()

    def at(self, pts: Fraction) -> Source:
        """The same as what it shows at a time: of the recording that is shown then."""
        shown = next((name for span, name in self.parts if span.holds(pts)), self.recording)
        return replace(self, recording=shown)


_READ = (
    SightingRow.key,
    SightingRow.analysis,
    SightingRow.footage,
    SightingRow.name,
    SightingRow.pts,
    SightingRow.box,
    SightingRow.track,
    SightingRow.builder,
    SightingRow.probability,
    SightingRow.origin,
    SightingRow.origin_basis,
)
"""What counts of a sighting: all of each would take twice the time, and as much memory."""


def read_machines(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    question: Question,
    sources: Mapping[str, Source],
    leave_out: Collection[str] = (),
    heights: Mapping[tuple[str, str], float] = MappingProxyType({}),
) -> list[SeenMachine]:
    """Every machine of the footage asked about, in order of their ids, and those that people have
    settled to be none, or no CNC machine tool, marked as such.

    Args:
        sources: where the footage came from (`judged.read_sources`).
        leave_out: footage (SHA-256) that is not to be counted: positive controls.
        heights: by analysis and sighting that of the tallest text read (`legible.read_heights`).
    """
    asked = asked_of(sources, question, leave_out)
    sightings: dict[str, list[Row[Any]]] = defaultdict(list)
    query = (
        select(*_READ, Membership.machine)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
        .order_by(SightingRow.key)
    )
    unlinked: dict[str, str] = {}
    for row in session.execute(query):
        if row.footage not in asked:
            continue
        machine = row.machine
        if machine is None:
            machine = machine_id(row.key)
            unlinked[machine] = row.key
        sightings[machine].append(row)
    items = _by_sighting(session, sightings.values())
    flagged = _flagged(session, recipe)
    draws = {
        one.sighting: one for one in session.scalars(select(Draw).where(Draw.sighting.is_not(None)))
    }
    found = []
    for machine in sorted(sightings):
        one = _machine(
            machine, sightings[machine], items, draws, flagged, sources, registry, question, heights
        )
        found.append(replace(one, unlinked=unlinked.get(machine)))
    return found


def asked_of(
    sources: Mapping[str, Source], question: Question, leave_out: Collection[str] = ()
) -> set[str]:
    """The footage that the question (`Question.of_known`) is about.

    Raises:
        UsageError: the question is about a plant that no source names.
    """
    named = {fold(plant): plant for source in sources.values() for plant in source.named}
    unknown = [plant for plant in question.plants if fold(plant) not in named]
    if unknown:
        others = ", ".join(sorted(named.values())[:MOST_NAMED]) or Sentence("none")
        raise UsageError(
            Sentence("%(texts)s: no source names such a plant; those named are: %(what)s").fill(
                texts=", ".join(unknown), what=others
            )
        )
    return {
        footage
        for footage, source in sources.items()
        if footage not in leave_out and _asked(source, question)
    }


def read_sources(session: Session, recipe: Recipe, registry: Registry) -> dict[str, Source]:
    """By footage, where it came from; copies of one recording share its name, and so do all ways
    of writing a plant."""
    # Of footage that lies nowhere any more nothing is known, and yet it was looked at.
    analysed = select(AnalysisRow.footage).where(
        AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
    )
    said: dict[str, list[Any]] = {footage: [] for footage in session.scalars(analysed)}
    place_says = select(PLACES.c.footage, PLACES.c.plant_claimed, PLACES.c.published)
    for place in session.execute(place_says.order_by(PLACES.c.path)):
        said.setdefault(place.footage, []).append(place)
    joined = read_recordings(session, recipe, said)
    spelled = _spelled(
        (one.plant_claimed for locations in said.values() for one in locations), registry
    )
    return {
        footage: Source(
            joined.name[footage],
            next(iter(leading), None) if len(leading) == 1 else None,
            min(filter(None, (_day(one.published) for one in locations)), default=None),
            tuple(joined.parts.get(footage, ())),
            tuple(sorted(filter(None, {spelled[one.plant_claimed] for one in locations}))),
        )
        for footage, locations in said.items()
        for leading in (_leading(spelled[one.plant_claimed] for one in locations),)
    }


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


def _day(published: str | None) -> str | None:
    """What may be compared; cases of earlier versions hold whatever a list said."""
    return None if published is None else read_date(published)


MOST_NAMED = 20
"""Plants that are named to whoever asks for one that is not there."""


def _spelled(plants: Iterable[str | None], registry: Registry) -> dict[str | None, str | None]:
    """Each plant by the registry's name; of another the way in which it is written most often."""
    writings, counted = Writings(registry.plants), Counter(plants)
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


def _asked(source: Source, question: Question) -> bool:
    if question.plants and fold(source.plant or "") not in set(map(fold, question.plants)):
        return False
    return question.covers(source.published) is True


def _by_sighting(session: Session, groups: Iterable[list[Row[Any]]]) -> dict[str, Item]:
    keys = [row.key for group in groups for row in group]
    return {
        item.sighting: item
        for part in chunks(keys)
        for item in session.scalars(select(Item).where(Item.sighting.in_(part)))
        if item.sighting is not None
    }


def _flagged(session: Session, recipe: Recipe) -> set[tuple[str, str]]:
    """Analysis and name of each sighting that is flagged as a claim."""
    query = select(Flag.analysis, Flag.sighting).where(
        Flag.model == recipe.model, Flag.settings == recipe.settings, Flag.kind == "claim"
    )
    return {(analysis, name) for analysis, name in session.execute(query)}


def _machine(
    id_: str,
    rows: Sequence[Row[Any]],
    items: dict[str, Item],
    draws: dict[str | None, Draw],
    flagged: set[tuple[str, str]],
    sources: Mapping[str, Source],
    registry: Registry,
    question: Question,
    heights: Mapping[tuple[str, str], float],
) -> SeenMachine:
    """One machine from its sightings, in order of their keys."""
    settled = [items[row.key] for row in rows if _is_settled(items.get(row.key))]
    real = [item for item in settled if item.outcome not in NO_MACHINE]
    plates = {row.key: row.origin for row in rows if row.origin_basis == "plate"}
    claims = {row.key: question.fits(row.builder, plates.get(row.key), registry) for row in rows}
    waiting = any(said is True and not _is_settled(items.get(key)) for key, said in claims.items())
    pending = any(is_begun(items.get(row.key)) for row in rows)
    none = bool(settled) and not real and not waiting and not pending
    verdicts: dict[str, set[bool | None]] = defaultdict(set)
    for item in real:
        if confirms(item.outcome, item.builder):
            # Who accepts a claim accepts what its plate says; who names a builder says no more.
            accepted = item.builder is None or item.outcome == "accept"
            plate = plates.get(item.sighting or "") if accepted else None
            fits = question.fits(item.builder, plate, registry)
            verdicts[item.builder or f"plate {plate}"].add(fits)
    said = set[bool | None]().union(*verdicts.values()) - {None}
    hit = next(iter(said)) if len(said) == 1 else None
    waiting, pending = waiting and hit is not True, pending and hit is not True
    builders = {one for one in verdicts if not one.startswith("plate ")}
    best = min(rows, key=lambda row: (row.builder is None, -row.probability, row.key))
    told = set(claims.values())
    first = draws.get(rows[0].key)
    froms = [sources[row.footage].at(row.pts) for row in rows if row.footage in sources]
    plant, stated = plant_of(froms)
    return SeenMachine(
        id=id_,
        plant=plant,
        stated=stated,
        recordings=frozenset(one.recording for one in froms),
        years=tuple(sorted({one.published[:4] for one in froms if one.published})),
        claim=best.builder,
        claimed=True if True in told else False if False in told else None,
        # What the program takes for hidden may be a reflection.
        concealed=any(item.outcome == "concealed" for item in real),
        settled=bool(real) or none,
        hit=None if waiting or pending else hit,
        builder=builders.pop() if len(builders) == 1 else None,
        waiting=waiting,
        drawn=first is not None and _is_judged(items.get(rows[0].key)),
        chance=None if first is None else first.probability,
        conflict=len(verdicts) > 1 or len(said) > 1,
        disputed=len(said) > 1,
        lane="named" if rows[0].builder is not None else "unknown",
        flagged=any((row.analysis, row.name) in flagged for row in rows),
        pending=pending,
        none=none,
        views=tuple((row.footage, _track(row)) for row in rows) if not none else (),
        sightings=len(rows),
        height=max(
            (tall for row in rows if (tall := heights.get((row.analysis, row.name))) is not None),
            default=None,
        ),
    )


def _track(row: Row[Any]) -> tuple[tuple[Fraction, Box], ...]:
    """The times and boxes of a sighting; where it is best seen, if no track was kept."""
    seen = tuple((read_time(one[0]), as_box(one[1:5])) for one in row.track)
    return seen or ((row.pts, as_box(row.box)),)


def plant_of(froms: Collection[Source]) -> tuple[str, bool]:
    """The plant that sources name, and whether they do; else the recording stands for it, also
    where they name several equally often."""
    if len(leading := _leading(one.plant for one in froms)) == 1:
        return leading[0], True
    return Told("recording %(hash)s", hash=min(one.recording for one in froms)[:8]), False


def _is_settled(item: Item | None) -> bool:
    return item is not None and item.state == "settled"


def is_begun(item: Item | None) -> bool:
    """Whether somebody has judged it, and others have still to agree."""
    return item is not None and item.state in ("partial", "disputed")


def _is_judged(item: Item | None) -> bool:
    return _is_settled(item) or is_begun(item)
