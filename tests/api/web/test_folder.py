"""In a folder of pictures of unlike sizes each box lies where it is in its own picture."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.web.site import Site
from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import Item
from evidence.review.audit import frame_item
from tests.api.web.browser import open_clip
from tests.api.web.folder import (
    MACHINE,
    MARK,
    TALL,
    WIDE,
    edges,
    fill,
    painted,
    seen,
    survey_of,
    take_photographs,
)

pytestmark = pytest.mark.sqlite


@pytest.fixture
def photographs(tmp_path) -> Path:
    return take_photographs(tmp_path / "photographs")


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "cut"])
def test_the_review_marks_and_enlarges_the_place_itself(
    site, served, screen, photographs, shoot, kept
):
    fill(site, survey_of(site, photographs, seen(TALL, TALL), kept))
    screen.goto(f"{served}/review")
    screen.wait_for_selector("#desk[data-painted]")
    stage = screen.locator("#stage")
    shoot(f"folder-review-{kept}")
    there = painted(screen, stage, MACHINE)
    assert edges(stage.locator("rect.machine")) == pytest.approx(there, abs=4)
    assert edges(stage.locator("rect.mark")) == pytest.approx(painted(screen, stage, MARK), abs=4)
    screen.keyboard.press("z")
    expect(stage).to_have_class("stage zoomed")
    shoot(f"folder-review-{kept}-zoomed")
    assert_in_the_middle(screen)


def test_the_mark_is_enlarged_in_the_other_picture_it_was_read_in(
    site, served, screen, photographs, shoot
):
    fill(site, survey_of(site, photographs, seen(WIDE, TALL)))
    screen.goto(f"{served}/review")
    screen.wait_for_selector("#desk[data-painted]")
    stage = screen.locator("#stage")
    there = painted(screen, stage, MACHINE)
    assert edges(stage.locator("rect.machine")) == pytest.approx(there, abs=4)
    screen.keyboard.press("z")
    screen.wait_for_function(
        "() => document.querySelector('#stage img').naturalHeight === 2000"
        " && document.querySelector('#stage svg').viewBox.baseVal.height === 2000"
    )
    shoot("folder-review-elsewhere")
    assert_in_the_middle(screen)


def assert_in_the_middle(screen: Page) -> None:
    """The mark is marked where it is, and fills the middle of the stage."""
    stage = screen.locator("#stage")
    there = painted(screen, stage, MARK)
    assert edges(stage.locator("rect.mark")) == pytest.approx(there, abs=6)
    place = stage.bounding_box()
    assert place is not None
    middle = (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    assert ((there[0] + there[2]) / 2, (there[1] + there[3]) / 2) == pytest.approx(middle, abs=4)
    assert there[2] - there[0] > 0.3 * place["width"]


@pytest.mark.parametrize("one", [WIDE, TALL], ids=["wide", "tall"])
@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_the_page_of_the_folder_marks_each_picture_by_itself(
    site, served, screen, photographs, shoot, one, gone
):
    sha256 = fill(site, survey_of(site, photographs, seen(one, one)))
    if gone:
        shutil.rmtree(photographs)
    open_clip(screen, served, sha256, f"{one.pts}")
    stage = screen.locator("#stage")
    screen.wait_for_function(
        "wide => document.querySelector('#boxes rect')"
        " && document.getElementById('boxes').viewBox.baseVal.width === wide",
        arg=one.size[0],
    )
    shoot(f"folder-footage-{one.size[0]}-{gone}")
    there = painted(screen, stage, MACHINE)
    assert edges(stage.locator("#boxes rect.box.B")) == pytest.approx(there, abs=4)
    small = screen.locator(".framed")
    small.scroll_into_view_if_needed()
    there = painted(screen, small, MACHINE)
    assert edges(small.locator("rect")) == pytest.approx(there, abs=4)


def test_the_boxes_follow_from_picture_to_picture(site, served, screen, photographs):
    sha256 = fill(site, survey_of(site, photographs, seen(WIDE, TALL)))
    open_clip(screen, served, sha256, "0")
    stage = screen.locator("#stage")
    for key, one in (("", WIDE), (".", TALL), (",", WIDE)):
        if key:
            screen.keyboard.press(key)
        screen.wait_for_selector(f"#stage[data-pts='{one.pts}']")
        there = painted(screen, stage, MACHINE)
        assert edges(stage.locator("#boxes rect.box.B")) == pytest.approx(there, abs=4)


def test_what_stands_in_a_photograph_is_named_by_it_and_not_by_a_time(
    site, served, screen, photographs
):
    sha256 = fill(site, survey_of(site, photographs, seen(WIDE, TALL)))
    screen.goto(f"{served}/review")
    screen.wait_for_selector("#desk[data-painted]")
    expect(screen.locator("#where")).to_have_text("photographs · 1.png")
    expect(screen.locator("#told")).to_contain_text("in another frame, picture 2: Z shows it")
    open_clip(screen, served, sha256, "0")
    expect(screen.locator("#time")).to_have_text("picture 1")
    expect(screen.locator(".sighting [data-seek]").first).to_have_text("1.png")
    expect(screen.locator(".sighting table [data-seek]").first).to_have_text("picture 2")
    assert "0:0" not in screen.locator("main").inner_text()


def test_a_machine_is_entered_where_it_is_drawn(site, served, screen, photographs, shoot):
    sha256 = fill(site, survey_of(site, photographs, seen(WIDE, WIDE)))
    screen.goto(f"{served}/footage/{sha256}?at=1")
    screen.wait_for_selector("#stage[data-pts='1']")
    screen.click("#enter > summary")
    screen.click("#enter-draw")
    left, top, right, bottom = painted(screen, screen.locator("#stage"), MACHINE)
    screen.mouse.move(left, top)
    screen.mouse.down()
    screen.mouse.move(right, bottom, steps=4)
    screen.mouse.up()
    shoot("folder-enter")
    screen.click("#enter-send")
    expect(screen.locator("#notices")).to_contain_text("Entered as verdict 1.")
    with site.session() as session:
        row = session.scalars(select(Verdict)).one()
    assert row.pts == TALL.pts and row.box == pytest.approx(TALL.box, abs=12)


@pytest.mark.parametrize(
    ("box", "kept"), [(list(TALL.box), list(TALL.box)), (None, [0, 0, *TALL.size])]
)
def test_a_machine_is_entered_in_the_larger_picture(site, client, photographs, box, kept):
    sha256 = fill(site, survey_of(site, photographs, seen(WIDE, WIDE)))
    body = {"pts": "1"} | ({} if box is None else {"box": box})
    answer = client.post(f"/api/v1/footage/{sha256}/entered", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["verdict"]["box"] == kept


@pytest.mark.parametrize("pts", ["0", "1"])
def test_no_machine_is_entered_beyond_its_own_picture(site, client, photographs, pts):
    sha256 = fill(site, survey_of(site, photographs, seen(WIDE, WIDE)))
    width, height = {"0": WIDE, "1": TALL}[pts].size
    box = [100, 100, width + 1, height]
    answer = client.post(f"/api/v1/footage/{sha256}/entered", json={"pts": pts, "box": box})
    assert answer.status_code == 400
    assert f"within the frame of {width} x {height} pixels" in answer.json()["error"]["message"]


def test_the_whole_of_a_picture_out_of_reach_is_no_place(site, client, photographs):
    sha256 = fill(site, survey_of(site, photographs, seen(WIDE, WIDE)))
    shutil.rmtree(photographs)
    answer = client.post(f"/api/v1/footage/{sha256}/entered", json={"pts": "1"})
    assert answer.status_code == 400
    assert "say where" in answer.json()["error"]["message"]


def test_a_mark_beyond_the_first_picture_is_cut_out(site, client, photographs):
    fill(site, survey_of(site, photographs, seen(TALL, TALL)))
    (card,) = client.get("/api/v1/review/next?n=1").json()["items"]
    assert (card["footage"]["width"], card["footage"]["height"]) == (None, None)
    for address in (card["pictures"]["enhanced"]["address"], card["pictures"]["mark"]["spare"]):
        assert client.get(address).status_code == 200, address


def test_a_machine_may_be_missed_beyond_the_first_picture(site, client, photographs):
    key = drawn_frame(site, photographs)
    body = {"item": key, "verdict": "missed", "box": list(TALL.box)}
    answer = client.post("/api/v1/verdicts", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_a_box_is_drawn_only_over_a_picture(site, served, screen, photographs, gone):
    key = drawn_frame(site, photographs)
    if gone:
        # As where it is out of reach, but without an error in the browser's own log.
        screen.route("**/frame?*", lambda route: route.fulfill(status=200, body=b""))
    screen.goto(f"{served}/review/{key}")
    screen.wait_for_selector("#desk[data-painted][data-met]")
    screen.click("button[data-does=missed]")
    expect(screen.locator("#stage rect.missed")).to_have_count(0 if gone else 1)
    if not gone:
        screen.click("button[data-does=missed]")
        expect(screen.locator("#unsent")).to_be_hidden()
        with site.session() as session:
            row = session.scalars(select(Verdict)).one()
        width, height = TALL.size
        assert row.box == [0.3 * width, 0.3 * height, 0.7 * width, 0.7 * height]


def drawn_frame(site: Site, photographs: Path) -> str:
    """The item of the larger picture, in which nothing was found."""
    fill(site, survey_of(site, photographs, seen(WIDE, WIDE)))
    with site.session() as session, session.begin():
        analysis = session.scalars(select(AnalysisRow)).one()
        key = frame_item(analysis.id, TALL.pts)
        known = {"analysis": analysis.id, "footage": analysis.footage, "pts": TALL.pts}
        more = {"model": analysis.model, "settings": analysis.settings, "needs": 1, "priority": 0}
        shown = {"state": "open", "given": 0}
        session.merge(Item(item=key, kind="audit", reason="", **known, **more, **shown))
    return key
