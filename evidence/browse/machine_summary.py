"""Machines with what a list shows of each, in a few queries for all of them; the table of builders.

What people settled of a machine goes before what the program read on it, as in the answer
(`evidence.answer.population`). Once they have settled one of its sightings, their word alone names
it. Machines seen only in positive controls are none of the case's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.name.decide import MOST_LEADS
from detector.name.homes import home_of
from evidence.answer.audit import kept_controls
from evidence.browse.search import View, files_of
from evidence.browse.shapes import LeadDetail, OriginDetail, RegistryName, Said, Shape
from evidence.browse.sightings import rows_on
from evidence.case.base import found_with, select_in
from evidence.case.flags import LEAST_TESTED
from evidence.case.places import places_of
from evidence.case.sighting_tables import (
    AnalysisRow,
    Flag,
    MachineRow,
    Membership,
    SightingRow,
    StillRow,
    Verdict,
)
from evidence.case.summary import count_machines
from evidence.case.tables import Item, LeadRow, Recipe
from evidence.case.verdicts import told_state
from evidence.link.copies import copies_of
from evidence.review.standing import COUNTED, NO_MACHINE, settles
from evidence.spelling import PlantNames

OutcomeWord = Literal["builder", "plate", "several", "unknown", "none"]
Members = dict[str, list[Any]]  # by machine its sightings: what was read, and where items stand


@dataclass(frozen=True, slots=True)
class MachineOutcome:
    """What people settled of a machine, as `OutcomeDetail` says it."""

    said: OutcomeWord
    builder: str | None = None
    origin: str | None = None  # the country that follows
    plated: bool = False  # from a plate

    def agrees(self, read: str | None) -> bool:
        """Whether a program that reads this builder, or none, says the same of it."""
        return self.said not in ("several", "none") and read == self.builder


class OutcomeDetail(Shape):
    """What people settled of a machine; it goes before what the program read.

    `said`, by what people say of it:

    - `builder`: they name one; `same`: the program names it too.
    - `plate`: they accept its country.
    - `several`: they name different ones.
    - `unknown`: they cannot tell.
    - `none`: no machine, or no CNC machine tool.

    `people`: how many said so, as far as their verdicts are kept.
    """

    said: OutcomeWord
    builder: RegistryName | None
    origin: OriginDetail | None
    same: bool
    people: int

    @classmethod
    def of(
        cls, word: MachineOutcome, read: str | None, people: int, registry: Registry
    ) -> OutcomeDetail:
        """The outcome for the page. read: the builder that the program names."""
        seller = word.builder in registry.sellers
        basis = "plate" if word.plated else "rebadger" if seller else "builder"
        known = word.origin is not None or seller
        origin = OriginDetail(code=word.origin, basis=basis) if known else None
        more = {"origin": origin, "same": word.agrees(read), "people": people}
        return cls.read(word, registry, **more)


def all_words(view: View) -> dict[str, MachineOutcome]:
    """What people settled, by machine; only machines with anything settled."""
    settled = (
        select(Membership.machine)
        .join(Item, Item.sighting == Membership.sighting)
        .where(found_with(Item, view.recipe), Item.state == "settled")
    )
    # Asked at once: to name thousands of machines takes a database longer than to find them.
    rows = view.session.execute(_MEMBERS.where(Membership.machine.in_(settled)))
    return words_of(_by_machine(rows), view.registry)


def words_of(members: Members, registry: Registry) -> dict[str, MachineOutcome]:
    """As `all_words`, of some machines, from their `members`."""
    found = ((id_, word_of(rows, registry)) for id_, rows in members.items())
    return {id_: word for id_, word in found if word is not None}


_MEMBERS = (
    select(Membership.machine, SightingRow.analysis, SightingRow.name, SightingRow.key)
    .add_columns(SightingRow.footage, SightingRow.builder, SightingRow.grade)
    .add_columns(SightingRow.origin, SightingRow.origin_basis, SightingRow.lead_origin)
    .add_columns(Item.state, Item.outcome, Item.given, Item.builder.label("settled_as"))
    .add_columns(exists().where(SightingRow.has(Flag), Flag.kind == "lead").label("led"))
    .join(SightingRow, SightingRow.key == Membership.sighting)
    .outerjoin(Item, Item.sighting == Membership.sighting)
    .order_by(SightingRow.grade, SightingRow.probability.desc())
    .order_by(SightingRow.confidence.desc(), SightingRow.key)
)


def members(session: Session, machines: Iterable[str]) -> Members:
    """By machine its sightings, the surest first."""
    return _by_machine(select_in(session, _MEMBERS, Membership.machine, machines))


def _by_machine(rows: Iterable[Any]) -> Members:
    found: Members = defaultdict(list)
    for row in rows:
        found[row.machine].append(row)
    return found


def word_of(rows: Collection[Any], registry: Registry) -> MachineOutcome | None:
    """What people settled of a machine, from its `members`; None where they settled nothing.

    "Unknown" and "no machine" speak of one picture. They settle nothing of the machine while
    another sighting names a builder or an origin, or has a lead, that nobody has judged.
    """
    settled = [row for row in rows if row.state == "settled"]
    real = [row for row in settled if row.outcome not in NO_MACHINE]
    if not settled:
        return None
    waits = any(
        row.state != "settled" and (row.builder is not None or plate_of(row) or row.led)
        for row in rows
    )
    if not real:
        return None if waits else MachineOutcome("none")
    said: dict[str | None, set[str | None]] = defaultdict(set)
    for row in real:
        if named := settles(row.outcome, row.settled_as, plate_of(row) or row.lead_origin):
            said[named[0]].add(origin_of(*named, registry))
    builders = sorted(one for one in said if one is not None)
    origins = set[str | None]().union(*said.values()) - {None}
    origin = origins.pop() if len(origins) == 1 else None
    if len(builders) > 1:
        return MachineOutcome("several", None, origin)
    if builders:
        home = origin_of(builders[0], None, registry)
        return MachineOutcome("builder", builders[0], origin, origin is not None and home is None)
    if origin is not None:
        return MachineOutcome("plate", None, origin, True)
    return None if waits else MachineOutcome("unknown")


def plate_of(row: Any) -> str | None:
    """The origin that a plate tells on a sighting."""
    return row.origin if row.origin_basis == "plate" else None


def only_plate(rows: Collection[Any]) -> str | None:
    """The origin that plates tell on the sightings of a machine, where they tell one alone."""
    found = {plate for one in rows if (plate := plate_of(one)) is not None}
    return found.pop() if len(found) == 1 else None


def origin_of(builder: str | None, plate: str | None, registry: Registry) -> str | None:
    """Where such a machine is from; a plate goes before a seller's badge alone."""
    if builder is None or (plate is not None and builder in registry.sellers):
        return plate
    return home_of(registry.get(builder)) if builder in registry else None


