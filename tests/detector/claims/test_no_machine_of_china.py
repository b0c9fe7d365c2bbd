"""What a reviewer told to break it typed: sets of texts of which none shows a Chinese machine.

Notation as of `stickers.views`.
"""

from __future__ import annotations

import pytest

from detector.naming.attribute import Attributor
from tests.detector.stickers import claims, views

BESIDE = """
КУБОК >> SMTCL
SMTCL >> CUP
ОСНАСТКА >> SMTCL
АНАЛОГ >> SMTCL
СОПЛО >> BODOR
LENS >> BODOR
LASZLO >> BODOR
КУРСЫ >> HISION
JAN >> NOVICK
沈阳机床 >> 技能大赛
沈阳机床 >> 防尘罩
BODOR P.
NOVICK A.
"""
CODES = """
SMTCL||NLX 2500
SMTCL||NHX 4000
SMTCL||DMU 65
SMTCL||CTX BETA 500
SMTCL||CLX 350
SMTCL||QTN 200
SMTCL||VF-2
SMTCL||NLX 2500||FANUC||MADE IN JAPAN
"""
ELSEWHERE = """
NEWAY|MADE IN USA
NEWAY MFG INC|MADE IN USA
HISION|USA
DARDI SRL|ITALIA
TAIKAN|MADE IN TAIWAN
TAIKAN CO.,LTD.|OSAKA JAPAN
TAIWAN R.O.C.|HISION
MADE IN GERMANY|SMTCL
日本製|沈阳机床
HG-TECH GMBH
ООО BODOR РУС
АО SMTCL
BODOR РУС
BODOR|РУС
SMTCL|ООО
ООО «ДМТГ РУС»
HANS LASER GMBH
株式会社TAIKAN
MADE IN TAIKAN
MADE|IN|TAIKAN
MADE >> IN >> TAIKAN
IN TAIKAN
CUTLITE PENTA||PENTA LASER
"""
WRITTEN = """
永華機械工業股份有限公司
永華機械|台灣製造
日發精機股份有限公司
三光科技|台中市
長機科技|台灣製造
生建機械|台南
台群精機
株式会社武重製作所
宏山精機|台中
森峰
株式会社北村精密
"""
PARTS = """
SMTCL|FANUC A06B-0238-B605
SMTCL|SIEMENS 1FT7042
SMTCL|SIEMENS 1LE1001
SMTCL|SIEMENS 3RT1015
HISION|SIEMENS 6SL3210
HISION|HEIDENHAIN LC483
无锡建华机床厂有限公司
WUXI JIANHUA MACHINE TOOL CO., LTD
YANTAI UNIVERSAL MACHINE TOOL CO., LTD
YANTAI HUANQIU MACHINE TOOL CO., LTD
烟台环球数控机床有限公司
呼和浩特众环机床有限公司
陕西汉江机床有限公司
SHAANXI HANJIANG MACHINE TOOL CO., LTD
科德数控||GNC62
KEDE CNC|GNC61
华东数控设备
华东数控设备有限公司
HISION|FANUC A860-2000
沈阳机床|FANUC A06B-6117-H103
SMTCL||HAAS F1 TEAM
"""
CHANCE = """
S M T W T F S
S M T W T F S|1 2 3 4 5 6 7
THEBEN||S M T W T F S
HDMT|USB 3.0|DP 1.2
HDMT 1||HDMT 2
KEDE|MIG-250
WHMT 060408
NEWAY|API 602
NEWAY|FIG 200
WUXI MACHINE 12
WUXI MACHINE-03
汉江机床|C3
CONPROFE|HSK63A
DARDI|400 MPA
HIMILE|205/55R16
"""
TAIWAN = """
TAIKAN
MADE 1N TAIKAN
MADE 1N|TAIKAN
PRODUCT OF|TAIKAN
COUNTRY OF ORIGIN|TAIKAN
TAIKAN 428
TAIKAN|42881
TAIKAN|MODEL
TAIKAN|MODEL V-30|SERIAL NO
CITY|TAIKAN
MACHINERY CO., LTD|TAIKAN
TAIKAN P.O.C.
TAIKAN|T-V856||TAIWAN
TAIKAN|T-V856||TAICHUNG
TAIKAN|T-V856||R.O.C.
台群精机|TAIKAN||MADE IN TAIWAN
"""
SOVIET = """
16А20Ф3||SMTCL
2H135||SMTCL
СА700СФ3||SMTCL
ТПК-125||SMTCL
ЛТ260||SMTCL
6520Ф3||沈阳机床
1516Ф3||齐重数控
ЛФ260||HISION
ФП-17||沈阳机床
2H135||WUXI HUAYI MACHINE TOOL CO., LTD
ФП-17||无锡华谊机床有限公司
"""
PRESSES = """
SCHULER||YANGLI
ERFURT||济南二机床
SMERAL||YANGLI
VACCARI||YANGLI
BEKO||YANGLI
DIRINLER||YANGLI
MÜLLER WEINGARTEN||沃得精机
AIDA|NC1-110||YANGLI
会田||扬力
GDW||SMTCL
MONDIALE||SMTCL
AXA VSC||沈阳机床
WEMAS||SMTCL
三菱||大族激光
东芝||齐二机床
GDW||无锡华谊机床有限公司
MONDIALE||WUXI HUAYI MACHINE TOOL CO., LTD
SMTCL||XR 610
SMTCL||TUR 63
SMTCL||FQS 400
SMTCL||MB-5000
SMTCL||WFT 13
"""
GOODS = """
YAWEI|S11-630/10
YAWEI|630 KVA
YAWEI|SCB10-1000/10
HGTECH|100G QSFP28
HGTECH|1064NM
HAITIAN PRECISION|MA1600
QINCHUAN|CBF-E32
SMTCL|SLT80-8
DMTG|LD4B-CK6150
BOCHI|K11-250
GENERTEC|40HQ
GENERTEC INTERNATIONAL
SM|TCL
SMT|CL
SM TCL
"""
SCREENS = """
SMTCL|12:34
SMTCL|24/05/2024 12:30
HISION|2024-05-24 14:33:02
SMTCL|1280 X 720
HISION|1080P
SMTCL|VMC850B.STP
海天精工|品质至上
秦川机床|质量第一
海天精工|智能制造
沈阳机床|世界品牌
重庆机床|高新技术企业
昆明机床|3号
上海机床厂|1号机
BODOR|SMART FACTORY
"""
PARTS_BY_CODE = """
常州新墅机床有限公司|LD4B-CK6150
CHANGZHOU HONGDA MACHINE TOOL CO., LTD|HLT63
台州市机床有限公司|型号 K11-320
WENLING HUAYI MACHINE TOOL CO., LTD|K11 320
YANTAI HUAYI MACHINE TOOL CO., LTD|F11 160
YANTAI HUAYI MACHINE TOOL CO., LTD|BS-0
YANTAI HUAYI MACHINE TOOL CO., LTD|TS320
YANTAI HUAYI MACHINE TOOL CO., LTD|QM16160
洛阳华谊机床有限公司|24000 RPM|5.5KW
无锡华谊机床有限公司|380V|200V|15KVA
WUXI HUAYI MACHINE TOOL CO., LTD|Q=10 L/MIN|P=4 MPA
"""
WORKS_OF_OTHERS = """
大连山崎机床有限公司
YINCHUAN LITTLE GIANT MACHINE TOOL CO., LTD
YANTAI DN MACHINE TOOL CO., LTD
YANTAI INFRACORE MACHINE TOOL CO., LTD
江苏威亚机床有限公司
杭州友高机床有限公司
苏州东昱机床有限公司
宁波北仑赫可数控机床有限公司
嘉兴乔福机床有限公司
上海准力机床有限公司
SHANGHAI SHARP MACHINE TOOL CO., LTD
JIANGSU SEYI MACHINE TOOL CO., LTD
KUNSHAN CHINFONG MACHINE TOOL CO., LTD
宁波金丰机床有限公司
无锡光洋机床有限公司
WUXI KOYO MACHINE TOOL CO., LTD
上海法孚机床有限公司
北京达诺巴特机床有限公司
长春马格机床有限公司
沈阳希斯机床有限责任公司
上海埃姆科机床有限公司
上海海科特机床有限公司
无锡纳格尔机床有限公司
上海哈科机床有限公司
上海哈默机床有限公司
黄石普威达机床有限公司
YANGZHOU OPTIMUM MACHINE TOOL CO., LTD
DALIAN NIPPEI MACHINE TOOL CO., LTD
CHANGZHOU GF MACHINE TOOL CO., LTD
常州乔治费歇尔机床有限公司
KUNSHAN VISION MACHINE TOOL CO., LTD
"""
FIRMS = """
HARBINGERMACHINETOOLCO.,LTD
LINFENGMACHINETOOLCO.,LTD
DALIANIMACHINETOOLCO.,LTD
SUZHOUHAASMACHINETOOLCO.,LTD
CHANGCHUNMACHINETOOLCO.,LTD
JINCHENG MACHINE TOOL CO., LTD
TAIAN MACHINE TOOL CO., LTD
TAIAN PRECISION MACHINE TOOL CO., LTD
YONGKANG INDUSTRIAL MACHINE TOOL CO., LTD
JINHUA CNC MACHINE TOOL CO., LTD
嘉兴哈挺机床有限公司
宁波赫克数控机床有限公司
江苏现代威亚机床有限公司
SHANGHAI SCHLEIFRING MACHINE TOOL CO., LTD
大连捷太格特机床有限公司
上海吉特迈机床有限公司
上海斯达拉格机床有限公司
上海斯图德磨床有限公司
北京科堡机床有限公司
北京瓦德里希机床有限公司
上海莱斯豪尔机床有限公司
上海威力铭机床有限公司
上海肖布林机床有限公司
上海辛辛那提机床有限公司
上海昂科机床有限公司
上海勇克机床有限公司
西安托纳斯机床有限公司
常州海勒机床有限公司
上海德克尔机床有限公司
上海和井田机床有限公司
上海滨井机床有限公司
上海宫野机床有限公司
上海仓敷机床有限公司
上海东芝机床有限公司
上海芝浦机床有限公司
苏州韩华精密机床有限公司
WUXI TOYOTA MACHINE TOOL CO., LTD
"""


