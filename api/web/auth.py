"""Who calls, what each role may call, and how often a password may be tried."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from inspect import getdoc
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.web.errors import ANSWERS, Forbidden, Problems, TooMany, Unknown
from api.web.site import Site
from datasets.errors import NameplateError
from datasets.messages import Message
from evidence.accounts import LASTS, find_login, find_token
from evidence.case.tables import has_accounts
from evidence.case.verdicts import LOGIN, NAMED

_NEEDS = Message("this needs the role %(what)s; ask an admin")
_OFTEN = Message("too many wrong passwords; wait %(seconds)s s")


class Role(IntEnum):
    """Each may do what those before it may."""

    ANYONE = 0
    REVIEWER = 1
    LEAD = 2
    ADMIN = 3

    @classmethod
    def of(cls, word: str) -> Role:
        """The role of an account; one that only a newer Nameplate gives lets do nothing here."""
        return cls.__members__.get(word.upper(), cls.ANYONE)


@dataclass(frozen=True)
class Person:
    """Who calls. `name` signs verdicts and decisions; `signed`: how it is known to be theirs."""

    name: str
    role: Role
    signed: str = LOGIN

    @property
    def local(self) -> bool:
        """Whether no account is needed."""
        return self.signed == NAMED


def caller(request: Request) -> Person | None:
    """Who calls, as the guard found out (`api/web/security.py`); None: nobody known."""
    person: Person | None = getattr(request.state, "person", None)
    return person


def _known(request: Request) -> Person:
    person = caller(request)
    if person is None:
        raise Unknown(Message("log in first"))
    return person


ThisPerson = Annotated[Person, Depends(_known)]
"""What a route's parameter is typed as, to be given who calls."""


