"""Plates drawn and read back; `python -m tests.detector.plates` prints docs/origin.md's tables.

The firms are invented, their places are not. Each plate is drawn in letters of a given height,
stands on a machine's sheet metal, and is worn as a camera would (`datasets.maker.broadcast`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from datasets.maker.broadcast import wear
from datasets.maker.canvas import Picture
from datasets.maker.lettering import Lettering, draw_lettering
from datasets.registry import load_registry
from detector.claims.plate import Plates, claim
from detector.read.reader import Reader
from detector.settings import Attributing, Reading_

SEED = 20241125
HEIGHTS = (8, 12, 20, 40)
EACH = 5
"""Plates of each kind and height."""

OWN_NAMES = ("金瑞达", "宏远泰", "鑫隆昌", "华锐顺", "永盛兴", "亿恒通", "泰和源", "恒力锋")
LATIN_NAMES = ("JINRUIDA", "HONGYUAN", "XINLONG", "HUARUI", "YONGSHENG", "YIHENG", "TAIHE")
TOWNS = {
    "滕州市": "TENGZHOU",
    "沈阳市": "SHENYANG",
    "南京": "NANJING",
    "台州市": "ZHEJIANG",
    "青岛": "QINGDAO",
    "山东": "SHANDONG",
    "宝鸡市": "BAOJI",
}
TRADITIONAL = {
    "金瑞达": "金瑞達", "宏远泰": "宏遠泰", "鑫隆昌": "鑫隆昌", "华锐顺": "華銳順",
    "永盛兴": "永盛興", "亿恒通": "億恆通", "泰和源": "泰和源", "恒力锋": "恆力鋒",
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """What kind of plate it is, its lines, and the origin it may claim, None for none at all."""

    kind: str
    lines: tuple[str, ...]
    code: str | None


def chinese(rng: np.random.Generator) -> Iterator[Drawn]:
    """One of each kind of plate that tells where its machine is from."""
    town, own = _one(rng, [*TOWNS]), _one(rng, OWN_NAMES)
    trade = _one(rng, ("机床", "数控机床", "数控机械", "重型机床"))
    form = _one(rng, ("有限公司", "股份有限公司", "有限责任公司"))
    latin = f"{TOWNS[town]} {_one(rng, LATIN_NAMES)} "
    latin += _one(
        rng, ("CNC MACHINE TOOL CO., LTD", "MACHINE TOOL CO.,LTD.", "CNC MACHINERY CO., LTD")
    )
    name = f"{town}{own}{trade}{form}"
    yield Drawn("name in Han", (name,), "CN")
    yield Drawn("name in Han, two lines", (f"{town}{own}", f"{trade}{form}"), "CN")
    yield Drawn("name in Latin", (latin,), "CN")
    rows = ("数控车床", f"型号 CK61{rng.integers(30, 90)}", "主轴电机功率 11 KW")
    yield Drawn("whole plate", (name, *rows, latin, "MADE IN CHINA"), "CN")
    taiwan = f"{TRADITIONAL[own]}{_one(rng, ('機械', '精機', '機械工業'))}股份有限公司"
    yield Drawn("Taiwanese name", (taiwan,), "TW")
    kind = _one(rng, ("CNC LATHE", "VERTICAL MACHINING CENTER"))
    yield Drawn("kind, MADE IN TAIWAN", (kind, "MODEL VT-36", "MADE IN TAIWAN"), "TW")


def strange(rng: np.random.Generator) -> Iterator[Drawn]:
    """One of each kind of text that says nothing of where its machine is from."""
    town, own = _one(rng, [*TOWNS]), _one(rng, OWN_NAMES)
    latin = _one(rng, LATIN_NAMES)
    city = TOWNS[town]
    yield Drawn("branch, place in brackets", (f"{own}机床({town.rstrip('市')})有限公司",), None)
    yield Drawn("name without a place", (f"{own}数控机床有限公司",), None)
    traditional = f"{TRADITIONAL[own]}數控機床有限公司"
    yield Drawn("limited, traditional", (traditional,), None)
    motor = ("三相异步电动机", "380V 50HZ", f"{town}{own}电机有限公司", "MADE IN CHINA")
    yield Drawn("motor", motor, None)
    turret = ("数控刀架", f"{town}{own}机床数控设备有限公司", "MADE IN CHINA")
    yield Drawn("turret", turret, None)
    yield Drawn("control", ("CNC SYSTEM", f"{town}{own}数控设备有限公司"), None)
    chiller = ("OIL COOLER", "R410A", f"{city} {latin} MACHINE TOOL CO., LTD", "MADE IN CHINA")
    yield Drawn("oil cooler", chiller, None)
    yield Drawn("dealer", (f"{town}{own}机床销售有限公司", "服务热线 400 820 8820"), None)
    owner = ("固定资产", "设备名称 加工中心", f"{town}{own}精密机械有限公司")
    yield Drawn("owner's label", owner, None)
    slogan = _one(
        rng, ("安全生产 质量第一", "数控机床车间", "中国制造", "立式加工中心", "热烈欢迎")
    )
    yield Drawn("slogan, label", (slogan,), None)
    yield Drawn("MADE IN CHINA", ("MADE IN CHINA",), None)
    lathe = ("CNC LATHE", "MODEL CK6140", "MADE IN CHINA")
    yield Drawn("kind, MADE IN CHINA", lathe, None)


def russian(rng: np.random.Generator) -> Iterator[Drawn]:
    """One of each kind of plate in Russian that tells where its machine is from."""
    works = _one(rng, ("РЯЗАНСКИЙ", "ИВАНОВСКИЙ", "СТЕРЛИТАМАКСКИЙ", "САРАТОВСКИЙ", "ДМИТРОВСКИЙ"))
    kind = _one(rng, ("СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД", "ЗАВОД ФРЕЗЕРНЫХ СТАНКОВ"))
    model = _one(rng, ("16К20", "6Р12", "ИР500", "1М63", "2Н135"))
    rows = (f"МОДЕЛЬ {model}", f"ГОД ВЫПУСКА {rng.integers(1970, 1991)}")
    yield Drawn("works, in Russian", (f"{works} {kind}", *rows), "RU")
    yield Drawn("works, two lines", (works, kind, *rows), "RU")
    city, name = TOWNS[_one(rng, [*TOWNS])], _one(rng, LATIN_NAMES)
    latin = f"{city} {name} CNC MACHINE TOOL CO., LTD"
    yield Drawn("importer's plate", ("СТАНОК ТОКАРНЫЙ С ЧПУ", latin, "СДЕЛАНО В КИТАЕ"), "CN")


def strange_russian(rng: np.random.Generator) -> Iterator[Drawn]:
    """One of each kind of text in Russian that says nothing of where its machine is from."""
    lathe = ("СТАНОК ТОКАРНЫЙ С ЧПУ", "МОДЕЛЬ CK6140", "СДЕЛАНО В КИТАЕ")
    yield Drawn("kind, СДЕЛАНО В КИТАЕ", lathe, None)
    motor = ("ЭЛЕКТРОДВИГАТЕЛЬ", f"{rng.integers(2, 30)} КВТ 1450 ОБ/МИН", "СДЕЛАНО В КИТАЕ")
    yield Drawn("motor, in Russian", motor, None)
    yield Drawn("seller", ("СТАНКИ ИЗ КИТАЯ", "ООО ПРОМСНАБ", "ЗАПЧАСТИ И СЕРВИС"), None)
    slogan = _one(rng, ("НЕ ВКЛЮЧАТЬ", "РАБОТАЮТ ЛЮДИ", "СОБЛЮДАЙ ЧИСТОТУ", "УЧАСТОК ЧПУ"))
    yield Drawn("label, in Russian", (slogan,), None)
    yield Drawn("СДЕЛАНО В КИТАЕ", ("СДЕЛАНО В КИТАЕ",), None)


def draw_plate(lines: Sequence[str], height: int, rng: np.random.Generator) -> Picture:
    """A plate on sheet metal, RGB, its letters `height` pixels high."""
    dark = bool(rng.random() < 0.3)
    ink, ground = ((235, 235, 230), (40, 48, 70)) if dark else ((25, 27, 32), (205, 207, 204))
    weight = float(rng.uniform(0.0, 0.05))
    style = Lettering(ink, serif=bool(rng.random() < 0.2), weight=weight)
    cuts = [draw_lettering(line, style, height) for line in lines]
    pad, gap = 2 * height, round(0.7 * height)
    inner_height = sum(cut.shape[0] for cut in cuts) + gap * (len(cuts) - 1)
    size = (inner_height + 2 * pad, max(cut.shape[1] for cut in cuts) + 2 * pad)
    plate = np.full((*size, 3), ground, np.uint8)
    y = pad
    for cut in cuts:
        rows, columns = cut.shape[:2]
        here = plate[y : y + rows, pad : pad + columns]
        cover = cut[..., 3:].astype(np.float32) / 255
        here[...] = (here * (1 - cover) + cut[..., :3] * cover).astype(np.uint8)
        y += rows + gap
    metal = np.full((size[0] + 80, size[1] + 80, 3), (150, 156, 150), np.uint8)
    metal[40:-40, 40:-40] = plate
    return wear(metal, rng)


@dataclass
class Tally:
    """Plates by what became of them: `right`, `none` or `wrong`."""

    plates: Counter[tuple[str, int, str]]

    def row(self, kind: str, outcome: str) -> list[str]:
        cells = []
        for height in HEIGHTS:
            of = sum(n for (k, h, _), n in self.plates.items() if (k, h) == (kind, height))
            cells.append(f"{self.plates[kind, height, outcome]}/{of}")
        return cells


def measure(heights: Sequence[int] = HEIGHTS, each: int = EACH) -> tuple[Tally, list[str]]:
    """Draws, reads and judges plates; the tally, and every wrong claim in words."""
    registry = load_registry()
    plates = Plates.packaged(mark.text for c in registry.controls for mark in c.wordmarks)
    reader, tested = Reader(Reading_(), threads=1), Attributing().tested_origins
    # Apart, so that plates added in one language are not drawn otherwise in another.
    rng, rng_russian = np.random.default_rng(SEED), np.random.default_rng(SEED + 1)
    tally, wrong = Tally(Counter()), []
    for height in heights:
        for _ in range(each):
            latin_and_han = [(drawn, rng) for make in (chinese, strange) for drawn in make(rng)]
            cyrillic = [
                (drawn, rng_russian)
                for make in (russian, strange_russian)
                for drawn in make(rng_russian)
            ]
            for drawn, rng_of in latin_and_han + cyrillic:
                readings = reader.read(draw_plate(drawn.lines, height, rng_of), Fraction(0))
                found = claim(plates.statements(readings), tested)
                outcome = "none"
                if found is not None:
                    outcome = "right" if found.code == drawn.code else "wrong"
                if outcome == "wrong":
                    read = [(r.text, round(r.score, 2)) for r in readings]
                    wrong.append(
                        f"{drawn.kind}, {height} px: {found} of {drawn.lines}, read {read}"
                    )
                tally.plates[drawn.kind, height, outcome] += 1
    return tally, wrong


def main() -> None:
    tally, wrong = measure()
    rng = np.random.default_rng(0)
    header = "| plate | " + " | ".join(f"{height} px" for height in HEIGHTS) + " |"
    line = "|---|" + "---|" * len(HEIGHTS)
    print("Origin told, of plates that tell it:\n", header, line, sep="\n")
    for drawn in (*chinese(rng), *russian(rng)):
        print(f"| {drawn.kind} | " + " | ".join(tally.row(drawn.kind, "right")) + " |")
    print("\nOrigin claimed, of plates that tell none:\n", header, line, sep="\n")
    for drawn in (*strange(rng), *strange_russian(rng)):
        print(f"| {drawn.kind} | " + " | ".join(tally.row(drawn.kind, "wrong")) + " |")
    print(f"\n{tally.plates.total()} plates, {len(wrong)} wrong claims", *wrong, sep="\n")


def _one(rng: np.random.Generator, some: Sequence[str]) -> str:
    return str(some[int(rng.integers(len(some)))])


if __name__ == "__main__":
    main()
