"""The first page: what is in the case, in numbers."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.web.countries import country
from api.web.pages import page
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import ThisSite
from api.web.words import language
from evidence.browse.overview import Overview, look_over, looked_otherwise
from evidence.store.summary import looked_otherwise_alone

routes = Routes()
MOST_ROWS = 40


@routes.let(Role.REVIEWER, "GET", "/")
def overview(request: Request, site: ThisSite, person: ThisPerson) -> HTMLResponse:
    found = look_over(site.case, site.recipe, site.registry, person.role >= Role.LEAD)
    with site.session() as session:
        otherwise = looked_otherwise(session, site.recipe)
        elsewise = looked_otherwise_alone(session, site.recipe)
    return page(
        request,
        "overview.html",
        summary=found,
        otherwise=otherwise,
        elsewise=elsewise,
        rows=found.told.rows[:MOST_ROWS],
        named=lambda id_: site.registry.get(id_).name if id_ in site.registry else id_,
        sellers={entry.id for entry in site.registry.builders if entry.type == "rebadger"},
        most=max((row.machines for row in found.told.rows), default=1),
        code=language(request),
        country=country,
    )


@routes.let(Role.REVIEWER, "GET", "/api/v1/case", summary="The case in numbers")
def read_case(site: ThisSite, person: ThisPerson) -> Overview:
    """Also what awaits review, how far the work has come, and the head of the verdicts' log."""
    return look_over(site.case, site.recipe, site.registry, person.role >= Role.LEAD)
