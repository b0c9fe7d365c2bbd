"""What stands beside a confirmed machine is what people judged; what a figure says can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select

from datasets.charts import SIZE, SMALL, stacks
from datasets.fonts import font
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, Facts, render_answer
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Location
from evidence.case.verdicts import append
from tests.evidence.answer.conftest import Builder, key
from tests.evidence.answer.made import ONE

OURS, OTHERS = key("ours"), key("others")


def linked(b: Builder) -> None:
    """A machine settled as a DMTG, and linked to it a sighting that nobody judged, of which the
    program is surer."""
    machine = b.add("Plant 1", outcome="builder", builder="dmtg")
    b.still(OURS)
    b.add("Plant 1", claim="mazak", same=machine)
    b.still(OTHERS)


def test_a_confirmed_machine_is_shown_as_people_judged_it(registry, b, read):
    linked(b)
    whole = read()
    (exhibit,) = whole.exhibits
    assert whole.answer.counts.confirmed == 1
    assert exhibit.name == registry.get("dmtg").name
    assert [sha256 for _, sha256, _ in exhibit.pictures] == [OURS]


def judged(b: Builder) -> None:
    """A machine settled as a DMTG by two, whom a third contradicted; one of them had said else."""
    b.add("Plant 1", outcome="builder", builder="dmtg")
    row = b.session.scalars(select(SightingRow)).one()
    of = {"footage": row.footage, "pts": row.pts, "sighting": row.key}
    append(b.session, **of, verdict="unknown", author="anna")
    append(b.session, **of, verdict="builder", builder="dmtg", author="anna", supersedes=1)
    append(b.session, **of, verdict="not-cnc", author="ben")
    append(b.session, **of, verdict="builder", builder="dmtg", author="carla")


def test_of_each_verdict_beside_it_what_it_says_is_told(registry, b, read):
    judged(b)
    (exhibit,) = read().exhibits
    dmtg = f"builder ({registry.get('dmtg').name})"
    told = [lines[0].partition(" (how")[0] for label, lines in exhibit.trace if "verdict" in label]
    assert told == [
        "unknown: anna",
        f"{dmtg}, in place of 1: anna",
        "not-cnc: ben",
        f"{dmtg}: carla",
    ]


def known(b: Builder) -> None:
    """A machine settled as a DMTG in footage of which a list tells where it came from."""
    b.add("Завод № 7", claim="dmtg", outcome="accept", published="2023-05-06")
    row = b.session.scalars(select(SightingRow)).one()
    place = b.session.scalars(select(Location)).one()
    place.publisher, place.origin_url = "Kanal 7 <i>", "https://example.org/v/7"
    place.provenance = {"list": "sources.csv", "line": 3}
    row.evidence = [
        {"kind": kind, "id": id_, "text": text, "weight": weight, "exact": "1", "box": None}
        for kind, id_, text, weight in (
            ("wordmark", "dmtg", "DMTG", 9.0),
            ("series", "mazak", "QTN", 4.6),
            ("wordmark", "haas", "HAAZ", 0.0),
            ("overlay", "okuma", "OKUMA", 0.0),
        )
    ]
    of = {"footage": row.footage, "pts": row.pts, "sighting": row.key}
    append(b.session, **of, verdict="accept", builder="dmtg", author="anna", note="plate & badge")
    append(b.session, **of, verdict="accept", builder="dmtg", author="ben")


def test_what_it_rests_on_is_followed_back_to_footage_sources_and_readings(registry, b, read):
    known(b)
    whole = read()
    (exhibit,) = whole.exhibits
    told = dict(exhibit.trace)
    assert told["footage"] == ("/archive/1.mp4",)
    assert told["SHA-256"] == (key("f", 1),)
    assert told["shown"][0].startswith("at 0:01.0")
    assert told["publisher"] == ("Kanal 7 <i>",)
    assert told["address"] == ("https://example.org/v/7",)
    assert told["published"] == ("2023-05-06",)
    assert told["plant"] == ("Завод № 7: as the footage's sources claim, which nobody confirmed",)
    assert told["says who"] == ("list sources.csv, line 3",)
    mazak = registry.get("mazak").name
    assert told["read on it"] == ("“DMTG”", f"“QTN” (a mark of {mazak})")
    assert told["builder's home"] == ("China",) and told["owner"]
    says, source = told["how sure of the builder"]
    assert says == "the registry is sure of this builder"
    assert source.startswith("source: http") and source.endswith("which is no document")
    verdict, note = told["verdict 1"]
    assert note == "note: plate & badge" and re.search(r" \d{4}-.* UTC, ", verdict)
    page = render_answer(whole, registry)
    for text in ("/archive/1.mp4", key("f", 1), "Kanal 7 &lt;i&gt;", "plate &amp; badge"):
        assert text in page
    assert "https://example.org/v/7" in page and "<i>" not in page


def test_what_no_source_tells_is_said_not_to_be_told(registry, b, read):
    b.add(None, claim="dmtg", outcome="accept")
    (exhibit,) = read().exhibits
    told = dict(exhibit.trace)
    assert told["publisher"] == told["address"] == told["published"] == ("not told",)
    assert told["plant"] == ("no source names one",) and not exhibit.stated


_LABEL = re.compile(
    r'<text x="([\d.]+)" y="[\d.]+" text-anchor="end" font-size="(\d+)"[^>]*>([^<]*)<'
)


def labels(svg: str) -> list[tuple[float, int, str]]:
    """Right end, size of the letters, and text of each line."""
    return [(float(x), int(size), unescape(words)) for x, size, words in _LABEL.findall(svg)]


def test_the_name_of_every_builder_begins_inside_the_figure():
    names = [entry.name for entry in load_registry().builders]
    found = labels(stacks("Machines", {name: {"claimed": 1} for name in names}))
    assert len(found) >= len(names)
    faces = {size: font(size) for size in (SIZE, SMALL)}
    for x, size, words in found:
        assert x - faces[size].getlength(words) >= 0, words
    cut = [words for *_, words in found if words.endswith("…")]
    assert "QINCHUAN (秦川)" in [words for *_, words in found] and len(cut) < 0.02 * len(names)


def test_a_long_label_takes_two_lines():
    name = "Стерлитамакский станкостроительный завод"
    (first, second) = labels(stacks("Plants", {name: {"claimed": 1}, "Plant 12": {}}))[:2]
    assert f"{first[2]} {second[2]}" == name and first[1] == SMALL
    # A figure by itself asks for a face that has Han.
    assert "Noto Sans SC" in stacks("Machines", {"秦川": {"claimed": 1}})


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.0296, 0.5044, "2.9 % {} 51 %"), (0.0, 1.0, "0 % {} 100 %"),
     (0.0002, 0.998, "&lt;0.1 % {} &gt;99 %")],
)  # fmt: skip
def test_intervals_are_rounded_outwards(registry, low, high, words):
    """What holds must hold of what is printed."""
    found = answer(Question(), [replace(ONE, id="m")], registry)
    found = replace(
        found,
        found_low=replace(found.found_low, low=low),
        found_high=replace(found.found_high, high=high),
    )
    page = " ".join(
        render_answer(CaseAnswer(found, Facts("", "", "", "", 0, ""), []), registry).split()
    )
    assert f"Between {words.format('and')} of the machines found" in page
