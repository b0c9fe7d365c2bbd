"""The registry over HTTP, for whoever types a builder's name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api.web.roles import Role, Routes
from api.web.site import ThisSite
from evidence.browse.shapes import Named, Page

routes = Routes()
MOST = 20


@routes.let(
    Role.REVIEWER,
    "GET",
    "/api/v1/builders",
    summary="Builders, by any part of a name, a mark or a series",
)
def read_builders(
    site: ThisSite,
    q: Annotated[
        str, Query(max_length=80, description="Any part of an id, a name, a mark or a series.")
    ] = "",
) -> Page[Named]:
    """However it is spelt: case, accents and look-alike letters make no difference. Those that
    begin so come first; makers of controls are left out, for none of them is a builder."""
    found = [entry for entry in site.registry.search(q) if entry.type != "control"]
    wanted = q.casefold().strip()
    found.sort(
        key=lambda entry: (
            not entry.name.casefold().startswith(wanted),
            not entry.id.startswith(wanted),
            entry.name,
        )
    )
    return Page(items=[Named.of(entry.id, site.registry) for entry in found[:MOST]])
