"""The application: every route, behind the guard, with one shape of error."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.web import learning, overview, problems
from api.web.guard import Guard
from api.web.site import Site

ROUTES = (overview.routes, learning.routes)


def create_app(site: Site) -> FastAPI:
    """The web application on a case."""
    app = FastAPI(
        title="Nameplate",
        version=version("nameplate"),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.site = site
    problems.install(app)
    for routes in ROUTES:
        app.include_router(routes)
    app.mount("/static", StaticFiles(packages=[("api.web", "static")]), name="static")
    app.add_middleware(Guard, site=site)
    return app
