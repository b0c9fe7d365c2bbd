"""Machines: the list, one machine, and links between sightings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, StringConstraints, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web.auth import Routes, ThisPerson
from api.web.errors import Conflict, NotHere
from api.web.footage import paging
from api.web.pages import XLSX, TableKind, by_name, country, language, page, table_file
from api.web.site import (
    BuilderId,
    Country,
    Cursor,
    Day,
    MachineId,
    Part,
    SightingKey,
    Site,
    ThisSite,
    Words,
)
from datasets.errors import UsageError
from datasets.messages import Message
from evidence.browse import machines
from evidence.browse.machine_summary import MachineSummary, control_machines
from evidence.browse.overview import looked_otherwise
from evidence.browse.search import name_footage
from evidence.browse.shapes import LeadDetail, Page, RegistryName, Shape, SightingDetail
from evidence.browse.sightings import list_of_machine, on_sightings
from evidence.case.base import found_with
from evidence.case.places import places_of
from evidence.case.sighting_tables import SightingRow
from evidence.case.summary import count_other_recipes
from evidence.clip.tables import clock
from evidence.link.machines import cut, join, machine_of

routes = Routes()
_NO_MACHINE = Message("no machine %(id)s; joining and cutting sightings makes others of them")
_SEVERAL = Message("%(key)s: several sightings begin so; give more of its digits")
_Lead = Query(description="A country that a lead nobody settled points to.")


def _wanted(
    builder: BuilderId = None,
    origin: Annotated[
        str | None, Query(pattern="^([A-Z]{2}|open)?$", description="A country; `open`: not known.")
    ] = None,
    grade: Annotated[
        list[Literal["A", "B", "U", ""]],
        Query(max_length=8, description="Any of these grades; none given: all."),
    ] = [],  # noqa: B006  never changed
    plant: Words = None,
    publisher: Words = None,
    since: Day = None,
    until: Day = None,
    text: Words = None,
    state: Annotated[
        machines.State | Literal[""] | None,
        Query(description="Of any of its sightings in the review."),
    ] = None,
    controls: Annotated[
        machines.Controls | Literal[""] | None,
        Query(description="`with` the machines of positive controls, or `only` those."),
    ] = None,
    lead: Annotated[Country, _Lead] = None,
) -> machines.MachineFilter:
    return machines.MachineFilter(
        *(builder, origin or None, frozenset(grade) - {""}, plant, publisher, since, until, text),
        *(state or None, controls or None, lead),
    )


ThisWanted = Annotated[machines.MachineFilter, Depends(_wanted)]
Sorted = Annotated[
    machines.Sort,
    Query(description="`grade`: confirmed, then surest first; `seen`: most sightings first."),
]


@routes.let("GET /api/v1/machines", "Machines, searched and filtered")
def read_machines(
    site: ThisSite, wanted: ThisWanted, part: Part, sort: Sorted = "grade"
) -> Page[MachineSummary]:
    """A cursor is of one order: give the same `sort` with it."""
    with site.view() as view:
        return machines.list_machines(view, wanted, sort, *part)


def _builder(one: MachineSummary) -> RegistryName | None:
    return one.settled.builder if one.settled else one.builder


def _origin(one: MachineSummary) -> str | None:
    found = one.settled.origin if one.settled else one.origin
    return found.code if found else None


def _lead(one: MachineSummary) -> LeadDetail | None:
    return one.leads[0] if one.leads and not one.settled and not one.builder else None


def _is_read(one: MachineSummary) -> bool:
    """Whether what the program read stands."""
    return not one.settled or one.settled.same


COLUMNS: dict[str, Callable[[MachineSummary], object]] = {
    "machine": lambda one: one.id,
    "builder_id": lambda one: (found := _builder(one)) and found.id,
    "builder": lambda one: found.name if (found := _builder(one)) else "unknown",
    "country": lambda one: country(_origin(one), "en"),
    "settled": lambda one: one.settled and one.settled.said,
    "grade": lambda one: one.grade if _is_read(one) else None,
    "probability": lambda one: f"{one.probability:.3f}" if _is_read(one) and _builder(one) else "",
    "sightings": lambda one: one.seen,
    "footage": lambda one: one.footage,
    "plants": lambda one: "; ".join(one.plants),
    "file": lambda one: one.file,
    "at": lambda one: "" if one.at is None else clock(one.at),
    "still": lambda one: one.still,
    "lead": lambda one: (lead := _lead(one)) and lead.builder and lead.builder.name,
    "lead_country": lambda one: (lead := _lead(one)) and country(lead.origin, "en"),
    "lead_probability": lambda one: (lead := _lead(one)) and f"{lead.probability:.3f}",
}


@routes.let("GET /api/v1/machines.{kind}", gives=("text/csv", XLSX))
def export_machines(
    kind: TableKind, site: ThisSite, wanted: ThisWanted, sort: Sorted = "grade"
) -> Response:
    """Machines, filtered, as CSV or XLSX for a spreadsheet.
    `settled`: what people settled, which goes before the program's reading; else empty."""
    return table_file(
        "machines", kind, COLUMNS, lambda after: read_machines(site, wanted, (after, 200), sort)
    )


@routes.let("GET /api/v1/machines/{id}", "One machine")
def read_machine(id: MachineId, site: ThisSite) -> MachineSummary:
    """Its id changes when sightings are joined to it or cut from it."""
    found = site.read(machines.find_machines, [id], site.registry)
    if not found:
        raise NotHere(_NO_MACHINE.fill(id=id[:10]))
    return found[id]


