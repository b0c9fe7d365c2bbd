"""What leaves the case: tables, captioned stills, excerpts; and the pages by plant and of help."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from fractions import Fraction

import av
import numpy as np
import pymupdf
import pytest
from PIL import Image
from playwright.sync_api import expect

from api.web.pages import attachment, name_file
from detector.read.reader import PaddleReader
from detector.settings import TextRecognition
from evidence.case.sighting_tables import AnalysisRow, PrintRow, analysis_id
from evidence.clip.stills import GRADE_COLOURS
from tests.api.web.browser import faults
from tests.api.web.looking.conftest import sha_of


def is_boxed(address: str) -> bool:
    """Whether a picture, as a data URI, has lines in the colour of grade B."""
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
    near = np.abs(np.asarray(picture, int) - GRADE_COLOURS["B"]).max(axis=2) < 24
    return bool(near.sum() > 400)


def test_tables_leave_for_a_spreadsheet_and_nothing_in_them_runs(client, films):
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


def test_a_still_leaves_with_its_facts_below_it(client, films):
    (one, *_) = client.get(f"/api/v1/footage/{sha_of(films[0])}/sightings").json()["items"]
    best = next(still for still in one["stills"] if still["role"] == "best")["sha256"]
    plain = Image.open(io.BytesIO(client.get(f"/api/v1/stills/{best}").content))
    answer = client.get(f"/api/v1/stills/{best}/captioned")
    shown = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == "image/jpeg"
    assert shown.width == plain.width and shown.height > plain.height
    below = np.asarray(shown.crop((0, plain.height, *shown.size)))
    read = PaddleReader(TextRecognition()).read(below, Fraction(0))
    words = "".join(reading.text for reading in read).replace(" ", "")
    for fact in ("Mazak(Japan)", ".mp4", "0:0", sha_of(films[0])[:16]):
        assert fact in words
    assert client.get(f"/api/v1/stills/{'0' * 64}/captioned").status_code == 404


def test_an_excerpt_is_some_seconds_of_the_clip(client, films):
    answer = client.get(f"/api/v1/footage/{sha_of(films[0])}/excerpt", params={"pts": "1.5"})
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content)) as clip:
        frames = list(clip.decode(video=0))
    seconds = len(films[0].pictures) / 10
    assert abs(len(frames) / 12 - min(seconds, 6.5)) < 0.2
    assert frames[0].width == 640 and frames[0].height > 360


def test_plants_are_counted_by_country_under_one_name(client, site):
    (plant,) = client.get("/api/v1/plants").json()["items"]
    found = client.get("/api/v1/machines", params={"plant": plant["plant"]}).json()["items"]
    assert (plant["plant"], plant["clips"], plant["machines"]) == ("Завод № 7", 1, len(found))
    assert (plant["first"], plant["last"]) == ("2024-03-05", "2024-03-05")
    assert sum(plant["countries"].values()) == len(found) and plant["countries"]["JP"] >= 1


@pytest.mark.parametrize("code", ["en", "uk"])
def test_a_strip_of_frames_plants_and_help_in_a_browser(site, served, screen, films, code):
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
    screen.locator("header input[type=search]").fill("MAZAK")
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/machines?text=MAZAK")
    expect(screen.locator("table.list")).to_contain_text("Mazak")


@pytest.mark.parametrize("code", ["en", "uk", "ru"])
def test_a_report_of_a_clip_and_of_a_machine_is_one_file_in_the_readers_language(
    site, served, screen, films, code, tmp_path
):
    screen.context.add_cookies([{"name": "language", "value": code, "url": served}])
    machine = screen.request.get(f"{served}/api/v1/machines?builder=mazak").json()["items"][0]["id"]
    words = {"en": "The program read", "uk": "Програма прочитала", "ru": "Программа прочла"}
    reasons = {"en": "What speaks for it", "uk": "Що на це вказує", "ru": "Что на это указывает"}
    unjudged = {"en": "Not settled", "uk": "Люди ще не", "ru": "Люди ещё не"}
    for page in (f"footage/{sha_of(films[0])}", f"machines/{machine}"):
        screen.goto(f"{served}/{page}")
        with screen.expect_download() as loading:
            screen.locator("a[href$='/report.html']").click()
        file = tmp_path / "report.html"
        loading.value.save_as(file)
        screen.goto(file.as_uri())
        assert faults(screen) == []
        text = screen.locator("body").inner_text()
        assert words[code] in text and "Mazak" in text and ".mp4" in text
        assert is_boxed(screen.locator("figure.best img").first.get_attribute("src") or "")
        assert "MAZAK → Mazak" in text and reasons[code] in text and unjudged[code] in text
        rows = screen.locator(".summary tbody tr")
        assert rows.count() in (0, screen.locator("article").count())
        if page.startswith("footage"):
            expect(rows).to_have_count(3)
            expect(rows.locator("img").first).not_to_have_js_property("naturalWidth", 0)
        assert str(films[0].survey.analysis.footage.path.parent) not in file.read_text("utf-8")
        expect(screen.locator("img").first).not_to_have_js_property("naturalWidth", 0)
        answer = screen.request.get(f"{served}/api/v1/{page}/report.pdf")
        with pymupdf.open("pdf", answer.body()) as paper:
            told = " ".join("".join(sheet.get_text() for sheet in paper).split())
            assert words[code] in told and "Mazak" in told and paper[0].get_images()


def test_parts_of_a_frame_are_hidden_before_it_is_shared(served, screen, films, client, tmp_path):
    screen.goto(f"{served}/footage/{sha_of(films[0])}")
    screen.locator("#enlarge").click()
    dialog = screen.locator("dialog.enlarge")
    share = dialog.get_by_role("link", name="Picture to share")
    hide = dialog.get_by_role("button", name="Hide this part")
    expect(hide).to_be_disabled()
    expect(dialog.locator(".frame img")).not_to_have_js_property("naturalWidth", 0)
    for name, edge in (("right", 300), ("bottom", 200), ("left", 100), ("top", 40)):
        dialog.get_by_label(name).first.fill(str(edge))
    dialog.get_by_label("top").first.press("Tab")
    hide.click()
    expect(dialog.get_by_role("button", name="Hide nothing")).to_be_visible()
    with screen.expect_download() as loading:
        share.click()
    shared = Image.open(loading.value.path()).convert("RGB")
    frame = screen.request.get(f"{served}/api/v1/footage/{sha_of(films[0])}/frame?pts=0").body()
    plain = Image.open(io.BytesIO(frame)).convert("RGB")
    assert shared.width == plain.width and shared.height > plain.height
    place, beside = (110, 50, 290, 190), (400, 50, 580, 190)

    def detail(picture: Image.Image, box: tuple[int, int, int, int]) -> float:
        grey = np.asarray(picture.crop(box).convert("L"), float)
        return float(np.abs(np.diff(grey, axis=1)).mean())

    assert detail(shared, place) < detail(plain, place) / 3
    assert detail(shared, beside) == pytest.approx(detail(plain, beside), rel=0.2)
    path = f"/api/v1/footage/{sha_of(films[0])}"
    assert client.get(f"{path}/hidden?pts=0").json() == {"boxes": [[100, 40, 300, 200]]}
    still = client.get(f"{path}/sightings").json()["items"][0]["stills"][0]
    assert still["role"] == "best"
    x1, y1, x2, y2 = inside = tuple(map(int, still["box"]))

    names = set()

    def captioned(query: str) -> Image.Image:
        answer = client.get(f"/api/v1/stills/{still['sha256']}/captioned{query}")
        names.add(answer.headers["content-disposition"])
        return Image.open(io.BytesIO(answer.content)).convert("RGB")

    at = still["at"]["exact"]
    hidden = f"{path}/hidden?pts={at}"
    assert client.put(hidden, json={"boxes": []}).status_code == 200
    whole, alone = captioned(""), captioned("?to_share=true")
    assert len(names) == 2  # neither takes the other's place in a folder
    assert detail(alone, inside) == pytest.approx(detail(whole, inside), rel=0.2)
    assert client.put(hidden, json={"boxes": [[x1, y1, x2, y2]]}).status_code == 200
    assert detail(captioned("?to_share=true"), inside) < detail(whole, inside) / 3
    assert detail(captioned(""), inside) == detail(whole, inside)
    wrong = client.get(f"/api/v1/footage/{sha_of(films[0])}/shared?pts=0&hide=all")
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("about", "header"),
    [
        ("tour, 2023.mp4", 'filename="report-tour-2023-0451d341f0b5.html"'),
        ("0451d341f0b549.mp4", 'filename="report-0451d341f0b5.html"'),
        (
            'цех"\n.mp4',
            'filename="report-___-0451d341f0b5.html"; '
            "filename*=UTF-8''report-%D1%86%D0%B5%D1%85-0451d341f0b5.html",
        ),
    ],
    ids=["its footage's name", "uploaded, under its hash", "Cyrillic"],
)
def test_a_download_is_called_as_its_footage(about, header):
    name = f"{name_file('report', about, '0451d341f0b549')}.html"
    assert attachment(name) == {"Content-Disposition": f"attachment; {header}"}
