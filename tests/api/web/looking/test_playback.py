"""The review plays the shot of an item in place, and steps through its frames."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from api.web.site import Site
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Item
from tests.api.web.looking.hall import Film

Films = tuple[Film, Film]
Shoot = Callable[[str], None]
Key = Callable[[Film, str], str]


@pytest.fixture
def database() -> None:
    """The pages are the same on either database."""


def test_a_shot_plays_in_the_review_and_frames_are_stepped_through(
    site: Site, served: str, screen: Page, films: Films, key: Key, shoot: Shoot
) -> None:
    with site.session() as session, session.begin():
        row = session.query(SightingRow).filter_by(key=key(films[0], "m1")).one()
        session.merge(
            Item(
                item=row.key, analysis=row.analysis, footage=row.footage, model=row.model,
                settings=row.settings, sighting=row.key, pts=row.pts, box=row.box,
                kind="claim", reason="", priority=500, needs=2, given=0, state="open",
            )
        )  # fmt: skip
        item = row.key
    screen.goto(f"{served}/review/{item}")
    screen.wait_for_selector(f"#desk[data-painted='{item}']")
    expect(screen.locator("#where")).to_have_attribute("href", re.compile("/footage/.*at="))
    screen.keyboard.press(".")
    expect(screen.locator("#stage .when")).to_contain_text("The frame at")
    assert screen.locator("#stage img").evaluate("image => image.naturalWidth") > 0
    shoot("review-step")
    screen.keyboard.press("k")
    expect(screen.locator("#stage video")).to_have_count(1)
    screen.keyboard.press("k")
    expect(screen.locator("#stage video")).to_have_count(0)
