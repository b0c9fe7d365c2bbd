"""`nameplate serve`, a process of its own, and `accounts`: who is let in, how it ends."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import httpx2 as httpx
import pytest
from sqlalchemy import select

from api.cli.exits import Exit
from api.cli.setup import read_settings
from api.cli.sweep import as_served
from datasets.registry import load_registry
from detector import Settings
from detector.look.model_files import model_digest
from evidence.accounts import enter
from evidence.case.case import Case
from evidence.case.summary import add_recipe
from evidence.case.tables import Account, Recipe
from evidence.case.work_queue import FootageSource, add_work
from evidence.work.sweep import Order
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import registry as registry
from tests.evidence.work.helping import PATIENCE, ROOT, until

MOST_IDLE_BYTES = 300 << 20


@contextmanager
def serving(
    case: Path, *options: str, err: IO[str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", str(case), "--port", "0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=err,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.split(": ")[-1].strip()
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def half_sent(
    case: Path, address: str, number: str, some: bytes, whole: int
) -> Iterator[socket.socket]:
    """A connection on which some bytes of an upload have come, and the others never do."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(
            f"PATCH /api/v1/uploads/{number} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Origin: {address}\r\nUpload-Offset: 0\r\n"
            f"Content-Length: {whole}\r\n\r\n".encode()
            + some
        )
        part = case / "uploads" / f"{number}.part"
        until(lambda: part.exists() and part.stat().st_size >= 1 << 20, "some has come")
        yield half


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """A new case being served: the process, the address, the folder."""
    case = tmp_path_factory.mktemp("fresh") / "case"
    with serving(case) as (process, address):
        yield process, address, case


def test_a_case_is_served_once(fresh, nameplate):
    _, address, case = fresh
    second = nameplate("serve", case, "--port", 0)
    assert second.code == Exit.USAGE
    assert f"is served already, at {address}; open that address" in second.err


def test_idle_it_is_small_and_has_loaded_neither_models_nor_torch(fresh):
    process, address, _ = fresh
    httpx.get(f"{address}/upload").raise_for_status()
    status = Path(f"/proc/{process.pid}/status").read_text()
    maps = Path(f"/proc/{process.pid}/maps").read_text()
    resident = int(status.partition("VmRSS:")[2].split()[0]) << 10
    assert resident < MOST_IDLE_BYTES
    assert "openvino" not in maps
    assert "torch" not in maps


def test_it_makes_a_case_says_where_it_is_and_ends_on_ctrl_c(tmp_path, registry):
    """And an upload is looked at as `analyze` does."""
    with serving(tmp_path / "plant-12", "--as", "anna") as (process, address):
        answer = httpx.get(address)
        assert answer.status_code == 200
        assert ">anna<" in answer.text
        assert "server" not in answer.headers
        with httpx.stream("GET", f"{address}/api/v1/events") as watched:
            assert watched.status_code == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == Exit.INTERRUPTED
    with Case.open(tmp_path / "plant-12") as opened:
        with opened.session() as session, session.begin():
            (recipe,) = session.scalars(select(Recipe)).all()
            add_work(session, recipe, [FootageSource("/uploaded.mp4")])
        assert Settings.parse(recipe.values) == read_settings(None)
        # A sweep of the same case looks in the same way: what was found is one case.
        order = as_served(opened, Order(read_settings(None, archive=True), load_registry(), None))
    assert order.settings == read_settings(None)


@pytest.mark.parametrize(("options", "recipes"), [((), 1), (("--budget", "0.25"), 2)])
def test_it_looks_as_the_case_was_looked_at_last_unless_told_otherwise(
    tmp_path, registry, options, recipes
):
    """Else whatever a sweep with a budget found would not be shown."""
    swept = read_settings(None, archive=True, budget=0.5)
    with Case.new(tmp_path / "case", "case") as case, case.session() as session, session.begin():
        recipe = add_recipe(session, model_digest(), swept, registry)
        add_work(session, recipe, [FootageSource("/clip.mp4")])
    with serving(tmp_path / "case", *options) as (_, address):
        httpx.get(address).raise_for_status()
    with Case.open(tmp_path / "case") as case, case.session() as session:
        assert len(session.scalars(select(Recipe)).all()) == recipes


