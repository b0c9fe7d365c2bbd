"""Footage: the list, and one clip with its player."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse

from api.web.asked import Cursor, Day, Limit, Pts, Sha256, Words
from api.web.countries import by_name, country
from api.web.entered import controls
from api.web.pages import page
from api.web.pictures import original
from api.web.problems import NotHere
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import ThisSite
from api.web.words import language
from datasets.countries import COUNTRIES
from datasets.sentences import Sentence
from evidence.browse.clip import Footage, find_footage
from evidence.browse.footage import Clip, Wanted, list_footage
from evidence.browse.shapes import Page, Sighting
from evidence.browse.sightings import list_of_footage
from evidence.store.keys import analysis_id
from evidence.uploads.brought import places_of

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
) -> Wanted:
    some = {"yes": True, "no": False}.get(machines or "")
    return Wanted(name, plant, publisher, since, until, text, some)


ThisWanted = Annotated[Wanted, Depends(_wanted)]


@routes.let(Role.REVIEWER, "GET", "/api/v1/footage", summary="Footage, searched and filtered")
def read_footages(
    site: ThisSite, wanted: ThisWanted, after: Cursor = None, limit: Limit = 50
) -> Page[Clip]:
    """In order of the first path each lies at."""
    with site.session() as session:
        return list_footage(session, site.recipe, site.registry, wanted, after, limit)


@routes.let(Role.REVIEWER, "GET", "/api/v1/footage/{sha256}", summary="One footage")
def read_footage(sha256: Sha256, site: ThisSite, person: ThisPerson) -> Footage:
    """Its places, how it was looked at, its copies, and verdicts; those of others once settled."""
    with site.session() as session:
        found = find_footage(session, site.recipe, site.registry, sha256, person.name)
    if found is None:
        raise NotHere(Sentence("no footage %(sha256)s in this case").fill(sha256=sha256[:12]))
    return found


@routes.let(
    Role.REVIEWER,
    "GET",
    "/api/v1/footage/{sha256}/sightings",
    summary="What was sighted in a footage, with the tracks",
)
def read_sightings(
    sha256: Sha256, site: ThisSite, after: Cursor = None, limit: Limit = 50
) -> Page[Sighting]:
    """In the order they were found. None, where it has not been looked at yet."""
    analysis = analysis_id(sha256, site.recipe.model, site.recipe.settings)
    with site.session() as session:
        return list_of_footage(session, analysis, site.registry, after, limit)


@routes.let(Role.REVIEWER, "GET", "/footage")
def footage_page(
    request: Request, site: ThisSite, wanted: ThisWanted, after: Cursor = None
) -> HTMLResponse:
    with site.session() as session:
        found = list_footage(session, site.recipe, site.registry, wanted, after)
    return page(
        request,
        "footages.html",
        found=found,
        wanted=wanted,
        searched=wanted != Wanted(),
        onward=onward(request, found.next),
        beginning=None if after is None else beginning(request),
    )


@routes.let(Role.REVIEWER, "GET", "/footage/{sha256}")
def clip_page(
    request: Request,
    sha256: Sha256,
    site: ThisSite,
    person: ThisPerson,
    at: Pts | None = None,
    after: Cursor = None,
) -> HTMLResponse:
    clip = read_footage(sha256, site, person)
    sightings = read_sightings(sha256, site, after, 200)
    with site.session() as session:
        correctable = places_of(session, sha256, None if person.role >= Role.LEAD else person.name)
    try:
        original(site, sha256)
        gone = None
    except NotHere as error:
        gone = str(error)
    return page(
        request,
        "footage.html",
        scripts=("footage.js",),
        clip=clip,
        sightings=sightings,
        gone=gone,
        correctable=correctable,
        plants=site.registry.plants,
        onward=onward(request, sightings.next),
        country=country,
        controls=controls(site),
        countries=by_name(COUNTRIES, language(request)),
        brought=_for_script(clip, at, gone is not None),
        code=language(request),
    )


def onward(request: Request, cursor: str | None) -> str | None:
    """The address of the page behind this one."""
    if cursor is None:
        return None
    return f"{request.url.path}?{urlencode([*_asked(request), ('after', cursor)])}"


def beginning(request: Request) -> str:
    """The address of the first page of what is searched."""
    return f"{request.url.path}?{urlencode(_asked(request))}".rstrip("?")


def _asked(request: Request) -> list[tuple[str, str]]:
    asked = request.query_params.multi_items()
    return [(name, value) for name, value in asked if name not in ("after", "at") and value]


def _for_script(clip: Footage, at: str | None, gone: bool) -> dict[str, Any]:
    """What the player needs; the tracks it asks for itself."""
    shown = clip.model_dump(
        mode="json", include={"sha256", "kind", "width", "height", "rate", "duration"}
    )
    shots = [] if clip.analysed is None else clip.analysed.shots
    overlays = [] if clip.analysed is None else clip.analysed.overlays
    return shown | {
        "shots": [shot.model_dump(mode="json") for shot in shots],
        "overlays": [text.model_dump(mode="json") for text in overlays],
        "at": at,
        "gone": gone,
    }
