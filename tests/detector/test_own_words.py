"""Where China would be claimed, a line or a plate counts only if all it says is a machine's own."""

from __future__ import annotations

import pytest

from detector.attribute import Attributor
from detector.own_words import OwnWords, split_mark
from tests.detector.test_anothers import claims, plate, read

NAMES = {
    "{WUXI}": "WUXI HUAYI MACHINE TOOL CO., LTD",
    "{HUAHENG}": "YANTAI HUAHENG MACHINE TOOL CO., LTD|MADE IN CHINA",
    "{HUAYI}": "无锡华谊机床有限公司",
    "{BORUI}": "TENGZHOU BORUI MACHINE TOOL CO., LTD",
}


def texts(listed: str) -> list[str]:
    """A text a line, names filled in; comments left out."""
    for short, name in NAMES.items():
        listed = listed.replace(short, name)
    return [line for line in listed.strip().splitlines() if not line.startswith("#")]


OTHERS = """
# Parts whose plates speak of power and speed as a machine's do, and parts on no list.
HYDRAULIC SYSTEM|{WUXI}
CONTROL CABINET|{HUAHENG}
POWER SUPPLY|{HUAHENG}
COOLANT PUMP 0.75 KW|{HUAHENG}
TRANSFORMER 3 KVA|{WUXI}
CHIP CONVEYOR CONTROL BOX|{HUAHENG}
润滑系统|{HUAYI}
冷却泵 功率0.37KW|{HUAYI}
OIL SKIMMER|{WUXI}
OIL SKIMMER|{HUAHENG}
CNC 4TH AXIS|{WUXI}
AUTO TOOL CHANGER|{WUXI}
BELLOWS|{WUXI}
BED CASTING|{WUXI}
第四轴|{HUAYI}
对刀仪|{HUAYI}
手轮|{HUAYI}
风琴罩|{HUAYI}
切削液|{HUAYI}
# Firms of other countries that begin like a Chinese town.
FUXIN MACHINE TOOL CO., LTD|TAIWAN R.O.C.
YIXING MACHINE TOOL CO., LTD|TAIWAN
JINCHENG MACHINE TOOL CO., LTD|TAICHUNG
JINAN MACHINE TOOL CO., LTD|KOREA
HAIAN MACHINE TOOL CO., LTD|HAI PHONG, VIETNAM
# Branches of builders from elsewhere.
上海牧野机床有限公司
上海大隈机床有限公司
# A builder's name inside another's, on banners and boards, beside what fits or was posted.
沈阳机床防尘罩厂
昆明机床液压系统有限公司
无锡机床铸件厂
WUXI MACHINE FOUNDRY
上海机床厂砂轮
沈阳机床杯技能大赛
沈阳机床战略合作伙伴
南通机床城
无锡机床商会
GUANGZHOU MACHINE TOOL ASSOCIATION
北京机床研究所有限公司 计量检测
OFFICIAL PARTNER HISION
УЧЕБНЫЙ ЦЕНТР ДМТГ РУС
АНАЛОГ CAK6150 SMTCL
КУЛАЧКИ ДЛЯ SMTCL CAK6150
SMTCL SPARE PARTS
FILE: SMTCL_VMC850B.NC
POST SMTCL VMC850B
(POST: HISION VMC)
MEMBER OF SMTCL GROUP
ДМТГ РУС|ТЕЛ. 8 800 100
VISITOR|SMTCL
EMO 2023|HISION
КАЛЕНДАРЬ 2024|SMTCL
НАШИ ПАРТНЕРЫ|HISION
# People, and seams of two labels.
YANG LI
OPERATOR: YANG LI
WANG YAWEI
QIAO FENG
RUNXING LIU
MARIO DARDI
R. NOVICK
PRIMA|PRESS
GLORY STAR
# Another trade's, another country's, and words and codes of many beside a mark that is weak.
NEWAY|PN16
NEWAY|WCB
ЗАДВИЖКА|NEWAY
FARLEY LASERLAB|MADE IN AUSTRALIA
PENTA|SWING|BOLT
TOMTEC|VMC1000
"""

