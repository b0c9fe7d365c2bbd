"""The page of the answer in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from api.web.site import Site
from tests.api.web.answer.test_answer import footage_of
from tests.api.web.browser import COLOURS, faults
from tests.conftest import Furnish

pytestmark = pytest.mark.sqlite


@pytest.fixture
def furnish(furnish_pictured) -> Furnish:
    return furnish_pictured


@pytest.fixture
def pictured(site) -> Site:
    """The site, where `furnish` has filled the case."""
    return site


def test_the_sentence_and_its_limits_are_seen_first(pictured, served, screen, shoot):
    broken: list[str] = []
    screen.on("response", lambda one: broken.append(one.url) if one.status >= 400 else None)
    screen.goto(served)
    screen.click("main a[href='/answer']")
    expect(screen.locator("h1")).to_have_text(
        re.compile("machines of Chinese make confirmed in 1 plant, among")
    )
    screen.locator("time").first.evaluate("one => one.textContent = '2026-03-01 12:00:00'")
    unfold(screen)
    for scheme in ("dark", "light"):
        screen.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
        for name in ("seen", "years"):
            figure = screen.locator(f"section[aria-labelledby={name}] svg")
            box = figure.bounding_box()
            assert box is not None and box["width"] > 600 and box["height"] > 80
            ink, ground = figure.evaluate(
                "e => [e.querySelector('text'), e.closest('.panel')].map((one, i) =>"
                " getComputedStyle(one)[i ? 'backgroundColor' : 'fill'])"
            )
            assert ink != ground
            faces = "e => [e.querySelector('text'), document.body].map((one) => "
            drawn, around = figure.evaluate(f"{faces} getComputedStyle(one).fontFamily)")
            assert drawn == around
        assert faults(screen, COLOURS if scheme == "light" else ()) == []
    for name in ("warnings",):
        assert screen.locator(f"#{name}").bounding_box()["y"] < 720  # type: ignore[index]
    shoot("answer")
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screen.set_viewport_size({"width": 768, "height": 1024})
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert broken == []


def test_another_question_is_asked_and_sent_on(pictured, served, screen):
    screen.goto(f"{served}/answer")
    screen.select_option("#by", "builder")
    expect(screen.locator("select[name=country]")).to_be_hidden()
    screen.select_option("select[name=builder]", label="Haas")
    screen.click("details.plants summary")
    screen.check("input[value='Motor works']")
    screen.fill("[name=since]", "2021")
    screen.click("#ask button")
    expect(screen.locator("h1")).to_contain_text(
        "of Haas make confirmed in 1 plant, in footage of Motor works published in 2021 or later, "
    )
    address = screen.url
    assert address.endswith(
        "/answer?by=builder&builder=haas&plant=Motor+works&since=2021&estimand=visible"
    )
    sentence = screen.inner_text("h1")
    with screen.context.new_page() as other:
        other.goto(address)
        assert other.inner_text("h1") == sentence
    screen.go_back()
    expect(screen.locator("h1")).to_contain_text("of Chinese make")
    expect(screen.locator("#by")).to_have_value("origin")


def test_every_machine_is_reached(pictured, served, screen):
    screen.goto(f"{served}/answer")
    screen.click("section[aria-labelledby=seen] summary")
    row = screen.locator("tr", has_text="Hermle")
    machine = row.locator("a.mono").first
    with screen.expect_navigation():
        machine.click()
    expect(screen.locator("h1")).to_contain_text("Hermle")


def test_what_is_taken_away_comes_as_files(pictured, served, screen, tmp_path):
    screen.goto(f"{served}/answer")
    for words, name in (("Report (HTML)", ".html"), ("Every number (JSON)", ".json")):
        with screen.expect_download() as waiting:
            screen.click(f"text={words}")
        assert waiting.value.suggested_filename.endswith(name)
        file = tmp_path / f"taken{name}"
        waiting.value.save_as(file)
        assert "2 to 4 machines of Chinese make confirmed in 1 plant, among 32 " in file.read_text(
            "utf-8"
        )
    with screen.context.new_page() as report:
        report.goto((tmp_path / "taken.html").as_uri())
        assert report.locator("figure img").count() >= 4


def test_readers_of_another_language_are_told_that_the_files_are_in_english(
    pictured, served, screen
):
    screen.goto(f"{served}/answer")
    taken = screen.inner_text("[aria-labelledby=take]")
    assert "in English" not in taken
    assert "name who judged and who uploaded. Those to share have numbers" in taken
    screen.select_option("#language", "ru")
    expect(screen.locator("[aria-labelledby=take]")).to_contain_text(
        "JSON и пакет — на английском."
    )
    builder = screen.locator("#by option[value=builder]")  # after "Станки по" another case is due
    expect(builder).to_have_text("одному производителю")


NONE_OF_HAAS = "Not known: no positive control of this kind, 14 of others"


def unfold(screen: Page) -> None:
    """What is for statisticians is folded."""
    screen.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")


def test_a_lead_keeps_a_control(pictured, served, screen):
    footage = footage_of(pictured, "haas")
    screen.goto(f"{served}/answer?by=builder&builder=haas")
    unfold(screen)
    assert NONE_OF_HAAS in screen.inner_text("main")
    screen.fill("#control [name=footage]", "no clip at all")
    screen.select_option("#control [name=builder]", label="Haas")
    screen.click("#control button")
    expect(screen.locator("#notices .bad")).to_contain_text("address of the clip")
    screen.fill("#control [name=footage]", f"{served}/footage/{footage}?at=0")
    with screen.expect_navigation():
        screen.click("#control button")
    expect(screen.locator(f"a[href='/footage/{footage}']")).to_be_visible()
    unfold(screen)
    assert "1 of 1 positive controls came out" in screen.inner_text("main")
    with screen.expect_navigation():
        screen.click("[data-drop]")
    unfold(screen)
    assert NONE_OF_HAAS in screen.inner_text("main")


def test_what_is_wider_than_the_screen_says_so_and_can_be_read(served, screen, request):
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


def test_the_report_can_be_read_on_a_telephone(served, screen):
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.set_content(screen.request.get(f"{served}/api/v1/answer/report").text())
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = screen.locator("svg text").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert heights and min(heights) > 9
    assert faults(screen) == []
