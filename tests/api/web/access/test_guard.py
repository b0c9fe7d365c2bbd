"""What stands before every route: names, origins, sizes and headers, whatever is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI, Request
from starlette.types import Message

from api.web import overview
from api.web.pages import static, static_root
from api.web.security import ALWAYS, Guard
from api.web.site import Limits
from evidence.accounts import change_account
from tests.api.conftest import table
from tests.api.web.access.asking import HOST, Begun
from tests.api.web.access.routes import all_routes

OWN = {"Origin": f"http://{HOST}"}
JSON = {"Content-Type": "application/json"}
pytestmark = pytest.mark.sqlite


def kind(answer: Begun) -> str:
    """The kind of a problem; the whole answer must be nothing but one."""
    [(word, problem)] = json.loads(answer.body).items()
    assert word == "error" and {"kind", "message"} <= set(problem) <= {"kind", "message", "fields"}
    return str(problem["kind"])


@pytest.mark.parametrize(("method", "path", "status"), table("answers-with-headers"))
def test_every_answer_carries_the_headers(asking, method, path, status):
    answer = asking(method, path, OWN)
    assert answer.status == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    if path.startswith("/api/") and status >= 400:
        assert kind(answer)
    if path.startswith("/api/") or status >= 400 or answer.body:
        assert answer.headers.get("cache-control") in ("no-store", None)


def test_pages_and_facts_are_not_kept(team, asking):
    for path in ("/accounts", "/api/v1/accounts", "/nowhere"):
        answer = asking("GET", path, team.bearer("admin"))
        assert answer.headers["cache-control"] == "no-store"


def test_scripts_are_kept_for_ever_under_an_address_that_changes_with_them(asking):
    answer = asking("GET", static("common.js"))
    assert "immutable" in answer.headers["cache-control"]
    assert asking("GET", "/static/0123456789ab/common.js").status == 404
    assert static("common.js").rpartition("/")[0] == static("login.js").rpartition("/")[0]


SMALL = 1000  # bytes


def parts(size: int, of: int = 100) -> Iterator[bytes]:
    yield b'{"name": "'
    for _ in range(size // of):
        yield b"a" * of


def test_no_request_is_larger_than_the_limit(team, ask_at):
    limits = replace(team.site.limits, body_bytes=SMALL)
    asking = ask_at(replace(team.site, limits=limits))
    sent: list[bytes] = []

    def counted() -> Iterator[bytes]:
        for part in parts(100_000):
            sent.append(part)
            yield part

    headers = OWN | JSON
    answer = asking("POST", "/api/v1/login", headers, counted())
    assert (answer.status, kind(answer)) == (413, "too-large")
    assert sum(map(len, sent)) <= SMALL + 200  # the rest is not even taken in
    told = headers | {"Content-Length": f"{SMALL + 1}"}
    answer = asking("POST", "/api/v1/login", told, parts(1000))
    assert (answer.status, kind(answer)) == (413, "too-large")
    assert asking("POST", "/api/v1/login", headers, parts(900)).status == 422
    for odd in ("-1", "1e3", "9" * 5000, "²"):
        assert asking("POST", "/api/v1/login", headers | {"Content-Length": odd}).status >= 400


def test_asking_for_the_headers_alone(team, asking):
    for path in ("/tokens", "/accounts", "/api/v1/accounts", static("style.css")):
        whole = asking("GET", path, team.bearer("admin"))
        head = asking("HEAD", path, team.bearer("admin"))
        assert (head.status, head.body) == (whole.status, b"") and whole.body
        assert head.headers["content-length"] == whole.headers["content-length"]
    assert asking("HEAD", "/api/v1/accounts").status == 401
    assert asking("HEAD", "/nowhere").status == 404


def test_a_stream_ends_where_its_headers_alone_are_asked_for(team, asking):
    """Whoever listens to one stays; whoever asks for its headers has them and goes."""
    answer = asking("HEAD", "/api/v1/events", team.bearer("lead"))
    assert (answer.status, answer.body, team.site.watching) == (200, b"", set())
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("by", ["cookie", "bearer"])
def test_a_stream_ends_when_who_listens_is_let_in_no_longer(team, asking, by, monkeypatch):
    monkeypatch.setattr(overview, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(overview, "HEARTBEAT_SECONDS", 0.01)
    parts: list[bytes] = []

    def listen(part: bytes) -> bool:
        """Goes on listening; closes the account on the way."""
        parts.append(part)
        if len(parts) == 5:
            change_account(team.site.case, "lead", closed=True)
        return len(parts) < 1000

    answer = asking("GET", "/api/v1/events", getattr(team, by)("lead"), listens=listen)
    assert answer.status == 200 and team.site.watching == set()
    assert 5 <= len(parts) <= 6 and answer.body.endswith(b":\n\n")


def test_a_request_that_does_not_come_to_its_end_is_not_waited_for(team):
    async def read(request: Request) -> None:
        await request.body()

    app = FastAPI()
    app.post("/read")(read)
    app.add_middleware(Guard, site=team.site, body_seconds=0.05)
    host = [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/read", "headers": host}
    scope |= {"scheme": "http", "query_string": b"", "server": (HOST, 80)}
    status = []

    async def receive() -> Message:
        await anyio.sleep_forever()

    async def send(message: Message) -> None:
        status.append(message.get("status"))

    async def ask() -> None:
        with anyio.fail_after(10):
            await app(scope, receive, send)

    with start_blocking_portal() as portal:  # a browser of other tests has a loop in this thread
        portal.call(ask)
    assert status[0] == 408


def test_asking_which_methods_there_are(asking):
    answer = asking("OPTIONS", "/api/v1/login", {"Origin": "http://example.org"})
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"
    assert "access-control-allow-origin" not in answer.headers
    assert asking("OPTIONS", "/nowhere").status == 404
    answer = asking("TRACE", "/api/v1/login", OWN)
    assert (answer.status, kind(answer)) == (405, "method")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"


def test_a_mistake_of_the_server_is_told_in_the_same_shape(team, asking):
    team.app.state.attempts = None
    body = [b'{"name":"admin","password":"x"}']
    begun: list[Begun] = []
    with pytest.raises(AttributeError):  # which whoever runs the server reads in its log
        asking("POST", "/api/v1/login", OWN | JSON, body, seen=begun.append)
    assert (begun[0].status, kind(begun[0])) == (500, "error")
    assert begun[0].headers["cache-control"] == "no-store"


@pytest.mark.parametrize("asked", ["login", "page", "cookie", "token"])
def test_who_is_not_let_in_reads_no_path(team, asking, caplog, asked):
    case = team.site.case
    sent = {"cookie": team.cookie("lead"), "token": team.bearer("lead")}.get(asked, {})
    case.engine.dispose()
    database = Path(case.database)
    database.rename(database.with_suffix(".away"))
    if asked == "login":
        answer = asking("POST", "/api/v1/login", OWN | JSON, [b'{"name":"lead","password":"x"}'])
    else:
        answer = asking("GET", "/login" if asked == "page" else "/api/v1/login", sent)
    assert answer.status == 503 and "the case does not answer" in answer.body.decode()
    assert str(case.folder) not in answer.body.decode() and str(database) in caplog.text


@pytest.mark.parametrize(
    ("spare", "status", "said"),
    [(0, 503, "uploads"), (1 << 62, 507, "the disk of the case has room for")],
    ids=["fails", "is full"],
)
def test_a_disk_that_fails_or_is_full_stands_in_the_log(
    local_site, ask_at, caplog,
    spare, status, said,
):  # fmt: skip
    """People who are let in see it too: the one who runs the server may not be there."""
    (local_site.case.folder / "uploads").write_bytes(b"in the way")
    asking = ask_at(replace(local_site, limits=Limits(free_bytes=spare)))
    sent = OWN | {"Content-Length": "4"}
    answer = asking("POST", "/api/v1/footage?name=a.mp4", sent, [b"clip"])
    assert answer.status == status
    (told,) = [one for one in caplog.records if one.name == "api.web.errors"]
    assert said in told.getMessage() and said in answer.body.decode()


STEPS = (
    *("..", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd"),
    *("....//....//etc/passwd", "/etc/passwd", "..\\..\\windows\\win.ini", "case.json"),
    *("../case.json", "file:///etc/passwd", "a\x00b", "\udcff", "a" * 5000),
)


def test_no_parameter_of_a_path_reaches_the_disk(local_site, asking_locally):
    """What is asked for by a name is looked up in the case, whatever the name looks like."""
    secret = (local_site.case.folder / "case.json").read_bytes()[:40]
    wrong = []
    paths = {(route.method, route.path) for route in all_routes() if "{" in route.path}
    paths |= {("GET", "/static/{file}"), ("GET", f"{static_root()}/{{file}}")}
    for method, path in sorted(paths):
        for step in STEPS:
            for place in _places(path, step):
                answer = asking_locally(method, place, OWN)
                body = answer.body
                if answer.status < 400 or answer.status >= 500 or b"root:" in body:
                    wrong.append(f"{method} {place[:80]}: {answer.status}")
                assert secret not in body
    assert wrong == []


def _places(path: str, step: str) -> Iterator[str]:
    """The path with one parameter after the other replaced by `step`, the others by zeros."""
    names = [part for part in path.split("/") if part.startswith("{")]
    for name in names:
        place = path.replace(name, step)
        for other in names:
            place = place.replace(other, "0" * 32)
        yield place
