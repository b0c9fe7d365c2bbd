"""Footage: the list, one clip with its player, its source, machines entered by hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from api.web.auth import Role, Routes, ThisPerson
from api.web.errors import Forbidden, NotHere, no_footage
from api.web.pages import XLSX, TableKind, by_name, language, page, table_file
from api.web.pictures import cut, cutter, original
from api.web.review import Corner, Note, taken
from api.web.site import Cursor, Day, Part, Pts, Sha256, Site, ThisSite, Words
from api.web.uploads import SourceClaims
from datasets.messages import Message
from datasets.places import COUNTRIES
from detector.look.stills import encode_frame
from evidence.browse.footage import (
    FootageDetail,
    FootageFilter,
    FootageSummary,
    find_footage,
    list_footage,
)
from evidence.browse.machines import find_machines
from evidence.browse.shapes import Page, SightingDetail
from evidence.browse.sightings import list_of_footage
from evidence.case.places import correct
from evidence.case.sighting_tables import analysis_id
from evidence.case.tables import FootageRow
from evidence.review.judgement import item_of, test_context
from evidence.review.manual_entries import Statement, check_place, enter
from evidence.uploads.status import uploaded_places
from evidence.work.whole import ask_whole, is_asked

routes = Routes()


def _wanted(
    name: Words = None,
    plant: Words = None,
    publisher: Words = None,
    since: Day = None,
    until: Day = None,
    text: Words = None,
    machines: Annotated[
        str | None, Query(pattern="^(yes|no)?$", description="Whether any was found in it.")
    ] = None,
) -> FootageFilter:
    some = {"yes": True, "no": False}.get(machines or "")
    return FootageFilter(name, plant, publisher, since, until, text, some)


ThisWanted = Annotated[FootageFilter, Depends(_wanted)]


@routes.let("GET /api/v1/footage", "Footage, searched and filtered")
def read_footages(site: ThisSite, wanted: ThisWanted, part: Part) -> Page[FootageSummary]:
    """In order of the first path each lies at."""
    with site.view() as view:
        return list_footage(view, wanted, *part)


COLUMNS: dict[str, Callable[[FootageSummary], object]] = {
    "file": lambda one: one.name,
    "sha256": lambda one: one.sha256,
    "kind": lambda one: one.kind,
    "seconds": lambda one: one.seconds,
    "frames_looked_at": lambda one: one.frames_decoded,
    "frames": lambda one: one.frames_total,
    "sightings": lambda one: one.sightings if one.looked_at else None,
    "publisher": lambda one: one.publisher,
    "published": lambda one: one.published,
    "plants": lambda one: "; ".join(one.plants),
    "origin_url": lambda one: one.origin_url,
}


@routes.let("GET /api/v1/footage.{kind}", gives=("text/csv", XLSX))
def export_footage(kind: TableKind, site: ThisSite, wanted: ThisWanted) -> Response:
    """Footage, filtered, as CSV or XLSX for a spreadsheet.
    Files by name, not by path. `plants`: several contradict each other."""
    return table_file(
        "footage", kind, COLUMNS, lambda after: read_footages(site, wanted, (after, 200))
    )


@routes.let("GET /api/v1/footage/{sha256}", "One footage")
def read_footage(sha256: Sha256, site: ThisSite, person: ThisPerson) -> FootageDetail:
    """Its places, how it was looked at, its copies, and verdicts; those of others once settled."""
    with site.view() as view:
        found = find_footage(view, sha256, person.name)
    if found is None:
        raise no_footage(sha256)
    return found


@routes.let("GET /api/v1/footage/{sha256}/sightings")
def read_sightings(sha256: Sha256, site: ThisSite, part: Part) -> Page[SightingDetail]:
    """What was sighted in a footage, with the tracks.
    In the order they were found. None, where it has not been looked at yet."""
    analysis = analysis_id(sha256, site.recipe.model, site.recipe.settings)
    return site.read(list_of_footage, analysis, site.registry, *part)


@routes.let("GET /footage")
def footage_page(
    request: Request, site: ThisSite, wanted: ThisWanted, after: Cursor = None
) -> HTMLResponse:
    found = read_footages(site, wanted, (after, 50))
    return page(
        request,
        "footages.html",
        # A picture is cut of footage that is at hand and has no kept picture.
        cuttable={
            clip.sha256
            for clip in found.items
            if clip.lies and not clip.still and _why_gone(site, clip.sha256) is None
        },
        found=found,
        wanted=wanted,
        searched=wanted != FootageFilter(),
        **paging(request, found.next, after),
    )


@routes.let("GET /footage/{sha256}")
def clip_page(
    request: Request,
    sha256: Sha256,
    site: ThisSite,
    person: ThisPerson,
    at: Pts | None = None,
    after: Cursor = None,
) -> HTMLResponse:
    clip = read_footage(sha256, site, person)
    sightings = read_sightings(sha256, site, (after, 200))
    with site.session() as session:
        author = None if person.role >= Role.LEAD else person.name
        correctable = uploaded_places(session, sha256, author)
        asked = is_asked(session, site.recipe, sha256)
        shown = (one.machine for one in sightings.items)
        machines = find_machines(session, shown, site.registry)
    gone = _why_gone(site, sha256)
    return page(
        request,
        "footage.html",
        scripts=("footage.js",),
        clip=clip,
        sightings=sightings,
        machines=machines,
        gone=gone,
        asked=asked,
        correctable=correctable,
        plants=site.registry.plants,
        **paging(request, sightings.next, after),
        controls=controls(site),
        countries=by_name(COUNTRIES, language(request)),
        brought=_for_script(clip, at, gone is not None),
    )


def paging(request: Request, following: str | None, after: str | None) -> dict[str, Any]:
    """What a page's links to others need: the address of the one behind it, and of the first one
    where this is another."""
    whole = request.query_params.multi_items()
    asked = [(name, value) for name, value in whole if name not in ("after", "at") and value]
    onward = f"{request.url.path}?{urlencode([*asked, ('after', following)])}"
    beginning = f"{request.url.path}?{urlencode(asked)}".rstrip("?")
    return {
        "query": request.url.query,
        "onward": onward if following else None,
        "beginning": beginning if after else None,
    }


def _why_gone(site: Site, sha256: str) -> str | None:
    """Why the original cannot be shown; None where it can."""
    try:
        original(site, sha256)
    except NotHere as error:
        return error.message
    return None


def _for_script(clip: FootageDetail, at: str | None, gone: bool) -> dict[str, Any]:
    """What the player needs; the tracks it asks for itself."""
    shown = clip.model_dump(
        mode="json", include={"sha256", "kind", "width", "height", "rate", "duration"}
    )
    parts = {"shots", "overlays"}
    found = clip.analysed.model_dump(mode="json", include=parts) if clip.analysed else {}
    return shown | {name: [] for name in parts} | found | {"at": at, "gone": gone}


@routes.let("POST /api/v1/footage/{sha256}/rest")
def look_at_rest(sha256: Sha256, site: ThisSite) -> None:
    """Look at every frame of footage that was looked at in part.
    What it finds takes the place of the first look; verdicts stay on what they were given on."""
    with site.session() as session, session.begin():
        if not ask_whole(session, site.recipe, sha256):
            raise no_footage(sha256)
    site.wake()


_CORRECTED = {"path": "/archive/hall.mp4", "plant_claimed": "Plant 12", "note": None}


class Corrected(SourceClaims, json_schema_extra={"examples": [_CORRECTED]}):
    """What is to stand from now on at one place of the footage; null or nothing: it is not known.
    What is left out stays as it is."""

    path: Annotated[str, Field(max_length=5000)]


@routes.let("PATCH /api/v1/footage/{sha256}/claims")
def correct_claims(
    sha256: Sha256, site: ThisSite, person: ThisPerson, body: Corrected
) -> FootageDetail:
    """Put right what is claimed of where footage came from.
    Who did it and what stood there before is kept. What was put right stays, whatever a list
    that is swept again says. What one has uploaded oneself; a lead, any."""
    said = {name: getattr(body, name) for name in body.model_fields_set - {"path"}}
    with site.session() as session, session.begin():
        all_places = uploaded_places(session, sha256, None)
        if body.path not in all_places:
            raise NotHere(Message("%(path)s: that footage does not lie there", path=body.path))
        own = uploaded_places(session, sha256, person.name)
        if person.role < Role.LEAD and body.path not in own:
            raise Forbidden(Message("what others brought is put right by a lead"))
        correct(session, all_places[body.path], said, person.name)
    now: FootageDetail = read_footage(sha256, site, person)
    return now


Id = Annotated[str, Field(min_length=1, max_length=64, examples=["haas"])]
_EXAMPLE = {"pts": "1001/24000", "box": [60, 70, 420, 350], "builder": "haas", "note": "a red H"}


class EnteredMachine(BaseModel, extra="forbid", json_schema_extra={"examples": [_EXAMPLE]}):
    """What a person says of a machine.
    - `pts`: the time of the frame.
    - `box`: where in it, `[x1, y1, x2, y2]` in pixels; the whole frame if left out.
    - `builder`: left out if nobody can say.
    - `probable`: it may be that builder's; others have to say.
    - `concealed`: its mark is hidden.
    - `control`: who made its control.
    - `made`: the country that built this very machine, if a plate or an account says so.
    - `source`: where that is written.
    """

    pts: Pts
    box: Annotated[list[Corner], Field(min_length=4, max_length=4)] | None = None
    builder: Id | None = None
    probable: bool = False
    concealed: bool = False
    control: Id | None = None
    made: Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["DE"])] | None = None
    source: Note | None = None
    note: Note | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None


@routes.let("POST /api/v1/footage/{sha256}/entered", "Enter a machine by hand", status_code=201)
def enter_machine(
    sha256: Sha256, site: ThisSite, person: ThisPerson, body: EnteredMachine
) -> dict[str, Any]:
    """A verdict that others judge as they do what the program flagged. At the place of one that was
    entered already it is a verdict on that one."""
    said = body.model_dump(exclude={"pts", "box", "seconds"})
    told = Statement(**said | {"source": body.source or None, "note": body.note or None})
    pts = Fraction(body.pts)
    with site.session() as session:
        bench = test_context(session, site.registry)
        told.check(bench)
        if session.get(FootageRow, sha256) is None:
            raise no_footage(sha256)
        check_place(session, sha256, pts, body.box)
    pts, size, still = _picture(site, sha256, pts)
    with site.session() as session, session.begin():
        row = enter(
            session, bench, sha256, pts, body.box, told, person.name,
            size=size, still=still, seconds=body.seconds, signed=person.signed,
        )  # fmt: skip
        return taken(row, item_of(session, row), site.registry)


def _picture(
    site: Site, sha256: str, pts: Fraction
) -> tuple[Fraction, tuple[int, int] | None, str | None]:
    """The frame's own time and size, and its stored picture, where the original is at hand."""
    try:
        footage = original(site, sha256)
    except NotHere:
        return pts, None, None
    frame = cut(lambda: cutter.frame(footage, pts))
    height, width = frame.image.shape[:2]
    return frame.pts, (width, height), site.case.put_still(encode_frame(frame.image))


def controls(site: Site) -> list[dict[str, Any]]:
    """Who makes controls, for a person to choose from."""
    found = [{"id": one.id, "name": one.name} for one in site.registry if one.type == "control"]
    return sorted(found, key=lambda one: one["name"].casefold())
