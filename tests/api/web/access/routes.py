"""Every route of the application, with its parameters filled in from a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastapi.routing import APIRoute
from sqlalchemy import select

from api.web.app import ROUTES
from api.web.errors import every_route
from api.web.site import Site
from evidence.case.sighting_tables import MachineRow, SightingRow, StillRow
from evidence.case.tables import FootageRow

PARAMETERS: dict[str, Callable[[Site], str]] = {
    "/controls/{sha256}": lambda site: _first(site, FootageRow.sha256),
    "/footage/{sha256}": lambda site: _first(site, FootageRow.sha256),
    "/stills/{sha256}": lambda site: _first(site, StillRow.sha256),
    "/machines/{id}": lambda site: _first(site, MachineRow.id),
    "/review/{item}": lambda site: _first(site, SightingRow.key),
    "/accounts/{name}": lambda site: "reviewer",
    "/tokens/{id}": lambda site: "0" * 16,
    "/uploads/{number}": lambda site: "0" * 32,
    "/items/{item}": lambda site: _first(site, SightingRow.key),
    "/verdicts/{number}": lambda site: "1",
    "/machines.{kind}": lambda site: "csv",
    "/footage.{kind}": lambda site: "csv",
    "/report.{kind}": lambda site: "html",
}
"""By the end of a route's path up to a parameter, what that parameter may be.

A new route with a parameter of a new kind needs one more line here."""


@dataclass(frozen=True)
class Route:
    """One method of one route."""

    method: str
    path: str
    route: APIRoute

    @property
    def role(self) -> str | None:
        extra = self.route.openapi_extra or {}
        return str(extra["x-role"]) if "x-role" in extra else None

    @property
    def is_page(self) -> bool:
        return self.method == "GET" and not self.path.startswith(("/api/", "/font/"))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def all_routes() -> Iterator[Route]:
    for route in every_route(ROUTES):
        for method in sorted(route.methods or ()):
            yield Route(method, route.path_format, route)


def filled(site: Site, path: str) -> str:
    """A route's path with its parameters filled in."""
    for name, value in parameters(site, path).items():
        path = path.replace(f"{{{name}}}", value)
    return path


def parameters(site: Site, path: str) -> dict[str, str]:
    """What the parameters of a route's path may be.

    Raises:
        AssertionError: `PARAMETERS` does not say.
    """
    found = {}
    for place in re.findall(r"/[^/]*/\{\w+", path):
        known = place + "}"
        assert known in PARAMETERS, (
            f"{path}: say what {known} may be, in PARAMETERS of tests/api/web/access/routes.py"
        )
        found[place.rpartition("{")[2]] = PARAMETERS[known](site)
    return found


def _first(site: Site, column: object) -> str:
    """The first of its kind in the case, or a name of the same shape where there is none."""
    with site.session() as session:
        found = session.scalars(select(column).order_by(column).limit(1)).first()  # type: ignore[call-overload]
    return str(found) if found is not None else "0" * 64