@pytest.mark.parametrize("count", [1, 2], ids=["one view", "two views"])
@pytest.mark.parametrize(
    "listed",
    [
        BESIDE, CODES, ELSEWHERE, WRITTEN, PARTS, CHANCE, FIRMS,
        TAIWAN, SOVIET, PRESSES, GOODS, SCREENS, PARTS_BY_CODE, WORKS_OF_OTHERS,
    ],
    ids=[
        "beside", "codes", "elsewhere", "written", "parts", "chance", "firms",
        "taiwan", "soviet", "presses", "goods", "screens", "parts by code", "works of others",
    ],
)  # fmt: skip
def test_no_set_claims_china(attributor: Attributor, listed: str, count: int) -> None:
    sets = listed.strip().splitlines()
    said = {text: claims(attributor.attribute(views(text, count))) for text in sets}
    assert {text: made for text, made in said.items() if made[1] == "CN"} == {}


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("SMTCL|FANUC SERIES OI-TD", "smtcl"), ("SMTCL|SIEMENS 828D", "smtcl"),
        ("SMTCL|GSK 980TDC", "smtcl"), ("ACCURL|DELEM", "accurl"), ("通用技术|沈阳机床", "smtcl"),
        ("GENERTEC SMTCL", "smtcl"), ("通用技术|DMTG", "dmtg"), ("GENERTEC", "genertec"),
        ("SMTCL||FESTO", "smtcl"), ("SMTCL||GUHRING", "smtcl"), ("BODOR||LASER CUTTING", "bodor"),
        ("HARSLE|NANJING", "harsle"), ("SMTCL|ИНВ. № 123456", "smtcl"), ("云南机床", "yunnan-cy"),
        ("NEWAY|NL201HA", "neway"), ("NEWAY CNC", "neway"), ("HDMT|华东数控", "hdmt"),
        ("GENERTEC|QIER", "qier"), ("GENERTEC|天锻压力机", "tianduan"),
        ("SHENCHONG|无锡神冲", "shenchong"), ("JQ LASER", "jq-laser"),
        ("KEDE|KMC800U", "kede"), ("科德数控|KMC800U", "kede"),
        ("SMTCL|FANUC SERIES 0I-MF", "smtcl"),
        ("HISION|SINUMERIK 840D SL", "hision"),
        ("HISION|HEIDENHAIN TNC 640", "hision"), ("BODOR INC", "bodor"),
        ("QIAOFENG|乔锋", "jirfine"), ("HANCHUAN|汉川机床", "hanchuan"),
        ("NINGJIANG|CMK0220", "ningjiang"), ("三光科技|苏州三光", "sanguang"),
        ("成都广泰|广泰威达", "gtwd"),
        ("TAIKAN|T-V856", "taikan"), ("TAIKAN|T-V1165", "taikan"), ("TAIKAN||台群", "taikan"),
        ("SMTCL|CK6140||3P100", "smtcl"), ("YAWEI|PBB-110/3100", "yawei"),
        ("HGTECH|HLF-1530", "hgtech"), ("SMTCL|CAK6150", "smtcl"), ("DMTG|CKE6150", "dmtg"),
        ("沈阳机床|中国制造", "smtcl"), ("SMTCL||VMC850B", "smtcl"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_what_stands_on_a_machine_still_names_its_builder(
    attributor: Attributor, text: str, builder: str
) -> None:
    assert claims(attributor.attribute(views(text, 1))) == (builder, "CN")


@pytest.mark.parametrize(
    "text",
    [
        "TAIKAN", "NEWAY", "HDMT", "WUXI MACHINE", "DARDI", "科德",
        # A surname, two firms of one name, a town, an exporter, looms, tyre moulds, pipe machines.
        "NOVICK", "JIATAI", "YUHUAN CNC", "WMT CNC",
        "日发", "ZHEJIANG RIFA", "山东豪迈", "大连三垒", "三垒机器",
        # Whose name stands on controls that are fitted to anybody's machines.
        "成都广泰", "成都广泰实业有限公司", "科德数控", "KEDE CNC", "南京四开",
        "北京机床研究所", "北京机床所",
        # A man, a town, a district, displays, works of prisons, plain names, robots, Celestica.
        "QIAOFENG", "HANCHUAN", "NINGJIANG", "TONTEC", "生建机械厂", "永华机械", "三光科技",
        "格力智能装备", "苏州天弘",
    ],
)  # fmt: skip
def test_a_mark_that_is_on_other_things_too_needs_a_second_cue(
    attributor: Attributor, text: str
) -> None:
    assert attributor.attribute(views(text, 2)).builder is None
