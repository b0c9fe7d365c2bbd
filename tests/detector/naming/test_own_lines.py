"""Lines of a machine's own plate and panel, codes that only one builder has, and what stands on
posters, oil and Soviet machines: made up, as reviewers typed them."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import claims, views

NOT_HIS = """
SMTCL|СТАНКИ
СТАНКИ SMTCL
SMTCL|РОССИЯ
SMTCL|CUTTING TOOL
SMTCL|TECH CENTER
SMTCL|TECHNOLOGY CENTER
SMTCL|ISO VG 46
SMTCL|CHUCK SIZE 250
SMTCL|SPINDLE NOSE A2-6
SMTCL|HYDRAULIC SYSTEM
HANS LASER|INPUT VOLTAGE 220V
HANS LASER|INVISIBLE LASER RADIATION
沈阳机床|中心距 250
SMTCL||САТ630
SMTCL||РТ755
SMTCL||К2130
SMTCL||И1330
SMTCL||МС12-250
SMTCL|SPINDLE
SMTCL|PINCH VALVE
SMTCL|LASER TUBE
HANCHUAN|VMC1000
LUNAN|LTC-50
MITSUBISHI||SMTCL
MITSUBISHI ELECTRIC||SMTCL
MITSUBISHI ADVANCE PLUS||SMTCL
АО КЭМЗ||SMTCL
ТОКАРНЫЙ СТАНОК САСТА ИНВ. 345||SMTCL
BODORPOWER
浙江日发
昆明CY集团
MADE IN GERMANY|CNC LATHE|SMTCL
SMTCL|TYPE|MADE IN TAIWAN
HISION|MODEL VMC850|MADE IN TAIWAN
沈阳机床|型号|日本制造
NOZZLE|MODEL|BODOR
NOZZLE|ЗАЖИМ|BODOR
"""
HIS = """
SMTCL|CAK6150|SPINDLE BORE 80 MM|smtcl
SMTCL|CNC LATHE|SPINDLE NOSE A2-6|smtcl
沈阳机床|数控车床|最大回转直径 500|smtcl
沈阳机床|当心机械伤人|smtcl
SMTCL|POWER ON|smtcl
HANCHUAN|XH715D|hanchuan
汉川|TH6513|hanchuan
SMTCL|MITSUBISHI M80|smtcl
DMTG||АО «КЭМЗ» ИНВ. № 0123|dmtg
DMTG||АО КЭМЗ ИНВ0123|dmtg
中捷友谊厂|Z3040|smtcl
SMTCL|CAK6150||K2101|smtcl
SMTCL|CAK6150||PT502|smtcl
SMTCL|CAK6150||П1204|smtcl
"""
ELSEWHERE = """
MITSUBISHI ELECTRIC|MV1200R|mitsubishi-electric-edm|JP
РЯЗАНСКИЙ СТАНКОЗАВОД|МОДЕЛЬ 16К20|ЗАВ. № 123|РОССИЯ||RU
"""
PRESS = "MAANSHAN SUNY CNC MACHINE TOOL CO.,LTD|HYDRAULIC PRESS BRAKE|WC67Y-100T/3200"
PARTS = (
    "MAANSHAN SUNY CNC MACHINE TOOL CO.,LTD|HYDRAULIC PRESSURE 10 MPA",
    "MAANSHAN SUNY CNC MACHINE TOOL CO.,LTD|HYDRAULIC SYSTEM|MODEL YZ-40|5.5 KW",
)


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Attributing())


@pytest.mark.parametrize("text", NOT_HIS.strip().splitlines())
def test_no_machine_of_china_is_claimed(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 2)))[1] != "CN"


@pytest.mark.parametrize("row", HIS.strip().splitlines())
def test_a_line_of_the_machines_own_takes_no_name_away(attributor: Attributor, row: str) -> None:
    text, _, builder = row.rpartition("|")
    assert claims(attributor.attribute(views(text, 2))) == (builder, "CN")


@pytest.mark.parametrize("row", ELSEWHERE.strip().splitlines())
def test_nothing_is_lost_of_machines_from_elsewhere(attributor: Attributor, row: str) -> None:
    text, builder, origin = row.rsplit("|", 2)
    assert claims(attributor.attribute(views(text, 2))) == (builder or None, origin)


def test_a_press_brake_is_no_part_for_being_hydraulic(attributor: Attributor) -> None:
    assert claims(attributor.attribute(views(PRESS, 1))) == (None, "CN")


@pytest.mark.parametrize("text", PARTS)
def test_a_line_of_figures_says_nothing_where_no_plate_says_its_kind(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(views(text, 2))) == (None, None)
