"""Recorders call their files alike, and make them of one size: each is sent, none spliced."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.sync_api import Route, expect

from api.web.site import Site
from evidence.case.tables import Location
from tests.api.web.test_upload_page import PIECES, SLOWLY, add, begin, in_small_pieces
from tests.api.web.test_upload_page import alone as alone
from tests.api.web.test_upload_page import films as films
from tests.api.web.test_upload_page import unmanned as unmanned

SIZE = 40 << 20  # more than one piece


@pytest.fixture
def recorded(films, tmp_path) -> Callable[..., Path]:
    """A recorder's file of that number: all have one name, one size and one time."""
    clip = (films / "hall 3.mp4").read_bytes()

    def record(number: int, size: int = SIZE) -> Path:
        rest = size - len(clip)
        noise = random.Random(number).randbytes(1 << 20)
        path = tmp_path / f"datadir{number}" / "hiv00000.mp4"
        path.parent.mkdir()
        path.write_bytes(clip + rest.to_bytes(4, "big") + b"free" + (noise * 40)[: rest - 8])
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    return record


def held(site: Site) -> set[bytes]:
    """The bytes that the case holds."""
    return {path.read_bytes() for path in (site.case.folder / "footage").rglob("*.mp4")}


def test_two_that_are_called_alike_are_both_sent(unmanned, alone, screen, recorded):
    one, other = recorded(0), recorded(1)
    os.utime(other, (1_700_000_002, 1_700_000_002))
    screen.goto(f"{unmanned}/upload")
    add(screen, one, other)
    lines = screen.locator(".upload .head .chip")
    expect(lines).to_have_text(["waits to be analysed"] * 2, timeout=SLOWLY)
    assert held(alone) == {one.read_bytes(), other.read_bytes()}


def test_a_file_that_is_on_the_list_is_said_to_be(unmanned, screen, recorded):
    screen.goto(f"{unmanned}/upload")
    add(screen, recorded(0), recorded(1))
    expect(screen.locator("#notices")).to_contain_text(
        "hiv00000.mp4: a file of the same name, size"
    )
    chip = screen.locator(".upload .head .chip")
    expect(chip).to_have_text(["waits to be analysed"], timeout=SLOWLY)


def test_only_the_file_that_was_begun_is_gone_on_with(unmanned, alone, screen, recorded):
    begun, other = recorded(0), recorded(1)
    some = begun.read_bytes()[: 5 << 20]
    begin(screen, unmanned, begun.name, SIZE, some, publisher="Plant TV")
    screen.goto(f"{unmanned}/upload")
    chips = screen.locator(".upload .head .chip")
    expect(chips).to_have_text(["interrupted"])
    add(screen, other)
    expect(chips).to_have_text(["waits to be analysed", "interrupted"], timeout=SLOWLY)
    assert held(alone) == {other.read_bytes()}
    add(screen, begun)
    expect(chips).to_have_text(["waits to be analysed"] * 2, timeout=SLOWLY)
    assert held(alone) == {begun.read_bytes(), other.read_bytes()}
    with alone.session() as session:
        claimed = {alone.case.find(one.path): one.publisher for one in session.query(Location)}
    told = {path.read_bytes(): publisher for path, publisher in claimed.items()}
    assert told == {begun.read_bytes(): "Plant TV", other.read_bytes(): None}


def test_another_file_takes_no_paused_one_s_place(unmanned, alone, page, recorded):
    begun, other = recorded(0, 5 << 20), recorded(1, 5 << 20)
    sent: list[Route] = []

    def hold_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(route)
            if len(sent) == 2:
                return
        route.continue_()

    in_small_pieces(page)
    page.route(PIECES, hold_the_second)
    page.goto(f"{unmanned}/upload")
    with page.expect_request(lambda asked: asked.headers.get("upload-offset") == f"{2 << 20}"):
        add(page, begun)
    page.locator(".upload").get_by_role("button", name="Pause").click()
    chips = page.locator(".upload .head .chip")
    expect(chips).to_have_text(["paused"])
    page.unroute(PIECES)
    add(page, other)
    expect(chips).to_have_text(["waits to be analysed", "interrupted"], timeout=SLOWLY)
    add(page, begun)
    expect(chips).to_have_text(["waits to be analysed"] * 2, timeout=SLOWLY)
    assert held(alone) == {begun.read_bytes(), other.read_bytes()}


@pytest.mark.parametrize("brought", [0, 1], ids=["the same", "another"])
def test_what_came_without_an_answer_is_compared_too(unmanned, alone, page, recorded, brought):
    files = [recorded(0, 1 << 20), recorded(1, 1 << 20)]
    numbers: list[str] = []

    def take_without_an_answer(route: Route) -> None:
        if route.request.method != "PATCH" or numbers:
            return route.continue_()
        numbers.append(route.request.url)
        told = {"Origin": unmanned, "Upload-Offset": "0"}
        content = files[brought].read_bytes()
        assert httpx.patch(numbers[0], content=content, headers=told, timeout=60).is_success
        return route.abort("connectionreset")

    page.route(PIECES, take_without_an_answer)
    page.goto(f"{unmanned}/upload")
    add(page, files[0])
    chips = page.locator(".upload .head .chip")
    expected = ["waits to be analysed"] * (1 + brought)
    expect(chips).to_have_text(expected, timeout=SLOWLY)
    assert held(alone) == {file.read_bytes() for file in files[: 1 + brought]}
