"""The report on a telephone."""

from __future__ import annotations

from dataclasses import replace

from evidence.clip.record import to_record
from evidence.clip.report import render_report
from tests.api.web.browser import COLOURS, faults
from tests.evidence.conftest import analysis as analysis
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import registry as registry


def test_the_timeline_can_be_read_on_a_telephone(analysis, registry, screen, tmp_path):
    report = tmp_path / "report.html"
    report.write_text(render_report(to_record(analysis, registry), {}), "utf-8")
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.goto(report.as_uri())
    heights = screen.locator("svg text.label").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert heights and min(heights) > 9
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(screen) == []
    screen.emulate_media(color_scheme="dark")
    assert faults(screen, COLOURS) == []


def test_on_paper_the_whole_timeline_is_seen(analysis, registry, screen, tmp_path):
    report = tmp_path / "report.html"
    report.write_text(render_report(to_record(analysis, registry), {}), "utf-8")
    screen.set_viewport_size({"width": 718, "height": 1047})  # A4 within margins of a centimetre
    screen.emulate_media(media="print")
    screen.goto(report.as_uri())
    assert screen.locator(".timeline").evaluate("e => e.scrollWidth <= e.clientWidth")


def test_han_is_legible_where_no_font_has_it(analysis, registry, screen, tmp_path):
    first, *others = analysis.sightings
    read = (replace(first.readings[0], text="沈阳机床"),)
    seen = replace(analysis, sightings=(replace(first, readings=read), *others))
    report = tmp_path / "report.html"
    report.write_text(render_report(to_record(seen, registry), {}), "utf-8")
    screen.goto(report.as_uri())
    screen.evaluate("document.fonts.ready")
    faces = "[...document.fonts].map(one => `${one.family} ${one.status}`)"
    assert screen.evaluate(faces) == ["Han loaded"]
    bare = {**to_record(analysis, registry), "machines": [], "overlays": []}
    assert "@font-face" not in render_report(bare, {})
