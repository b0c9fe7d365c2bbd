"""The report opens anywhere, runs nothing, fetches nothing and says what it stands on."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from datasets.charts import wide
from datasets.registry import Registry
from detector.types import Analysis, Attribution, Evidence
from evidence.clip.record import to_record
from evidence.clip.report import (
    ROOM,
    ReportPictures,
    lay_out,
    picture_of_machine,
    picture_of_mark,
    picture_of_still,
    render_report,
)
from evidence.clip.tables import printable
from tests.evidence.conftest import PLATE, doubted, lone_mark, plated, rebadged, sighting


class Page(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(analysis: Analysis, registry: Registry) -> Page:
    picture = Image.fromarray(np.full((90, 160, 3), 90, np.uint8))
    thumbnail = picture_of_machine(np.asarray(picture), (10.0, 10.0, 90.0, 70.0))
    shown = ReportPictures(picture_of_still(picture, 1), picture_of_mark(picture), thumbnail)
    record = to_record(analysis, registry)
    return Page(render_report(record, {m["id"]: shown for m in record["machines"]}))


def test_the_table_on_top_shows_each_machine(analysis, registry):
    tags = page(analysis, registry).tags
    pictures = [place for place, (tag, _) in enumerate(tags) if tag == "img"]
    heading = next(place for place, (tag, _) in enumerate(tags) if tag == "dl")
    assert sum(place < heading for place in pictures) == len(analysis.sightings) > 1


def test_it_says_what_the_plate_of_an_unknown_builder_says(analysis, registry):
    text = page(replace(analysis, sightings=(plated(),)), registry).text
    for words in (
        "of which the plate tells the origin of 1",
        "builder unknown, origin China from the plate",
        "China from the plate, grade B",
        f"plate {PLATE} at 0:01.0: says where it was made",
    ):
        assert words in text
    assert "says nothing by itself" not in text


def test_what_does_not_suffice_is_said_not_to(analysis, registry):
    """Though a code alone speaks "very strongly" for whoever has such codes."""
    line = Evidence("series", "smtcl", "HTC2050", 6.4, Fraction(1), (60.0, 70.0, 160.0, 90.0))
    for builder, told in ((None, True), ("smtcl", False)):
        one = sighting("m1", Attribution(builder, 0.9, "B" if builder else "U", evidence=(line,)))
        text = page(replace(analysis, sightings=(one,)), registry).text
        assert f"very strongly for {registry.get('smtcl').name}" in text
        assert ("does not suffice to name a builder" in text) is told
        if told:
            assert text.index("No builder is named.") < text.index("very strongly for")


def test_what_is_withheld_is_told_with_the_doubt(analysis, registry):
    text = page(replace(analysis, sightings=(doubted(),)), registry).text
    assert "builder named on 0, unknown on 1." in text
    assert "(China), not claimed: the program is not sure enough that this is a machine." in text
    assert "does not suffice" not in text


def test_a_sellers_badge_is_called_one(analysis, registry):
    text = page(replace(analysis, sightings=(rebadged(),)), registry).text
    assert "MetalTec (a seller's badge)" in text
    assert "builder named on 1 (1 by a seller's badge), unknown on 0." in text
    assert "not known: a seller's badge, on machines that others made" in text
    assert "Russia: the seller's, not the machine's" in text
    assert "Builder's home" not in text


def test_it_says_what_was_found_and_how_sure(analysis, registry):
    text = page(analysis, registry).text
    for words in (
        "Mazak",
        "probability >0.99",
        "unknown, a mark may be concealed",
        "Builder's home",
        "Such machines made in",
        "the control's maker, not the builder",
        "only when mirrored",
        "strongly for",
        "ЗВЕЗДА",
        "马扎克",
        "1 frame could not be decoded",
        "a damaged packet",
        "Nothing here is confirmed",
        analysis.footage.sha256,
        analysis.model_hash,
        analysis.settings_hash,
        registry.digest,
    ):
        assert words in text


def test_it_fetches_and_runs_nothing(analysis, registry):
    found = page(analysis, registry)
    names = {tag for tag, _ in found.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for _, attributes in found.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("src", "href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/", "#"))
    policy = next(a["content"] for _, a in found.tags if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:; style-src")
    assert "unsafe" not in policy


def test_a_mark_without_a_machine_is_told_apart(analysis, registry):
    plate = replace(lone_mark("MADE IN CHINA", None, "CN", "5/2"), id="k2")
    seen = replace(analysis, sightings=(), lone_marks=(lone_mark(), plate))
    plain = page(seen, registry)
    assert "0 machines" not in plain.text and "builder named on" not in plain.text
    twice = "The same machine seen in two shots is counted twice."
    assert twice not in plain.text and twice in page(analysis, registry).text
    head = " ".join(plain.text.split())
    assert "No machine was found in" in head and "; 2 marks with no machine around them" in head
    assert "No machine was found." in plain.text  # and where they would stand
    assert "Marks with no machine around them" in plain.text
    assert "HURCO reads as Hurco k1, at 0:02.0" in plain.text
    assert "MADE IN CHINA a plate that says made in China k2, at 0:02.5" in plain.text
    assert "Marks with no machine around them" not in page(analysis, registry).text
    drawn = [a["d"] for tag, a in plain.tags if tag == "path"]
    # Two and two and a half of three seconds, as far across the lanes.
    assert [round(float(d.split()[0][1:])) for d in drawn if d] == [860, 1005]


def test_hostile_text_stays_text(hostile, registry):
    text, analysis = hostile
    plain = page(analysis, registry)
    shown = " ".join(printable(text).split())
    assert plain.text.count(shown) >= 4
    # "b" stands in the template itself; only one that came from the text would be bare.
    assert not [tag for tag, a in plain.tags if tag == "script" or (tag == "b" and not a)]
    assert [a for t, a in plain.tags if t == "img" and a.get("src") == "x"] == []


def test_the_timeline_shows_each_machine_while_it_is_on_screen(analysis, registry):
    # A thousand frames a second: how long the last one stands does not show.
    drawn = lay_out(to_record(analysis, registry) | {"rate": "1000"})
    assert drawn is not None
    first, _, third = drawn["lanes"]
    assert (first["x"], first["width"]) == (280.0, pytest.approx(725, abs=0.5))
    assert third["x"] == pytest.approx(280 + 870 / 9, abs=0.2)
    assert third["width"] == pytest.approx(870 * 5 / 9, abs=0.5)
    assert drawn["ticks"][0]["text"] == "0:00"
    for part in (*drawn["lanes"], *drawn["shots"]):
        assert part["x"] + part["width"] <= drawn["width"]


def test_photographs_have_no_timeline(analysis, registry):
    record = to_record(analysis, registry) | {"kind": "still", "duration": None}
    assert lay_out(record) is None
    assert "<svg" not in render_report(record, {})


def test_footage_without_machines_has_a_report(analysis, registry):
    record = to_record(analysis, registry) | {"machines": [], "duration": 60.0}
    report = Page(render_report(record, {}))
    assert "No machine was found." in report.text
    # Not seen is not the same as not there.
    assert [a for t, a in report.tags if t == "rect" and a["class"] == "looked"]
    assert "Elsewhere only keyframes were looked at: what stood between two" in report.text
    whole = record | {"duration": max(part["end"] for part in record["shots"])}
    whole["shots"] = [record["shots"][0] | {"start": 0.0, "end": whole["duration"]}]
    assert "Elsewhere" not in Page(render_report(whole, {})).text


def test_what_stands_for_seconds_is_drawn_so(analysis, registry):
    """Slides, a frame in two seconds: the last one seen stands until the next comes."""
    slides = to_record(analysis, registry) | {"rate": "1/2", "duration": 6.0}
    for one in slides["machines"]:
        one |= {"first": 2.0, "last": 2.0}
        one["best"]["pts"] = 2.0
    slides["shots"] = [slides["shots"][0] | {"start": s, "end": s} for s in (0.0, 2.0, 4.0)]
    drawn = lay_out(slides)
    assert drawn is not None and not drawn["elsewhere"]
    assert [lane["width"] for lane in drawn["lanes"]] == pytest.approx([870 / 3] * 3, abs=0.2)
    text = Page(render_report(slides, {})).text
    assert "seen at 0:02.0" in text and "Elsewhere" not in text


@pytest.mark.parametrize("name", ["XYZ Machine Tool Works Ltd", "MASHINOSTROITELNYY ZAVOD"])
def test_a_long_name_ends_before_the_bars(analysis, registry, name):
    record = to_record(replace(analysis, sightings=(rebadged(),)), registry)
    record["machines"][0]["builder"]["name"] = name
    (label,) = re.findall(r'class="label"[^>]*>([^<]*)<', render_report(record, {}))
    assert label.startswith(f"m2 · B · {name[:12]}") and label.endswith("…")
    assert ROOM - 30 < wide(label) <= ROOM


def test_a_machine_off_its_picture_shows_nothing_of_it():
    shown = picture_of_machine(np.full((20, 20, 3), 255, np.uint8), (30, 30, 40, 40))
    whole = Image.open(BytesIO(b64decode(shown.partition(",")[2])))
    assert np.asarray(whole).max() == 0
