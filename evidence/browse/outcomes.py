"""What people settled of machines, which goes before what the program read on them.

As in the answer (`evidence.answer.population`): once people have settled one of its sightings,
their word alone names a machine. Machines seen only in positive controls are none of the case's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.name.homes import home_of
from evidence.answer.audit import kept_controls
from evidence.browse.shapes import OriginDetail, RegistryName, Shape
from evidence.case.base import found_with
from evidence.case.sighting_tables import AnalysisRow, Membership, SightingRow
from evidence.case.tables import Item, Recipe
from evidence.link.recordings import copies_of
from evidence.link.sightings import select_in
from evidence.review.standing import NO_MACHINE, confirms

Said = Literal["builder", "plate", "several", "unknown", "none"]
Members = dict[str, list[Any]]
"""By machine its sightings, each with what was read and where its item stands."""


@dataclass(frozen=True, slots=True)
class MachineOutcome:
    """What people settled of a machine, as `OutcomeDetail` says it."""

    said: Said
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
    """

    said: Said
    builder: RegistryName | None
    origin: OriginDetail | None
    same: bool

    @classmethod
    def of(cls, word: MachineOutcome, read: str | None, registry: Registry) -> OutcomeDetail:
        """The outcome for the page. read: the builder that the program names."""
        seller = is_seller(word.builder, registry)
        basis = "plate" if word.plated else "rebadger" if seller else "builder"
        known = word.origin is not None or seller
        origin = OriginDetail(code=word.origin, basis=basis) if known else None
        return cls.read(word, registry, origin=origin, same=word.agrees(read))


def all_words(session: Session, recipe: Recipe, registry: Registry) -> dict[str, MachineOutcome]:
    """What people settled, by machine; only machines with anything settled."""
    settled = (
        select(Membership.machine)
        .join(Item, Item.sighting == Membership.sighting)
        .where(found_with(Item, recipe), Item.state == "settled")
    )
    # Asked at once: to name thousands of machines takes a database longer than to find them.
    rows = session.execute(_MEMBERS.where(Membership.machine.in_(settled)))
    return words_of(_by_machine(rows), registry)


def words_of(members: Members, registry: Registry) -> dict[str, MachineOutcome]:
    """As `all_words`, of some machines, from their `members`."""
    found = ((id_, word_of(rows, registry)) for id_, rows in members.items())
    return {id_: word for id_, word in found if word is not None}


_MEMBERS = (
    select(
        Membership.machine,
        SightingRow.analysis,
        SightingRow.name,
        SightingRow.key,
        SightingRow.footage,
        SightingRow.builder,
        SightingRow.grade,
        SightingRow.origin,
        SightingRow.origin_basis,
        SightingRow.lead_origin,
        Item.state,
        Item.outcome,
        Item.builder.label("settled_as"),
    )
    .join(SightingRow, SightingRow.key == Membership.sighting)
    .outerjoin(Item, Item.sighting == Membership.sighting)
    .order_by(
        SightingRow.grade,
        SightingRow.probability.desc(),
        SightingRow.confidence.desc(),
        SightingRow.key,
    )
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
    another sighting names a builder or an origin that nobody has judged.
    """
    settled = [row for row in rows if row.state == "settled"]
    real = [row for row in settled if row.outcome not in NO_MACHINE]
    if not settled:
        return None
    waits = any(
        row.state != "settled" and (row.builder is not None or plate_of(row)) for row in rows
    )
    if not real:
        return None if waits else MachineOutcome("none")
    said: dict[str | None, set[str | None]] = defaultdict(set)
    for row in real:
        if confirms(row.outcome, row.settled_as):
            # Who accepts a claim accepts what its plate says; who names a builder says no more.
            accepted = row.settled_as is None or row.outcome == "accept"
            plate = (plate_of(row) or row.lead_origin) if accepted else None
            said[row.settled_as].add(origin_of(row.settled_as, plate, registry))
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


def is_seller(builder: str | None, registry: Registry) -> bool:
    """Whether the mark is a seller's, who builds nothing."""
    return builder is not None and builder in registry and registry.get(builder).type == "rebadger"


def origin_of(builder: str | None, plate: str | None, registry: Registry) -> str | None:
    """Where such a machine is from; a plate goes before a seller's badge alone."""
    if builder is None or (plate is not None and is_seller(builder, registry)):
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
