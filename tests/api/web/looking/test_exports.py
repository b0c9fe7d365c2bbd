"""What leaves the case: tables, captioned stills, excerpts; and the pages by plant and of help."""

from __future__ import annotations

import io
import re
import zipfile
from fractions import Fraction

import av
import httpx2 as httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from api.web.site import Site
from evidence.case.sighting_tables import AnalysisRow, PrintRow, analysis_id
from tests.api.web.browser import faults
from tests.api.web.looking.conftest import sha_of
from tests.api.web.looking.hall import Film

Films = tuple[Film, Film]


def test_tables_leave_for_a_spreadsheet_and_nothing_in_them_runs(
    client: httpx.Client, films: Films
) -> None:
    for name in ("machines", "footage"):
        answer = client.get(f"/api/v1/{name}.xlsx")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.xlsx"'
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
            texts = book.read("xl/sharedStrings.xml").decode()
        lines = len(client.get(f"/api/v1/{name}.csv").text.strip().splitlines())
        assert sheet.count("<row ") == lines and "<f>" not in sheet
        assert ("Mazak" if name == "machines" else sha_of(films[0])) in texts
    assert client.get("/api/v1/machines.ods").status_code == 422


def test_a_still_leaves_with_its_facts_below_it(client: httpx.Client, films: Films) -> None:
    (one, *_) = client.get(f"/api/v1/footage/{sha_of(films[0])}/sightings").json()["items"]
    best = next(still for still in one["stills"] if still["role"] == "best")["sha256"]
    plain = Image.open(io.BytesIO(client.get(f"/api/v1/stills/{best}").content))
    answer = client.get(f"/api/v1/stills/{best}/captioned")
    shown = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == "image/jpeg"
    assert shown.width == plain.width and shown.height > plain.height
    assert client.get(f"/api/v1/stills/{'0' * 64}/captioned").status_code == 404


def test_an_excerpt_is_some_seconds_of_the_clip(client: httpx.Client, films: Films) -> None:
    answer = client.get(f"/api/v1/footage/{sha_of(films[0])}/excerpt", params={"pts": "1.5"})
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content)) as clip:
        frames = list(clip.decode(video=0))
    seconds = len(films[0].pictures) / 10
    assert abs(len(frames) / 12 - min(seconds, 6.5)) < 0.2
    assert frames[0].width == 640 and frames[0].height > 360


def test_plants_are_counted_by_country_under_one_name(client: httpx.Client, site: Site) -> None:
    (plant,) = client.get("/api/v1/plants").json()["items"]
    found = client.get("/api/v1/machines", params={"plant": plant["plant"]}).json()["items"]
    assert (plant["plant"], plant["clips"], plant["machines"]) == ("Завод № 7", 1, len(found))
    assert (plant["first"], plant["last"]) == ("2024-03-05", "2024-03-05")
    assert sum(plant["countries"].values()) == len(found) and plant["countries"]["JP"] >= 1


@pytest.mark.parametrize("code", ["en", "uk"])
def test_a_strip_of_frames_plants_and_help_in_a_browser(
    site: Site, served: str, screen: Page, films: Films, code: str
) -> None:
    analysis = analysis_id(sha_of(films[0]), site.recipe.model, site.recipe.settings)
    with site.session() as session, session.begin():
        row = session.get_one(AnalysisRow, analysis)
        names = {name: getattr(row, name) for name in ("footage", "model", "settings")}
        for number in range(30):
            pts, shown = Fraction(number, 10), {"hashes": b"", "detail": 0.5, "shot": None}
            session.add(PrintRow(analysis=analysis, number=number, pts=pts, **names, **shown))
    screen.context.add_cookies([{"name": "language", "value": code, "url": served}])
    screen.goto(f"{served}/footage/{sha_of(films[0])}")
    pictures = screen.locator(".strip img")
    expect(pictures).to_have_count(12)
    expect(pictures.first).to_have_js_property("naturalWidth", 192)
    assert faults(screen) == []
    screen.locator(".strip a").last.click()
    expect(screen.locator("#excerpt")).to_have_attribute("href", re.compile(r"pts=2\.[78]"))
    screen.keyboard.press("?")
    expect(screen.locator("#about")).to_be_visible()
    assert faults(screen) == []
    screen.goto(f"{served}/plants")
    expect(screen.locator("table.list tbody tr")).to_have_count(1)
    screen.locator(".more summary").click()
    assert faults(screen) == []
