"""The guard before every route: host, origin, caller, size of the body, and headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import anyio
from fastapi import APIRouter, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from api.web import errors
from api.web.auth import Person, find_caller, token_of
from api.web.errors import Forbidden, allowed
from api.web.site import Site
from datasets.errors import NameplateError, UploadTooLarge, UsageError
from datasets.messages import Message

LARGE = re.compile(r"(POST /api/v1/footage|PATCH /api/v1/uploads/[^/]+)")
"""Routes that take a file in, and count its bytes themselves."""
BODY_SECONDS = 30.0  # for which a request that is no upload may be silent before all of it has come
_MISTAKE = Message("the server made a mistake")
_FOREIGN = Message(
    "the request does not come from a page of this server; a program sends a token, or, where no "
    "account is needed, the header Origin with this server's address"
)
_UNENDED = Message("the request did not come to its end; send it again")
_ANOTHER = Message("%(name)s is logged in here now; log in again as %(author)s, who gave this")
_LOOKS = 8  # at who calls, at once: never so many that routes have no thread left


class Guard:
    """ASGI middleware."""

    def __init__(
        self,
        app: ASGIApp,
        site: Site,
        routers: tuple[APIRouter, ...] = (),
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app, self._site, self._routers = app, site, routers
        self._body_seconds = body_seconds
        self._looking = anyio.CapacityLimiter(_LOOKS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rest = anyio.CancelScope()
        answer = _Answer(scope, send, rest)
        try:
            refused = await self._admit(scope)
            if refused is not None:
                await refused(scope, receive, answer.send)
                return
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            with rest:
                counted = self._counted(scope, receive)
                await self._app({**scope, "method": method}, counted, answer.send)
        except Exception:
            if not answer.begun:
                told = errors.answer(Request(scope), 500, "error", _MISTAKE)
                await told(scope, receive, answer.send)
            raise  # to whoever logs it

    async def _admit(self, scope: Scope) -> Response | None:
        """Lets a request in, with who calls in its state; or says why not."""
        request = Request(scope)
        scope.setdefault("state", {})
        try:
            check_host(self._site, request.headers)
            if not scope["path"].startswith("/static/"):
                scope["state"]["person"] = person = await self._find_caller(request)
                # What one gave on a page is not signed by another, who has logged in meanwhile in
                # the same browser.
                author = unquote(
                    request.headers.get("nameplate-author", person.name if person else "")
                )
                if person is not None and person.name != author:
                    raise errors.AnotherPerson(_ANOTHER.fill(name=person.name, author=author))
            if token_of(request) is None:
                check_origin(scope, request.headers)
            if scope["method"] == "OPTIONS":
                methods = allowed(self._routers, scope["path"])
                return Response(status_code=204, headers={"Allow": methods}) if methods else None
            length = request.headers.get("content-length", "0")
            if not length.isdecimal():
                raise UsageError("Content-Length is no number; say how many bytes there are")
            if not _is_large(scope) and int(length[:20]) > self._site.limits.body_bytes:
                raise UploadTooLarge(self._too_large())
        except NameplateError as error:
            return errors.tell(request, error)
        return None

    async def _find_caller(self, request: Request) -> Person | None:
        run, site = anyio.to_thread.run_sync, self._site
        return await run(find_caller, site, request, limiter=self._looking)

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """`receive`, which ends what says nothing of its length and grows beyond the limit."""
        if _is_large(scope):
            return receive
        got, whole = 0, False

        async def count() -> AsgiMessage:
            nonlocal got, whole
            # What comes after the body says that the caller has left, and may be long in coming.
            with anyio.move_on_after(None if whole else self._body_seconds) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise HTTPException(408, _UNENDED)
            got += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if got > self._site.limits.body_bytes:
                raise HTTPException(413, self._too_large())
            return message

        return count

    def _too_large(self) -> str:
        return f"a request may hold {self._site.limits.body_bytes:,} bytes; send less"


@dataclass
class _Answer:
    """Answers on their way out: headers added, and none but the headers to HEAD."""

    _scope: Scope
    _send: Send
    _rest: anyio.CancelScope
    begun: bool = False

    async def send(self, message: AsgiMessage) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            add_headers(message, self._scope)
        elif self._scope["method"] == "HEAD":
            return
        await self._send(message)
        if self._scope["method"] == "HEAD":
            await self._send({"type": "http.response.body"})
            self._rest.cancel()  # a stream would never end by itself


def _is_large(scope: Scope) -> bool:
    return LARGE.fullmatch(f"{scope['method']} {scope['path']}") is not None


_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "media-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",  # no text becomes markup
    "trusted-types 'none'",
)
_NOT_USED = (
    "accelerometer camera display-capture geolocation gyroscope magnetometer microphone midi "
    "payment usb"
)
ALWAYS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _NOT_USED.split()),
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would have browsers send `Origin: null` with a form, to their own site too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer, whatever it is."""
FOR_EVER = "public, max-age=31536000, immutable"
STREAM = "text/event-stream"
_NOT_KEPT = ("text/html", "application/json", STREAM)


def add_headers(message: AsgiMessage, scope: Scope) -> None:
    """Adds them to an `http.response.start`; what a route has set itself stays."""
    headers = MutableHeaders(scope=message)
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    if scope["path"].startswith("/static/"):
        # The address of a file changes with it (`pages.static`).
        headers["Cache-Control"] = FOR_EVER if message["status"] in (200, 304) else "no-store"
        return
    # Where to go, or what is wrong, may be another in a moment.
    of_now = message["status"] >= 300 and message["status"] != 304
    if of_now or headers.get("content-type", "").startswith(_NOT_KEPT):
        headers.setdefault("Cache-Control", "no-store")


SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # methods that change nothing


def check_host(site: Site, headers: Headers) -> None:
    """Refuses a name that is not this server's.
    Raises UsageError: it was called by no name, or by another.
    """
    named = headers.getlist("host")
    name, colon, port = (named[0] if len(named) == 1 else "").rpartition(":")
    host = (name if colon and port.isdigit() else name + colon + port).lower().removesuffix(".")
    if host not in {name.lower() for name in site.hosts}:
        raise UsageError.saying(
            "this server is not called %(host)s; call it by the name it was started with",
            host=f"{host!r}",
        )


def check_origin(scope: Scope, headers: Headers) -> None:
    """Refuses a call that may change something and does not come from a page of this server.
    Raises Forbidden: it comes from elsewhere, or does not say where from.
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
        raise Forbidden(_FOREIGN)


def _is_own(scope: Scope, headers: Headers, address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    schemes = ("https",) if scope["scheme"] == "https" else ("http", "https")
    return parts.scheme in schemes and parts.netloc.lower() == headers["host"].lower()
