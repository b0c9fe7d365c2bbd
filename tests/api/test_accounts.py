"""`nameplate accounts`: what a person types, sees and gets as an exit code."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.accounts import enter
from evidence.case.case import Case

ROOT = Path(__file__).parents[2]
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
