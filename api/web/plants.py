"""Plants: each with its machines by country, its footage, and the leads that wait."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.web.auth import Routes
from api.web.pages import page
from api.web.site import ThisSite
from evidence.browse.overview import PlantSummary, list_plants
from evidence.browse.shapes import Page

routes = Routes()


@routes.let("GET /api/v1/plants", "The plants, with what stands there")
def read_plants(site: ThisSite) -> Page[PlantSummary]:
    """As sources name them; `next` is always null."""
    tested = site.settings.attributing.tested_origins
    with site.view() as view:
        return Page(items=list_plants(view, tested))


@routes.let("GET /plants")
def show_plants(request: Request, site: ThisSite) -> HTMLResponse:
    return page(request, "plants-page.html", plants=read_plants(site).items)
