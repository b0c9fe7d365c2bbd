"""A mark is a piece of something else where another look at the machine reads more.

Notation as of `stickers.frames`: a text a frame.
"""

from __future__ import annotations

import pytest

from detector.naming.attribute import Attributor
from tests.detector.stickers import claims, frames

CUT = [
    ["DEMAG", "EMAG|VL 4"],
    ["TURBOCHIP", "BOCHI"],
    ["TURBOCHIP", "TURBOCHIP", "BOCHI"],
    ["BLITZ", "LITZ"],
    ["SEMCO", "SEMCO", "SEMCO", "EMCO"],
    ["GEOMAX", "OMAX"],
    ["CHROMIUM", "ROMI"],
    ["RAMADAN", "AMADA"],
    ["SILICONE", "LICO"],
    ["DURMAYINIZ", "DURMAYINIZ", "DURMA|HD-F6020"],
    ["В ДОМАХ", "ОМАХ"],
    ["GEOMAX||OMAX"],
    ["PRIMARY POWER", "PRIM POWER"],
    ["ALARM POWER", "RM POWER"],
]
MISREAD = [
    ["TAIWAN", "TAIKAN|T-V856"],
    ["TAICHUNG, TAIWAN", "台群|TAIKAN"],
    ["BOSCH", "BOCHI"],
    ["BOSCH", "BOSCH", "BOSCH", "BOCHI"],
    ["HUAWEI", "YAWEI"],
    ["HUAWEI|P60 PRO", "YAWEI|P60 PRO"],
    ["HIKVISION", "HISION"],
    ["THOMSON", "HYMSON"],
    ["RUNNING", "RUNXING"],
]
WHOLE = [
    (["HAASAUTOMATION", "HAAS"], "haas"),
    (["OQROMI", "ROMI"], "romi"),
    (["XEXCETEK", "EXCETEK"], "excetek"),
    (["YAMAZAKI MAZAK", "MAZAK"], "mazak"),
    (["STAR|SR-20||RESTART"], "star-micronics"),
    (["INDEX|G200||INDEXING"], "index"),
    (["BODORI", "BODOR"], "bodor"),
    (["BODORS", "BODOR", "BODOR"], "bodor"),
    (["HISION||HIWIN", "HISION"], "hision"),
    (["SICHUAN||QINCHUAN"], "qinchuan"),
    (["BOCHI||REXROTH", "BOCHI"], "bochi"),
]


@pytest.mark.parametrize("moved", [False, True], ids=["one place", "moved"])
@pytest.mark.parametrize("texts", [*CUT, *MISREAD], ids=" then ".join)
def test_what_another_frame_reads_whole_names_nobody(
    attributor: Attributor, texts: list[str], moved: bool
) -> None:
    assert claims(attributor.attribute(frames(texts, moved=moved))) == (None, None)


def test_so_does_a_chinese_towns_name_at_the_place_of_the_mark(attributor: Attributor) -> None:
    assert attributor.attribute(frames(["SICHUAN", "QINCHUAN"])).builder is None


def test_a_mark_with_a_place_in_its_name_is_no_misread_place(attributor: Attributor) -> None:
    assert attributor.attribute(frames(["YUNNAN CY", "YUNNAN CY"])).builder == "yunnan-cy"
    assert attributor.attribute(frames(["YUNNAN CY", "YUNNAN"])).builder is None


@pytest.mark.parametrize(("texts", "builder"), WHOLE, ids=lambda value: str(value))
def test_emblems_edges_and_a_builders_own_words_take_no_name_away(
    attributor: Attributor, texts: list[str], builder: str
) -> None:
    assert attributor.attribute(frames(texts)).builder == builder


def test_a_piece_is_evidence_all_the_same(attributor: Attributor) -> None:
    said = attributor.attribute(frames(["GEOMAX", "OMAX"]))
    assert [(line.id, line.weight) for line in said.evidence] == [("omax", 0.0)]
