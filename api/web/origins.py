"""Whether a request comes from a page of this very server.

A browser says where a request came from, and no page can make it say otherwise. So a page of
another site, which a person who is logged in here may have open, can change nothing here, nor
can one that has pointed its own name at this machine.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from api.web.problems import Forbidden
from api.web.site import Site
from datasets.errors import UsageError
from datasets.sentences import Sentence

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


def check_host(site: Site, headers: Headers) -> None:
    """Refuses a name that is not this server's.

    Raises:
        UsageError: it was called by no name, or by another.
    """
    named = headers.getlist("host")
    host = _without_port(named[0]) if len(named) == 1 else ""
    if host not in {name.lower() for name in site.hosts}:
        raise UsageError(
            Sentence(
                "this server is not called %(host)s; call it by the name it was started with"
            ).fill(host=f"{host!r}")
        )


def check_origin(scope: Scope, headers: Headers) -> None:
    """Refuses a call that may change something and does not come from a page of this server.

    Raises:
        Forbidden: it comes from elsewhere, or does not say where from.
    """
    if scope["method"] in SAFE:
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None:
        own = _is_own(scope, headers, origin)
    elif site is not None:
        own = site == "same-origin"
    else:
        own = _is_own(scope, headers, headers.get("referer", ""))
    if not own:
        raise Forbidden(
            Sentence(
                "the request does not come from a page of this server; a program sends a "
                "token, or, where no account is needed, the header Origin with this server's "
                "address"
            )
        )


def _is_own(scope: Scope, headers: Headers, address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    schemes = ("https",) if scope["scheme"] == "https" else ("http", "https")
    return parts.scheme in schemes and parts.netloc.lower() == headers["host"].lower()


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower().removesuffix(".")
