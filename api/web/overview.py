"""The first page, plants, events, the list of calls, builders by name, the font for Han."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse

from api.web.auth import Role, Routes, ThisPerson, is_let_in
from api.web.errors import every_route
from api.web.pages import language, page, with_translations
from api.web.site import Site, ThisSite
from datasets.fonts import font_path
from datasets.letters import short_name
from evidence.browse import overview as summaries
from evidence.browse.shapes import Page, RegistryName
from evidence.case.summary import count_other_recipes
from evidence.uploads.status import Event

routes = Routes()
MOST_ROWS = 40


@routes.let("GET /")
def overview(request: Request, site: ThisSite, person: ThisPerson) -> HTMLResponse:
    found = read_case(site, person)
    with site.session() as session:
        otherwise = summaries.looked_otherwise(session, site.recipe)
        other_recipes = count_other_recipes(session, site.recipe)
    return page(
        request,
        "overview.html",
        summary=found,
        otherwise=otherwise,
        other_recipes=other_recipes,
        rows=found.told.rows[:MOST_ROWS],
        named=lambda id_: short_name(site.registry.name(id_)),
        sellers=site.registry.sellers,
        most=max((row.machines for row in found.told.rows), default=1),
        tested=site.settings.attributing.tested_origins,
    )


@routes.let("GET /api/v1/case", "The case in numbers")
def read_case(site: ThisSite, person: ThisPerson) -> summaries.Overview:
    """Also what awaits review, how far the work has come, and the head of the verdicts' log."""
    return summaries.look_over(site.case, site.recipe, site.registry, person.role >= Role.LEAD)


HEARTBEAT_SECONDS = 15.0
"""A line that says nothing, so that whoever is in between does not take the call for dead."""
AGAIN_SECONDS = 60.0
"""How often it is checked again that who watches may; a call may last for days."""
MOST_WAITING = 2000
"""Events that a slow reader may be behind; then its call ends, and it asks again."""


def hang_up(site: Site) -> None:
    """Ends every call, so that the server can end; called in the server's own loop."""
    for queue in list(site.watching):
        _end(queue)


@routes.let("GET /api/v1/events", gives=("text/event-stream",))
async def events(
    request: Request,
    site: ThisSite,
    person: ThisPerson,
    seconds: Annotated[
        float | None, Query(gt=0, le=86400, description="End after so long; never if missing.")
    ] = None,
) -> StreamingResponse:
    """What happens, as server-sent events: desk, upload, footage."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    told = _tell(site, seconds, language(request), partial(is_let_in, site, request, person))
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def _tell(
    site: Site, seconds: float | None, code: str, may: Callable[[], bool] = lambda: True
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | None] = asyncio.Queue(MOST_WAITING)

    def hear(event: Event) -> None:
        with suppress(RuntimeError):  # the server has ended, and its loop with it
            loop.call_soon_threadsafe(_put, queue, event)

    site.watching.add(queue)
    watching = site.board.watch(hear)
    # Beginning to watch reads the case, in a thread: it is gone through with though the caller has
    # left meanwhile, and ended after it. Otherwise somebody would watch for ever.
    begun = asyncio.ensure_future(asyncio.to_thread(watching.__enter__))
    end = time.monotonic() + (seconds or float("inf"))
    again = time.monotonic() + AGAIN_SECONDS
    try:
        await asyncio.shield(begun)
        yield "retry: 2000\n\n"
        while (left := end - time.monotonic()) > 0:
            if time.monotonic() > again:
                if not await asyncio.to_thread(may):
                    return
                again = time.monotonic() + AGAIN_SECONDS
            try:
                event = await asyncio.wait_for(queue.get(), min(HEARTBEAT_SECONDS, left))
            except TimeoutError:
                yield ":\n\n"
                continue
            if event is None:
                return
            kind, data = event
            told = with_translations(data, code)
            text = json.dumps(told, default=lambda moment: moment.isoformat())
            yield f"event: {kind}\ndata: {text}\n\n"
    finally:
        site.watching.discard(queue)
        begun.add_done_callback(partial(_leave, watching))


def _leave(watching: AbstractContextManager[None], begun: asyncio.Future[None]) -> None:
    if not begun.cancelled() and begun.exception() is None:
        watching.__exit__(None, None, None)


def _put(queue: asyncio.Queue[Event | None], event: Event) -> None:
    try:
        queue.put_nowait(event)
    except asyncio.QueueFull:
        _end(queue)


def _end(queue: asyncio.Queue[Event | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)


@routes.let("GET /api/v1/openapi.json", "This API, as OpenAPI describes one")
def read_schema(request: Request) -> dict[str, Any]:
    return document(request.app)


@routes.let("GET /api")
def show_schema(request: Request) -> HTMLResponse:
    return page(request, "api.html", groups=grouped(request.app.state.routers))


def document(app: FastAPI) -> dict[str, Any]:
    """The application as OpenAPI describes one, with how a caller says who it is."""
    schema = app.openapi()
    schema["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token, made on /tokens."},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "nameplate-CASE",
            "description": "What POST /api/v1/login sets; CASE begins the case's id.",
        },
    }
    schema["security"] = [{"token": []}, {"cookie": []}]
    return schema


def grouped(routers: Any) -> dict[str, list[dict[str, str]]]:
    """The calls of the API by the word after `/api/v1/`, each as method, path, role and summary."""
    groups: dict[str, list[dict[str, str]]] = {}
    for route in every_route(routers):
        if not route.path.startswith("/api/"):
            continue
        facts = {"path": route.path_format, "role": (route.openapi_extra or {})["x-role"]}
        facts["summary"] = route.summary or ""
        group = groups.setdefault(route.path.split("/")[3], [])
        group += [{"method": method} | facts for method in sorted(route.methods or ())]
    return dict(sorted(groups.items()))


@routes.let("GET /font/han.otf", who=Role.ANYONE)
def han() -> FileResponse:
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(font_path(), media_type="font/otf", headers=keep)


MOST_BUILDERS = 20


@routes.let("GET /api/v1/builders", "Builders, by any part of a name, a mark or a series")
def read_builders(
    site: ThisSite,
    q: Annotated[
        str, Query(max_length=80, description="Any part of an id, a name, a mark or a series.")
    ] = "",
) -> Page[RegistryName]:
    """However it is spelt: case, accents and look-alike letters make no difference. Those that
    begin so come first; makers of controls are left out, for none of them is a builder."""
    found = [entry for entry in site.registry.search(q) if entry.type != "control"]
    wanted = q.casefold().strip()
    found.sort(key=lambda entry: (not entry.id.startswith(wanted), entry.name))
    found.sort(key=lambda entry: not entry.name.casefold().startswith(wanted))
    return Page(items=[RegistryName.of(entry.id, site.registry) for entry in found[:MOST_BUILDERS]])


@routes.let("GET /api/v1/plants", "The plants, with what stands there")
def read_plants(site: ThisSite) -> Page[summaries.PlantSummary]:
    """As sources name them; `next` is always null."""
    tested = site.settings.attributing.tested_origins
    with site.view() as view:
        return Page(items=summaries.list_plants(view, tested))


@routes.let("GET /plants")
def show_plants(request: Request, site: ThisSite) -> HTMLResponse:
    return page(request, "plants-page.html", plants=read_plants(site).items)
