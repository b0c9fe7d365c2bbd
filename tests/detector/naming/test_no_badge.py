"""What bears a Chinese builder's real mark and model code and is no badge of the machine behind it.

Crates, boxes, cards, boards, lists and screens, made up as one who defends a plant would.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import claims, views

UNDER_HIS_CODE = """
SMTCL|CAK6150|CASE NO. 1/2
SMTCL|CAK6150|THIS SIDE UP
SMTCL|CAK6150|НЕ КАНТОВАТЬ
SMTCL|CAK6150|DESTINATION MOSCOW
大连机床|CKE6150|小心轻放
HISION|CFV850|TOTAL 2 CASES
SMTCL|CAK6150|ЛЮНЕТ
SMTCL|CAK6150|КОМПЛЕКТ ИНСТРУМЕНТА
沈阳机床|CAK6150|易损件
海天精工|CFV850|刀柄
SMTCL|VMC850B|ПРИСПОСОБЛЕНИЕ
SMTCL|VMC850B|SETUP SHEET
大连机床|CKE6150|TAKIM ARABASI
SMTCL|CAK6150|НАЛАДЧИК
SMTCL|CAK6150|ЦЕХ № 5
沈阳机床|CAK6150|操作工 王伟
沈阳机床|CAK6150|目视化管理
SMTCL|CAK6150|БЕРЕЖЛИВОЕ ПРОИЗВОДСТВО
大连机床|CKE6150|岗位职责
SMTCL|CAK6150|КАРТА СМАЗКИ
SMTCL|CAK6150|DAILY CHECK
SMTCL|CAK6150|BAKIM
SMTCL|CAK6150|ПОНЕДЕЛЬНИК
SMTCL|CAK6150|MASTERCAM
沈阳机床|CAK6150|仿真
SMTCL|CAK6150|SUBSCRIBE
SMTCL|CAK6150|С НОВЫМ ГОДОМ
SMTCL|CAK6150|BOOTH A12
SMTCL|CAK6150|YETKILI BAYI
SMTCL|CAK6150|ДЕКЛАРАЦИЯ О СООТВЕТСТВИИ
SMTCL|CAK6150|СЕРГЕЙ
SMTCL|CAK6150|ТРЕНАЖЕР
SMTCL|CAK6150|ЦЕНА ПО ЗАПРОСУ
SMTCL|CAK6150|СОЖ
SMTCL|CAK6150|COSCO
SMTCL|CAK6150|WIRING DIAGRAM
SMTCL|CAK6150|МОДЕРНИЗАЦИЯ
SMTCL|CAK6150|РОБОТ
SMTCL|CAK6150|ГАРАНТИЯ
КУЛАЧКИ|CAK6150|SMTCL
SMTCL >> CAK6150 >> ЛЮНЕТ
CAK6150 >> ЛЮНЕТ|SMTCL
DMTG|大连机床|WIN EURASIA
沈阳机床|SMTCL|CAK6150|ЛЮНЕТ
GENERTEC|SMTCL|CAK6150|ЛЮНЕТ
QINCHUAN|秦川机床|YK7236A|砂轮
NEWAY|NL251H|ISTANBUL
SMTCL|HTC2050Z|НЕ РАБОТАЕТ
沈阳机床|HTC2050Z|报废
SMTCL|HTC2050Z|35 LAKH
"""
BEYOND_A_ROW = """
SMTCL|CAK6150|380V 50HZ|ЛЮНЕТ
SMTCL|CAK6150|NO 12345|TOOLBOX
SMTCL|MODEL CAK6150|WEIGHT 2800 KG|THIS SIDE UP
沈阳机床|CAK6150|2019年|备件
大连机床|CKE6150|380V|岗位职责
SMTCL|2800 KG|ВЕРХ
SMTCL|ИНВ. № 123456|КОМПЛЕКТ ИНСТРУМЕНТА
SMTCL|FANUC 0I-TF|ТРЕНАЖЕР
SMTCL|CNC LATHE|CAK6150|ЛЮНЕТ
沈阳机床|数控车床|CAK6150|操作规程
"""
BY_FORM = """
SMTCL|CAK6150|45 000 USD
SMTCL|CAK6150|3 500 000 РУБ
SMTCL|CAK6150|1 250 000 ₺
沈阳机床|CAK6150|¥128000
SMTCL|CAK6150|INR 3500000
SMTCL|CAK6150|3,5 МЛН
SMTCL|CAK6150|20 L
SMTCL|CAK6150|200 Л
SMTCL|CAK6150|СОЖ 5%
沈阳机床|CAK6150|5S
SMTCL|CAK6150|OEE 85 %
SMTCL|CAK6150|ТО-1
SMTCL|CAK6150|ППР 2024
SMTCL|VMC850B|ОП. 020
SMTCL|CAK6150|УП 1204
SMTCL|CAK6150|ТУ 3812-001
SMTCL|CAK6150|1 OF 2
SMTCL|HTC2050Z|ОТ 45 000 €
SMTCL|HTC2050Z|RS. 35,00,000
SMTCL HTC2050Z >> 2 ЕД
SMTCL HTC2050Z >> 2 NOS
DMTG|CKE6150|G.W. 3200 KG
SMTCL|CAK6150|N.W. 2800 KGS
SMTCL|CAK6150|MAX GROSS 30480 KG
SMTCL|CAK6150|N10 G54 G90
SMTCL|CAK6150|S1200 F0.2
SMTCL|CAK6150|X 12.500
SMTCL|CAK6150|T0101
沈阳机床|CAK6150|合格证
"""
LISTS = """
SMTCL CAK6150|SMTCL HTC2050Z
SMTCL CAK6150 – 3|SMTCL VMC850B – 2
SMTCL|CAK6150 >> VMC850B
沈阳机床 CAK6150|沈阳机床 VMC850B
大连机床|CKE6150|VDL-1000
QINCHUAN|YK7236A|VTM180
CAK6150|SMTCL|VMC850B
"""
HIS = """
SMTCL|CAK6150|CNC LATHE|smtcl
SMTCL|CAK6150|FANUC SERIES 0I-TF|smtcl
SMTCL|CAK6150|HIGH VOLTAGE|smtcl
SMTCL|CAK6150|ВНИМАНИЕ|smtcl
SMTCL|CAK6150|ИНВ. № 123456|smtcl
SMTCL|CAK6150|WWW.SMTCL.COM|smtcl
SMTCL|CAK6150|MAX SWING 500 MM|smtcl
SMTCL|CAK6150|MAIN MOTOR 7.5 KW|smtcl
SMTCL|CAK6150|WEIGHT 2800 KG|smtcl
SMTCL|沈阳机床|CAK6150|数控车床|smtcl
SMTCL|CAK6150|沈阳第一机床厂|smtcl
SMTCL|CAK6150|CAK6150DI|smtcl
沈阳机床|CAK6150|出厂日期 2019.05|smtcl
沈阳机床|CAK6150|禁止戴手套|smtcl
大连机床|CKE6150|GSK 980TDC|dmtg
DMTG|CKE6150Z|大连机床集团有限责任公司|dmtg
DMTG|CKE6150|CHUCK PRESSURE|dmtg
QINCHUAN|YK7236A|GEAR GRINDING MACHINE|qinchuan
HEADMAN|HTD500|海德曼|headman
BODOR|P3015|FIBER LASER|bodor
YAWEI|PBH-110/3100|DELEM|yawei
普利森||T2120|precion
SMTCL|CAK6150||ЛЮНЕТ|smtcl
"""


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Attributing())


@pytest.mark.parametrize("count", [2, 3], ids=["two views", "three views"])
@pytest.mark.parametrize(
    "listed",
    [UNDER_HIS_CODE, BEYOND_A_ROW, BY_FORM, LISTS],
    ids=["under his code", "beyond a row", "by form", "lists"],
)
def test_what_lies_before_a_machine_claims_no_china(
    attributor: Attributor, listed: str, count: int
) -> None:
    sets = listed.strip().splitlines()
    said = {text: claims(attributor.attribute(views(text, count))) for text in sets}
    assert {text: made for text, made in said.items() if made[1] == "CN"} == {}


@pytest.mark.parametrize("row", HIS.strip().splitlines())
def test_what_stands_under_his_code_on_a_machine_takes_no_name_away(
    attributor: Attributor, row: str
) -> None:
    text, _, builder = row.rpartition("|")
    assert claims(attributor.attribute(views(text, 2))) == (builder, "CN")
