"""Codes, numbers and names beside a mark that are another's: none of these is a Chinese machine.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from detector.claims.stray_codes import has_stray_code
from detector.naming.attribute import Attributor
from tests.detector.stickers import claims, views

PARTS = """
QCMT&T|BX-110C
秦川机床|RV-80E
北京精雕|JD150S-20
JINGDIAO|JD135S-24-BT30
DMTG|AK31100X6
SMTCL|HAK36160
大连机床|K250
南通机床|F11125
杭州机床厂|X91 600X300
HAN'S LASER|FC-3000W
HGLASER|LSF20
BODOR|ABP-20A
"""
SCREENS = """
G.WEIKE|G54
QCMT&T|T0101
SMTCL|G54
SMTCL|T0101
SMTCL|X0. Z5.
SMTCL|S1000 M03
SMTCL|40CR
SMTCL W1-A101
SMTCL-W1-A101
SMTCL(40CR)
SMTCL|380V|W1-A101
QCMT&T(BX110C)
秦川机床|RV-8OE
DMTG|Y2-132M-4
SMTCL|DZ47-63
SMTCL|W3
DMTG|55SI2MN
SMTCL|X 12.500
沈阳机床(000410)
海天精工|SH601882
秦川机床|9.12 +3.25%
秦川机床 000837
大族激光|002008 18.52
"""
FOREIGN = """
SV 18 RA|SMTCL
QT-15|DMTG
HGLASER|FS3015
I6K20|SMTCL
КЕ2330|SMTCL
СА-564|SMTCL
"""
OWNERS = """
大连机床|NO 034
宁波海天精工股份有限公司|编号 012
滕州市博锐数控机床有限公司|编号 012
滕州市博锐数控机床有限公司|A12
沈阳第一机床厂|5号
大连机床|3#
"""
PLATES = """
烟台泰利机床有限公司|TL-250
济南环球数控机床有限公司|HQ-200
沧州天一机床有限公司
CANGZHOU HUAHAI MACHINE TOOL CO., LTD
河北建新机床有限公司|1000X2000
SHENYANG MACHINE TOOL CO., LTD|N.W. 20 KG|G.W. 25 KG|MADE IN CHINA
滕州市博锐数控机床有限公司|净重 20 KG|毛重 25 KG
"""
BRANCHES = """
大连因代克期机床有限公司
大连因代克机床有限公司
辽宁马扎兄机床有限公司
上海泷译机床有限公司
SHENYANG FIDA MACHINE TOOL CO., LTD
SUZHOU NIIGTA MACHINE TOOL CO., LTD
NINGXIA LITTLE GIAN MACHINE TOOL CO., LTD
QINGDAO KIA MACHINE TOOL CO., LTD
威海三星机床有限公司
上海索拉露斯机床有限公司
天津百超激光机床有限公司
常州岡本机床有限公司
"""
NAMED = """
SMTCL|CAK6150DI
SMTCL|HTC3280
SMTCL|TC500
DMTG|VDM1000
BODOR|P3
BODOR|P3015|6000W
SMTCL|IP54
SMTCL|AC380V
SMTCL|GB/T 9061
SMTCL|CNC LATHE|T-V6
大连机床|CD6140A
JINGDIAO|JDGR400
HAN'S LASER|G3015F
BODOR|P3015
SMTCL|380V 50HZ
SMTCL|SPINDLE TAPER BT40
宝鸡机床|编号 190523-12
宝鸡机床|NO.190523-12
"""
TOLD = """
滕州市博锐数控机床有限公司|CK6140
滕州市博锐数控机床有限公司|X62W
滕州市博锐数控机床有限公司|数控车床|TL-250
滕州市博锐数控机床有限公司|立式加工中心|IP54
TENGZHOU LUNAN CNC MACHINE TOOL CO., LTD
SHENYANG MACHINE TOOL CO., LTD|CA6140
"""


@pytest.mark.parametrize(
    "text",
    [
        line
        for some in (PARTS, SCREENS, FOREIGN, OWNERS, PLATES)
        for line in some.split("\n")
        if line
    ],
)
def test_a_code_or_a_number_of_anothers_claims_nothing(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 2))) == (None, None)


@pytest.mark.parametrize("text", BRANCHES.split("\n")[1:-1])
def test_a_firm_called_like_a_foreign_builder_misread_claims_nothing(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(views(text, 2))) == (None, None)


@pytest.mark.parametrize("text", NAMED.split("\n")[1:-1])
def test_a_builders_own_code_still_stands_beside_his_mark(
    attributor: Attributor, text: str
) -> None:
    assert claims(attributor.attribute(views(text, 2)))[1] == "CN"


@pytest.mark.parametrize("text", TOLD.split("\n")[1:-1])
def test_a_machines_code_still_stands_on_its_plate(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 2))) == (None, "CN")


def test_a_long_run_of_figures_is_parted_in_one_way_alone() -> None:
    # Were there two wherever it can be parted, this would not come to an end.
    assert has_stray_code("1" * 60 + "Q", [])
    assert not has_stray_code("1" * 60 + "MM", [])


def test_a_code_counts_though_the_next_frame_lost_it(attributor: Attributor) -> None:
    whole, lost = views("SMTCL|W1-A101", 3), views("SMTCL", 3)
    first = [reading for reading in whole if reading.pts == whole[0].pts]
    assert claims(attributor.attribute([*first, *(r for r in lost if r.pts != whole[0].pts)])) == (
        None,
        None,
    )


def test_a_branch_read_rightly_in_one_frame_is_no_firm_in_another(attributor: Attributor) -> None:
    right, wrong = views("大连因代克斯机床有限公司", 2), views("大连因弋克所机床有限公司", 2)
    assert claims(attributor.attribute(wrong)) == (None, "CN")
    assert claims(attributor.attribute([right[0], wrong[-1]])) == (None, None)
