"""Positive controls that a case keeps: who may say so, and what the answer makes of them."""

from __future__ import annotations

from pathlib import Path

import httpx2 as httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.web.site import Site
from evidence.store import SightingRow
from tests.api.web.answer.pictured import fill_pictured


def footage_of(site: Site, builder: str) -> str:
    with site.session() as session:
        query = select(SightingRow.footage).where(SightingRow.builder == builder)
        found = session.scalar(query.order_by(SightingRow.footage).limit(1))
    assert found is not None
    return found


def test_a_clip_is_kept_as_a_control(judged: Site, client: httpx.Client) -> None:
    before = client.get("/api/v1/answer").json()["answer"]
    footage = footage_of(judged, "dmtg")
    kept = client.post("/api/v1/controls", json={"footage": footage, "builder": "dmtg"})
    assert kept.status_code == 201
    assert (kept.json()["author"], kept.json()["builder"]["id"]) == ("anna", "dmtg")
    again = client.post("/api/v1/controls", json={"footage": footage, "builder": "dmtg"})
    assert again.json() == kept.json()
    assert client.get("/api/v1/controls").json()["items"] == [kept.json()]
    after = client.get("/api/v1/answer").json()["answer"]
    assert after["controls"]["of"] == after["controls"]["hits"] == 1
    assert after["counts"]["machines"] == before["counts"]["machines"] - 1
    assert after["noticed"]["sensitivity"] == 1
    assert "1 of 1 positive controls" in client.get("/answer").text
    gone = client.delete(f"/api/v1/controls/{footage}?builder=dmtg")
    assert gone.status_code == 204
    assert client.delete(f"/api/v1/controls/{footage}?builder=dmtg").status_code == 404
    assert client.get("/api/v1/answer").json()["answer"] == before


@pytest.mark.parametrize(
    ("footage", "builder", "status"),
    [("0" * 64, "dmtg", 404), (None, "nobody", 400), ("hall.mp4", "dmtg", 422)],
)
def test_a_control_that_cannot_be_kept(
    judged: Site, client: httpx.Client, footage: str | None, builder: str, status: int
) -> None:
    footage = footage or footage_of(judged, "dmtg")
    told = client.post("/api/v1/controls", json={"footage": footage, "builder": builder})
    assert told.status_code == status and told.json()["error"]["message"]
    assert client.get("/api/v1/controls").json()["items"] == []


@pytest.mark.parametrize("database", [None], ids=["sqlite"])
def test_a_lead_keeps_one_on_the_page(
    site: Site, served: str, screen: Page, tmp_path: Path, database: None
) -> None:
    fill_pictured(site, tmp_path / "clips")
    footage = footage_of(site, "haas")
    screen.goto(f"{served}/answer?by=builder&builder=haas")
    assert "Not known: no positive controls" in screen.inner_text("main")
    screen.fill("#control [name=footage]", "no clip at all")
    screen.select_option("#control [name=builder]", label="Haas")
    screen.click("#control button")
    expect(screen.locator("#notices .bad")).to_contain_text("address of the clip")
    screen.fill("#control [name=footage]", f"{served}/footage/{footage}?at=0")
    with screen.expect_navigation():
        screen.click("#control button")
    expect(screen.locator(f"a[href='/footage/{footage}']")).to_be_visible()
    assert "1 of 1 positive controls came out" in screen.inner_text("main")
    with screen.expect_navigation():
        screen.click("[data-drop]")
    assert "Not known: no positive controls" in screen.inner_text("main")
