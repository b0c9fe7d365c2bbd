"""What a reviewer told to break it typed: sets of texts that named a builder who did not build it.

Notation as of `stickers.views`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasets.registry import load_registry
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import claims, read, views

OWN_CODES_OF_OTHERS = """
DMG|CKE6150Z
DMG|VDL 1000|MADE IN CHINA
SMT|CAK6150
INDEX|CAK6150
NCT|CAK6150
TOS|FNG 32
TOS|SN 50 C
TOS|QTN 200
"""
JOINED = """
KOMATSULTD.|FD30T-17
TOSHIBACORPORATION|VF-S11
LIEBHERRWERK|LTM 1050
WALTERAG|F4042
HYUNDAICORP||HYUNDAICORP
BROTHERINDUSTRIES|KE 430
COMAUSPA|NJ 130
KERNGMBH|EMB 500
FLOWTECH||FLOWTECH
UNIONTECH|LITE 600
FUJITECH|FX 20
MILLSTAR|VF 400
LASERSTAR|LS 1900
"""
OTHER_GOODS = """
HANDTMANN|VF 620
HANWHA|XNO-6080R
HANWHA VISION
HANWHA AEROSPACE
DOOSAN ROBOTICS
DOOSAN BOBCAT
HYUNDAI|KIA
HYUNDAI-KIA
FIDIA||VMC850
FIDIA C20
NCT|NCT 201
TOYOPUC||TOYOPUC
村田
SUPERMAX
EX-CELL-O
不二越
TRUMPF MEDICAL
TOYODA GOSEI
SEIBU RAILWAY
TORNOS ROBOBAR
HAAS F1 TEAM
SAMSUNG TECHWIN|SNB-6004P
CITIZEN|CT-S310II
SKODA|A123BC 77
HANKOOK|K 715
OMV|HYD 46
MESSER|AR 4.8
KIWA|GA 123456
SMT|SM482
INDEX|LED 12
E-BRAKE
HI-ECO
LASERDYNE
MONGOOSE
OPTIMILL
ПРОМА
PROMA
INTERVESP
ИНТЕРВЕСП
БАЛТИЙСКАЯ ПРОМЫШЛЕННАЯ КОМПАНИЯ
СТАЛЕКС
МЕТАЛТЕК
"""
MISREAD = """
WELLER
PATRON
METALTECH
BORRIES
FAMUR
MATECO
SCHLIESS
HUROM
CORREIA
TONGLI
STARAG|NB 151
JC-OKUMA
"""
WRITTEN_IN_RUSSIAN = """
PAMA
PAMA 1
PAMA|ЛЕВАЯ
PAMA СВАРНАЯ
"""
CRANES = """
DEMAG
EMAG
EMAG|10 T
EMAG|Q=10T
EMAG|KBK
EMAG|SWL 3.2 T
EMAG|DH 500
EMAG||EMAG
D EMAG
MANNESMANN EMAG
MANNESMANN DEMAG
"""
PANELS = """
POWER|SPEED
POWER SPEED
SPINDLE|POWER|SPEED
POWER | SPEED|FEED
UNI|SPEED
SPEED|RAM
MILL TURN
MILL-TURN
MILL|TURN
MILL TURN CENTER
ROUND TOP
ROUND|TOP
MASTER|MILL
V CENTER
V|CENTER
H|PLUS
GLOBAL|MAX
U|MILL
STAR|CNC
OMNI|MAT
DUR|MA
"""
GENERATORS = """
PRIME POWER
PRIMEPOWER
PRIME POWER|STANDBY POWER
PRIME POWER|500 KVA
CUMMINS|PRIME POWER
PRIM POWER
PRIMAL POWER
PRIMAX POWER
PRIMO POWER
RM POWER
FIN POWER
INN POWER
RM POWER||RM POWER
PRIMA INDUSTRIES
SNC DYNAMICS
SENT DYNAMICS
SLOW WATERJET
TECHNO WATERJET
AKITA SEIKI
OMORI SEIKI
HONORS SEIKI
MATSUI SEIKI
HITACHI SEIKO
HITACHI SEIKO|ND-6N210
"""
OTHER_HOUSES = """
HAAS LASER
HAAS LASER|HL 62 P
HAAS|URALKALI
URALKALI|HAAS
HAAS|NIKITA MAZEPIN
ZF HURTH
HECKERT SOLAR
HECKERT SOLAR|NEMO 60 P
EMCO WHEATON
EMCO|WHEATON
MIKRON
MIKRON|ЗЕЛЕНОГРАД
MIKRON||MIKRON
MIKRON|M7500
STAR MICRONICS|TSP100
STAR MICRONICS|TSP143III
STAR MICRONICS PRINTER
"""
IN_TURKISH = """
DURMA
DURMA||DURMA
YÜK ALTINDA DURMA
YÜK ALTINDA|DURMA
MAKİNE ÖNÜNDE|DURMA
DURMA|TEHLIKE
DURMA YASAK
"""
SPOKEN_OF = """
ПРЕЗИДЕНТ ПОСЕТИЛ ЗАВОД HAAS
КУРСЫ ВАЛЮТ HAAS ОТКРЫЛ ЗАВОД
MAZAK ПОСТАВИЛ СТАНКИ В РОССИЮ
ЗАВОД ЗАКУПИЛ СТАНКИ MAZAK
ОФИЦИАЛЬНЫЙ ДИЛЕР HAAS
MINISTER VISITS PLANT WITH HAAS MACHINES
"""


@pytest.mark.parametrize("count", [1, 2], ids=["one view", "two views"])
@pytest.mark.parametrize(
    "listed",
    [
        *(OWN_CODES_OF_OTHERS, JOINED, OTHER_GOODS, MISREAD, WRITTEN_IN_RUSSIAN, SPOKEN_OF),
        *(CRANES, PANELS, GENERATORS, OTHER_HOUSES, IN_TURKISH),
    ],
    ids=[
        *("codes", "joined", "goods", "misread", "russian", "spoken of"),
        *("cranes", "panels", "generators", "houses", "turkish"),
    ],
)
def test_no_set_names_a_builder(attributor: Attributor, listed: str, count: int) -> None:
    sets = listed.strip().splitlines()
    said = {text: claims(attributor.attribute(views(text, count))) for text in sets}
    assert {text: made for text, made in said.items() if made[0] is not None} == {}


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("DMG|CTX 310", "dmg"), ("TOS|WHN 13", "tos-varnsdorf"),
        ("BFW|BMV 60", "bfw"), ("OKK|VM76R", "okk"), ("CITIZEN|L20", "citizen"),
        ("XEXCETEK", "excetek"), ("TRAUE|TNK 36", "traub"), ("СТАНКИ HAAS", "haas"),
        ("ТОКАРНЫЙ СТАНОК HAAS ST-20", "haas"), ("HAAS AUTOMATION OXNARD CALIFORNIA", "haas"),
        ("HAASAUTOMATION", "haas"), ("HYUNDAI KIA MACHINE", "hyundai-wia"),
        ("DOOSAN", "dn-solutions"), ("HANWHA|XD32", "hanwha"), ("PAMA|SPEEDRAM", "pama"),
        ("НА ДВЕРИ||HAAS", "haas"), ("HISION|VMC850", "hision"), ("TSUGAMI|B0205", "tsugami"),
        ("TRUMPF 3030", "trumpf"), ("INDEX|G200", "index"), ("NCT|EML-850", "nct"),
        ("EMAG|VL 4", "emag"), ("EMAG|VLC 200", "emag"), ("EMAG KOEPFER", "emag"),
        ("DURMA|HD-F6020", "durma"), ("DURMA|AD-S 30135", "durma"), ("DURMAZLAR", "durma"),
        ("MIKRON|UCP 800", "agie-charmilles"), ("STAR CNC|SR-20", "star-micronics"),
        ("STAR MICRONICS", "star-micronics"), ("MILLTURN", "wfl"), ("WFL|MILLTURN", "wfl"),
        ("POWERSPEED", "shw"), ("SHW|UNISPEED", "shw"), ("ROUNDTOP", "johnford"),
        ("PRIMA POWER", "prima-power"), ("PRIMA|POWER", "prima-power"),
        ("PRIMA POWFR", "prima-power"), ("FINN-POWER", "finn-power"),
        ("MORI|SEIKI", "mori-seiki"), ("ORI SEIKI", "mori-seiki"), ("PAMA|SPEED RAM", "pama"),
        ("HECKERT", "heckert"), ("VERTIMASTER", "schiess"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_what_stands_on_a_machine_still_names_its_builder(
    attributor: Attributor, text: str, builder: str
) -> None:
    assert claims(attributor.attribute(views(text, 1)))[0] == builder


def test_a_surer_misreading_or_a_caption_takes_no_name_away(attributor: Attributor) -> None:
    badge = read("WEILER", 0.0, 0.0)
    misread = replace(read("WEILEP", 80.0, 60.0, at=2), score=0.99)
    assert attributor.attribute([replace(badge, score=0.75), misread]).builder == "weiler"
    caption = replace(read("ПРЕЗИДЕНТ ПОСЕТИЛ ЗАВОД HAAS", 0.0, 300.0), score=0.99)
    said = attributor.attribute([read("HAAS", 0.0, 0.0), caption])
    assert (said.builder, said.grade) == ("haas", "B"), "a caption is no second view"


def test_a_caption_seen_often_is_one_weak_cue(attributor: Attributor) -> None:
    often = [read("СРОЧНО INDEX КУРСЫ ВАЛЮТ", 90.0 * at, 40.0 * at, at) for at in range(4)]
    once, said = attributor.attribute(often[:1]), attributor.attribute(often)
    assert said.builder is None
    assert [line.weight for line in said.evidence] == [line.weight for line in once.evidence]


def test_names_of_firms_where_another_origin_is_under_test() -> None:
    registry = load_registry()
    tested = Attributor(matcher_of(registry), registry, Attributing(tested_origins=("DE",)))
    assert tested.attribute([read("HERMLE GMBH")]).builder == "hermle"
    assert tested.attribute([read("HERMLE SPA")]).builder is None
