"""What a second reviewer typed: rows with units, words beside figures, sellers, large titles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.naming.attribute import Attributor
from tests.detector.stickers import claims, read, views

FIRM = "WUXI HUAYI MACHINE TOOL CO., LTD"
ROWS = """
NOZZLE 1.5 MM|BODOR
КУЛАЧКИ 250 ММ|SMTCL
КОМПРЕССОР 15 КВТ|SMTCL
AIR CONDITIONER 5 KW|SMTCL
SMTCL|POWER CHUCK
HISION|SPEED REDUCER
POWER SUPPLY|SMTCL
CONTROL CABINET|SMTCL
DUST COLLECTOR 2.2 KW|HGTECH
FOR MAZAK 20 MM|SMTCL
ACCESS CONTROL|SMTCL
切削液 容量 18L|沈阳机床
配件 数量 2|沈阳机床
POWER CHUCK|{FIRM}
SPEED REDUCER|{FIRM}
DUST COLLECTOR 2.2 KW|{FIRM}
"""
WORDS = """
CUP 2024|SMTCL
SMTCL CUP 2024
JAW 250|SMTCL
BOX 3|SMTCL
LOT 12|SMTCL
QTY 5|SMTCL
USB 32GB|HISION
DIN 912|SMTCL
SWL 5T|SMTCL
ЗАЛ 5|SMTCL
ШТ 4|SMTCL
"""
OTHERS = """
СТАНКОИМПОРТ||{FIRM}
STANKOIMPORT||{FIRM}
SMTCL||СДЕЛАНО В СССР
WICKMAN||SMTCL
上海德玛吉机床有限公司
上海舒勒机床有限公司
WUHAN GEORG FISCHER MACHINE TOOL CO., LTD
東慶數控
東部數控
"""
PARTS = """
{FIRM}|TYPE K11250|MAX SPEED 4500 R/MIN
无锡华谊机床有限公司|AK31250
无锡华谊机床有限公司|TK13250
无锡华谊机床有限公司|TSL320
无锡华谊机床有限公司|QM16-160
"""
THIRD = """
秦川机床|BX-40E
沈阳海默数控机床有限公司
型号 TK12200A|烟台艾格瑞机床有限公司
烟台恒力数控机床有限公司|TK13250E
南京数控机床有限公司|LDB4
洛阳轴研机床有限公司|120MD60Y6
浙江阿玛达机床有限公司
武汉重型机床厂|名称 镗床|型号 W250|编号 12
DMTG||TYP SN 50C|ROK VYROBY
"""
SOVIET = """
SMTCL||СССР
SMTCL||МИНСТАНКОПРОМ СССР
DMTG||СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД
SMTCL||16K2O
SMTCL||МОДЕЛЬ1К62
SMTCL||53А20
16К20Ф3С32||SMTCL
16A20F3||SMTCL
1А62||SMTCL
1B340Ф30||{FIRM}
"""


@pytest.mark.parametrize("count", [1, 2], ids=["one view", "two views"])
@pytest.mark.parametrize("listed", [ROWS, WORDS, OTHERS, PARTS, THIRD, SOVIET])
def test_no_set_claims_china(attributor: Attributor, listed: str, count: int) -> None:
    sets = listed.replace("{FIRM}", FIRM).strip().splitlines()
    said = {text: claims(attributor.attribute(views(text, count))) for text in sets}
    assert {text: made for text, made in said.items() if made[1] == "CN"} == {}


@pytest.mark.parametrize(
    "text",
    [
        "SMTCL|MAX SPEED 4000 RPM",
        "SMTCL|MAIN MOTOR 11 KW",
        "SMTCL|TOOL CAPACITY 24",
        "SMTCL|SPINDLE TAPER BT40",
        "HISION|SPINDLE POWER 15 KW|WEIGHT 5000 KG",
        "HISION|VMC850|TABLE SIZE 1000X500 MM",
        "BODOR|LASER POWER 3000 W",
        f"{FIRM}|CNC LATHE|CHUCK DIAMETER 250 MM",
        f"{FIRM}|SPINDLE SPEED",
        f"{FIRM}|POWER OF MAIN MOTOR",
        f"KNUTH||{FIRM}",
        f"16MM20||{FIRM}",
        # What hangs in every shop.
        "DMTG|CKE6150||ОП-10",
        "DMTG|CKE6150||ЩР-12",
        "DMTG|CKE6150||КТП-630",
        "DMTG|CKE6150||ДУ50",
        "SMTCL|SIEMENS SINUMERIK 828D",
        "SMTCL|GSK 218MC",
        "沈阳机床|WWW.SMTCL.COM",
        "BODOR LASER|WWW.BODOR.COM",
        "汉川机床集团有限公司|数控卧式铣镗床",
        "WUXI MACHINE TOOL CO.,LTD|CENTERLESS GRINDING MACHINE",
    ],
)
def test_rows_of_a_machines_plate_are_no_reason_to_doubt_it(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(views(text, 2)))[1] == "CN"


@pytest.mark.parametrize("title", ["POWER CHUCK", "ROTARY TABLE", "NOZZLE", "电动刀架"])
@pytest.mark.parametrize("name", [FIRM, "SMTCL"])
def test_a_large_title_is_of_the_small_line_below_it(
    attributor: Attributor, title: str, name: str
) -> None:
    """Near by the title's own height, far by that of the line."""
    below = replace(read(name), box=(0.0, 120.0, 300.0, 135.0), score=0.97)
    above = replace(read(title), box=(0.0, 0.0, 300.0, 60.0))
    far = replace(above, box=(0.0, -200.0, 300.0, -140.0))
    beside = replace(above, box=(500.0, 0.0, 800.0, 60.0))
    assert claims(attributor.attribute([above, below]))[1] is None
    assert claims(attributor.attribute([far, below]))[1] == "CN"
    assert claims(attributor.attribute([beside, below]))[1] == "CN"


def test_what_is_a_confusion_away_from_a_mark_that_needs_a_second_cue_needs_one_too(
    attributor: Attributor,
) -> None:
    """An M read as a W makes EWAG of EMAG."""
    assert attributor.attribute(views("EWAG", 2)).builder is None
    assert attributor.attribute(views("EWAG|VL 4", 2)).builder != "ewag"
    assert attributor.attribute(views("EWAG|EWAMATIC", 2)).builder == "ewag"
