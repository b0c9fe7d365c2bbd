"""Pages as a browser shows them: no fault that axe-core finds, and the journeys of this area."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.web.access.conftest import PASSWORD
from tests.api.web.access.routes import all_routes, filled
from tests.api.web.browser import COLOURS, faults, serve

pytestmark = pytest.mark.sqlite


@pytest.fixture
def address(team, fill) -> Iterator[str]:
    fill(team.site)
    with serve(team.site) as address:
        yield address


@pytest.fixture
def browse(chromium, team, address) -> Iterator[Callable[..., Page]]:
    """A page of a browser of its own, in which `who` has logged in. A test fails if a script of it
    did."""
    contexts, wrong = [], []

    def new(who: str | None = None, **options: object) -> Page:
        context = chromium.new_context(base_url=address, locale="en", **options)  # type: ignore[arg-type]
        contexts.append(context)
        if who is not None:
            name, _, value = team.cookie(who)["Cookie"].partition("=")
            context.add_cookies([{"name": name, "value": value, "url": address}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        return page

    yield new
    for context in contexts:
        context.close()
    assert [line for line in wrong if "Failed to load resource" not in line] == []


@pytest.fixture
def keep(request) -> Callable[[Page, str], None]:
    """Keeps a picture of a page where `--screens` says."""
    folder: Path | None = request.config.getoption("--screens")

    def take(page: Page, name: str) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png")

    return take


def test_nothing_stands_in_anybody_s_way(browse, team):
    """By day and by night; and no page is wider than the screen."""
    pages = ["/nowhere"]
    pages += [filled(team.site, route.path) for route in all_routes() if route.is_page]
    wrong: list[str] = []
    admin = browse("admin", color_scheme="light", viewport={"width": 1280, "height": 720})
    nobody = browse(color_scheme="light", viewport={"width": 1280, "height": 720})
    for path in pages:
        page = nobody if path == "/login" else admin
        page.goto(path, wait_until="load")
        page.wait_for_function("() => document.fonts.status === 'loaded'")
        wrong += [f"{path}: {fault}" for fault in faults(page)]
        if (wide := width_of(page)) > 1280:
            wrong.append(f"{path}: {wide} wide")
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("() => document.getAnimations().length === 0")
        wrong += [f"{path}, by night: {fault}" for fault in faults(page, COLOURS)]
        page.emulate_media(color_scheme="light")
        headings = page.locator("h1").count()
        if headings != 1:
            wrong.append(f"{path}: {headings} headings of the first level")
    assert not wrong, "\n".join(wrong)


def width_of(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth")
    return wide


def test_no_page_is_wider_than_a_smaller_screen(browse, team):
    page = browse("admin", viewport={"width": 768, "height": 900})
    wrong = []
    for route in all_routes():
        if route.is_page:
            page.goto(filled(team.site, route.path))
            wide = width_of(page)
            if wide > 768:
                wrong.append(f"{route}: {wide}")
    assert wrong == []


def test_a_telephone_shows_where_one_is(browse):
    page = browse("admin", viewport={"width": 390, "height": 844})
    for path in ("/", "/answer", "/learning", "/agreement", "/accounts"):
        page.goto(path)
        expect(page.locator("nav [aria-current]"), path).to_be_in_viewport(ratio=0.9)
        middles = page.locator(".top > .brand, .top > .aside > :visible").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect())"
            ".map((r) => (r.top + r.bottom) / 2)"
        )
        # One row, and below it the pages.
        assert len(middles) > 3 and max(middles) - min(middles) < 8, path


def test_a_token_is_made_seen_once_and_ended(browse, keep, team):
    page = browse("reviewer", viewport={"width": 1280, "height": 720})
    page.goto("/tokens")
    page.fill("[name=label]", "nightly export")
    page.press("[name=label]", "Enter")
    page.wait_for_selector(".secret code")
    token = page.inner_text(".secret code")
    keep(page, "tokens")
    assert token.startswith("np_") and faults(page) == []
    expect(page.locator("tr[data-id]")).to_have_count(2)  # at once, beside the token itself
    page.reload()
    assert token not in page.content()
    page.get_by_role("button", name="End the token: nightly export").click()
    page.wait_for_function("() => document.querySelectorAll('tr[data-id]').length === 1")


def test_an_admin_keeps_the_accounts(browse, keep):
    page = browse("admin", viewport={"width": 1280, "height": 720})
    page.goto("/accounts")
    page.fill("#new [name=name]", "Олена")
    page.fill("#new [name=password]", "seven lathes")
    page.press("#new [name=password]", "Enter")
    page.wait_for_selector("tr[data-name='Олена']")
    keep(page, "accounts")
    page.get_by_role("button", name="Close Олена").click()  # and the question is declined
    role = page.get_by_label("Role of Олена")
    role.select_option("lead")
    expect(role).to_have_value("reviewer")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    role.select_option("lead")
    expect(page.locator("#notices .good")).to_have_text("Олена has the role now: lead.")
    expect(role).to_have_value("lead")
    assert page.locator("tr.closed").count() == 0 and asked == ["Give Олена the role: lead?"]
    page.get_by_role("button", name="Close admin").click()
    page.wait_for_selector("#notices .bad")
    assert "the last admin" in page.inner_text("#notices")
    page.get_by_role("button", name="Close Олена").click()
    page.wait_for_selector("tr[data-name='Олена'].closed")
    expect(page.locator("#notices .good")).to_have_text("The account of Олена is closed.")
    page.get_by_role("button", name="New password for reviewer").click()
    assert faults(page) == []
    page.fill("dialog [name=password]", "eight mills in a hall")
    page.press("dialog [name=password]", "Enter")
    page.wait_for_selector("dialog", state="hidden")


def test_the_end_of_a_login_leads_back_to_the_question_asked(browse):
    page = browse("lead")
    page.goto("/answer?country=JP&since=2022")
    page.context.clear_cookies()
    page.fill("#control [name=footage]", "ab" * 32)
    page.select_option("#control [name=builder]", "haas")
    page.click("#control button")
    page.wait_for_url("**/login?next=*")
    page.fill("[name=name]", "lead")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/answer?country=JP&since=2022")


def test_a_file_asked_for_after_the_end_of_a_login_leads_to_the_login(browse):
    page = browse("reviewer")
    page.goto("/answer?country=JP")
    page.context.clear_cookies()
    page.click("text=Report (PDF)")
    page.wait_for_url("**/login?next=/answer%3F*country%3DJP*")


def test_a_script_is_loaded_once(browse):
    """One that is loaded under two addresses would listen to every key twice."""
    page = browse("reviewer")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto("/tokens")
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") in ("dark", "light")
    scripts = [url.rpartition("/")[2] for url in loaded if url.endswith(".js")]
    assert sorted(scripts) == sorted(set(scripts)) and "common.js" in scripts
