"""Stickers and plates of others: what stands on machines of every origin names none of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detector.naming.attribute import Attributor
from detector.types import Reading
from tests.detector.stickers import claims, plate, read


@pytest.mark.parametrize(
    "text",
    [
        # Makers of parts, repairers, fairs and carriers, called by a builder's place and trade.
        "桂林机床电器有限公司", "长沙机床电器厂", "大连机床附件厂", "沈阳机床配件",
        "无锡机床维修 13812345678", "重庆机床工具展览会", "纵横国际物流有限公司", "三菱重工空调",
        "GUILIN MACHINE TOOL ELECTRIC APPARATUS CO., LTD", "WUXI MACHINE TOOL ACCESSORIES",
        # Makers of turrets, chains, clutches, pumps and vices, which are machine tools' by name.
        "常州市宏达机床数控设备有限公司", "烟台博森机床辅机有限公司", "天津机床电磁离合器有限公司",
        "常州市武进机床电泵有限公司", "烟台环球机床装备股份有限公司",
        "CHANGZHOU XINSHU MACHINE TOOL CNC EQUIPMENT CO., LTD|MODEL LD4B-6140|MADE IN CHINA",
        "UNIVERSAL DIVIDING HEAD|YANTAI UNIVERSAL MACHINE TOOL CO., LTD",
        "PRECISION MACHINE VICE|JINAN TAIHUA MACHINE TOOL CO., LTD|MADE IN CHINA",
        # A place over a foreign firm's name: branches, fairs, shipping marks.
        "SUZHOU BRANCH|VINA MACHINE TOOL CO., LTD|HANOI, VIETNAM",
        "BEIJING 11-16 APRIL 2023|INTERNATIONAL MACHINE TOOL CO., LTD",
        "DALIAN PORT - VLADIVOSTOK|KRAFT MACHINE TOOLS CO., LTD", "上海 北京 广州|台一机床有限公司",
        # No places of China, half a bracket, names of Taiwan and Korea.
        "HARBINGER MACHINE TOOL CO., LTD", "SHANGHAI) MACHINE TOOL CO., LTD",
        "TAI AN MACHINE TOOL CO., LTD", "DATONG MACHINE TOOL CO., LTD",
        # Dealers say how to reach them.
        "深圳市金诚数控机床有限公司|电话 0755-27881234",
        "SHENZHEN JINCHENG MACHINE TOOL CO., LTD|WWW.JINCHENG.COM",
        # Valves, capacitors, ball screws; chucks, pumps, drives; tyres, cameras, certifiers.
        "NEWAY|CLASS 150|DN50", "NEWAY VALVE (SUZHOU) CO., LTD", "RIFA|PME271", "HJMT|FFZD4010",
        "HOWA POWER CHUCK", "NACHI-FUJIKOSHI CORP.|HYDRAULIC PUMP|PVS-1B-22N3", "三菱电机",
        "HANKOOK|TIRE", "SAMSUNG TECHWIN", "KIWA|CE 0063", "SMOOTH X AXIS",
        # Tags that are no model codes.
        "TOSHIBA|3-PHASE INDUCTION MOTOR|IP44", "INDEX|M30", "FLOW|DN25", "ACE|BT40",
        "FILTER FOR MAZAK", "FOR BODOR", "HANLI CHILLER|FOR BODOR",
        # A part for machine tools, made elsewhere.
        "LIVE CENTRE FOR CNC LATHE|MADE IN TAIWAN", "漢鐘精機股份有限公司",
    ],
)  # fmt: skip
def test_a_sticker_of_somebody_else_names_nobody(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(plate(text))) == (None, None)


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("秦川机床集团有限公司", "qinchuan"), ("大连机床集团有限责任公司", "dmtg"),
        ("沈阳机床股份有限公司", "smtcl"), ("秦川机床工具集团", "qinchuan"), ("桂林机床", "guilin"),
        ("山东鲁南机床有限公司", "lunan"), ("沈阳机床 主轴转速 3000", "smtcl"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_the_builders_own_names_still_do(attributor: Attributor, text: str, builder: str) -> None:
    assert claims(attributor.attribute(plate(text))) == (builder, "CN")


@pytest.mark.parametrize(
    "text",
    ["XI AN HUANGHE MACHINE TOOL CO., LTD", "TENGZHOUBORUICNCMACHINETOOLCO.,LTD.",
     "TENGZHOU BORUI MACHINE TOOL GROUP CO., LTD", "滕州市博瑞数控机床制造有限公司"],
)  # fmt: skip
def test_a_plate_still_tells_where_a_machine_is_from(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(plate(text))) == (None, "CN")


@pytest.mark.parametrize(
    "text", ["HISION", "HISION|CNC LATHE", "HISION|MAIN MOTOR 11 KW", "HGTECH"]
)
def test_a_mark_on_no_parts_plate_names_its_builder(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(plate(text)))[1] == "CN"


def test_a_mark_on_a_parts_plate_does_not_hide_the_badge_elsewhere(attributor: Attributor) -> None:
    valve = plate("HISION|CLASS 150")
    assert claims(attributor.attribute([*valve, read("HISION", 600.0, 400.0)]))[0] == "hision"


def test_a_mark_on_a_parts_plate_still_stands_against_another_builder(
    attributor: Attributor,
) -> None:
    valve = plate("NEWAY|CLASS 150")
    assert claims(attributor.attribute([*valve, read("HAAS", 600.0, 400.0)])) == (None, None)


def test_the_word_for_maker_is_no_telephone(attributor: Attributor) -> None:
    name = "TENGZHOU BORUI MACHINE TOOL CO., LTD"
    made = claims(attributor.attribute(plate(f"СТАНОК|ИЗГОТОВИТЕЛЬ|{name}")))
    sold = claims(attributor.attribute(plate(f"СТАНОК|ТЕЛ. 495 1234567|{name}")))
    assert (made, sold) == ((None, "CN"), (None, None))


@pytest.mark.parametrize(
    "number",
    [
        *("+7 (495) 123-45-67", "8 (800) 100-20-30", "8(8512)34-56-78", "8 495 123 45 67"),
        *("84951234567", "123-45-67", "+86 138 0632 1234", "13806321234", "138-0632-1234"),
        *("0632-5551234", "(021) 61234567", "400-820-1234", "+380 44 123 45 67"),
        *("0086 632 5551234", "86-632-5551234", "008613800001111", "400 618 1888", "4006181888"),
        *("O632-5551234", "(812) 3131415", "QQ 123456789"),
    ],
)
def test_a_number_to_call_needs_no_word_before_it(attributor: Attributor, number: str) -> None:
    """Dealers put SMTCL over it on what they sell, whoever built that."""
    for name in ("SMTCL", "滕州市金瑞达机床有限公司"):
        assert claims(attributor.attribute(plate(name)))[1] == "CN"
        assert claims(attributor.attribute(plate(f"{name}|{number}"))) == (None, None)


@pytest.mark.parametrize("row", ["NO. 190523-12", "S/N 12345678", "2019-10-20", "400 1200 1500"])
def test_numbers_and_dates_of_a_plate_are_no_telephone(attributor: Attributor, row: str) -> None:
    text = f"滕州市金瑞达机床有限公司|{row}"
    assert claims(attributor.attribute(plate(text))) == (None, "CN")


@pytest.mark.parametrize(
    "text", ["ONE WAY", "GENETEC", "TOMTEC", "YAMEI", "NOVICH", "LAIKAN", "LED LASER", "HISTON"]
)
@pytest.mark.parametrize(
    "again", [(200.0, 260.0, 0), (80.0, 90.0, 3)], ids=["twice in a frame", "in two frames"]
)
def test_one_misreading_seen_twice_is_no_second_cue_for_a_chinese_builder(
    attributor: Attributor, text: str, again: tuple[float, float, int]
) -> None:
    readings: Sequence[Reading] = [read(text), read(text, *again)]
    assert claims(attributor.attribute(readings)) == (None, None)
    with_control = [*readings, read("FANUC", x=400.0)]
    assert claims(attributor.attribute(with_control)) == (None, None)


@pytest.mark.parametrize("word", ["INDEX", "FLOW", "ACE"])
def test_a_word_of_panels_twice_is_no_badge(attributor: Attributor, word: str) -> None:
    twice = [read(word), read(word, 300.0, 200.0)]
    assert claims(attributor.attribute(twice)) == (None, None)


def test_a_place_a_words_gap_before_its_firm_belongs_to_it(attributor: Attributor) -> None:
    near = [read("TENGZHOU"), read("BORUI MACHINE TOOL CO., LTD", x=100.0)]
    far = [read("TENGZHOU"), read("BORUI MACHINE TOOL CO., LTD", x=140.0)]
    assert claims(attributor.attribute(near)) == (None, "CN")
    assert claims(attributor.attribute(far)) == (None, None)
