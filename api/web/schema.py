"""What can be called: the OpenAPI document, and the same as a page."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from api.web.methods import every_route
from api.web.pages import page
from api.web.roles import Role, Routes

routes = Routes()


@routes.let(
    Role.REVIEWER,
    "GET",
    "/api/v1/openapi.json",
    summary="This API, as OpenAPI describes one",
)
def read_schema(request: Request) -> dict[str, Any]:
    return document(request.app)


@routes.let(Role.REVIEWER, "GET", "/api")
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
        for method in sorted(route.methods or ()):
            groups.setdefault(route.path.split("/")[3], []).append(
                {
                    "method": method,
                    "path": route.path_format,
                    "role": (route.openapi_extra or {})["x-role"],
                    "summary": route.summary or "",
                }
            )
    return dict(sorted(groups.items()))
