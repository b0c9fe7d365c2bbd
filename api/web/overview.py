"""The first page: what is in the case, in numbers."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.web.pages import page
from api.web.roles import Role, Routes
from api.web.site import ThisSite
from evidence.store.summary import summarise

routes = Routes()


@routes.let(Role.REVIEWER, "GET", "/")
def overview(request: Request, site: ThisSite) -> HTMLResponse:
    return page(request, "overview.html", summary=summarise(site.case, site.registry))


@routes.let(Role.REVIEWER, "GET", "/api/v1/case", summary="The case in numbers")
def read_case(site: ThisSite) -> dict[str, Any]:
    return summarise(site.case, site.registry)
