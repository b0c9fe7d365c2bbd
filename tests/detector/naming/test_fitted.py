"""What stands on machines of any builder's takes no builder's name away: controls, parts, dealers.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Settings
from tests.detector.stickers import claims, views


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Settings().attributing)


@pytest.mark.parametrize(
    "fitted",
    [
        # A control, drives and breakers, pumps, chucks, tools, compressors.
        "MITSUBISHI", "MITSUBISHI ELECTRIC", "MITSUBISHI|M70", "FIDIA", "TOSHIBA", "FUJI ELECTRIC",
        "NACHI", "NACHI-FUJIKOSHI", "HOWA", "WALTER", "INGERSOLL RAND",
        # What holds a builder's name or nearly is one.
        "LG ELECTRONICS", "INDEX TABLE",
        # Who sold it.
        "PUMORI", "ПУМОРИ", "STANKOIMPORT", "ИНТЕРВЕСП", "PUMORI||MITSUBISHI",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("badge", "builder", "origin"), [("MAZAK", "mazak", "JP"), ("HURCO", "hurco", "US")]
)
def test_a_builders_own_badge_names_it_beside_them(
    attributor: Attributor, badge: str, builder: str, origin: str, fitted: str
) -> None:
    assert claims(attributor.attribute(views(f"{badge}||{fitted}", 2))) == (builder, origin)
    assert claims(attributor.attribute(views(f"{badge}|{fitted}", 1))) == (builder, origin)


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        # Whoever builds machines, too, is named as before by what is on those alone.
        ("MITSUBISHI ELECTRIC|MV1200R", "mitsubishi-electric-edm"),
        ("NACHI|GMS450", "nachi"), ("TOSHIBA|BTD-110", "toshiba-shibaura"),
        ("WALTER|HELITRONIC", "walter"), ("PUMORI", "pumori"),
        # Alone such a name is no builder's, nor beside one that needs a second cue itself.
        ("MITSUBISHI", None), ("NACHI", None), ("STAR||MITSUBISHI", None), ("STAR||PUMORI", None),
        # Of two builders neither is named, and no misread badge goes before a seller's.
        ("MAZAK||OKUMA||MITSUBISHI", None), ("HURC0||PUMORI", None),
        # A badge under which a seller sells what others built is no dealer's sticker.
        ("MAZAK||KNUTH", None), ("HAAS||METALTEC", None), ("HAAS||SHARP PRECISION", None),
    ],
)  # fmt: skip
def test_else_they_count_as_they_did(
    attributor: Attributor, text: str, builder: str | None
) -> None:
    assert attributor.attribute(views(text, 2)).builder == builder


@pytest.mark.parametrize("fitted", ["MITSUBISHI", "NACHI", "HOWA", "PUMORI", "KNUTH", "METALTEC"])
def test_beside_them_an_origin_under_test_stays_in_doubt(
    attributor: Attributor, fitted: str
) -> None:
    assert claims(attributor.attribute(views(f"SMTCL||{fitted}", 2))) == (None, None)


def test_what_did_not_count_is_shown_all_the_same(attributor: Attributor) -> None:
    found = attributor.attribute(views("MAZAK||PUMORI", 2))
    assert [(line.id, line.weight > 0) for line in found.evidence] == [
        ("mazak", True),
        ("pumori", False),
    ]
