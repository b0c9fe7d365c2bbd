"""Who asks for nothing keeps nobody out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import anyio
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api.web import app as application
from api.web.app import Connection

SHORT = 0.2  # seconds
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after a while."""
    await anyio.sleep(5 * SHORT)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def port(monkeypatch) -> Iterator[int]:
    """Where a server listens that looks at its connections often."""
    monkeypatch.setattr(application, "SILENT_SECONDS", SHORT)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(_slow, http=Connection, lifespan="off", log_level="error")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_on_which_no_request_comes_is_ended(port, begun):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        caller.sendall(begun)
        assert caller.recv(100) == b""


def test_whose_answer_takes_long_is_waited_for_and_then_may_ask_again(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        for _ in range(2):
            caller.sendall(ASKED)
            assert caller.recv(1000).startswith(b"HTTP/1.1 204")
        caller.sendall(ASKED[:-2])
        assert caller.recv(100) == b""
