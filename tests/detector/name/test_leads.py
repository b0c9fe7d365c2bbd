"""Leads: never hidden, ranked, each with what it rests on; the claim is the first that is sure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from detector.leads import Lead
from detector.name.decide import MOST_LEADS
from detector.name.homes import withhold
from detector.name.weigh import SIGNS, load_weights, probabilities, read_weights
from detector.types import Attribution, Likeness
from training.readings import lay_out

TEXTS = Path(__file__).parents[2] / "data"


def rows(name: str) -> list[list[str]]:
    """The rows of one file of `tests/data`, in columns."""
    lines = (TEXTS / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def first_lead(said: Attribution) -> Lead | None:
    return said.leads[0] if said.leads else None


CHINESE = "滕州市鲁南机床有限公司"
LATIN = "TENGZHOU JINRUIDA MACHINE TOOL CO., LTD"


@pytest.mark.parametrize("kind", ["builder", "origin"])
def test_each_coefficient_has_its_sign(kind):
    weights = load_weights(kind).coefficients
    assert weights.keys() == SIGNS[kind].keys()
    assert all(weights[name] * sign >= 0 for name, (sign, _) in SIGNS[kind].items())
    assert read_weights()["card"][kind]["machines"] > 0


def test_candidates_and_unknown_share_one_probability():
    chances = probabilities({"mazak": 3.0, "okuma": 1.0})
    assert 0 < sum(chances.values()) < 1
    assert chances["mazak"] > chances["okuma"]
    assert probabilities({}) == {}


@pytest.mark.parametrize(
    ("text", "builder"),
    [("HHARDINGE", "hardinge"), ("G00DWAY", "goodway"), ("HISION", "hision"), ("YCM", "ycm")],
)
def test_a_mark_that_is_read_is_a_lead(attributor, text, builder):
    lead = first_lead(attributor.attribute(lay_out(text)))
    assert lead is not None and lead.builder == builder
    assert lead.evidence and {one.text for one in lead.evidence} == {text}
    assert "name" in {one.feature for one in lead.evidence}


@pytest.mark.parametrize("text", [CHINESE, f"{CHINESE}|{LATIN}", f"{CHINESE}|MADE IN CHINA"])
@pytest.mark.parametrize("views", [1, 10])
def test_a_han_firm_on_a_machine_leads_to_china(attributor, text, views):
    lead = first_lead(attributor.attribute(lay_out(text, views)))
    assert lead is not None and lead.origin == "CN" and lead.probability > 0.9


def test_no_second_reading_of_a_line_weakens_the_first(attributor):
    def of_china(readings: list) -> float:  # type: ignore[type-arg]
        found = attributor.attribute(readings).leads
        return max(lead.probability for lead in found if lead.origin == "CN")

    once = lay_out(f"海顺数控机床厂|{LATIN}")
    worse = [replace(r, text=r.text[:-2], score=0.6, pts=Fraction(1)) for r in once]
    assert of_china([*once, *worse]) >= of_china(once)


def test_made_in_china_is_a_lead_and_weaker_on_a_parts_plate(attributor):
    own = first_lead(attributor.attribute(lay_out("CNC LATHE|CK6140|MADE IN CHINA")))
    part = first_lead(attributor.attribute(lay_out("SERVO MOTOR|380V|MADE IN CHINA")))
    assert own is not None and part is not None and own.origin == part.origin == "CN"
    assert part.probability < own.probability
    assert "part" in {one.feature for one in part.evidence}


def test_what_nobody_could_read_gives_no_lead_and_no_claim(attributor):
    said = attributor.attribute(lay_out("EMERGENCY STOP||12:30||FEED HOLD"))
    assert (said.builder, said.origin, said.leads) == (None, None, ())


def test_there_are_at_most_so_many_and_the_likeliest_is_first(attributor):
    leads = attributor.attribute(lay_out("MAZAK||OKUMA||HAAS||DOOSAN||HERMLE||INDEX||STAR")).leads
    chances = [lead.probability for lead in leads]
    assert len(leads) == MOST_LEADS and chances == sorted(chances, reverse=True)


def test_what_is_withheld_stays_a_lead_with_its_doubt(attributor):
    read = lay_out("SMTCL|CAK6150", 2)
    look = Likeness("smtcl", "SMTCL", 5.0, read[0].pts, read[0].box, True)
    said = attributor.attribute(read, (), [look])
    assert said.builder == "smtcl" and said.grade == "A"
    doubted = withhold(said, "machine", ["CN"], {"CN"})
    assert doubted.builder is None and doubted.leads[0].builder == "smtcl"
    assert doubted.leads[0].doubt == "machine"
    assert doubted.leads[0].probability == said.leads[0].probability


def test_a_sure_look_is_a_lead_beside_a_heavier_unsure_one(attributor):
    [read] = lay_out("VMC")
    sure = Likeness("haas", "HAAS", 4.6, read.pts, read.box, True)
    unsure = replace(sure, weight=4.9, sure=False)
    lead = first_lead(attributor.attribute([read], (), [unsure, sure]))
    assert lead is not None and lead.builder == "haas"


def test_a_code_without_a_badge_leads_to_all_who_use_it(attributor):
    leads = attributor.attribute(lay_out("DMU 50")).leads
    assert {lead.builder for lead in leads} == {"dmg", "dmg-mori"}
    [named] = attributor.attribute(lay_out("DMG MORI|DMU 50")).leads
    assert named.builder == "dmg-mori"


BADGES_NAMED, STICKERS_CLAIMED, PLATES_LED = 0.9, 0.05, 0.95


def claims_china(said: Attribution) -> bool:
    return said.origin is not None and said.origin.code == "CN"


def test_the_builder_of_a_badge_is_among_the_first_three_leads(attributor):
    found = [
        builder in [lead.builder for lead in attributor.attribute(lay_out(text, 2)).leads[:3]]
        for text, builder in rows("badges.tsv")
    ]
    assert sum(found) >= BADGES_NAMED * len(found) > 50


def test_stickers_of_others_hardly_ever_claim_a_machine_of_china(attributor):
    said = {
        text: claims_china(attributor.attribute(lay_out(text, 2)))
        for (text,) in rows("stickers.tsv")
    }
    wrong = [text for text, claimed in said.items() if claimed]
    assert len(wrong) <= STICKERS_CLAIMED * len(said), wrong


def test_plates_give_a_lead_for_their_country_and_claim_no_other(attributor):
    led, wrong = [], []
    for text, country in rows("plates.tsv"):
        said = attributor.attribute(lay_out(text, 2))
        if country:
            led.append(country in [lead.origin for lead in said.leads])
        if said.origin is not None and said.origin.code != country:
            wrong.append(text)
    assert sum(led) >= PLATES_LED * len(led) > 20
    assert not wrong