OWN = """
{BORUI}
CNC LATHE|MODEL CK6140|SERIAL NO. 1203|DATE 2019.05|WEIGHT 2200 KG|{BORUI}
VERTICAL MACHINING CENTER|MODEL VMC850|TOOL MAGAZINE CAPACITY 24|{BORUI}
CNC LATHE|HYDRAULIC SYSTEM PRESSURE 4 MPA|{BORUI}
ISO 9001|{BORUI}
СТАНОК ТОКАРНЫЙ С ЧПУ|{BORUI}
{BORUI}|P.R. CHINA
TENGZHOU BORUI CNC|MACHINE TOOL CO., LTD
数控车床|型号 CK6140|出厂编号 1203|出厂日期 2019年5月|滕州市博瑞机床有限公司
数控车床|液压系统压力 4MPA|滕州市博瑞机床有限公司
滕州市博瑞机床有限公司|主轴电机功率 11KW
"""


@pytest.mark.parametrize("text", texts(OTHERS))
def test_what_a_machine_does_not_say_of_itself_makes_it_no_chinese_one(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(plate(text)))[1] != "CN"


@pytest.mark.parametrize("text", texts(OWN))
def test_a_machines_own_plate_still_tells_its_origin(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(plate(text))) == (None, "CN")


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("SMTCL CNC", "smtcl"), ("SMTCL CAK6150", "smtcl"), ("SMTCL GROUP CO., LTD", "smtcl"),
        ("СТАНОК SMTCL", "smtcl"),
        ("YK73125A|秦川机床", "qinchuan"), ("RUN XING", "runxing"), ("Y A N G L I", "yangli"),
        ("TAIKAN T-V856", "taikan"), ("HISION|CNC MACHINE TOOL", "hision"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_a_badge_with_what_stands_on_one_names_its_builder(
    attributor: Attributor, text: str, builder: str
) -> None:
    assert claims(attributor.attribute(plate(text))) == (builder, "CN")


@pytest.mark.parametrize("text", ["TOS", "SKODA", "STUDEP"])
def test_a_chinese_mark_beside_anothers_names_nobody(attributor: Attributor, text: str) -> None:
    beside = [read("上海机床厂"), read(text, x=600.0, y=400.0)]
    assert claims(attributor.attribute(beside)) == (None, None)


@pytest.mark.parametrize("text", ["СМЗ||СМЗ", "КЭМЗ||КЭМЗ", "ВСЗ|B12045"])
def test_the_initials_of_a_plant_that_owns_the_machine_name_no_builder(
    attributor: Attributor, text: str
) -> None:
    tags = [
        read(line, x=600.0 * far, y=400.0 * far + 32.0 * n)
        for far, tag in enumerate(text.split("||"))
        for n, line in enumerate(tag.split("|"))
    ]
    assert attributor.attribute(tags).builder is None


@pytest.mark.parametrize("text", ["BROTHER|PT-P750W", "VIPER|AS430C", "OERLIKON|CP352"])
def test_a_thing_of_another_trade_is_no_machine_tool(attributor: Attributor, text: str) -> None:
    assert attributor.attribute(plate(text)).builder is None


@pytest.mark.parametrize("text", ["MACHINE TOOL OIL", "LATHE TOOLING", "СТАНОК ДЛЯ ЗАТОЧКИ"])
def test_a_thing_for_machine_tools_does_not_say_where_the_machine_was_made(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(plate(f"{text}|MADE IN FRANCE"))) == (None, None)
    assert claims(attributor.attribute(plate("CNC LATHE|MADE IN FRANCE"))) == (None, "FR")


def test_words_are_known_singly_and_joined_but_not_of_two_letters() -> None:
    words = OwnWords.packaged()
    assert words.only("CNCMACHINE TOOL 2019") and words.only("数控机床有限公司")
    assert not words.only("DECO") and not words.only("PARTNER HISION", "HISION")
    assert words.only("R HISION") is False and words.only("HISION CNC", "HISION")


def test_a_mark_put_together_of_other_words_is_split() -> None:
    assert split_mark("YANG LI", "YANGLI", ["YANGLI"])
    assert not split_mark("Y A N G L I", "YANGLI", ["YANGLI"])
    assert not split_mark("RUN XING", "RUNXING", ["RUNXING", "RUN XING"])
    assert not split_mark("MR YANGLI", "YANGLI", ["YANGLI"])
