"""What a reviewer is shown of a machine nobody is named for, and why."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from datasets.registry import Registry
from detector.look.stills import encode_frame
from detector.name.homes import withhold
from detector.settings import Settings
from detector.types import Analysis, Attribution, Evidence, Origin, Sighting, Still, Survey
from evidence.case.flags import PRIORITIES, find_flags
from tests.evidence.conftest import doubted, lead, lone_mark, plated, read, sighting

SETTINGS = Settings().model_dump(mode="json")
CHINESE = Attribution("smtcl", 0.98, "B")
UNSURE = withhold(
    replace(CHINESE, leads=(lead("smtcl", "CN", 0.98, "SMTCL"),)), "machine", ["CN"], ["CN"]
)
FLAGGED = {
    "claim": (CHINESE, [read("SMTCL")], {"claim", "uncorroborated"}),
    "lead": (UNSURE, [read("SMTCL")], {"lead"}),
    "uncorroborated": (Attribution("mazak", 0.97, "B"), [read("MAZAK")], {"uncorroborated"}),
    "sure": (Attribution("mazak", 0.99, "A"), [read("MAZAK")], set()),
    "concealed": (Attribution(None, 0.1, "U", concealed=True), [], {"concealed"}),
    "unread": (Attribution(None, 0.1, "U"), [read("КРАСНЫЙ")], {"unread"}),
    "too short": (Attribution(None, 0.1, "U"), [read("K2")], {"large"}),
    "overlay": (Attribution(None, 0.1, "U"), [read("ЗВЕЗДА", overlay=True)], {"large"}),
    "large": (Attribution(None, 0.1, "U"), [], {"large"}),
}
FLAGGED |= {
    f"{builder or 'a plate'} from {code}": (
        Attribution(builder, 0.98, grade, origin=Origin(code, basis, "B")), [], kinds,
    )
    for builder, grade, code, basis, kinds in (
        (None, "U", "CN", "plate", {"claim", "large"}),
        (None, "U", "TW", "plate", {"large"}),
        ("stalex", "A", "CN", "rebadger", {"claim"}),
        ("metaltec", "A", None, "rebadger", set()),
    )
}  # fmt: skip


def flags_of(
    analysis: Analysis, registry: Registry, *sightings: Sighting, **more: Any
) -> list[dict[str, Any]]:
    seen = replace(analysis, settings=SETTINGS, sightings=sightings, **more)
    return find_flags(Survey(seen), registry)


@pytest.mark.parametrize("name", FLAGGED)
def test_what_a_reviewer_is_shown(survey, registry, name):
    attribution, texts, kinds = FLAGGED[name]
    flags = flags_of(survey.analysis, registry, sighting("m1", attribution, texts))
    assert {flag["kind"] for flag in flags} == kinds
    assert all(flag["reason"] and (flag["pts"], flag["sighting"]) == (1, "m1") for flag in flags)


def test_a_mark_that_looks_like_somebodys_is_shown_before_what_was_read(analysis, registry):
    look = Evidence("logo", "haas", "logo", 0.0, Fraction(2), (60.0, 70.0, 160.0, 90.0))
    said = [read("JIMS AUTOMATION")]
    one = sighting("m1", Attribution(None, 0.9, "U", evidence=(look,)), said)
    flags = flags_of(analysis, registry, one, sighting("m2", Attribution(None, 0.9, "U"), said))
    assert [(one["sighting"], one["kind"], one["pts"]) for one in flags] == [
        ("m1", "unread", Fraction(2)),
        ("m2", "unread", Fraction(1)),
    ]
    assert "looks like that of Haas" in flags[0]["reason"]
    assert "JIMS AUTOMATION" in flags[1]["reason"]


def test_a_withheld_claim_is_a_lead_with_its_doubt(analysis, registry):
    said = replace(plated().attribution, leads=(lead(None, "CN", 0.9, "中国制造"),))
    plate = withhold(said, "mark", ["CN"], ())
    read_plate = sighting("m4", plate, [read("中国制造")])
    one, other = flags_of(analysis, registry, doubted(), read_plate)
    assert (one["sighting"], one["kind"]) == ("m3", "lead")
    assert PRIORITIES["claim"] > one["priority"] > other["priority"] > PRIORITIES["concealed"]
    assert one["reason"] == (
        "perhaps SMTCL (Shenyang Machine Tool), probability 0.98: its name is read (SMTCL); the "
        "program is not sure enough that this is a machine"
    )
    assert (other["sighting"], other["kind"]) == ("m4", "lead")
    assert other["reason"].startswith("perhaps from China, probability 0.90: a firm's name in Han")
    assert "the mark may be part of a longer one" in other["reason"]


def test_leads_to_the_origin_under_test_come_first_and_the_likeliest_before_the_others(
    analysis, registry
):
    leads = {
        "m1": (lead("haas", "US", 0.9, "HAAS"), lead("hision", "CN", 0.06, "HSION")),
        "m2": (lead("haas", "US", 0.9, "HAAS"), lead("hision", "CN", 0.04, "HSION")),
        "m3": (lead("hision", "CN", 0.6, "HISION"),),
        "m4": (lead("haas", "US", 0.1, "HAA"),),
    }
    found = (sighting(n, Attribution(None, 0.4, "U", leads=some)) for n, some in leads.items())
    flags = [one for one in flags_of(analysis, registry, *found) if one["kind"] == "lead"]
    flags.sort(key=lambda one: -one["priority"])
    assert [one["sighting"] for one in flags] == ["m3", "m1", "m2"]
    assert PRIORITIES["uncorroborated"] > flags[2]["priority"] > PRIORITIES["unread"]


def test_each_lone_mark_is_shown_once(analysis, registry):
    marks = (
        lone_mark("HURCO", pts="1"),
        lone_mark("HURC0", pts="2"),
        lone_mark("OMAX", "omax", pts="2"),
        lone_mark("СДЕЛАНО В КИТАЕ", None, "CN", "3"),
    )
    flags = flags_of(analysis, registry, lone_marks=marks)
    assert {(one["sighting"], one["kind"]) for one in flags} == {("", "lone-mark")}
    around = "and no CNC machine is seen around it"
    assert [(one["pts"], one["reason"]) for one in flags] == [
        (1, f"HURCO: a mark of Hurco, {around}"),
        (2, f"OMAX: a mark of OMAX / MAXIEM, {around}"),
        (3, f"СДЕЛАНО В КИТАЕ: a plate that says made in China, {around}"),
    ]


@pytest.mark.parametrize(
    ("size", "kinds"), [((600, 400), ["large"]), ((2000, 1500), [])], ids=["small", "large"]
)
def test_how_much_a_machine_fills_is_told_of_its_own_picture_of_a_folder(
    analysis, registry, size, kinds
):
    one = sighting("m1", Attribution(None, 0.1, "U"))
    seen = replace(
        analysis,
        footage=replace(analysis.footage, kind="stills"),
        settings=SETTINGS,
        sightings=(one,),
    )
    picture = encode_frame(np.zeros((size[1], size[0], 3), np.uint8))
    kept = Still("m1", "best", one.best.pts, one.best.box, picture)
    flags = find_flags(Survey(seen, stills=(kept,)), registry)
    assert [flag["kind"] for flag in flags] == kinds
    assert all("fills 23% of the picture" in flag["reason"] for flag in flags)
