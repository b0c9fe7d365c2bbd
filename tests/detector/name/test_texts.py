"""Badges, stickers and plates as data: how many may be wrong, in all.

A budget, not a list of cases: a better way to weigh may change single rows. A new pitfall is a row.
"""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.name.decide import Attributor
from detector.name.match import matcher_of
from detector.settings import Attributing
from detector.types import Attribution
from tests.detector.stickers import lay_out, rows

BADGES_NAMED, STICKERS_CLAIMED, PLATES_LED = 0.9, 0.05, 0.95


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Attributing())


def claims_china(said: Attribution) -> bool:
    return said.origin is not None and said.origin.code == "CN"


def test_the_builder_of_a_badge_is_among_the_first_three_leads(attributor: Attributor) -> None:
    found = [
        builder in [lead.builder for lead in attributor.attribute(lay_out(text, 2)).leads[:3]]
        for text, builder in rows("badges.tsv")
    ]
    assert sum(found) >= BADGES_NAMED * len(found) > 50


def test_stickers_of_others_hardly_ever_claim_a_machine_of_china(attributor: Attributor) -> None:
    said = {
        text: claims_china(attributor.attribute(lay_out(text, 2)))
        for (text,) in rows("stickers.tsv")
    }
    wrong = [text for text, claimed in said.items() if claimed]
    assert len(wrong) <= STICKERS_CLAIMED * len(said), wrong


def test_plates_give_a_lead_for_their_country_and_claim_no_other(attributor: Attributor) -> None:
    led, wrong = [], []
    for text, country in rows("plates.tsv"):
        said = attributor.attribute(lay_out(text, 2))
        if country:
            led.append(country in [lead.origin for lead in said.leads])
        if said.origin is not None and said.origin.code != country:
            wrong.append(text)
    assert sum(led) >= PLATES_LED * len(led) > 20
    assert not wrong
