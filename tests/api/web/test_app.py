"""The application as a whole: its errors, headers, words; the report of a clip on a telephone."""

from __future__ import annotations

from dataclasses import replace

from fastapi.testclient import TestClient
from opentelemetry import trace

from api.web.app import create_app
from evidence.clip.record import to_record
from evidence.clip.report import render_report
from tests.api.web.browser import COLOURS, faults
from tests.evidence.conftest import analysis as analysis
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import registry as registry


def test_the_first_page_names_the_case(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "<h1>Plant 12</h1>" in answer.text


def test_a_program_is_told_in_the_one_shape(client):
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.json() == {"error": {"kind": "not-found", "message": "Not Found"}}


def test_nothing_is_told_to_whom_the_environment_names(site, monkeypatch):
    """FastAPI can be set to send traces: who asked for what, and at which address."""
    traced: list[str] = []

    class Collector(trace.ProxyTracerProvider):
        def get_tracer(self, name: str, *rest: object, **given: object) -> trace.Tracer:
            traced.append(name)
            return trace.NoOpTracer()

    monkeypatch.setattr(trace, "get_tracer_provider", Collector)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    with TestClient(create_app(site), "http://127.0.0.1") as called:
        assert called.get("/").status_code == 200
    assert traced == []


def test_pages_run_nothing_but_their_own_scripts(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_the_reader_chooses_language_and_colours(served, screen):
    screen.goto(served)
    screen.select_option("#language", "uk")
    screen.wait_for_selector("text=Верстати")
    screen.click("#theme")
    chosen = screen.evaluate("document.documentElement.dataset.theme")
    screen.reload()
    assert screen.evaluate("document.documentElement.dataset.theme") == chosen


def test_han_is_legible_on_a_machine_without_a_face_for_it(served, screen):
    screen.goto(served)
    screen.evaluate("document.querySelector('h1').textContent = '沈阳机床'")
    screen.wait_for_function("() => document.fonts.check('14px Han', '沈')")
    faces = screen.evaluate(
        "[...document.fonts].filter(f => f.family.includes('Han')).map(f => f.status)"
    )
    assert faces == ["loaded"]


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