def test_killed_while_receiving_it_goes_on_where_it_was(tmp_path, clip):
    content = clip.read_bytes()
    content += (3 << 20).to_bytes(4, "big") + b"free" + bytes((3 << 20) - 8)
    middle = (1 << 20) + 17

    def call(method: str, address: str, path: str = "", **more: Any) -> Any:
        headers = {"Origin": address} | more.pop("headers", {})
        answer = httpx.request(
            method, f"{address}/api/v1/uploads{path}", headers=headers, timeout=60.0, **more
        )
        answer.raise_for_status()
        return answer.json()

    with serving(tmp_path / "case") as (process, address):
        made = call("POST", address, json={"name": "hall.mp4", "size": len(content)})
        number = made["id"]
        with half_sent(tmp_path / "case", address, number, content[:middle], len(content)):
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    with serving(tmp_path / "case") as (_, address):
        offset = call("GET", address, f"/{number}")["offset"]
        assert offset >= 1 << 20
        told = {"Upload-Offset": str(offset)}
        kept = call("PATCH", address, f"/{number}", content=content[offset:], headers=told)
    assert kept["footage"] == hashlib.sha256(content).hexdigest()


def test_told_to_end_while_receiving_it_hangs_up_and_calls_it_no_mistake(tmp_path, clip):
    """What has come is kept; through a proxy it reads as a server that is away, so one goes on."""
    content = clip.read_bytes() + (8 << 20).to_bytes(4, "big") + b"free"
    log = tmp_path / "log"
    with log.open("w") as err, serving(tmp_path / "case", err=err) as (process, address):
        told = {"Origin": address}
        asked = {"name": "hall.mp4", "size": 8 << 20}
        made = httpx.post(f"{address}/api/v1/uploads", headers=told, json=asked).json()
        part = tmp_path / "case" / "uploads" / f"{made['id']}.part"
        some = content.ljust(2 << 20, b"\0")
        with half_sent(tmp_path / "case", address, made["id"], some, 8 << 20) as half:
            process.send_signal(signal.SIGTERM)
            with suppress(ConnectionResetError):
                assert half.recv(1) == b""
            assert process.wait(PATIENCE) == Exit.INTERRUPTED
    said = log.read_text()
    assert "ended; what was finished is stored" in said
    assert "Traceback" not in said
    assert part.stat().st_size >= 1 << 20


def test_beyond_this_machine_it_wants_accounts(tmp_path, nameplate):
    ended = nameplate("serve", tmp_path / "case", "--host", "0.0.0.0", "--port", 0)
    assert ended.code == Exit.USAGE
    assert "nameplate accounts add" in " ".join(ended.err.split())


def test_with_accounts_nobody_is_let_in_without_one(tmp_path):
    with (
        Case.new(tmp_path / "case", "Plant 12") as case,
        case.session() as session,
        session.begin(),
    ):
        made = datetime.now(UTC)
        session.add(Account(name="anna", role="admin", secret="x", made=made))
    with serving(tmp_path / "case") as (_, address):
        answer = httpx.get(f"{address}/api/v1/uploads")
        assert (answer.status_code, answer.json()["error"]["kind"]) == (401, "log-in")