@routes.let("GET /api/v1/machines/{id}/sightings", "A machine's sightings")
def read_sightings(id: MachineId, site: ThisSite, part: Part) -> Page[SightingDetail]:
    """With readings and pictures; the tracks come with the footage."""
    return site.read(list_of_machine, id, site.registry, *part)


@routes.let("GET /api/v1/machines/{id}/links", "What ties it together")
def read_links(id: MachineId, site: ThisSite, part: Part) -> Page[machines.TieDetail]:
    """Held or not, among its sightings and with others, each with its reason."""
    return site.read(machines.ties_of, id, *part)


@routes.let("GET /api/v1/machines/{id}/decisions", "Who joined and cut what")
def read_its_decisions(id: MachineId, site: ThisSite, part: Part) -> Page[machines.DecisionDetail]:
    """The last first."""
    return site.read(machines.decisions, id, *part)


@routes.let("GET /api/v1/machines/{id}/alike", "Machines that look alike")
def read_alike(id: MachineId, site: ThisSite) -> list[machines.LookalikeMachine]:
    """By appearance alone, the most alike first; it says nothing of who built them."""
    with site.view() as view:
        return machines.alike(view, id)


_EXAMPLE = {"a": "5b1e" * 8 + ":m1", "b": "c0de" * 8 + ":m4", "what": "join"}


class LinkRequest(BaseModel, extra="forbid", json_schema_extra={"examples": [_EXAMPLE]}):
    """Two sightings to be held for one machine (`join`) or for two (`cut`)."""

    a: SightingKey
    b: SightingKey
    what: Literal["join", "cut"]
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _are_two(self) -> LinkRequest:
        if self.a == self.b:
            raise ValueError("a and b are one sighting; name two")
        return self


class Done(Shape):
    """The decision, and the machines that the two sightings belong to now."""

    decision: machines.DecisionDetail
    machine_a: str
    machine_b: str


@routes.let("GET /api/v1/decisions", "All that was joined and cut")
def read_decisions(site: ThisSite, part: Part) -> Page[machines.DecisionDetail]:
    """The last first."""
    return site.read(machines.decisions, None, *part)


@routes.let("POST /api/v1/decisions", "Joins two sightings, or cuts them apart", status_code=201)
def decide(wish: LinkRequest, site: ThisSite, person: ThisPerson) -> Done:
    """It is remembered with its author, outlasts later analyses, and a later decision on the
    same pair supersedes it. It waits its turn where something else is being written; a sweep
    may go on meanwhile."""
    how = join if wish.what == "join" else cut
    with site.session() as session, session.begin():
        a, b = _whole(session, site, wish.a), _whole(session, site, wish.b)
        try:
            made = how(session, a, b, person.name, wish.note or None)
        except UsageError as error:
            raise Conflict(error.message) from error
        return Done(
            decision=machines.DecisionDetail.read(made),
            machine_a=machine_of(session, a),
            machine_b=machine_of(session, b),
        )


def _whole(session: Session, site: Site, key: str) -> str:
    """The key with all its digits, of a sighting that is shown."""
    digits, name = key.split(":")
    named = SightingRow.key.startswith(digits) & (SightingRow.name == name)
    shown = select(SightingRow.key).where(named, found_with(SightingRow, site.recipe))
    found = session.scalars(shown).all()
    if not found:
        raise NotHere(Message("no sighting %(key)s among those that are shown", key=key))
    if len(found) > 1:
        raise Conflict(_SEVERAL.fill(key=key))
    return found[0]


@routes.let("GET /machines")
def machines_page(
    request: Request,
    site: ThisSite,
    person: ThisPerson,
    wanted: ThisWanted,
    sort: Sorted = "grade",
    after: Cursor = None,
) -> HTMLResponse:
    with site.view() as view:
        found = machines.list_machines(view, wanted, sort, after)
        builders = machines.builders_seen(view)
        ids = [one.id for one in found.items]
        mine = machines.waiting_for_others(view.session, ids, person.name)
        otherwise = not found.items and looked_otherwise(view.session, site.recipe)
        other_recipes = count_other_recipes(view.session, site.recipe)
        controls = len(control_machines(view.session, site.recipe))
    return page(
        request,
        "machines.html",
        controls=controls,
        otherwise=otherwise,
        other_recipes=other_recipes,
        found=found,
        mine=mine,
        wanted=wanted,
        sort=sort,
        searched=wanted != machines.MachineFilter(),
        builders=builders,
        origins=by_name({entry.origin for entry in site.registry.builders}, language(request)),
        **paging(request, found.next, after),
    )


@routes.let("GET /machines/{id}")
def machine_page(
    request: Request, id: MachineId, site: ThisSite, person: ThisPerson, after: Cursor = None
) -> HTMLResponse:
    machine = read_machine(id, site)
    with site.session() as session:
        sightings = list_of_machine(session, id, site.registry, after, 50)
        ties = machines.ties_of(session, id, None, 200)
        log = machines.decisions(session, id, None, 200)
        open_ = [one for one in sightings.items if not one.judged or one.judged.people is None]
        keys = [one.key for one in sightings.items]
        verdicts = on_sightings(session, keys, person.name, site.registry)
        clips = name_footage(session, places_of(session, {one.footage for one in sightings.items}))
    return page(
        request,
        "machine.html",
        scripts=("machine.js",),
        machine=machine,
        machines={id: machine},
        waits=min(open_, key=lambda one: one.grade, default=None),
        sightings=sightings,
        ties=ties,
        log=log,
        verdicts=verdicts,
        clips=clips,
        **paging(request, sightings.next, after),
        brought={"id": id},
    )
