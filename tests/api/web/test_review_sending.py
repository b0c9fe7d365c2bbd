"""Verdicts on their way to the server: sent in order, once, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.web.browser import serve
from tests.api.web.reviewed import all_sent, fill, next_after, open_review, shown, verdicts

SLOW = 20_000  # milliseconds, on a busy machine
pytestmark = pytest.mark.sqlite


@pytest.fixture
def troubled(site, chromium) -> Iterator[Page]:
    """A screen whose server may be away or refuse, which a browser says on its console."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.set_default_timeout(SLOW)
    yield page
    context.close()
    assert not wrong


@pytest.mark.parametrize("status", [503, 408], ids=["away", "cut off"])
def test_verdicts_wait_for_a_server_that_is_away(site, troubled, tmp_path, served, status):
    fill(site, tmp_path, claims=0, others=3, halls=0)
    away = True

    def answer(route: Route) -> None:
        if away:
            route.fulfill(status=status, json={"error": {"kind": "away", "message": "away"}})
        else:
            route.fallback()

    # Before the page is opened: a call may slip through a route that is set while it is at work.
    troubled.route("**/api/v1/verdicts", answer)
    item = open_review(troubled, served)
    troubled.keyboard.press("u")
    item = next_after(troubled, item)  # the next is there at once all the same
    troubled.keyboard.press("a")
    next_after(troubled, item)
    expect(troubled.locator("#unsent")).to_contain_text("2 not sent yet")
    assert verdicts(site) == []
    away = False
    all_sent(troubled)
    assert [row.verdict for row in verdicts(site)] == ["unknown", "accept"]


def test_what_the_server_refuses_is_told(site, served, troubled, tmp_path):
    fill(site, tmp_path, claims=0, others=2, halls=0)
    item = open_review(troubled, served)
    with serve(replace(site, local="ben")) as other:
        answer = troubled.request.post(
            f"{other}/api/v1/verdicts",
            data={"item": item, "verdict": "unknown"},
            headers={"Origin": other},
        )
        assert answer.status == 201
    troubled.keyboard.press("a")
    second = next_after(troubled, item)
    expect(troubled.locator("#notices")).to_contain_text("is settled by now")
    all_sent(troubled)
    troubled.keyboard.press("Backspace")
    assert next_after(troubled, second) == item
    expect(troubled.locator("#notices")).to_contain_text("was not taken back: the server never")
    assert [row.author for row in verdicts(site)] == ["ben"]


def test_a_page_over_plain_http_judges_too(site, served, screen, tmp_path):
    # What browsers leave out where a page comes from another machine without HTTPS.
    screen.add_init_script("delete Crypto.prototype.randomUUID; delete Crypto.prototype.subtle;")
    fill(site, tmp_path, claims=0, others=2, halls=0)
    screen.goto(f"{served}/review")
    assert screen.evaluate("crypto.randomUUID") is None
    item = shown(screen)
    screen.keyboard.press("u")
    next_after(screen, item)
    all_sent(screen)
    assert [row.verdict for row in verdicts(site)] == ["unknown"]


@pytest.mark.parametrize("answered", [True, False], ids=["after the answer", "before it"])
def test_an_undo_that_is_not_sent_yet_outlives_a_reload(site, served, troubled, tmp_path, answered):
    fill(site, tmp_path, claims=0, others=2, halls=0)
    away = {"DELETE"} if answered else {"DELETE", "POST"}

    def answer(route: Route) -> None:
        if route.request.method in away:
            route.fulfill(status=503, json={"error": {"kind": "away", "message": "away"}})
        else:
            route.fallback()

    troubled.route("**/api/v1/verdicts**", answer)
    troubled.route("**/api/v1/verdicts/*", answer)
    first = open_review(troubled, served)
    troubled.keyboard.press("u")
    second = next_after(troubled, first)
    if answered:
        all_sent(troubled)
    troubled.keyboard.press("Backspace")
    assert next_after(troubled, second) == first
    away.discard("POST")
    expect(troubled.locator("#unsent")).to_contain_text("1 not sent yet: the server does not")
    assert [row.verdict for row in verdicts(site)] == ["unknown"]
    troubled.reload()
    away.clear()
    assert shown(troubled) in (first, second)  # once nothing is left to send
    assert [row.verdict for row in verdicts(site)] == ["unknown", "withdrawn"]


def test_what_one_gave_is_not_signed_by_another_who_has_logged_in_since(
    site, troubled, tmp_path, served
):
    fill(site, tmp_path, claims=0, others=2, halls=0)
    item = open_review(troubled, served)
    # As if the cookie had become another's: the page is still that of whom it was made for.
    person = site.local
    assert person is not None
    troubled.route(
        "**/api/v1/verdicts",
        lambda route: route.continue_(
            headers=route.request.headers | {"nameplate-author": "%D0%BE%D0%BB%D1%8F"}
        ),
    )
    troubled.keyboard.press("u")
    next_after(troubled, item)
    expect(troubled.locator("#notices")).to_contain_text(f"{person} is logged in here now")
    expect(troubled.locator("#unsent")).to_contain_text("1 not sent yet")
    assert verdicts(site) == []
    troubled.unroute("**/api/v1/verdicts")
    troubled.reload()  # and of whom it was given it is taken
    all_sent(troubled)
    assert [row.author for row in verdicts(site)] == [person]


def test_what_another_left_unsent_in_the_tab_is_told(site, troubled, tmp_path, served):
    fill(site, tmp_path, claims=0, others=2, halls=0)
    open_review(troubled, served)
    troubled.evaluate("""sessionStorage.setItem("unsent:olga", '[{"item": "a"}, {"item": "b"}]')""")
    troubled.reload()
    expect(troubled.locator("#notices")).to_contain_text("2 given as olga not sent")
    assert verdicts(site) == []
