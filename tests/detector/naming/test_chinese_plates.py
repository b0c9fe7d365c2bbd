"""What stands on a Chinese builder's own badge and plate takes no name away; another's line does.

Names in two scripts, kinds of machines, labels, sizes, a control over two lines: made up.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import Matcher, matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import claims, views

HIS = """
XIANFENG 险峰机床|xianfeng
SPARK 星火机床|xinghuo
沃得精机 WORLD|world-press
WORLD沃得精机|world-press
江西杰克机床有限公司|jack-grinder
江苏沃得精机制造有限公司|world-press
深圳市海目星激光智能装备股份有限公司|hymson
天津市天锻压力机有限公司|tianduan
浙江省台州市北平机床有限公司|beiping
HEADMAN|型号 HTD500|headman
SMTCL|型号 CAK6150|smtcl
金运激光|P2060A-3KW|golden-laser
JINGDIAO|JDHGT600_A13H|jingdiao
SMTCL|数控车床 CAK6150|smtcl
SMTCL|CAK6150 1000 MM|smtcl
SMTCL|CNC LATHE CAK6150DI|smtcl
沈阳机床|五轴联动加工中心|smtcl
武汉重型机床|单柱立式车床|型 号 C5116|whmt
齐齐哈尔二机床|产品名称 数控落地铣镗床|qier
天水锻压|液压板料折弯机|tsd
险峰机床|数控轧辊磨床|xianfeng
大河机床|CNC HONING MACHINE|dahe-honing
沈阳机床|产 品 名 称|smtcl
德州机床厂|C61125×5000|precion
无锡桥联|CK61100/3000|qiaolian
SMTCL|CAK6150|READ THE OPERATION MANUAL BEFORE USE|smtcl
沈阳机床|CAK6150|操作前请阅读使用说明书|smtcl
SMTCL||MITSUBISHI|M80|smtcl
SMTCL||MITSUBISHI>>M80V|smtcl
沈阳机床||MITSUBISHI ELECTRIC|M80|smtcl
"""
NOT_HIS = """
XIANFENG 险峰
WORLD 江苏沃得
WORLD 沃得精机 农机
江苏沃得农业机械有限公司
浙江日发纺织机械股份有限公司
BODORGENIUS
XIANFENG 险峰机床 切削液
深圳市海目星激光足球队
沈阳市劳动模范 沈阳机床
沈阳市足球协会|沈阳机床
SMTCL|适用型号 CAK6150
HEADMAN|适用型号 HTD500
SMTCL|JAWS FOR CAK6150
SMTCL|CAK6150 2 PCS
海天精工|CFV 850 JAWS
SMTCL|SOFT JAW CAK6150
SMTCL|卡爪 CAK6150
沈阳机床|切削液 CAK6150
SMTCL|РУКОВОДСТВО CAK6150
大连机床|FIGURE CKE6150
大连机床|适用于 CKE6150
SMTCL|CAK6150|JAWS
SMTCL|CAK6150|КУЛАЧКИ
SMTCL|CAK6150|OPERATION MANUAL
SMTCL|CAK6150|РУКОВОДСТВО ПО ЭКСПЛУАТАЦИИ
SMTCL|CAK6150|QTY 3
SMTCL|CAK6150|3 шт
SMTCL|CAK6150|2 PCS
沈阳机床|CAK6150|软爪
沈阳机床|CAK6150|使用说明书
大连机床|CKE6150|产品样本
SMTCL|型号 BX-110C
沈阳机床|型号 K250
沈阳机床|五轴联动转台
沈阳机床|导轨
险峰机床|轧辊
天水锻压|液压
SMTCL|HONING OIL
SMTCL|CNC HONING STONE
沈阳机床|切 削 液
沈阳机床|夹 具
SMTCL|SFU2505×1000
SMTCL|40CR×3000
SMTCL||MITSUBISHI
SMTCL||MITSUBISHI||M80
SMTCL||MITSUBISHI|MV1200R
SMTCL||MITSUBISHI|M8
SMTCL||MITSUBISHI|M80||MITSUBISHI
"""


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(load_registry())


@pytest.fixture(scope="module")
def attributor(matcher: Matcher) -> Attributor:
    return Attributor(matcher, load_registry(), Attributing())


@pytest.mark.parametrize("row", HIS.strip().splitlines())
def test_what_is_his_takes_no_name_away(attributor: Attributor, row: str) -> None:
    text, _, builder = row.rpartition("|")
    assert claims(attributor.attribute(views(text, 2))) == (builder, "CN")


@pytest.mark.parametrize("text", NOT_HIS.strip().splitlines())
def test_what_is_anothers_claims_no_machine_of_china(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 2)))[1] != "CN"


@pytest.mark.parametrize("text", ["温岭市恒博机床有限公司|斜轨数控车床|型号 TCK46"])
def test_a_kind_of_machine_takes_no_origin_away(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 1))) == (None, "CN")


@pytest.mark.parametrize("text", ["温岭市恒博机床有限公司|五轴联动转台|型号 TCK46"])
def test_a_part_does(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(views(text, 1))) == (None, None)


@pytest.mark.parametrize(
    ("text", "mark", "weak"),
    [
        # The name that may stand alone, whatever the letters of the one beside it count.
        ("GUIBEI 桂北机器", "桂北机器", False),
        ("山东豪迈数控机床有限公司", "豪迈数控", False),
        # A part of a longer name that may not is no name.
        ("BODORGENIUS", "BODORGENIUS", True),
        ("STARRAGHECKERT", "STARRAGHECKERT", True),
        ("江苏沃得", "江苏沃得", True),
    ],
)
def test_of_two_names_of_a_builder_the_one_that_may_name_alone_counts(
    matcher: Matcher, text: str, mark: str, weak: bool
) -> None:
    match = matcher.match(text)[-1]
    assert (match.mark, match.needs_second_cue) == (mark, weak)
