"""Where China would be claimed, a line or a plate counts only if all it says is a machine's own."""

from __future__ import annotations

import pytest

from detector.matching.own_words import OwnWords, split_mark
from detector.naming.attribute import Attributor
from detector.types import Reading
from tests.detector.stickers import claims, plate, read

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
沈阳菲迪亚数控机床有限公司
烟台迪恩机床有限公司
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
# Foreign words in another box, beside a firm's whole name, in a code, on a screen, in brackets.
CUSTOMER|HISION
КУЛАЧКИ ДЛЯ|SMTCL
合作伙伴|沈阳机床
{HUAYI} 切削液
{WUXI} OIL SKIMMER
无锡华谊机床有限公司(第四轴)
EXPO2024 SMTCL
SMTCL.NC
O1234 SMTCL
SKIMMER2000|{WUXI}
MODEL XT-40|PUMP POWER 60W|{WUXI}
上海华谊机床有限公司|台中
SMTCL TAICHUNG
NEWAY|DN50
上海哈斯机床有限公司
TOMTEC|VMC1000
# Boxes, boards and captions in which the mark has a line to itself.
NOZZLE|BODOR
BODOR|NOZZLE D1.5
CASE NO 1 OF 3|SMTCL
SHIPPER|SMTCL
C/NO. 12|G.W. 320 KG|N.W. 300 KG|SMTCL
GROSS WEIGHT 320 KG|NET WEIGHT 300 KG|C/NO. 12|{WUXI}
沈阳机床|技能大赛
СТАНКИ ИЗ КИТАЯ|SMTCL
CTAHKN N3 KNTAR|SMTCL
КУЛАЧКИ|SMTCL
CUTLITE|PENTA|LASER
LG|MAZAK
BODOR.RU
WWW.SMTCL.RU
BODOR 15 ЛЕТ
12 MAY HISION
NEWAY|A105N
# Boards of partners, and a motor's plate.
HISION|FANUC|SIEMENS
SIEMENS|HISION|HEIDENHAIN
SMTCL|FANUC AC SERVO MOTOR
SMTCL|FANUC LTD
# Russian words whose З, Ч and Б were read as figures: no model codes.
3AN4ACTN SMTCL
3AKA3 SMTCL
PE3EU BODOR
6PAK 沈阳机床
KOPO6KA|{WUXI}
KA6ENB|{WUXI}
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
BORUI CNC|MODEL CK6140|{BORUI}
CNC LATHE|MODELCK6140|{BORUI}
CNC LATHE|MAX. TURNING DIAMETER 400|S/N 1203|{BORUI}
普通车床|博瑞数控|滕州市博瑞机床有限公司
注意安全|滕州市博瑞机床有限公司
СТАНОК ТОКАРНО-ВИНТОРЕЗНЫЙ|МОДЕЛЬ CK6140|{BORUI}
江苏东台博瑞机床有限公司
数控车床|型号 CK6140|出厂编号 1203|出厂日期 2019年5月|滕州市博瑞机床有限公司
数控车床|液压系统压力 4MPA|滕州市博瑞机床有限公司
滕州市博瑞机床有限公司|主轴电机功率 11KW
"""

FAR = """
# A Chinese name somewhere on the picture, and the code of another's machine.
沈阳机床||DMU 50
HAN'S LASER||DMU 80
NEWAY||16K20
NEWAY||VTC-200
BODOR||BYSTAR
SHENYANG MACHINE TOOL CO., LTD||DMU 50
{BORUI}||16К20
# What inserts, and a Taiwanese builder but for a stroke, are called.
AXMT||FANUC
亚威||FANUC
"""


def seen_twice(text: str) -> list[Reading]:
    """Labels apart from each other, in two views."""
    return [
        read(line, x=600.0 * far + 47.0 * at, y=400.0 * far + 32.0 * n + 33.0 * at, at=2 * at)
        for at in range(2)
        for far, label in enumerate(text.split("||"))
        for n, line in enumerate(label.split("|"))
    ]


@pytest.mark.parametrize("text", texts(OTHERS))
def test_what_a_machine_does_not_say_of_itself_makes_it_no_chinese_one(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(plate(text)))[1] != "CN"


@pytest.mark.parametrize("text", texts(FAR))
def test_another_label_of_another_builder_or_of_many_makes_it_no_chinese_one(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(seen_twice(text)))[1] != "CN"


@pytest.mark.parametrize("text", texts(OWN))
def test_a_machines_own_plate_still_tells_its_origin(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(plate(text))) == (None, "CN")


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("SMTCL CNC", "smtcl"), ("SMTCL CAK6150", "smtcl"), ("SMTCL GROUP CO., LTD", "smtcl"),
        ("СТАНОК SMTCL", "smtcl"),
        ("YK73125A|秦川机床", "qinchuan"), ("RUN XING", "runxing"), ("Y A N G L I", "yangli"),
        ("SMTCL VMC 850 B", "smtcl"), ("SMTCL 口", "smtcl"), ("SMTCL SINCE 1958", "smtcl"),
        ("秦川机床 世界品牌", "qinchuan"), ("SMTCL|WWW.SMTCL.COM", "smtcl"), ("HI SION", "hision"),
        ("TAIKAN T-V856", "taikan"), ("HISION|CNC MACHINE TOOL", "hision"),
        ("SMTCL|CAK6150", "smtcl"), ("SMTCL VT3", "smtcl"), ("HISION|SINUMERIK 840D", "hision"),
        ("HISION|MAIN MOTOR 11 KW", "hision"), ("沈阳机床|主轴转速", "smtcl"),
        ("SMTCL|FANUC", "smtcl"), ("SIEMENS|沈阳机床", "smtcl"), ("FANUC|CAK6150|SMTCL", "smtcl"),
        ("秦川机床|陕西秦川机械发展股份有限公司", "qinchuan"), ("JINGDIAO|JDHGT600", "jingdiao"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_a_badge_with_what_stands_on_one_names_its_builder(
    attributor: Attributor, text: str, builder: str
) -> None:
    assert claims(attributor.attribute(plate(text))) == (builder, "CN")


@pytest.mark.parametrize("text", ["秦机床", "秦I机床", "秦川机床"])
def test_a_mark_misread_in_han_names_its_builder_beside_his_code_alone(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(plate(f"{text}|YK7215"))) == ("qinchuan", "CN")
    assert claims(attributor.attribute(seen_twice(f"{text}|YK9000X")))[0] == (
        "qinchuan" if text == "秦川机床" else None
    )
    assert claims(attributor.attribute(seen_twice(f"{text} 切削液|YK7215")))[0] is None


@pytest.mark.parametrize("text", ["TOS", "SKODA", "STUDEP"])
def test_a_chinese_mark_beside_anothers_names_nobody(attributor: Attributor, text: str) -> None:
    beside = [read("上海机床厂"), read(text, x=600.0, y=400.0)]
    assert claims(attributor.attribute(beside)) == (None, None)


@pytest.mark.parametrize("text", ["СМЗ||СМЗ", "КЭМЗ||КЭМЗ", "ВСЗ|B12045"])
def test_the_initials_of_a_plant_that_owns_the_machine_name_no_builder(
    attributor: Attributor, text: str
) -> None:
    assert attributor.attribute(seen_twice(text)).builder is None


@pytest.mark.parametrize("text", ["BROTHER|PT-P750W", "VIPER|AS430C", "OERLIKON|CP352"])
def test_a_thing_of_another_trade_is_no_machine_tool(attributor: Attributor, text: str) -> None:
    assert attributor.attribute(plate(text)).builder is None


@pytest.mark.parametrize("text", ["MACHINE TOOL OIL", "LATHE TOOLING", "СТАНОК ДЛЯ ЗАТОЧКИ"])
def test_a_thing_for_machine_tools_does_not_say_where_the_machine_was_made(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(plate(f"{text}|MADE IN FRANCE"))) == (None, None)
    assert claims(attributor.attribute(plate("CNC LATHE|MADE IN FRANCE"))) == (None, "FR")


def test_a_badge_holds_the_mark_what_stands_on_one_and_codes() -> None:
    words = OwnWords.packaged()
    for text in (
        "HISION",
        "HISION CNCMACHINE",
        "HISION VMC 850 B",
        "HISION VT-36",
        "HISION 口",
        "HISION R",
    ):
        assert words.on_badge(text, "HISION", ()), text
    for text in ("PARTNER HISION", "DECO HISION", "R. HISION", "FIT:HISION-850", "EXPO2024 HISION",
                 "HISION.NC", "O1234 HISION", "CHUCK250 HISION"):  # fmt: skip
        assert not words.on_badge(text, "HISION", ()), text
    # Of a misread mark no more is strange than it.
    assert words.on_badge("HISI0H CNC", "HISION", ())
    assert not words.on_badge("PARTNER HISIQH", "HISION", ())


def test_a_plate_holds_its_rows_and_bits_of_its_makers_name() -> None:
    words = OwnWords.packaged()
    for text in ("MODELCK6140", "SERIAL NO. 1203", "型号 CK6140", "DANGER", "ИЗГОТОВИТЕЛЬ"):
        assert words.on_plate(text), text
    assert words.on_plate("BORUI CNC", "TENGZHOUBORUIMACHINETOOL") and words.on_plate(
        "博瑞数控", "滕州博瑞机床"
    )
    assert not words.on_plate("BORUI CNC") and not words.on_plate("MACHINE TOOL OIL")


def test_a_mark_put_together_of_other_words_is_split() -> None:
    assert split_mark("YANG LI", "YANGLI", ["YANGLI"])
    assert not split_mark("Y A N G L I", "YANGLI", ["YANGLI"])
    assert not split_mark("RUN XING", "RUNXING", ["RUNXING", "RUN XING"])
    assert not split_mark("MR YANGLI", "YANGLI", ["YANGLI"])
    assert split_mark("PRIMA PRESS", "PRIMAPRESS", ["PRIMAPRESS"])
    assert not split_mark("HI SION", "HISION", ["HISION"])


@pytest.mark.parametrize(
    ("frames", "builder"),
    [
        # What one frame lost, another shows; what one frame adds is noise.
        (["OFFICIAL PARTNER HISION", "HISION"], None),
        (["MEMBER OF SMTCL GROUP", "MEMBER OF SMTGL GROUP"], None),
        (["FILE: SMTCL_VMC850B", "FILE: SMTCI_VMC850B"], None),
        (["SMTCL XQWZ", "SMTCL", "SMTCL"], "smtcl"),
    ],
    ids=str,
)
def test_most_frames_tell_whether_a_mark_stands_alone(
    attributor: Attributor, frames: list[str], builder: str | None
) -> None:
    readings = [read(text, at=2 * n) for n, text in enumerate(frames)]
    assert attributor.attribute(readings).builder == builder
