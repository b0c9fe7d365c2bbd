"""The words the maker writes on machines; builders and controls carry the registry's ids."""

from __future__ import annotations

from typing import Literal, NamedTuple

Script = Literal["latin", "han", "cyrillic"]


class BuilderMark(NamedTuple):
    """A wordmark as it is written: the registry's id of its builder, the text, its script."""

    builder: str
    text: str
    script: Script


BUILDER_MARKS: tuple[BuilderMark, ...] = (
    BuilderMark("mazak", "MAZAK", "latin"),
    BuilderMark("okuma", "OKUMA", "latin"),
    BuilderMark("haas", "HAAS", "latin"),
    BuilderMark("dmg-mori", "DMG MORI", "latin"),
    BuilderMark("mori-seiki", "MORI SEIKI", "latin"),
    BuilderMark("makino", "MAKINO", "latin"),
    BuilderMark("dn-solutions", "DOOSAN", "latin"),
    BuilderMark("hyundai-wia", "HYUNDAI WIA", "latin"),
    BuilderMark("brother", "BROTHER", "latin"),
    BuilderMark("tsugami", "TSUGAMI", "latin"),
    BuilderMark("citizen", "CITIZEN", "latin"),
    BuilderMark("hermle", "HERMLE", "latin"),
    BuilderMark("grob", "GROB", "latin"),
    BuilderMark("emag", "EMAG", "latin"),
    BuilderMark("hurco", "HURCO", "latin"),
    BuilderMark("okk", "OKK", "latin"),
    BuilderMark("goodway", "GOODWAY", "latin"),
    BuilderMark("leadwell", "LEADWELL", "latin"),
    BuilderMark("dmtg", "DMTG", "latin"),
    BuilderMark("smtcl", "SMTCL", "latin"),
    BuilderMark("dmtg", "大连机床", "han"),
    BuilderMark("smtcl", "沈阳机床", "han"),
    BuilderMark("qinchuan", "秦川机床", "han"),
    BuilderMark("qinchuan", "秦川", "han"),
    BuilderMark("hision", "海天精工", "han"),
    BuilderMark("neway", "纽威数控", "han"),
    BuilderMark("bochi", "宝鸡机床", "han"),
    BuilderMark("byjc", "北京第一机床厂", "han"),
    BuilderMark("hanchuan", "汉川机床", "han"),
    BuilderMark("jingdiao", "北京精雕", "han"),
    BuilderMark("qiqihar-heavy", "齐重数控", "han"),
    BuilderMark("smstroi-penza", "СТАНКОМАШСТРОЙ", "cyrillic"),
    BuilderMark("sterlitamak", "СТЕРЛИТАМАК", "cyrillic"),
    BuilderMark("sasta", "САСТА", "cyrillic"),
    BuilderMark("izhstanko", "ИЖСТАНКО", "cyrillic"),
    BuilderMark("ivanovo-izts", "ИЗТС", "cyrillic"),
    BuilderMark("kolomna-zts", "СТАНКОТЕХ", "cyrillic"),
    BuilderMark("krasny-proletary", "КРАСНЫЙ ПРОЛЕТАРИЙ", "cyrillic"),
    BuilderMark("stankoimport", "СТАНКОИМПОРТ", "cyrillic"),
)

