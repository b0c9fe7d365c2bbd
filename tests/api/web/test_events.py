"""Each who watches sees what happens as it happens, by one look for all of them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from api.web import overview
from evidence.uploads import status
from tests.api.web.browser import serve
from tests.evidence.conftest import clip as clip
from tests.evidence.work.helping import until

URL = "/api/v1/events"


@contextmanager
def watching(address: str, seconds: float = 60.0) -> Iterator[Iterator[tuple[str, Any]]]:
    """The events of a server, as kind and data; a heartbeat is `("", None)`."""
    with httpx.stream(
        "GET", f"{address}{URL}", params={"seconds": str(seconds)}, timeout=60.0
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in lines:
        if line == ":":
            yield "", None
        elif line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def upload(address: str, clip: Path, name: str = "hall.mp4") -> Any:
    to, own = f"{address}/api/v1/footage?name={name}", {"Origin": address}
    answer = httpx.post(to, content=clip.read_bytes(), headers=own, timeout=60.0)
    assert answer.status_code == 201
    return answer.json()


def boards() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "board"}


@pytest.mark.databases
def test_an_upload_is_told_when_it_has_come(served, clip):
    with watching(served) as told:
        kind, desk = next(told)
        assert (kind, desk["state"], desk["waiting"], desk["workers"]) == ("desk", "nobody", 0, [])
        made = upload(served, clip)
        kept = next(data for kind, data in told if kind == "upload" and data["state"] == "kept")
    assert (kept["id"], kept["footage"]) == (made["id"], made["footage"])
    assert kept["analysis"]["state"] == "waiting"


def test_many_who_watch_cost_one_look(site, clip, monkeypatch):
    before = len(boards())
    with serve(site) as address, watching(address) as one, watching(address) as other:
        next(one)
        next(other)
        assert len(boards()) == before + 1
        made = upload(address, clip)
        for told in (one, other):
            seen = next(d for k, d in told if k == "upload" and d["state"] == "kept")
            assert seen["id"] == made["id"]


def test_it_ends_when_it_was_told_to(served):
    with watching(served, seconds=0.2) as told:
        assert [kind for kind, _ in told] == ["desk", ""]


def test_a_line_that_says_nothing_keeps_the_call_alive(served, monkeypatch):
    monkeypatch.setattr(overview, "HEARTBEAT_SECONDS", 0.05)
    with watching(served) as told:
        assert [next(told)[0] for _ in range(3)] == ["desk", "", ""]


def test_nobody_looks_when_nobody_watches(served, monkeypatch):
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.01)
    before = boards()
    with watching(served) as told:
        next(told)
        (looking,) = boards() - before
    looking.join(30.0)
    assert not looking.is_alive()


def test_who_leaves_while_watching_begins_watches_no_longer(site, monkeypatch):
    begins, left, look = threading.Event(), threading.Event(), status.Board._look

    def slow(self: status.Board) -> list[status.Event]:
        begins.set()
        left.wait(30.0)
        return look(self)

    async def leave() -> None:
        first = asyncio.ensure_future(anext(overview._tell(site, None, "en")))
        await asyncio.to_thread(begins.wait, 30.0)
        first.cancel()
        await asyncio.wait([first])
        left.set()
        with site.board._lock:  # held until watching has begun
            pass
        await asyncio.to_thread(until, lambda: boards() <= before, "nobody looks any more")

    monkeypatch.setattr(status.Board, "_look", slow)
    before = boards()
    with ThreadPoolExecutor(1) as pool:  # the browser's loop may run in this one
        pool.submit(asyncio.run, leave()).result()
