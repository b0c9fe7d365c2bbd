"""What people settled of machines, which goes before what the program read on them.

As in the answer (`evidence.answer.population`): once people have settled one of its sightings,
their word alone names a machine. What is judged and not settled does not appear here.

Machines that are seen only in footage kept as a positive control: none of the case's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.name.homes import home_of
from evidence.answer.controls import kept_controls
from evidence.answer.sources import copies_of
from evidence.browse.shapes import OriginDetail, RegistryName, Shape
from evidence.case.sighting_tables import AnalysisRow, MachineRow, Membership, SightingRow
from evidence.case.tables import Item, Recipe
from evidence.link.sightings import chunks
from evidence.review.standing import NO_MACHINE, confirms

Said = Literal["builder", "plate", "several", "unknown", "none"]


@dataclass(frozen=True, slots=True)
class MachineOutcome:
    """What people settled of a machine.

    said: `builder` (they name one), `plate` (they accept its country), `several` (they name
    different ones), `unknown` (they cannot tell), `none` (no machine, or no CNC machine tool).
    origin: the country that follows, or None.
    """

    said: Said
    builder: str | None = None
    origin: str | None = None
    plated: bool = False

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
        seller = word.builder in registry and registry.get(word.builder or "").type == "rebadger"
        basis = "plate" if word.plated else "rebadger" if seller else "builder"
        told = word.origin is not None or seller
        return cls(
            said=word.said,
            builder=None if word.builder is None else RegistryName.of(word.builder, registry),
            origin=OriginDetail(code=word.origin, basis=basis) if told else None,
            same=word.agrees(read),
        )


def words_of(
    session: Session, machines: Sequence[str], registry: Registry
) -> dict[str, MachineOutcome]:
    """What people settled, by machine; only machines with anything settled."""
    return _words(members(session, machines), registry)


def all_words(session: Session, recipe: Recipe, registry: Registry) -> dict[str, MachineOutcome]:
    """The same of every machine of a recipe; there are as many as people have judged."""
    found: dict[str, list[Any]] = {}
    # Asked at once: to name thousands of machines takes a database longer than to find them.
    _add_members(session, Membership.machine.in_(_judged(recipe)), found)
    return _words(found, registry)


def members(session: Session, machines: Sequence[str]) -> dict[str, list[Any]]:
    """By machine its sightings, in order, each with what was read and where its item stands."""
    found: dict[str, list[Any]] = defaultdict(list)
    for part in chunks(machines):
        _add_members(session, Membership.machine.in_(part), found)
    return found


def _add_members(session: Session, which: ColumnElement[bool], found: dict[str, list[Any]]) -> None:
    query = (
        select(
            Membership.machine,
            SightingRow.key,
            SightingRow.footage,
            SightingRow.builder,
            SightingRow.origin,
            SightingRow.origin_basis,
            SightingRow.lead_origin,
            Item.state,
            Item.outcome,
            Item.builder.label("settled_as"),
        )
        .join(SightingRow, SightingRow.key == Membership.sighting)
        .outerjoin(Item, Item.sighting == Membership.sighting)
        .where(which)
        .order_by(SightingRow.key)
    )
    for row in session.execute(query):
        found.setdefault(row.machine, []).append(row)


def _words(members: Mapping[str, Collection[Any]], registry: Registry) -> dict[str, MachineOutcome]:
    found = ((id_, word_of(rows, registry)) for id_, rows in members.items())
    return {id_: word for id_, word in found if word is not None}


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
    plated: set[str] = set()
    for row in real:
        if confirms(row.outcome, row.settled_as):
            # Who accepts a claim accepts what its plate says; who names a builder says no more.
            accepted = row.settled_as is None or row.outcome == "accept"
            plate = (plate_of(row) or row.lead_origin) if accepted else None
            said[row.settled_as].add(origin_of(row.settled_as, plate, registry))
            plated |= {plate} if plate is not None else set()
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
    told = {plate for one in rows if (plate := plate_of(one)) is not None}
    return told.pop() if len(told) == 1 else None


def origin_of(builder: str | None, plate: str | None, registry: Registry) -> str | None:
    """Where such a machine is from; a plate goes before a seller's badge alone."""
    if builder is None:
        return plate
    if builder not in registry:
        return None
    entry = registry.get(builder)
    return plate if plate is not None and entry.type == "rebadger" else home_of(entry)


def _judged(recipe: Recipe) -> Select[Any]:
    return (
        select(Membership.machine)
        .join(Item, Item.sighting == Membership.sighting)
        .where(
            Item.model == recipe.model,
            Item.settings == recipe.settings,
            Item.state == "settled",
        )
    )


def control_footage(session: Session, recipe: Recipe) -> set[str]:
    """The footage kept as a control, and copies of it: what the answer leaves out."""
    kept = {one.footage for one in kept_controls(session)}
    return kept | copies_of(session, recipe, kept) if kept else kept


def control_machines(session: Session, recipe: Recipe) -> set[str]:
    """The machines of a recipe that are seen in control footage and nowhere else, by id."""
    footage = control_footage(session, recipe)
    there: set[str] = set()
    for part in chunks(sorted(footage)):
        query = (
            select(Membership.machine)
            .join(SightingRow, SightingRow.key == Membership.sighting)
            .join(AnalysisRow, AnalysisRow.id == SightingRow.analysis)
            .where(
                AnalysisRow.footage.in_(part),
                AnalysisRow.model == recipe.model,
                AnalysisRow.settings == recipe.settings,
            )
        )
        there |= set(session.scalars(query))
    return _nowhere_else(session, sorted(there), footage)


def only_controls(session: Session, rows: Sequence[MachineRow]) -> set[str]:
    """Those of some machines, by id, that are seen in control footage and nowhere else."""
    found: set[str] = set()
    for model, settings in {(row.model, row.settings) for row in rows}:
        footage = control_footage(session, Recipe(model=model, settings=settings))
        ids = [row.id for row in rows if (row.model, row.settings) == (model, settings)]
        found |= _nowhere_else(session, ids, footage) if footage else set()
    return found


def _nowhere_else(session: Session, machines: Sequence[str], footage: set[str]) -> set[str]:
    seen = members(session, machines) if footage else {}
    return {id_ for id_, rows in seen.items() if all(row.footage in footage for row in rows)}