def control_footage(session: Session, recipe: Recipe) -> set[str]:
    """The footage kept as a control, and copies of it: what the answer leaves out."""
    kept = {one.footage for one in kept_controls(session)}
    return kept | copies_of(session, recipe, kept)


def control_machines(session: Session, recipe: Recipe) -> set[str]:
    """The machines of a recipe that are seen in control footage and nowhere else, by id."""
    footage = control_footage(session, recipe)
    query = (
        select(Membership.machine)
        .join(SightingRow, SightingRow.key == Membership.sighting)
        .join(AnalysisRow, AnalysisRow.id == SightingRow.analysis)
        .where(found_with(AnalysisRow, recipe))
    )
    some = {one for (one,) in select_in(session, query, AnalysisRow.footage, footage)}
    return only_in(members(session, some), footage)


def only_in(members: Members, footage: Collection[str]) -> set[str]:
    """The machines that are seen in some footage and nowhere else."""
    return {id_ for id_, rows in members.items() if all(row.footage in footage for row in rows)}


def led_to(recipe: Recipe, origins: Sequence[str]) -> Select[str]:
    """The keys of the sightings that a lead or a claim ties to one of these countries."""
    likely = LeadRow.origin.in_(origins) & (LeadRow.probability >= LEAST_TESTED)
    keys = select(LeadRow.analysis + ":" + LeadRow.sighting)  # `sighting_key`
    return keys.where(found_with(LeadRow, recipe), likely)


class MachineSummary(Shape):
    """One machine in a list.

    - `builder`, `grade`, `probability`: of its surest sighting. `still`, `mark`: its pictures.
      `file`, `at`: its clip or picture; from which second on, in a clip.
    - `conflict`: its sightings name several builders.
    - `plants`: claimed for its footage, each once.
    - `leads`: the likeliest of its sightings, at most five.
    - `judged`: how many sightings are `open` and how many `settled` in the review.
    - `outcomes`: as what they were settled.
    - `settled`: what people settled of the machine itself, which goes first; null: nothing.
    - `control`: seen only in footage kept as a positive control.
    """

    id: str
    builder: RegistryName | None
    grade: str
    probability: float
    origin: OriginDetail | None
    seen: int
    footage: int
    conflict: bool
    still: str | None
    mark: str | None
    plants: list[Said]
    leads: list[LeadDetail]
    judged: dict[str, int]
    outcomes: list[Said]
    settled: OutcomeDetail | None = None
    control: bool = False
    file: str | None = None
    at: float | None = None


