"""By which methods an address may be called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute


def every_route(routers: Iterable[APIRouter]) -> Iterator[APIRoute]:
    """The routes, in the order in which they are looked at."""
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def allowed(routers: Iterable[APIRouter], path: str) -> str:
    """The methods of whatever is at `path`, as in `Allow`; empty where there is nothing."""
    methods: set[str] = set()
    for route in every_route(routers):
        if route.path_regex.match(path):
            methods.update(route.methods or ())
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods | {"OPTIONS"})) if methods else ""