def test_who_has_no_name_here_is_asked_for_one(tmp_path, nameplate, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    # As in a container that runs as a number nobody has.
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    ended = nameplate("serve", tmp_path / "case", "--port", 0)
    assert (ended.code, "say it with --as NAME" in ended.err) == (Exit.USAGE, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_said(tmp_path, host, nameplate):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as taken:
        port = taken.getsockname()[1]
        ended = nameplate("serve", tmp_path / "case", "--host", host, "--port", port)
    assert ended.code == Exit.USAGE
    assert "name another --port" in " ".join(ended.err.split())


PASSWORD = "seven lathes in a hall"


@pytest.fixture
def folder(tmp_path) -> Path:
    Case.new(tmp_path / "plant", "Plant 12").close()
    return tmp_path / "plant"


@pytest.fixture
def typed(monkeypatch) -> object:
    def feed(text: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    return feed


def test_an_account_s_life(nameplate, folder, typed):
    typed(f"{PASSWORD}\n".encode())  # type: ignore[operator]
    words = ("--role", "admin", "--password-stdin")
    first = nameplate("accounts", "add", folder, "Анна", *words)
    assert first.out.decode() == "Анна: admin\n" and "has to log in from now on" in first.err
    typed(b"eight mills in a hall\r\nnot this line\n")  # type: ignore[operator]
    assert nameplate("accounts", "add", folder, "ben", "--password-stdin")[::2] == (0, "")
    with Case.open(folder) as case:
        assert enter(case, "Анна", PASSWORD) and enter(case, "ben", "eight mills in a hall")
    assert nameplate("accounts", "role", folder, "ben", "lead").out == b"ben: lead\n"
    assert nameplate("accounts", "close", folder, "ben").out == b"ben: lead, closed\n"
    shown = nameplate("accounts", "list", folder).out.decode()
    assert "Анна" in shown and "admin" in shown and "ben" in shown
    out = nameplate("accounts", "list", folder, "--json").out
    rows = {row["name"]: row for row in map(json.loads, out.splitlines())}
    assert rows["ben"]["ended"] and rows["Анна"]["ended"] is None and "secret" not in rows["ben"]
    assert nameplate("accounts", "reopen", folder, "ben").code == 0
    typed(b"nine drills in a hall")  # type: ignore[operator]
    assert nameplate("accounts", "password", folder, "ben", "--password-stdin").code == 0
    with Case.open(folder) as case:
        assert enter(case, "ben", "nine drills in a hall")


def test_what_is_refused(nameplate, folder, typed):
    def refused(words: tuple[object, ...], why: str, said: bytes = b"") -> None:
        typed(said)  # type: ignore[operator]
        ended = nameplate("accounts", *words)
        assert (ended.code, ended.out) == (2, b"") and why in ended.err

    stdin = "--password-stdin"
    refused(("add", folder, "anna", stdin), "12 characters", b"short\n")
    refused(("add", folder, "anna", stdin), "no keyboard", b"not utf-8 \xff at all\n")
    refused(("add", folder, "anna", stdin), "too long", b"abcdefgh" * 2000)
    refused(("add", folder, "anna", stdin), "no password came")
    refused(("add", folder, "a/b", stdin), "address", PASSWORD.encode())
    refused(("add", folder, "anna", "--role", "owner", stdin), "one of", PASSWORD.encode())
    refused(("add", folder, "anna"), "--password-stdin", PASSWORD.encode())
    refused(("password", folder, "nobody", stdin), "no such account", PASSWORD.encode())
    refused(("close", folder, "nobody"), "no such account")
    refused(("list", folder.parent), "holds no case")
    refused(("add", folder, "anna", "--role", "lead", stdin), "make it admin", PASSWORD.encode())
    typed(PASSWORD.encode())  # type: ignore[operator]
    first = nameplate("accounts", "add", folder, "anna", stdin)
    assert first.out == b"anna: admin\n" and "the first account is an admin's" in first.err
    refused(("role", folder, "anna", "reviewer"), "the last admin")
    refused(("close", folder, "anna"), "the last admin")
    refused(("add", folder, "Anna", stdin), "already", PASSWORD.encode())


def test_a_person_types_it_twice_unseen(folder):
    """On a terminal: what is typed is not shown, and two that differ are asked for again."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "api.cli", "accounts", "add", str(folder), "anna"]
    streams = {"stdin": follower, "stdout": follower, "stderr": follower, "cwd": ROOT}
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=_own_terminal, **streams)
    os.close(follower)
    shown, place = "", 0

    def until(words: str) -> None:
        nonlocal shown, place
        while words not in shown[place:]:
            shown += os.read(leader, 1024).decode()
        place = shown.index(words, place) + len(words)

    answers = (PASSWORD, "something else", PASSWORD, PASSWORD)
    prompts = ("password: ", "confirmation: ", "password: ", "confirmation: ")
    for prompt, answer in zip(prompts, answers, strict=True):
        until(prompt)
        os.write(leader, f"{answer}\n".encode())
    until("anna: admin")
    assert process.wait(30) == 0
    os.close(leader)
    assert PASSWORD not in shown and "something else" not in shown
    with Case.open(folder) as case:
        assert enter(case, "anna", PASSWORD)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
