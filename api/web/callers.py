"""Who calls: by a token, by a browser's cookie, or as the one person at this machine."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.web.problems import Unknown
from api.web.roles import Person, Role
from api.web.site import Site
from evidence.access.accounts import Known
from evidence.access.logins import LASTS, find_login
from evidence.access.tokens import find_token
from evidence.store.people import has_accounts
from evidence.store.verdicts import NAMED

_HANDED_ON = ("forwarded", "via")
"""What a proxy adds that does not say for whom in one way that all agree on."""

_FOR_WHOM = ("x-forwarded-for", "x-real-ip")
"""What it says the caller's address in."""


def token_of(call: HTTPConnection) -> str | None:
    """The token a program sent, if it sent one."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def find_caller(site: Site, call: HTTPConnection) -> Person | None:
    """Who calls; None: nobody known.

    Raises:
        Unknown: a token was sent, and it lets nobody in.
    """
    token = token_of(call)
    if token is not None:
        known = find_token(site.case, token)
        if known is None:
            raise Unknown("this token lets nobody in, or no longer; make another on /tokens")
        return _person(known)
    if site.local is not None and not _has_accounts(site):
        return Person(site.local, Role.ADMIN, NAMED) if _is_here(call) else None
    value = call.cookies.get(cookie_name(site, call))
    known = find_login(site.case, value) if value else None
    return None if known is None else _person(known)


def cookie_name(site: Site, call: HTTPConnection) -> str:
    """What the cookie is called. It carries the case, since a browser keeps cookies by host and
    not by port; over https the prefix has browsers take it from this very host alone."""
    prefix = "__Host-" if call.url.scheme == "https" else ""
    return f"{prefix}nameplate-{site.case.id[:8]}"


def set_cookie(response: Response, site: Site, call: HTTPConnection, value: str) -> None:
    """Has the browser send `value` from now on."""
    response.set_cookie(
        cookie_name(site, call),
        value,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=call.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def drop_cookie(response: Response, site: Site, call: HTTPConnection) -> None:
    """Has the browser forget it, and what it kept of pictures."""
    response.delete_cookie(
        cookie_name(site, call),
        path="/",
        secure=call.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    response.headers["Clear-Site-Data"] = '"cache"'


def _has_accounts(site: Site) -> bool:
    """Asked at every call: the first account may be made while the server runs."""
    with site.session() as session:
        return has_accounts(session)


def _is_here(call: HTTPConnection) -> bool:
    """Whether a call comes from this machine, and was not handed on by a proxy on it, which may
    also say that it does not know for whom."""
    if any(name in call.headers for name in _HANDED_ON):
        return False
    told = [
        address
        for name in _FOR_WHOM
        for value in call.headers.getlist(name)
        for address in value.split(",")
    ]
    if not all(map(_is_loopback, told)):
        return False
    try:
        return call.client is None or ip_address(call.client.host).is_loopback
    except ValueError:  # a socket in the file system
        return not told


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.strip()).is_loopback
    except ValueError:
        return False


def _person(known: Known) -> Person:
    return Person(known.name, Role.of(known.role))
