"""The pages in a browser: the player, the lanes, the enlarged mark, joining and cutting."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from evidence.case.sighting_tables import MachineRow, SightingRow, StillRow
from evidence.case.tables import Location
from tests.api.web.browser import open_clip, serve
from tests.api.web.drawn import claim_on
from tests.api.web.looking.conftest import sha_of
from tests.api.web.looking.hall import FRAMES, RATE, STEP, film
from tests.rows import keep

pytestmark = pytest.mark.sqlite


def on_screen(screen: Page) -> float:
    """How far the pan has come in the picture on the screen, by its own pixels, in frames."""
    found: float = screen.evaluate(
        """() => {
            const media = document.querySelector("#stage > :not([hidden]):is(video, img)");
            return media.tagName === "VIDEO" ? media.currentTime : Number.NaN;
        }"""
    )
    return found


def first_box(screen: Page) -> list[float]:
    found: list[float] = screen.evaluate(
        """() => [..."xywh"].map((_, i) => Number(document.querySelector("#boxes .box")
            .getAttribute(["x", "y", "width", "height"][i])))"""
    )
    return found


def test_the_player_goes_to_an_exact_time(served, screen, films, shoot):
    open_clip(screen, served, sha_of(films[0]), "13%2F10")
    assert screen.get_attribute("#stage", "data-mode") == "video"
    assert screen.inner_text("#pts") == "13/10"
    expect(screen.locator("#video")).to_have_js_property("readyState", 4)
    assert 1.3 <= on_screen(screen) < 1.4
    screen.check("#exact")
    screen.wait_for_selector("#frame[src^='blob:']")
    expect(screen.locator("#pts")).to_have_text("13/10")
    screen.click("#on")
    expect(screen.locator("#pts")).to_have_text("7/5")
    screen.keyboard.press("Comma")
    expect(screen.locator("#pts")).to_have_text("13/10")
    shoot("footage")


def test_boxes_follow_what_they_are_about(served, screen, films):
    open_clip(screen, served, sha_of(films[0]), "1")
    left = first_box(screen)[0]
    # Between two looks, half a second apart, the box lies between the two boxes.
    open_clip(screen, served, sha_of(films[0]), "27%2F20")
    okuma = films[0].survey.analysis.sightings[1].track.observations
    before, after = (o.box for o in okuma if o.pts in (Fraction(1), Fraction(3, 2)))
    boxes = screen.locator("#boxes rect.box.B")
    xs = [float(boxes.nth(i).get_attribute("x") or 0) for i in range(boxes.count())]
    assert any(abs(x - (before[0] + (after[0] - before[0]) * 0.7)) < 0.1 for x in xs)
    assert abs((before[0] - after[0]) - 5 * STEP) < 0.1 and left >= 0
    screen.uncheck("#show-boxes")
    screen.uncheck("#show-text")
    assert screen.locator("#boxes rect").count() == 0


def test_lanes_are_reached_by_keyboard(served, screen, films):
    open_clip(screen, served, sha_of(films[0]))
    lanes = screen.locator("#timeline [data-key]")
    assert lanes.count() == 3
    screen.focus("#narrower")
    screen.keyboard.press("Tab")
    screen.keyboard.press("ArrowDown")
    focused = screen.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("m2, Okuma, grade B")
    screen.keyboard.press("Enter")
    best = films[0].survey.analysis.sightings[1].best.pts
    expect(screen.locator("#pts")).to_have_text(str(best))
    assert "chosen" in (screen.get_attribute("#m2", "class") or "")


def test_a_clip_no_browser_plays_is_shown_frame_by_frame(screen, site, tmp_path):
    odd = film(tmp_path, "odd.mp4", codec="mpeg4")
    keep(site.case, site.recipe, odd.survey)
    with serve(site) as address:
        open_clip(screen, address, sha_of(odd), "2")
        screen.wait_for_selector("#frame[src^='blob:']")
        assert screen.get_attribute("#stage", "data-mode") == "frames"
        assert screen.locator("#frame").evaluate("e => e.naturalWidth") == 640
        expect(screen.locator("#pts")).to_have_text("2")
        # To the last frame and no further.
        screen.locator("#seek").fill(str(FRAMES / RATE))
        expect(screen.locator("#pts")).to_have_text("39/10")


def test_a_lost_original_leaves_its_stills(served, screen, site, films):
    from evidence.case.tables import Location

    with site.session() as session, session.begin():
        place = session.get(Location, str(films[0].path))
        assert place is not None
        place.mtime_ns = 1
    open_clip(screen, served, sha_of(films[0]))
    assert screen.get_attribute("#stage", "data-mode") == "stills"
    assert "no longer where it was" in screen.inner_text("main")
    expect(screen.locator("#frame")).to_have_js_property("naturalWidth", 640)


def test_a_mark_is_enlarged_beside_what_it_is(served, screen, films, shoot):
    open_clip(screen, served, sha_of(films[0]))
    screen.click("#m1 .picture.mark")
    pair = screen.locator("dialog.enlarge .pair img")
    for image in pair.all():
        expect(image).to_have_js_property("complete", True)
        expect(image).not_to_have_js_property("naturalWidth", 0)
    assert "Unaltered" in screen.inner_text("dialog.enlarge") and "Enhanced" in screen.inner_text(
        "dialog.enlarge"
    )
    first = pair.nth(0).get_attribute("src")
    shoot("enlarged")
    frame = screen.locator("dialog .frame").bounding_box()
    assert frame is not None
    screen.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 4)
    screen.mouse.down()
    screen.mouse.move(frame["x"] + frame["width"] * 0.75, frame["y"] + frame["height"] / 2)
    screen.mouse.up()
    asked = pair.nth(1).get_attribute("src") or ""
    assert asked != first and asked.endswith("way=enhanced")
    edges = [float(edge) for edge in asked.split("box=")[1].split("&")[0].split(",")]
    assert all(abs(a - b) < 4 for a, b in zip(edges, (320, 90, 480, 180), strict=True))
    # The same by keyboard alone.
    screen.fill("dialog input[aria-label='right']", "400")
    screen.keyboard.press("Tab")
    assert ",400," in (pair.nth(0).get_attribute("src") or "")
    screen.keyboard.press("Escape")
    expect(screen.locator("dialog.enlarge")).to_have_count(0)


def test_a_machine_is_joined_and_cut(served, screen, films, shoot):
    screen.on("dialog", lambda dialog: dialog.accept())
    screen.goto(f"{served}/machines?builder=okuma")
    shoot("machines")
    screen.click("table a")
    screen.wait_for_selector("#decide")
    shoot("machine")
    a = screen.locator("#decide [name=a]").first.get_attribute("value")
    # The other is chosen by its picture.
    screen.locator("#find-text").press("Enter")
    other = screen.locator("#found .choice", has=screen.locator(".box.U")).first
    expect(other.locator("img")).not_to_have_js_property("naturalWidth", 0)
    other.locator("input").check()
    shoot("machine-join")
    screen.fill("#decide [name=note]", "one door")
    with screen.expect_navigation():
        screen.click("#decide button[value=join]")
    assert "one door" in screen.inner_text("main")
    tie = screen.locator(".tie", has_text="joined by anna")
    assert tie.count() == 1
    with screen.expect_navigation():
        tie.locator("[data-decide=cut]").click()
    assert screen.locator(".tie:not(.dropped)", has_text="joined by anna").count() == 0
    assert a and "cut apart" in screen.inner_text("main")
    assert " UTC: one door" in screen.inner_text("main")


def test_how_sure_the_registry_is_stands_on_the_page_of_a_machine(served, screen, films):
    screen.goto(f"{served}/machines?builder=okuma")
    screen.click("table a")
    screen.wait_for_selector("#decide")
    told = screen.locator(".sighting").first
    expect(told).to_contain_text("general knowledge of the trade, which is no document")
    # The grade stands above it: this is no doubt of the name.
    expect(told).to_contain_text("What the registry rests on")
    expect(told).not_to_contain_text("How sure")


def test_the_lists_and_the_overview(served, screen, shoot):
    screen.goto(served)
    assert "Zavod" not in screen.inner_text("main")
    assert screen.locator("svg.bar").count() >= 3
    shoot("overview")
    screen.click("main a[href='/machines?builder=mazak']")
    assert screen.locator("tbody tr").count() >= 1
    screen.goto(f"{served}/footage")
    screen.fill("[name=name]", "again")
    screen.click("form button")
    assert screen.locator("tbody tr").count() == 1
    screen.click("text=Clear")
    assert screen.locator("tbody tr").count() == 2
    screen.locator("td small", has_text="/").evaluate_all(
        "all => all.forEach((e) => e.textContent = e.textContent.replace(/.*[/]/, '/archive/'))"
    )
    shoot("footage-list")


def test_lists_and_timelines_are_whole_on_paper(served, screen, films):
    for address, list_ in (
        ("/machines", ".scroll"), ("/footage", ".scroll"),
        (f"/footage/{sha_of(films[0])}", ".timeline"),
    ):  # fmt: skip
        screen.emulate_media(media="screen")
        screen.goto(f"{served}{address}")
        screen.wait_for_selector(list_)
        screen.emulate_media(media="print")
        assert (
            screen.locator(list_).first.evaluate("e => getComputedStyle(e).overflowX") == "visible"
        )


@pytest.mark.parametrize("code", ["en", "uk", "ru"])
def test_the_order_of_machines_can_be_read(served, chromium, code):
    with chromium.new_context(locale=code, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{served}/machines")
        order = page.locator("select[name=sort]")
        width = order.evaluate("e => e.offsetWidth")
        order.evaluate("e => e.style.width = 'max-content'")
        assert width >= order.evaluate("e => e.offsetWidth")


def test_any_text_is_not_shown_as_the_mark_of_an_unknown_machine(site, served, screen, films, key):
    with site.session() as session, session.begin():
        row = session.scalar(select(SightingRow).where(SightingRow.key == key(films[0], "m3")))
        known = session.scalars(select(StillRow).where(StillRow.role == "mark")).first()
        assert row is not None and known is not None
        session.add(
            StillRow(
                analysis=row.analysis, footage=row.footage, model=row.model,
                settings=row.settings, sighting="m3", role="mark", pts=known.pts,
                box=known.box, sha256=known.sha256, suffix=known.suffix,
            )
        )  # fmt: skip
    screen.goto(f"{served}/machines?builder=unknown")
    assert screen.locator("tbody tr").count() >= 1
    assert screen.locator("td.mark img").count() == 0
    screen.goto(f"{served}/machines?builder=okuma")
    assert screen.locator("td.mark img").count() >= 1
    screen.goto(f"{served}/footage/{sha_of(films[0])}")
    expect(screen.locator("#m3 .picture.mark small")).to_have_text("cut out, unaltered")


def test_a_telephone_shows_the_stills_and_keeps_to_its_margins(served, screen, films):
    screen.set_viewport_size({"width": 390, "height": 844})
    for page in ("machines", "footage"):
        screen.goto(f"{served}/{page}")
        wide = screen.locator("td.thumb img").evaluate_all("all => all.map((i) => i.offsetWidth)")
        assert wide and min(wide) >= 96
    open_clip(screen, served, sha_of(films[0]))
    screen.click("#enter > summary")
    right = screen.locator(".player > *").evaluate_all(
        "all => Math.max(...all.map((one) => one.getBoundingClientRect().right))"
    )
    assert right <= 390 - 20


def test_the_verdicts_have_the_page_s_width_and_the_last_hour_its_label(served, screen, films):
    open_clip(screen, served, sha_of(films[0]))
    widths = screen.locator(".columns, #verdicts").evaluate_all("a => a.map((e) => e.offsetWidth)")
    assert widths[0] == widths[1]
    ends = screen.locator("#timeline .hour").evaluate_all(
        "all => all.map((one) => one.getBBox()).map((box) => box.x + box.width)"
    )
    assert ends and max(ends) <= screen.locator("#timeline svg").evaluate("one => one.clientWidth")


def test_a_mark_read_in_another_frame_is_shown_in_that_one(site, served, screen, films, key):
    with site.session() as session, session.begin():
        wanted = {"footage": sha_of(films[0]), "sighting": "m1", "role": "mark"}
        mark = session.scalar(select(StillRow).filter_by(**wanted))
        assert mark is not None and mark.pts != Fraction(3, 10)
        mark.pts = Fraction(3, 10)
    screen.goto(f"{served}/review/{key(films[0], 'm1')}")
    screen.wait_for_selector("#desk[data-painted]")
    expect(
        screen.locator("#told h2", has_text="in another frame, 0:00.3: Z shows it")
    ).to_be_visible()
    rects = screen.locator("#stage rect")
    expect(rects).to_have_class("machine")
    screen.keyboard.press("z")
    expect(screen.locator("#stage .when")).to_contain_text("0:00.3")
    expect(rects).to_have_class("mark")
    frame = screen.locator("#stage img")
    expect(frame).to_have_attribute("src", f"/api/v1/footage/{sha_of(films[0])}/frame?pts=3%2F10")
    expect(frame).to_have_js_property("naturalWidth", 640, timeout=30_000)
    screen.keyboard.press("z")
    expect(rects).to_have_class("machine")
    expect(screen.locator("#stage .when")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1024])
def test_long_names_push_nothing_off_the_screen(site, served, screen, films, width):
    long = "Уральский завод тяжёлого машиностроения имени Орджоникидзе (корпус 7)"
    with site.session() as session, session.begin():
        session.execute(update(Location).values(plant_claimed=long))
        for table in (SightingRow, MachineRow):
            session.execute(update(table).values(builder="sterlitamak", grade="A"))
        machine = session.scalars(select(MachineRow.id)).first()
    screen.set_viewport_size({"width": width, "height": 800})
    for path in ("/machines", "/footage", f"/machines/{machine}", f"/footage/{sha_of(films[0])}"):
        screen.goto(f"{served}{path}")
        wide = screen.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path
    # On the timeline they end before the bars begin.
    screen.wait_for_selector("#timeline text.name")
    ends = screen.locator("#timeline text.name").evaluate_all(
        "all => all.map((one) => one.getBBox().x + one.getBBox().width)"
    )
    starts = screen.locator("#timeline rect.span").evaluate_all(
        "all => all.map((one) => one.getBBox().x)"
    )
    assert max(ends) <= min(starts)
    cards = screen.locator(".sightings")
    assert cards.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_shot_plays_in_the_review_and_frames_are_stepped_through(
    site, served, screen, films, key, shoot
):
    with site.session() as session, session.begin():
        row = session.query(SightingRow).filter_by(key=key(films[0], "m1")).one()
        session.merge(claim_on(row, given=0))
        item = row.key
    screen.goto(f"{served}/review/{item}")
    screen.wait_for_selector(f"#desk[data-painted='{item}']")
    expect(screen.locator("#where")).to_have_attribute("href", re.compile("/footage/.*at="))
    screen.keyboard.press(".")
    expect(screen.locator("#stage .when")).to_contain_text("The frame at")
    assert screen.locator("#stage img").evaluate("image => image.naturalWidth") > 0
    shoot("review-step")
    there = screen.locator("#stage .when").inner_text()
    screen.keyboard.press(",")
    expect(screen.locator("#stage .when")).not_to_have_text(there)
    screen.keyboard.press("k")
    expect(screen.locator("#stage video")).to_have_count(1)
    screen.keyboard.press("k")
    expect(screen.locator("#stage video")).to_have_count(0)
