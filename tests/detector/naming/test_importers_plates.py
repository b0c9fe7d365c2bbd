"""Importers' plates in Russian, and what else stands on exporters': made up.

Importers put such plates on all that they bring, on vices and pumps as well as on machines.
Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import claims, views

FIRM = "DALIAN GUOFENG CNC MACHINE TOOL CO., LTD"

OF_CHINA = f"""
СТАНОК ТОКАРНЫЙ С ЧПУ|МОДЕЛЬ CKE6140|ИЗГОТОВИТЕЛЬ: {FIRM}|КИТАЙ|EAC
СТАНОК ТОКАРНЫЙ|ДАТА ИЗГОТОВЛЕНИЯ 08.2021|ИЗГОТОВИТЕЛЬ: {FIRM}|СТРАНА ПРОИСХОЖДЕНИЯ: КИТАЙ
СТАНОК ТОКАРНЫЙ|ИЗГОТОВИТЕЛЬ: {FIRM}, КИТАЙ
СТАНОК ТОКАРНЫЙ|ИЗГ. {FIRM} (КНР)
СТАНОК ТОКАРНЫИ|ЗАВОД-ИЗГОТОВИТЕЛЬ {FIRM}
СТАНОК ТОКАРНЫЙ|ИЗГOTOBИTEЛЬ: {FIRM}|KИTAЙ
ОБРАБАТЫВАЮЩИЙ ЦЕНТР|ИЗГОТОВИТЕЛЬ: 滕州市中天机床有限公司|КИТАЙ|EAC
ПРЕСС ЛИСТОГИБОЧНЫЙ|HUAIAN HUABANG MACHINE TOOL CO., LTD|КНР|EAC|ТР ТС 010/2011
中华人民共和国|滕州市中天机床有限公司|立式加工中心|VMC850
江苏金方达数控机床有限公司|剪板机|QC12Y-6X3200|编号 2010
QINGDAO GUANTAI MACHINE TOOL GROUP CORPORATION|CNC LATHE|CK6180|MADE IN CHINA
TENGZHOU LUNENG MACHINE TOOL CO., LTD|MILLING MACHINE|MODEL X6325|SER. NO. 1807
"""
HIS = """
SMTCL|CAK6150|EAC|smtcl
SMTCL|CAK6150|ДАТА ИЗГОТОВЛЕНИЯ 06.2019|ТР ТС 010/2011|EAC|smtcl
沈阳机床|CAK6150|TP TC 010/2011|smtcl
沈阳机床|НАИМЕНОВАНИЕ СТАНОК ТОКАРНЫЙ|МОДЕЛЬ CAK50135|smtcl
中华人民共和国|北京第一机床厂|X6132|byjc
大连机床集团有限责任公|型号 CKE6150Z|dmtg
"""
NOT_OF_CHINA = f"""
ИЗГОТОВИТЕЛЬ|{FIRM}|КИТАЙ
ИЗГОТОВИТЕЛЬ: {FIRM}|КИТАЙ|EAC
{FIRM}|КИТАЙ
{FIRM}|EAC
{FIRM}|LIAONING CHINA|СТРАНА ПРОИСХОЖДЕНИЯ КИТАЙ
ТИСКИ|ИЗГОТОВИТЕЛЬ: {FIRM}|КИТАЙ
СТОЛ ПОВОРОТНЫЙ|МОДЕЛЬ TS320|ИЗГОТОВИТЕЛЬ: {FIRM}|КИТАЙ|EAC
ИЗГОТОВИТЕЛЬ: {FIRM} (КИТАЙ)|МОДЕЛЬ K11-320
ПОСТАВЩИК: {FIRM}|СТАНОК ТОКАРНЫЙ
СТАНОК ТОКАРНЫЙ|ИЗГОТОВИТЕЛЬ: {FIRM}, ТАЙВАНЬ
СТАНОК ТОКАРНЫЙ|{FIRM}|СТРАНА ПРОИСХОЖДЕНИЯ: КОРЕЯ
СТАНОК ТОКАРНЫЙ|ИЗГОТОВИТЕЛЬ: SHANGHAI MAKINO MACHINE TOOL CO., LTD|КИТАЙ|EAC
СТАНОК|ИЗГОТОВИТЕЛЬ: SHENYANG MACHINE TOOL ACCESSORIES CO., LTD|КИТАЙ|EAC
ЛЮНЕТ 滕州市中天机床有限公司
ПАТРОН 沈阳机床股份有限公司
ЗАВОД DMTG|СТАНОК
SMTCL|CAK6150|КОРЕЯ
SMTCL|CAK6150|СТРАНА ПРОИСХОЖДЕНИЯ: КОРЕЯ
SMTCL|CAK6150|ЛЮНЕТ|EAC
МОДЕЛЬ CKE6140|ИЗГОТОВИТЕЛЬ: {FIRM}|КИТАЙ
BODOR|EAC|КИТАЙ
NEWAY CNC|ТР ТС 010/2011|EAC
DMTG|ДАТА ИЗГОТОВЛЕНИЯ 2012
DMTG|CKE6150|ТР ТС 032/2013|EAC
NEWAY|КЛАПАН ШАРОВЫЙ|ТР ТС 010/2011|EAC
大连机床附件有限公|CKE6150
沈阳机床股份有限公|司配件部|CAK6150
"""


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    return Attributor(matcher_of(load_registry()), load_registry(), Attributing())


@pytest.mark.parametrize("text", OF_CHINA.strip().splitlines())
def test_a_plate_that_says_maker_and_machine_tells_its_origin(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(views(text, 2))) == (None, "CN")


@pytest.mark.parametrize("row", HIS.strip().splitlines())
def test_what_a_machine_must_bear_in_russia_takes_no_name_away(
    attributor: Attributor, row: str
) -> None:
    text, _, builder = row.rpartition("|")
    assert claims(attributor.attribute(views(text, 2))) == (builder, "CN")


@pytest.mark.parametrize("text", NOT_OF_CHINA.strip().splitlines())
def test_an_importers_plate_of_something_else_claims_no_machine_of_china(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(views(text, 2)))[1] != "CN"


def test_a_plate_in_russian_tells_other_origins_too(attributor: Attributor) -> None:
    text = "ОБРАБАТЫВАЮЩИЙ ЦЕНТР|СТРАНА ПРОИСХОЖДЕНИЯ: РЕСПУБЛИКА КОРЕЯ|EAC"
    assert claims(attributor.attribute(views(text, 1))) == (None, "KR")
