"""Calls to an application in this process: what it begins to answer, and no more.

A stream goes on for as long as somebody listens, so nobody does who does not say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import anyio
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

HOST = "127.0.0.1"
LONGEST = 30.0  # seconds


@dataclass(frozen=True)
class Begun:
    """The beginning of an answer: all of it, unless it is a stream."""

    status: int
    headers: Headers
    body: bytes

    @property
    def refused(self) -> int:
        """401 or 403, or 401 where a page leads to the login; 0 where who calls is let in."""
        to_login = self.status == 303 and self.headers["location"].startswith("/login?next=")
        return 401 if to_login else self.status if self.status in (401, 403) else 0


class Asking:
    """Calls made one after the other."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def __call__(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: Iterable[bytes] = (),
        seen: Callable[[Begun], None] = lambda begun: None,
        listens: Callable[[bytes], bool] | None = None,
        **scope: Any,
    ) -> Begun:
        """One call. `path` is taken as it is, decoded; `body` comes in parts, none said how long.

        Args:
            seen: is given the answer even where the application then fails.
            listens: is given each part of a stream, and says whether to go on.
            scope: what else the ASGI scope holds, such as the `scheme`.
        """
        portal = self._client.portal
        assert portal is not None
        lines = {"Host": HOST} | (headers or {})
        named = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in lines.items()
            if value != ""
        ]
        path, _, query = path.partition("?")
        whole: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "replace"),
            "query_string": query.encode(),
            "root_path": "",
            "headers": named,
            "client": ("127.0.0.1", 50000),
            "server": (HOST, 80),
            "state": {},
        }
        begun: Begun = portal.call(
            _begin, self._client.app, whole | scope, iter(body), seen, listens
        )
        return begun


async def _begin(
    app: Any,
    scope: dict[str, Any],
    parts: Iterator[bytes],
    seen: Callable[[Begun], None],
    listens: Callable[[bytes], bool] | None,
) -> Begun:
    status, headers, body, streams = 0, Headers(), b"", False

    async def receive() -> dict[str, Any]:
        part = next(parts, None)
        more = part is not None
        return {"type": "http.request", "body": part or b"", "more_body": more}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers, body, streams
        if message["type"] == "http.response.start":
            status, headers = message["status"], Headers(raw=message["headers"])
            streams = headers.get("content-type", "").startswith("text/event-stream")
        body += message.get("body", b"")
        if not streams or scope["method"] == "HEAD":
            return
        if listens is None or (
            "more_body" in message and message["body"] and not listens(message["body"])
        ):
            rest.cancel()

    try:
        with anyio.fail_after(LONGEST), anyio.CancelScope() as rest:
            await app(scope, receive, send)
    finally:
        seen(Begun(status, headers, body))
    assert status
    return Begun(status, headers, body)