SERIES: dict[str, tuple[str, ...]] = {
    "mazak": ("INTEGREX i-200", "VARIAXIS i-600", "QUICK TURN 250", "VCN-530C"),
    "okuma": ("GENOS M560-V", "MULTUS U3000", "LB3000 EX", "MB-46V"),
    "haas": ("VF-2", "VF-4SS", "ST-20Y", "UMC-750"),
    "dmg-mori": ("NLX 2500", "NHX 4000", "NTX 1000", "NVX 5080"),
    "mori-seiki": ("NL2500", "NV5000", "NH5000", "ZL-253"),
    "makino": ("A51NX", "A61NX", "D800Z", "PS105"),
    "dn-solutions": ("PUMA 2600SY", "LYNX 220", "DNM 4500", "MYNX 6500"),
    "brother": ("SPEEDIO", "TC-S2D", "S700X1"),
    "tsugami": ("B0205", "SS207", "B0326"),
    "smtcl": ("CAK6150", "HTC2050", "VMC850E"),
    "dmtg": ("CKE6150", "VDL-1000", "VDF-850"),
    "qinchuan": ("QMK50", "VMT1180"),
    "hision": ("GLU28", "CFV1100"),
    "neway": ("NL322T", "HM634"),
    "sterlitamak": ("500V", "800VF6", "2С132"),
    "ivanovo-izts": ("ИР500", "ИС800"),
    "sasta": ("СА500", "СА630"),
    "krasny-proletary": ("16К20Ф3", "16К20Т1"),
}

# Designations that many builders use; they point to nobody.
COMMON_SERIES = ("VMC-850", "VMC-1160", "CK6150", "HMC-630", "VMC 1060L", "CNC-36", "TC-500", "V-8")
COMMON_SERIES_CYRILLIC = ("16А20Ф3", "СТ16К20", "ФП-17", "6Р13Ф3")

# Control id, badge text, plate colour, letter colour.
CONTROL_BADGES: tuple[tuple[str, str, tuple[int, int, int], tuple[int, int, int]], ...] = (
    ("ctl-fanuc", "FANUC", (222, 190, 30), (190, 30, 35)),
    ("ctl-fanuc", "FANUC", (235, 235, 230), (200, 30, 40)),
    ("ctl-siemens", "SIEMENS", (226, 229, 230), (20, 150, 150)),
    ("ctl-siemens", "SINUMERIK", (60, 66, 72), (235, 238, 240)),
    ("ctl-heidenhain", "HEIDENHAIN", (225, 226, 222), (40, 90, 40)),
    ("ctl-mitsubishi", "MITSUBISHI", (230, 230, 230), (210, 30, 40)),
    ("ctl-fagor", "FAGOR", (200, 40, 45), (245, 245, 245)),
    ("ctl-gsk", "GSK", (230, 232, 235), (30, 70, 160)),
    ("ctl-gsk", "广州数控", (230, 232, 235), (30, 70, 160)),
    ("ctl-hnc", "华中数控", (235, 235, 235), (180, 30, 40)),
    ("ctl-knd", "KND", (40, 60, 110), (240, 240, 240)),
    ("ctl-syntec", "SYNTEC", (50, 54, 60), (235, 235, 235)),
    ("ctl-balt-system", "БАЛТ-СИСТЕМ", (225, 228, 230), (30, 60, 130)),
    ("ctl-mayak", "МАЯК-600", (215, 218, 214), (40, 60, 90)),
)

# Writing in a hall that is nobody's mark; never labelled.
HALL_WORDS = (
    "ЦЕХ №3", "НЕ КУРИТЬ", "ВЫХОД", "安全生产", "质量第一", "禁止吸烟", "EXIT", "SAFETY FIRST",
    "QUALITY", "KEEP CLEAR", "СТОЙ! НАПРЯЖЕНИЕ", "УЧАСТОК 12", "5S", "ПОСТ ОТК", "BAY 4",
)  # fmt: skip
BUGS = ("ЗВЕЗДА", "ТВ-6", "РОССИЯ 1", "NEWS 24", "KANAL 5", "ВЕСТИ", "МИР 24", "LIVE")
CAPTIONS = (
    ("Директор завода", "Новый участок запущен в цехе № 3"),
    ("УДМУРТИЯ", "Предприятие нарастило выпуск деталей"),
    ("Иван Петров", "наладчик станков с ЧПУ"),
    ("СЕГОДНЯ", "На заводе открыли механический цех"),
    ("PRODUCTION REPORT", "A new machining hall has opened"),
)
