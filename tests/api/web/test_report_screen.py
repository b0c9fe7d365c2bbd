"""The report on a telephone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from datasets.registry import Registry
from detector.types import Analysis
from evidence.record import to_record
from evidence.report import render_report
from tests.evidence.conftest import analysis as analysis
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import registry as registry


def test_the_timeline_can_be_read_on_a_telephone(
    analysis: Analysis, registry: Registry, screen: Page, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text(render_report(to_record(analysis, registry), {}), "utf-8")
    screen.set_viewport_size({"width": 390, "height": 844})
    screen.goto(report.as_uri())
    heights = screen.locator("svg text.label").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert heights and min(heights) > 9
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