class Routes(APIRouter):
    """A router whose every route names the least role that may call it."""

    def let(
        self,
        call: str,
        summary: str | None = None,
        gives: Sequence[str] = (),
        who: Role = Role.REVIEWER,
        **facts: Any,
    ) -> Callable[[Any], Any]:
        """A decorator that adds a route.
        call: method and path, as `GET /path`.
        summary: if left out, the first line of the docstring.
        gives: the kinds of file it answers; none: JSON, or a page.
        who: the least role.
        facts: those of `APIRouter.api_route`.
        """
        method, path = call.split(" ")
        if gives:
            binary = {"schema": {"type": "string", "format": "binary"}}
            content = {kind: {} if kind == "application/json" else binary for kind in gives}
            facts = {"response_class": Response} | facts
            facts["responses"] = {
                200: {"description": "The file.", "content": content},
                206: {"description": "A part of it.", "content": content},
                304: {"description": "As it was kept."},
                416: {"description": "There is no such part.", "model": Problems},
            } | facts.get("responses", {})

        def check(request: Request) -> None:
            if who is not Role.ANYONE and _known(request).role < who:
                raise Forbidden(_NEEDS.fill(what=who.name.lower()))

        extra = facts.pop("openapi_extra", {}) | {"x-role": who.name.lower()}
        if who is Role.ANYONE:
            extra["security"] = []
        if not path.startswith("/api/"):
            facts.setdefault("include_in_schema", False)
        facts["dependencies"] = [Depends(check), *facts.pop("dependencies", ())]
        facts["responses"] = ANSWERS | facts.pop("responses", {})

        def add(route: Any) -> Any:
            first, _, rest = (getdoc(route) or "").partition("\n")
            if facts.get("include_in_schema", True) and summary is None:
                facts.update(summary=first.removesuffix("."), description=rest or first)
            else:
                facts["summary"] = summary
            if route.__annotations__["return"] == "None":
                facts["status_code"] = 204
            return self.api_route(path, methods=[method], openapi_extra=extra, **facts)(route)

        return add


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
    Raises Unknown: a token was sent, and it lets nobody in.
    """
    token = token_of(call)
    if token is not None:
        known = find_token(site.case, token)
        if known is None:
            raise Unknown("this token lets nobody in, or no longer; make another on /tokens")
        return Person(known.name, Role.of(known.role))
    # At every call: the first account may be made meanwhile.
    if site.local is not None and not site.read(has_accounts):
        return Person(site.local, Role.ADMIN, NAMED) if _is_here(call) else None
    value = call.cookies.get(cookie_name(site, call))
    known = find_login(site.case, value) if value else None
    return None if known is None else Person(known.name, Role.of(known.role))


def is_let_in(site: Site, call: HTTPConnection, person: Person) -> bool:
    """Whether who was let in would be let in as the same now."""
    with suppress(NameplateError):
        return find_caller(site, call) == person
    return False


def cookie_name(site: Site, call: HTTPConnection) -> str:
    """The name of the cookie; it carries the case.
    Browsers keep cookies by host and not by port. Over https the prefix makes browsers take it
    from this very host alone.
    """
    prefix = "__Host-" if call.url.scheme == "https" else ""
    return f"{prefix}nameplate-{site.case.id[:8]}"


def set_cookie(response: Response, site: Site, call: HTTPConnection, value: str) -> None:
    """Has the browser send `value` from now on."""
    lasts = int(LASTS.total_seconds())
    response.set_cookie(cookie_name(site, call), value, max_age=lasts, **_kept_close(call))


def drop_cookie(response: Response, site: Site, call: HTTPConnection) -> None:
    """Has the browser forget it, and what it kept of pictures."""
    response.delete_cookie(cookie_name(site, call), **_kept_close(call))
    response.headers["Clear-Site-Data"] = '"cache"'


def _kept_close(call: HTTPConnection) -> dict[str, Any]:
    secure = call.url.scheme == "https"
    return {"path": "/", "secure": secure, "httponly": True, "samesite": "strict"}


def _is_here(call: HTTPConnection) -> bool:
    """True if a call comes from this machine, and no proxy on it handed it on.
    A proxy may also say that it does not know for whom it calls.
    """
    if any(name in call.headers for name in _HANDED_ON):
        return False
    told = [value for name in _FOR_WHOM for value in call.headers.getlist(name)]
    if told and not all(map(_is_loopback, ",".join(told).split(","))):
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


AT_ONE_NAME = (5, 60.0)
AT_ANY_NAME = (20, 15.0)
"""Tries at once, and the seconds after which one more is allowed."""
_REMEMBERED = 10_000
_HASHING = 2  # at once: each takes 64 MiB
_WAITS = 10.0  # seconds for one's turn at hashing


class Bucket:
    """So many at once, and one more every so many seconds, for each key."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Takes one; gives 0.0, or the seconds to wait where there is none left."""
        now = self._clock()
        left, then = self._left.pop(key, (float(self._most), now))
        left = min(self._most, left + (now - then) / self._seconds)
        wait = 0.0 if left >= 1 else (1 - left) * self._seconds
        self._left[key] = (left - 1 if wait == 0 else left, now)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return wait

    def give_back(self, key: str) -> None:
        """As if the last one had not been taken."""
        left, then = self._left.get(key, (float(self._most), 0.0))
        if key in self._left:
            self._left[key] = (min(self._most, left + 1), then)


class Attempts:
    """Tries at passwords on one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_name = Bucket(*AT_ONE_NAME, clock)
        self._at_any = Bucket(*AT_ANY_NAME, clock)
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(_HASHING)

    @contextmanager
    def attempt(self, address: str, name: str) -> Iterator[Callable[[], None]]:
        """One try, counted beforehand so that many at once count as many; gives a function that
        takes a right one off the count.
        Raises TooMany: too often; it says for how long.
        """
        network = address
        with suppress(ValueError):
            found = ip_address(address)
            if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
                network = f"{int(found) >> 64:x}"  # what one caller holds
        # As accounts are looked up by it: one name is not several for a blank behind it.
        name = unicodedata.normalize("NFC", name).strip().casefold()
        keys = ((self._at_any, network), (self._at_name, f"{network} {name}"))
        with self._lock:
            # A name that is not tried any more is not remembered, lest it push out one that was.
            wait = self._at_any.take(network) or self._at_name.take(f"{network} {name}")
        if wait > 0:
            raise TooMany(_OFTEN.fill(seconds=f"{wait:.0f}"), wait)

        def right() -> None:
            with self._lock:
                for bucket, key in keys:
                    bucket.give_back(key)

        if not self._turn.acquire(timeout=_WAITS):
            right()
            raise TooMany(Message("many are logging in just now; try again"), _WAITS)
        try:
            yield right
        finally:
            self._turn.release()
