"""Marks in Han can be read on a machine that has no face for them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from api.web.site import Site
from tests.evidence.answer.conftest import Builder

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


@pytest.fixture
def database() -> None:
    """SQLite alone: what a page looks like is not the database's doing."""


def test_han_is_read_on_the_first_visit(site: Site, served: str, screen: Page) -> None:
    with site.case.session() as session, session.begin():
        Builder(session, site.recipe).add("秦川机床厂", claim="qinchuan")
    held: list[Route] = []
    screen.route("**/font/han.otf", lambda route: held.append(route))
    with screen.expect_request("**/font/han.otf"):
        screen.goto(f"{served}/plants", wait_until="domcontentloaded")
    screen.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    held[0].continue_()
    screen.wait_for_function(AS_WIDE)
