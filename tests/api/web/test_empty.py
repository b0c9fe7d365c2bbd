"""The pages of a case in which nothing is yet."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from detector.settings import Settings
from evidence.case.summary import add_recipe
from tests.evidence.answer.conftest import Builder

pytestmark = pytest.mark.sqlite


def test_it_says_what_to_do_first(screen, served):
    screen.goto(served)
    assert "nameplate sweep" in screen.inner_text("main")
    assert screen.locator("main a[href='/upload']").count() == 1
    for path in ("/footage", "/machines"):
        screen.goto(served + path)
        assert screen.locator(".empty").count() == 1


def test_a_review_of_nothing_leads_to_the_upload(screen, served):
    screen.goto(f"{served}/review")
    expect(screen.locator("#empty a[href='/upload']")).to_be_visible()
    assert screen.locator("#keys button:visible").all_text_contents() == ["?Help"]
    expect(screen.locator("#told")).to_be_hidden()


def machines_counted(screen: Page) -> str:
    return screen.locator(".figure", has_text=re.compile("machine")).locator("b").inner_text()


def test_a_case_looked_at_with_another_model_says_so(screen, served, site):
    with site.session() as session, session.begin():
        before = add_recipe(session, "bb" * 32, Settings(), site.registry)
        Builder(session, before).add("Plant 3", claim="mazak")
    for path, told in (("/machines", ".empty"), ("/review", "#empty")):
        screen.goto(served + path)
        expect(screen.locator(told)).to_contain_text("looked at with another model")
        assert screen.locator(f"{told} a").count() == 0
    screen.goto(served)
    expect(screen.locator(".warning")).to_contain_text("looked at with another model")
    assert machines_counted(screen) == "0"
    screen.goto(f"{served}/footage")
    expect(screen.locator("td .chip")).to_have_text(re.compile("^looked at with another model"))
    screen.locator("td a").first.click()
    expect(screen.locator(".sightings .empty")).to_contain_text("looked at with another model")
    with site.session() as session, session.begin():
        Builder(session, site.recipe, number=1).add("Plant 4")
    screen.goto(f"{served}/footage")
    assert screen.locator("td .chip").count() == 1, "what was looked at as now is not said to be"
    one = "1 piece of footage was looked at with another model or other settings alone"
    screen.goto(f"{served}/machines")
    expect(screen.locator("main")).to_contain_text(one)
    screen.goto(served)
    expect(screen.locator(".warning")).to_contain_text(one)
    assert machines_counted(screen) == "1", "the one found with another model is not a second one"


def test_the_first_account_can_only_be_made_an_admin_s(screen, served):
    screen.goto(f"{served}/accounts")
    roles = screen.locator("#new select[name=role] option")
    assert roles.all_text_contents() == ["admin"]
    expect(screen.locator(".empty")).to_contain_text("From then on everybody has to log in")


AS_WIDE = """() => {
  const seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (seen.nextNode()) {
    const words = seen.currentNode;
    const at = words.textContent.indexOf("秦川");
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(words, at);
    range.setEnd(words, at + 2);
    const size = parseFloat(getComputedStyle(words.parentElement).fontSize);
    const { width } = range.getBoundingClientRect();
    if (width && width < 1.9 * size) return false;
  }
  return true;
}"""
"""Characters are as wide as the letters are tall; the boxes in their stead are narrower."""


def test_han_is_read_on_the_first_visit(site, served, screen):
    with site.case.session() as session, session.begin():
        Builder(session, site.recipe).add("秦川机床厂", claim="qinchuan")
    held: list[Route] = []
    screen.route("**/font/han.otf", lambda route: held.append(route))
    with screen.expect_request("**/font/han.otf"):
        screen.goto(f"{served}/plants", wait_until="domcontentloaded")
    screen.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    held[0].continue_()
    screen.wait_for_function(AS_WIDE)
