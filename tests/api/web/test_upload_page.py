"""The upload page in a real browser: a clip comes in, is analysed, and its result is one click
away. A lost connection and a page that was closed lose nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from api.web.site import Site
from datasets.maker.scene import draw_still
from datasets.registry import load_registry
from detector import Settings
from detector.look.model_files import model_digest
from evidence.case.case import Case
from evidence.case.summary import add_recipe
from evidence.case.tables import FootageRow
from evidence.work.background import BackgroundWorker
from evidence.work.sweep import Order
from tests.api.web.browser import serve
from tests.api.web.test_uploads_shown import analysed
from tests.evidence.work.helping import PATIENCE, Clip, write_clip

ROOT = Path(__file__).parents[3]
PIECE = "const PIECE = 32 * 1024 * 1024;"
SLOWLY = 60_000.0
PIECES = "**/api/v1/uploads/*"


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    """Two short drawn clips, a page and an archive called one, a larger clip, and one that is
    larger than two small pieces."""
    folder = tmp_path_factory.mktemp("films")
    write_clip(folder / "hall 4.mp4", Clip(draw_still(seed=4)[0], frames=4, size=(960, 540)))
    write_clip(folder / "hall 3.mp4", Clip(draw_still(seed=3)[0], frames=2))
    (folder / "page.mp4").write_text("<!doctype html><title>Not found</title>" * 50)
    (folder / "archive.mp4").write_bytes(b"PK\x03\x04" + bytes(40 << 20))
    content = (folder / "hall 3.mp4").read_bytes()
    for name, size in (("large", 40 << 20), ("pieces", 5 << 20)):
        free = size.to_bytes(4, "big") + b"free" + bytes(size - 8)
        (folder / f"{name}.mp4").write_bytes(content + free)
    return folder


@pytest.fixture
def alone(tmp_path) -> Iterator[Site]:
    """A case on SQLite, on whose list nobody works."""
    settings, registry = Settings.archive(), load_registry()
    with Case.new(tmp_path / "case", "Plant 12") as case:
        with case.session() as session, session.begin():
            recipe = add_recipe(session, model_digest(None), settings, registry)
        yield Site(case, registry, settings, recipe, local="anna")


@pytest.fixture
def unmanned(alone) -> Iterator[str]:
    """The address of a server on it; ask for it before `screen`, whose page it tells things."""
    with serve(alone) as address:
        yield address


@pytest.fixture
def desk(alone) -> Iterator[str]:
    """The address of a server that also does the work, with one worker."""
    order = Order(alone.settings, alone.registry, workers=1)
    with (
        BackgroundWorker(alone.case, alone.recipe, order) as working,
        serve(replace(alone, desk=working)) as address,
    ):
        yield address


def in_small_pieces(page: Page) -> None:
    """Files are sent in pieces of 2 MiB, for a page whose requests are held up. Each then goes as
    text through the browser, Playwright and this process, which takes seconds for 32 MiB."""
    script = Path("api/web/static/sending.js")
    whole = (ROOT / script).read_text("utf-8")
    assert whole.count(PIECE) == 1
    smaller = whole.replace(PIECE, "const PIECE = 2 * 1024 * 1024;")
    page.route(
        f"**/{script.name}*",
        lambda route: route.fulfill(content_type="text/javascript", body=smaller),
    )


def begin(page: Page, address: str, name: str, size: int, some: bytes = b"", **said: str) -> str:
    """Begins an upload as a program does, and sends some of it; gives its id."""
    own, data = {"Origin": address}, {"name": name, "size": size} | said
    made = page.request.post(f"{address}/api/v1/uploads", data=data, headers=own)
    assert made.status == 201
    number = str(made.json()["id"])
    if some:
        to, sent = f"{address}/api/v1/uploads/{number}", own | {"Upload-Offset": "0"}
        page.request.patch(to, data=some, headers=sent)
    return number


def add(screen: Page, *files: Path) -> None:
    screen.set_input_files("#files", list(files))


def test_from_upload_to_result(desk, screen, films, shoot):
    screen.goto(f"{desk}/upload")
    expect(screen.locator("#desk")).to_have_text("Nothing waits to be analysed.")
    form = screen.locator("form", has=screen.locator("#publisher"))
    expect(form).to_contain_text("Kept with every file you add while it stands here")
    screen.fill("#publisher", "Plant TV")
    screen.fill("#plant_claimed", "Plant 12")
    add(screen, films / "hall 4.mp4", films / "hall 3.mp4")
    line = screen.locator(".upload", has_text="hall 4.mp4")
    expect(line.locator(".head .chip")).to_have_text("being analysed", timeout=PATIENCE * 1000)
    shoot("upload-analysing")
    expect(line.locator(".head .chip")).to_have_text("done", timeout=PATIENCE * 1000)
    expect(line).to_contain_text(re.compile("builder named: [1-9]"))
    expect(line).to_contain_text("machines: ", timeout=PATIENCE * 1000)
    link = line.get_by_role("link", name="To the footage")
    assert str(link.get_attribute("href")).startswith("/footage/")
    add(screen, films / "hall 4.mp4")
    again = screen.locator(".upload", has_text="What you said of it stands on its page")
    expect(again.locator(".head .chip")).to_have_text("done")
    shoot("upload")
    screen.fill("#publisher", "")
    screen.fill("#plant_claimed", "")
    add(screen, films / "hall 4.mp4")
    silent = screen.locator(".upload", has_text="The case has this file already.").filter(
        has_not_text="What you said"
    )
    expect(silent).to_have_count(1)


def test_what_cannot_be_sent_stays_on_the_page(unmanned, page, films, tmp_path):
    page.goto(f"{unmanned}/upload")
    (tmp_path / "nothing.mp4").touch()
    (tmp_path / "six.mp4").write_bytes(b"hall 4")
    add(page, tmp_path / "nothing.mp4", films / "hall 3.mp4", tmp_path / "six.mp4")
    line = page.locator(".upload", has_text="nothing.mp4")
    expect(line.locator(".chip")).to_have_text("not taken")
    expect(line).to_contain_text("There is nothing in it.")
    expect(page.locator(".upload", has_text="six.mp4")).to_contain_text("6 bytes")
    assert page.locator("#notices p").count() == 0
    names = ["nothing.mp4", "hall 3.mp4", "six.mp4"]
    expect(page.locator(".upload .name")).to_have_text(names)


def test_nothing_waits_is_not_said_above_what_waits(alone, unmanned, screen, films):
    idle = "event: desk\ndata: " + '{"state": "idle", "workers": [], "waiting": 0}\n\n'
    screen.route(
        "**/api/v1/events", lambda route: route.fulfill(content_type="text/event-stream", body=idle)
    )
    screen.goto(f"{unmanned}/upload")
    expect(screen.locator("#desk")).to_have_text("Nothing waits to be analysed.")
    add(screen, films / "hall 3.mp4")
    expect(screen.locator(".upload .chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
    add(screen, films / "hall 3.mp4")
    expect(screen.locator(".upload .chip")).to_have_text(["waits to be analysed"] * 2)
    expect(screen.locator("#desk")).to_have_text("Clips being analysed: 0; waiting: 1.")


def test_what_is_no_footage_is_refused_with_the_reason(unmanned, page, films):
    page.set_viewport_size({"width": 768, "height": 1024})
    page.goto(f"{unmanned}/upload")
    add(page, films / "page.mp4")
    line = page.locator(".upload")
    expect(line.locator(".chip")).to_have_text("refused")
    expect(line.locator(".said")).to_have_text(re.compile("^this is a web page, not footage"))
    # Refused while most of it has not been sent.
    add(page, films / "archive.mp4")
    line = page.locator(".upload", has_text="archive.mp4")
    expect(line.locator(".chip")).to_have_text("refused", timeout=SLOWLY)
    expect(line.locator(".said")).to_have_text(re.compile("^this is a ZIP archive, not footage"))
    for left in (1, 0):
        page.locator(".upload").first.get_by_role("button", name="Dismiss").click()
        expect(page.locator(".upload")).to_have_count(left, timeout=SLOWLY)
    expect(page.locator("#none")).to_be_visible()
    page.reload()
    expect(page.locator("#desk")).not_to_be_empty()
    expect(page.locator(".upload")).to_have_count(0)


def test_a_wrong_date_is_mended_and_tried_again(unmanned, page, films):
    page.goto(f"{unmanned}/upload")
    date = page.get_by_label("Published on")
    assert page.locator("#published:user-invalid").count() == 0
    date.press_sequentially("31 May")
    date.press("Tab")
    assert page.locator("#published:user-invalid").count() == 1
    add(page, films / "hall 3.mp4", films / "hall 4.mp4")
    three, four = (page.locator(".upload", has_text=f"hall {number}.mp4") for number in (3, 4))
    for line in (three, four):
        expect(line.locator(".chip")).to_have_text("not taken")
        expect(line).to_contain_text("cannot be used: Published on: no date: write a year")
    date.fill("31.5.2024")
    three.get_by_role("button", name="Try again").click()
    add(page, films / "hall 4.mp4")
    for line in (three, four):
        expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
        expect(line).to_contain_text("Kept with it: 2024-05-31")
    expect(page.locator(".upload")).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    expect(date).to_have_value("")


def test_most_frames_lost_is_no_good_result(alone, unmanned, screen, films):
    screen.goto(f"{unmanned}/upload")
    add(screen, films / "hall 3.mp4")
    line = screen.locator(".upload")
    expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
    with alone.session() as session, session.begin():
        sha256 = session.query(FootageRow).one().sha256
        session.add(analysed(alone, sha256, expected=222, decoded=2))
    screen.reload()
    expect(line.locator(".head .chip.warn")).to_have_text("done")
    expect(line).to_contain_text("99% of its frames are lost: what was found says little.")


def test_files_are_dropped(unmanned, screen, films):
    screen.goto(f"{unmanned}/upload")
    content = list((films / "hall 3.mp4").read_bytes())
    screen.evaluate(
        """(content) => {
          const moved = new DataTransfer();
          moved.items.add(new File([new Uint8Array(content)], "dropped.mp4"));
          document.body.dispatchEvent(
            new DragEvent("drop", { dataTransfer: moved, bubbles: true, cancelable: true }));
        }""",
        content,
    )
    line = screen.locator(".upload", has_text="dropped.mp4")
    expect(line.locator(".chip")).to_have_text("waits to be analysed")


def test_a_lost_connection_is_taken_up_again(unmanned, alone, page, films):
    cut = iter([True, False, True])

    def sometimes(route: Route) -> None:
        if route.request.method == "PATCH" and next(cut, False):
            route.abort("connectionreset")
        else:
            route.continue_()

    in_small_pieces(page)
    page.route(PIECES, sometimes)
    page.goto(f"{unmanned}/upload")
    add(page, films / "pieces.mp4")
    line = page.locator(".upload", has_text="pieces.mp4")
    expect(line.locator(".chip")).to_have_text("connection lost", timeout=SLOWLY)
    expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
    held = next((alone.case.folder / "footage").rglob("*.mp4"))
    assert held.read_bytes() == (films / "pieces.mp4").read_bytes()


def test_a_page_that_was_closed_goes_on_when_the_file_is_added_again(
    unmanned, alone, screen, films, shoot
):
    content = (films / "large.mp4").read_bytes()
    begin(screen, unmanned, "large.mp4", len(content), content[: 5 << 20])
    screen.goto(f"{unmanned}/upload")
    line = screen.locator(".upload", has_text="large.mp4")
    expect(line.locator(".chip")).to_have_text("interrupted")
    shoot("upload-interrupted")
    add(screen, films / "large.mp4")
    chips = screen.locator(".upload .head .chip")
    expect(chips).to_have_text(["waits to be analysed"], timeout=SLOWLY)
    held = next((alone.case.folder / "footage").rglob("*.mp4"))
    assert held.read_bytes() == content


def test_pausing_and_cancelling(unmanned, page, films):
    asked: list[Route] = []
    in_small_pieces(page)

    def hold_the_first(route: Route) -> None:
        if route.request.method == "PATCH" and not asked:
            asked.append(route)
        else:
            route.continue_()

    page.route(PIECES, hold_the_first)
    page.goto(f"{unmanned}/upload")
    add(page, films / "pieces.mp4")
    line = page.locator(".upload", has_text="pieces.mp4")
    line.get_by_role("button", name="Pause").click()
    expect(line.locator(".chip")).to_have_text("paused")
    page.unroute(PIECES)
    line.get_by_role("button", name="Go on").click()
    expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
    line.get_by_role("button", name="Cancel").click()
    expect(line.locator(".chip")).to_have_text("analysis cancelled")
    line.get_by_role("button", name="Look again").click()
    expect(line.locator(".chip")).to_have_text("waits to be analysed", timeout=SLOWLY)
