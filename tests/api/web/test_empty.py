"""The pages of a case in which nothing is yet."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page


@pytest.fixture
def database() -> None:
    """SQLite alone: what a page says is not the database's doing."""


def test_it_says_what_to_do_first(screen: Page, served: str) -> None:
    screen.goto(served)
    assert "nameplate sweep" in screen.inner_text("main")
    assert screen.locator("main a[href='/upload']").count() == 1
    for path in ("/footage", "/machines"):
        screen.goto(served + path)
        assert screen.locator(".empty").count() == 1