def describe(
    session: Session, rows: Sequence[MachineRow], registry: Registry
) -> list[MachineSummary]:
    """The machines of these rows, in their order."""
    seen = members(session, [row.id for row in rows])
    names = {(one.analysis, one.name) for some in seen.values() for one in some}
    surest = {id_: (some[0].analysis, some[0].name) for id_, some in seen.items()}
    stills = rows_on(session, StillRow, surest.values())
    leads = rows_on(session, LeadRow, names, LeadRow.number)
    places = places_of(session, {one.footage for some in seen.values() for one in some})
    words = words_of(seen, registry)
    people = _people(session, {id_: seen[id_] for id_ in words})
    files = files_of(session, {some[0].key: id_ for id_, some in seen.items()})
    recipes = {(row.model, row.settings) for row in rows}
    kept = (control_footage(session, Recipe(model=m, settings=s)) for m, s in recipes)
    controls = set[str]().union(*(only_in(seen, footage) for footage in kept))
    writings = PlantNames(registry.plants)
    found = []
    for row in rows:
        some = seen[row.id]
        pictures = {one.role: one.sha256 for one in stills[surest.get(row.id, ("", ""))]}
        states = [one.state for one in some if one.state]
        word = words.get(row.id)
        found.append(
            MachineSummary.read(
                row,
                registry,
                origin=_origin(row, only_plate(some), registry),
                seen=row.sightings,
                footage=row.footages,
                still=pictures.get("best"),
                mark=pictures.get("mark"),
                plants=writings.once(
                    at.plant_claimed
                    for one in some
                    for at in places[one.footage]
                    if at.plant_claimed is not None
                ),
                leads=_best_leads(
                    [lead for one in some for lead in leads[one.analysis, one.name]], registry
                ),
                judged=dict(sorted(Counter(told_state(s) for s in states).items())),
                outcomes=sorted({one.outcome for one in some if one.outcome}),
                settled=word and OutcomeDetail.of(word, row.builder, people[row.id], registry),
                control=row.id in controls,
                **files.get(row.id, {}),
            )
        )
    return found


def _people(session: Session, seen: Members) -> Counter[str]:
    """By machine, how many people settled its sightings."""
    machine_of = {row.key: id_ for id_, some in seen.items() for row in some if row.outcome}
    said = select(Verdict.sighting, Verdict.author).where(Verdict.verdict.in_(sorted(COUNTED)))
    authors = select_in(session, said, Verdict.sighting, machine_of)
    found = Counter(id_ for id_, _ in {(machine_of[key], author) for key, author in authors})
    # Who took a verdict back is an author too.
    given = {id_: sum(row.given for row in some if row.outcome) for id_, some in seen.items()}
    return Counter({id_: min(number, given[id_]) for id_, number in found.items()})


def _best_leads(rows: Iterable[LeadRow], registry: Registry) -> list[LeadDetail]:
    """Of each builder, and each country of a plate, the likeliest; at most five."""
    best: dict[tuple[str | None, str | None], LeadRow] = {}
    for row in sorted(rows, key=lambda row: -row.probability):
        best.setdefault((row.builder, row.origin), row)
    return [LeadDetail.of(row, registry) for row in list(best.values())[:MOST_LEADS]]


def _origin(row: MachineRow, plate: str | None, registry: Registry) -> OriginDetail | None:
    seller = row.builder in registry.sellers
    if plate is not None and (row.builder is None or seller):
        return OriginDetail(code=plate, basis="plate")
    if row.builder is None or row.builder not in registry:
        return None
    code, basis = origin_of(row.builder, None, registry), "rebadger" if seller else "builder"
    return OriginDetail(code=code, basis=basis, grade="B" if seller else row.grade)


class BuilderMachines(Shape):
    """How many machines the program read as one builder's, by grade. `origin`: where such machines
    are from; of unknown builders, what their plates say; or null."""

    builder: str | None
    name: Said
    origin: str | None
    machines: int
    sightings: int
    grades: dict[str, int]


class BuilderCount(BuilderMachines):
    """How many machines of one builder there are, by what people settled, else by what was read.
    `settled`: by people; `grades`: where the program says the same; `several`: people name
    several."""

    several: bool = False
    settled: int = 0


class MachineCounts(Shape):
    """`rows`: by builder, without `controls` and `none`.

    - `controls`: machines seen only in footage kept as a positive control.
    - `none`: those that people settled as no machine or no CNC machine tool.
    """

    rows: list[BuilderCount]
    controls: int
    none: int


def machine_counts(view: View) -> MachineCounts:
    """The table of a recipe's machines."""
    controls = control_machines(view.session, view.recipe)
    words = {
        id_: word if word.said != "none" else None
        for id_, word in all_words(view).items()
        if id_ not in controls
    }
    left_out = words | dict.fromkeys(controls)
    rows = count_machines(view.session, view.registry, view.recipe, left_out)
    none = sum(word is None for word in words.values())
    return MachineCounts(
        rows=[BuilderCount.model_validate(row) for row in rows], controls=len(controls), none=none
    )
