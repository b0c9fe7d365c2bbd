"""Who may change anything: pages of this very server, called by its name, and programs."""

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
from api.web.pages import static
from tests.api.conftest import table
from tests.api.web.access.asking import HOST, Asking
from tests.api.web.access.routes import all_routes, filled
from tests.api.web.access.test_guard import JSON, kind

pytestmark = pytest.mark.sqlite
ORIGINS = table("origins")


@pytest.mark.parametrize(("headers", "own"), ORIGINS, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("by", ["asking", "asking_locally"])
def test_only_pages_of_this_server_change_anything(team, request, headers, own, by):
    ask: Asking = request.getfixturevalue(by)
    headers = headers | team.cookie("admin")
    answer = ask("PATCH", "/api/v1/accounts/reviewer", headers | JSON, [b'{"role":"lead"}'])
    assert answer.status == (200 if own else 403), answer.body
    if not own:
        assert kind(answer) == "forbidden"
    assert ask("GET", "/api/v1/accounts", headers).status == 200


def test_every_route_that_changes_anything_is_guarded(team, asking):
    foreign = {"Origin": "http://example.org"} | team.cookie("admin")
    let_through = [
        str(route)
        for route in all_routes()
        if route.method not in ("GET", "HEAD", "OPTIONS")
        and asking(route.method, filled(team.site, route.path), foreign).status != 403
    ]
    assert let_through == []


def test_over_https_a_page_that_came_without_it_changes_nothing(team, asking):
    cookie = team.cookie("admin", "https") | JSON
    for origin, status in ((f"http://{HOST}", 403), (f"https://{HOST}", 200)):
        headers = cookie | {"Origin": origin}
        answer = asking(
            "PATCH", "/api/v1/accounts/lead", headers, [b'{"role":"lead"}'], scheme="https"
        )
        assert answer.status == status


def test_a_program_says_who_it_is_and_not_where_from(team, asking):
    headers = team.bearer("admin") | JSON
    body = [b'{"role":"lead"}']
    assert asking("PATCH", "/api/v1/accounts/reviewer", headers, body).status == 200
    for value in ("Bearer np_" + "A" * 43, "Bearer nonsense", "bearer", "Bearer "):
        answer = asking("PATCH", "/api/v1/accounts/reviewer", {"Authorization": value} | JSON, body)
        assert (answer.status, kind(answer)) == (401, "log-in")
        assert answer.headers["www-authenticate"] == "Bearer"
    # What a proxy asks for itself is none of our tokens.
    answer = asking("GET", "/api/v1/login", {"Authorization": "Basic YTpi"} | team.cookie("lead"))
    assert answer.status == 200


@pytest.mark.parametrize(("host", "known"), table("hosts"))
def test_only_a_name_of_this_server_is_answered_to(asking, host, known):
    for path in ("/login", "/api/v1/login", static("style.css")):
        answer = asking("GET", path, {"Host": host})
        assert (answer.status == 400) == (not known)
        if not known and path.startswith("/api/"):
            assert kind(answer) == "usage"


def test_a_proxy_on_this_machine_is_believed(team, asking):
    through = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    cookie = team.cookie("lead", "https")
    assert asking("GET", "/api/v1/login", through | cookie).status == 200
    assert asking("GET", "/api/v1/login", through | team.cookie("lead")).status == 401
    away = ("192.0.2.9", 5)
    assert asking("GET", "/api/v1/login", through | cookie, client=away).status == 401


def test_who_needs_no_account_is_at_this_machine(asking_locally):
    asking = asking_locally
    assert asking("GET", "/api/v1/login").status == 200
    assert asking("GET", "/api/v1/login", client=("::1", 5)).status == 200
    assert asking("GET", "/api/v1/login", client=("192.0.2.9", 5)).status == 401
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        for value in ("192.0.2.7", "unknown", "for=192.0.2.7", "1.1 proxy"):
            assert asking("GET", "/api/v1/login", {header: value}).status == 401
    for value in (" ", " , ", "127.0.0.1, unknown", "127.0.0.1, 192.0.2.7"):
        assert asking("GET", "/api/v1/login", {"X-Forwarded-For": value}).status == 401
    here = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "::1"}
    assert asking("GET", "/api/v1/login", here).status == 200


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
