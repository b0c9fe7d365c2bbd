"""The upload page where something is in the way: it waits for what passes, and reports the rest."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from api.web.site import Limits
from tests.api.conftest import table
from tests.api.web.access.conftest import secret as secret
from tests.api.web.access.conftest import team as team
from tests.api.web.access.test_pages import browse as browse
from tests.api.web.browser import serve
from tests.api.web.test_upload_page import PIECES, SLOWLY, add, begin, in_small_pieces
from tests.api.web.test_upload_page import alone as alone
from tests.api.web.test_upload_page import films as films
from tests.api.web.test_upload_page import unmanned as unmanned

EVENTS = "**/api/v1/events"
pytestmark = pytest.mark.sqlite


@pytest.fixture
def address(team) -> Iterator[str]:
    """Of a server that asks who calls."""
    with serve(team.site) as address:
        yield address


def drop(page: Page, *paths: Path) -> None:
    """Drops files and folders of this machine on the page, as a hand does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 200, "data": data})


def test_a_folder_is_turned_away_and_the_file_beside_it_is_sent(unmanned, screen, films, tmp_path):
    folder = tmp_path / "datadir0"
    folder.mkdir()
    screen.goto(f"{unmanned}/upload")
    drop(screen, folder, films / "hall 3.mp4")
    line = screen.locator(".upload", has_text="datadir0")
    expect(line.locator(".chip")).to_have_text("not taken")
    expect(line).to_contain_text("It is a folder: add the files that are in it.")
    line = screen.locator(".upload", has_text="hall 3.mp4")
    expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)


def test_a_file_that_is_gone_is_not_waited_for_until_it_is_there_again(
    unmanned, page, films, tmp_path
):
    stick = tmp_path / "pieces.mp4"
    shutil.copy2(films / "pieces.mp4", stick)

    def pull_out(route: Route) -> None:
        if route.request.method == "PATCH":
            stick.unlink(missing_ok=True)
            route.abort("connectionreset")
        else:
            route.continue_()

    in_small_pieces(page)
    page.route(PIECES, pull_out)
    page.goto(f"{unmanned}/upload")
    add(page, stick)
    line = page.locator(".upload")
    expect(line.locator(".chip")).to_have_text("not taken", timeout=SLOWLY)
    expect(line).to_contain_text("The file cannot be read any more.")
    page.unroute(PIECES)
    shutil.copy2(films / "pieces.mp4", stick)
    line.get_by_role("button", name="Try again").click()
    expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)


@pytest.mark.parametrize(("code", "refused", "packed", "dated"), table("refusals-in-words"))
def test_a_refusal_says_why_in_the_reader_s_language(
    unmanned, chromium, films, code, refused, packed, dated
):
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale=code)
    page = context.new_page()
    page.goto(f"{unmanned}/upload")
    add(page, films / "page.mp4", films / "archive.mp4")
    for _ in range(2):  # as the server says it, and as it has kept it
        for name, why in (("page.mp4", refused), ("archive.mp4", packed)):
            line = page.locator(".upload", has_text=name)
            expect(line.locator(".said")).to_have_text(why, timeout=SLOWLY)
        page.reload()
    page.fill("#published", "скоро")
    add(page, films / "hall 3.mp4")
    line = page.locator(".upload", has_text="hall 3.mp4")
    expect(line.locator(".said")).to_contain_text(dated)
    context.close()


def test_too_many_under_way_is_said_and_waited_for(alone, page, films):
    with serve(replace(alone, limits=replace(Limits(), uploads=1))) as address:
        other = begin(page, address, "other.mp4", 1000)
        page.goto(f"{address}/upload")
        add(page, films / "hall 3.mp4")
        line = page.locator(".upload", has_text="hall 3.mp4")
        expect(line.locator(".chip")).to_have_text("waits", timeout=SLOWLY)
        expect(line).to_contain_text("under way already; wait until one is whole, or cancel one")
        page.request.delete(f"{address}/api/v1/uploads/{other}", headers={"Origin": address})
        expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
        page.goto("about:blank")  # or the server waits for what the page still watches


def test_what_another_sends_is_said_and_waited_for(unmanned, page, films):
    content = (films / "large.mp4").read_bytes()
    number = begin(page, unmanned, "large.mp4", len(content))
    page.goto(f"{unmanned}/upload")
    with closing(http.client.HTTPConnection(unmanned.removeprefix("http://"))) as other:
        other.putrequest("PATCH", f"/api/v1/uploads/{number}")
        told = {"Origin": unmanned, "Upload-Offset": "0", "Content-Length": str(len(content))}
        for header, value in told.items():
            other.putheader(header, value)
        other.endheaders(content[: 20 << 20])
        chips = page.locator(".upload .head .chip")
        expect(chips).to_have_text(["interrupted"])
        expect(page.locator(".upload")).not_to_contain_text("0 bytes of")
        add(page, films / "large.mp4")
        expect(chips).to_have_text(["waits"], timeout=SLOWLY)
        said = page.locator(".upload .said")
        expect(said).to_have_text("it is being sent already; try again later")
        other.send(content[20 << 20 :])
        assert other.getresponse().status == 200
    expect(chips).to_have_text(["waits to be analysed"], timeout=SLOWLY)


def test_a_proxy_whose_server_starts_anew_ends_no_watch(unmanned, page):
    away = iter([True, True])

    def proxy(route: Route) -> None:
        if next(away, False):
            route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")
        else:
            route.continue_()

    page.route(EVENTS, proxy)
    page.route("**/api/v1/login", proxy)
    page.goto(f"{unmanned}/upload")
    expect(page.locator("#desk")).to_have_text("Nobody works on this case now.", timeout=SLOWLY)


def test_the_end_of_a_login_leads_to_the_login(address, browse):
    page = browse("reviewer")
    page.route(EVENTS, lambda route: route.abort("connectionreset"))
    page.goto("/upload")
    page.context.clear_cookies()
    page.unroute(EVENTS)
    page.wait_for_url("**/login?next=%2Fupload", timeout=SLOWLY)
