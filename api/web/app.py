"""The application: every route, behind the guard; its OpenAPI document; its connections."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.web import (
    accounts,
    answer,
    answer_page,
    errors,
    footage,
    machines,
    overview,
    pictures,
    reports,
    review,
    uploads,
)
from api.web.auth import Attempts
from api.web.errors import ANSWERS, every_route
from api.web.overview import grouped
from api.web.pages import static_root
from api.web.security import Guard
from api.web.site import Site

_LISTS = (overview, accounts, uploads, footage, pictures, machines)
ROUTES = tuple(part.routes for part in (*_LISTS, reports, review, answer, answer_page))
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
    errors.install(app)
    app.mount(static_root(), StaticFiles(packages=[("api.web", "static")]), name="static")
    app.add_middleware(Guard, site=site, routers=ROUTES)
    # A proxy on this machine, which ends https, is believed who called it and how.
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=["127.0.0.1", "::1"])
    return app


SILENT_SECONDS = 20.0  # after which it is looked again whether a request is under way
_BUSY = object()


class Connection(H11Protocol):
    """One that nobody keeps open who asks for nothing, or sends what he asks for bit by bit.
    Each counts among those that the server takes. Uvicorn ends what is silent between two requests,
    and waits for ever for the first one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look(_BUSY)

    def shutdown(self) -> None:
        # Footage may be hours in coming. What has come of it is kept, and a proxy whose server
        # hangs up says that it is away. The sender goes on by itself once it is back.
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete:
            self.transport.close()
        else:
            super().shutdown()

    def _look(self, before: object) -> None:
        """Ends it where no request has come since `before`: what was answered last then."""
        if self.transport.is_closing():
            return
        busy = self.cycle is not None and not self.cycle.response_complete
        now = _BUSY if busy else self.cycle
        if not busy and now is before:
            self.transport.close()
            return
        self.loop.call_later(SILENT_SECONDS, self._look, now)


def to_markdown() -> str:
    """The calls of the API, the pages and the errors, each as a table."""
    lines = ["| call | least role | what it does |", "|---|---|---|"]
    for calls in grouped(ROUTES).values():
        lines += [
            f"| `{one['method']} {one['path']}` | {one['role']} | {one['summary']} |"
            for one in calls
        ]
    lines += ["", "| page | least role |", "|---|---|"]
    pages = {
        route.path_format: (route.openapi_extra or {})["x-role"]
        for route in every_route(ROUTES)
        if not route.path.startswith("/api/")
    }
    lines += [f"| `{path}` | {role} |" for path, role in sorted(pages.items())]
    lines += ["", "| status | what it says |", "|---|---|"]
    lines += [f"| {status} | {facts['description']} |" for status, facts in ANSWERS.items()]
    return "\n".join(lines) + "\n"
