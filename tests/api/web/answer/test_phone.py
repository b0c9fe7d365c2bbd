"""The page of the answer on a telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Furnish


@pytest.fixture
def database() -> None:
    """SQLite alone: what a page looks like is not the database's doing."""


@pytest.fixture
def furnish(furnish_pictured: Furnish) -> Furnish:
    return furnish_pictured


def test_what_is_wider_than_the_screen_says_so_and_can_be_read(
    served: str, screen: Page, request: pytest.FixtureRequest
) -> None:
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.goto(f"{served}/answer")
    screen.locator(".statistics > summary").click()
    section = screen.locator("section[aria-labelledby=seen]")
    share = screen.locator("section[aria-labelledby=share]")
    for panel, name, wide in ((section, "drawn", True), (share, "scroll:has(table)", False)):
        note = panel.locator(f".sideways:has(+ .{name})")
        expect(note).to_have_count(1)
        expect(note).to_be_visible(visible=wide)
    if folder := request.config.getoption("--screens"):
        folder.mkdir(parents=True, exist_ok=True)
        section.screenshot(path=folder / "phone-seen.png")
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # The question stands last; a link above leads to it.
    screen.get_by_text("Ask something else").click()
    expect(screen.get_by_role("heading", name="Ask", exact=True)).to_be_in_viewport()
    screen.set_viewport_size({"width": 1280, "height": 720})
    expect(section.locator(".sideways:has(+ .drawn)")).to_be_hidden()
    expect(screen.get_by_text("Ask something else")).to_be_hidden()


def test_the_report_can_be_read_on_a_telephone(served: str, screen: Page) -> None:
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.set_content(screen.request.get(f"{served}/api/v1/answer/report").text())
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = screen.locator("svg text").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert heights and min(heights) > 9
