"""The application: every route, behind the guard, with one shape of error."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.web import (
    accounts,
    agreement,
    answer,
    builders,
    claims,
    controls,
    entered,
    events,
    fonts,
    footage,
    learning,
    login,
    machines,
    overview,
    pictures,
    problems,
    review,
    schema,
    tokens,
    uploads,
)
from api.web.attempts import Attempts
from api.web.guard import Guard
from api.web.pages import static_root
from api.web.site import Site
from evidence.review.reviewers import Reviewers

ROUTES = (
    overview.routes,
    login.routes,
    accounts.routes,
    tokens.routes,
    schema.routes,
    uploads.routes,
    events.routes,
    footage.routes,
    claims.routes,
    entered.routes,
    pictures.routes,
    machines.routes,
    builders.routes,
    review.routes,
    agreement.routes,
    answer.routes,
    controls.routes,
    learning.routes,
    fonts.routes,
)

# What a route takes and gives is worked out at its first call: once for all applications of a
# process, however many cases it serves.
_ALL = APIRouter()
for _routes in ROUTES:
    _ALL.include_router(_routes)


def create_app(site: Site) -> FastAPI:
    """The web application on a case."""
    app = FastAPI(
        title="Nameplate",
        version=version("nameplate"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        routes=list(_ALL.routes),
        # Nothing of who asked for what leaves the server, whatever its environment asks for.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.site = site
    app.state.routers = ROUTES
    app.state.attempts = Attempts()
    app.state.reviewers = Reviewers()
    problems.install(app)
    uploads.install(app, site)
    events.install(app, site)
    answer.install(app, site)
    app.mount(static_root(), StaticFiles(packages=[("api.web", "static")]), name="static")
    app.add_middleware(Guard, site=site, routers=ROUTES)
    # A proxy on this machine, which ends https, is believed who called it and how.
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=["127.0.0.1", "::1"])
    return app
