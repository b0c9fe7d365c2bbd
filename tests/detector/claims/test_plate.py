"""What plates say of where a machine was made, and what they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from datasets.letters import scripts
from datasets.registry import load_plants, load_registry
from detector.claims.plate import Claim, Plates, claim
from detector.types import Reading

TESTED = ("CN",)
LINE = 20.0
STRANGERS = [
    line
    for line in (Path(__file__).parents[1] / "strangers.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def plates() -> Plates:
    registry = load_registry()
    return Plates.packaged(mark.text for c in registry.controls for mark in c.wordmarks)


def read(text: str, x: float = 0.0, y: float = 0.0, at: int = 0, score: float = 0.97) -> Reading:
    """A line of text, its letters about half as wide as high, Han as wide as high."""
    found = scripts(text)
    script = "han" if "han" in found else "cyrillic" if "cyrillic" in found else "latin"
    width = LINE * len(text) * (1.0 if script == "han" else 0.55)
    return Reading(text, score, (x, y, x + width, y + LINE), Fraction(at), script)  # type: ignore[arg-type]


def plate(*lines: str, x: float = 0.0, y: float = 0.0, at: int = 0) -> list[Reading]:
    """Lines one below the other, as on one plate."""
    return [read(line, x, y + 1.6 * LINE * n, at) for n, line in enumerate(lines)]


def told(plates: Plates, readings: Sequence[Reading]) -> Claim | None:
    return claim(plates.statements(readings), TESTED)


@pytest.mark.parametrize(
    "name",
    [
        "滕州市鲁南机床有限公司",
        "滕州市魯南机床有限公司",  # the reader takes 鲁 for 魯
        "山东省滕州市鲁南数控机床股份有限公司",
        "山东鲁南数控机械有限公司",
        "制造商：滕州市鲁南机床有限公司",
        "沈阳市數控机床厂",  # and 数 for 數
        "TENGZHOU BORUI CNC MACHINE TOOL CO., LTD",
        "TENGZHOUBORUICNCMACHINETOOLCO.,LTD.",
        "MANUFACTURER: XI AN HUANGHE MACHINE TOOL C0., LTD",
    ],
)
def test_a_whole_chinese_name_says_china(plates: Plates, name: str) -> None:
    assert told(plates, [read(name)]) == Claim("CN", "B")


@pytest.mark.parametrize(
    "name",
    [
        "鲁南机床有限公司",  # no place: perhaps a foreign firm's branch
        "哈斯自动数控机械(上海)有限公司",
        "哈斯自动数控机械（上海）有限公司",
        "牧野机床（中国）有限公司",
        "HAAS AUTOMATION (SHANGHAI) CO., LTD",
        "DOOSAN MACHINE TOOLS CHINA CO., LTD",
        "BORUI CNC MACHINE TOOL CO., LTD",
        "有限公司",
        "机床有限公司",
        "滕州市鲁南机床",
        "滕州市鲁南机械有限公司",  # any machinery; may be who owns it
        "滕州市鲁南机床销售有限公司",
        "上海鲁南机床贸易有限公司",
        "烟台环球机床附件集团有限公司",
        "北京机床电器有限责任公司",
        "广州数控设备有限公司",
        "武汉华中数控股份有限公司",
        "常州市鲁南数控设备有限公司",
        "中国国际机床展览会",
        "热烈欢迎滕州市鲁南机床有限公司领导",
        "固定资产 滕州市鲁南机床有限公司",
        "滕州市魯南機床有限公司",
        "数控车床",
        "安全生产",
        "质量第一",
        "中国制造",
        "中国制造2025",
        "MADE IN CHINA",
        "CHINA",
        "SHANGHAI",
        "上海市浦东新区张江路",
        "SHANGHAI ABC MACHINERY CO., LTD",
        "SHANGHAI ABC MACHINE TOOL TRADING CO., LTD",
        "SHANGHAI ABC MACHINE TOOL ACCESSORIES CO., LTD",
        "XYZ CO., LTD",
    ],
)
def test_nothing_less_says_china(plates: Plates, name: str) -> None:
    assert told(plates, [read(name)]) is None


def test_a_short_name_must_be_seen_in_two_views(plates: Plates) -> None:
    once = read("滕州机床厂")
    assert told(plates, [once]) is None
    assert told(plates, [once, read("滕州机床厂", at=1)]) is None  # the same pixels
    assert told(plates, [once, read("滕州机床厂", x=60, at=1)]) == Claim("CN", "B")


MOTOR = ("滕州市鲁南机床有限公司", "主轴电机")
DEALER = ("滕州市鲁南机床有限公司", "TEL 0632-5551234")
CHUCK = ("HYDRAULIC CHUCK", "CNC LATHE", "MADE IN TAIWAN")


@pytest.mark.parametrize(
    ("whole", "rest"),
    [
        (MOTOR, MOTOR[:1]),
        (MOTOR, ("滕州市鲁南机床有限公司", "MODEL CK6140")),
        (DEALER, DEALER[:1]),
        (CHUCK, CHUCK[1:]),
        (
            ("SPINDLE MOTOR", "TENGZHOU LUNAN MACHINE TOOL CO., LTD"),
            ("TENGZHOU LUNAM MACHINE TOOL CO., LTD",),
        ),
    ],
    ids=["motor", "motor-or-machine", "dealer", "chuck", "misread"],
)
def test_a_frame_that_lost_a_line_makes_no_machines_plate_of_a_parts_or_a_dealers(
    plates: Plates, whole: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    assert told(plates, plate(*rest)) is not None
    often = [*plate(*whole, at=0), *plate(*whole, at=1), *plate(*rest, at=2)]
    assert told(plates, often) is None


def test_a_part_read_into_one_frame_takes_no_plate_away(plates: Plates) -> None:
    name = MOTOR[:1]
    thrice = [*plate(*MOTOR, at=0), *plate(*name, at=1), *plate(*name, at=2)]
    assert told(plates, thrice) == Claim("CN", "B")


def test_a_name_read_badly_claims_nothing(plates: Plates) -> None:
    assert told(plates, [read("滕州市鲁南机床有限公司", score=0.85)]) is None
    assert told(plates, [read("台中精機廠股份有限公司", score=0.7)]) is None


@pytest.mark.parametrize(
    "lines",
    [("滕州市鲁南", "机床有限公司"), ("TENGZHOU BORUI CNC", "MACHINE TOOL CO., LTD")],
    ids=["han", "latin"],
)
def test_a_name_in_two_lines_is_one(plates: Plates, lines: tuple[str, str]) -> None:
    assert told(plates, plate(*lines)) == Claim("CN", "B")


def test_a_name_in_three_pieces_is_one(plates: Plates) -> None:
    pieces = [read("滕州市", 0), read("鲁南数控", 70), read("机床有限公司", 160)]
    assert told(plates, pieces) == Claim("CN", "B")


def test_two_statements_are_surer_than_one(plates: Plates) -> None:
    lines = ("滕州市鲁南机床有限公司", "MADE IN CHINA", "数控车床")
    assert told(plates, plate(*lines)) == Claim("CN", "A")
    both = ("鲁南机床有限公司", "MADE IN CHINA", "TENGZHOU, SHANDONG, CHINA")
    assert told(plates, plate(*both)) == Claim("CN", "A")


def test_a_name_in_two_scripts_is_two_statements(plates: Plates) -> None:
    lines = ("滕州市鲁南机床有限公司", "TENGZHOU LUNAN MACHINE TOOL CO., LTD")
    assert told(plates, plate(*lines)) == Claim("CN", "A")


def test_made_in_china_beside_a_machines_kind_is_one_statement_and_too_little(
    plates: Plates,
) -> None:
    assert told(plates, plate("CNC LATHE", "MODEL CK6140", "MADE IN CHINA")) is None
    # The same is enough for an origin that nobody disputes.
    assert told(plates, plate("CNC LATHE", "MADE IN TAIWAN")) == Claim("TW", "B")


@pytest.mark.parametrize(
    "lines",
    [
        ("AC SERVO MOTOR", "MADE IN JAPAN"),
        ("FANUC", "MADE IN JAPAN"),
        ("INDUCTION MOTOR", "FOR CNC LATHE", "MADE IN TAIWAN"),
        ("LIVE CENTER FOR CNC LATHE", "CHUCK", "MADE IN TAIWAN"),
        ("三相异步电动机", "数控车床", "MADE IN GERMANY"),
        ("TRANSFORMER", "MADE IN CHINA", "SHANGHAI, CHINA"),
        ("冷水机", "滕州市鲁南机床有限公司", "MADE IN CHINA"),
        ("数控刀架", "常州市鲁南机床有限公司", "MADE IN CHINA"),
        ("MADE IN GERMANY",),
        ("MADE IN JAPAN", "MODEL A06B"),
        ("СТАНОК ТОКАРНЫЙ", "СДЕЛАНО В РОССИИ"),
        ("СТАНОК ТОКАРНЫЙ", "СДЕЛАНО В СССР", "ГОСТ 8-82"),
        ("ГОСТ 8-82",),
        ("МОСКОВСКИЙ СТАНКОЗАВОД", "СТАНОК NO 12"),
        ("МОСКОВСКИЙ СТАНКОЗАВОД", "ИНВ 0123", "МОДЕЛЬ VMC850"),
        ("ООО САМАРСКИЙ СТАНКОЗАВОД", "ОТВЕТСТВЕННЫЙ", "МОДЕЛЬ"),
        ("ВИТЕБСКИЙ СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД", "ИНВЕНТАРНЫЙ НОМЕР 0123", "СТАНОК ФРЕЗЕРНЫЙ"),
        ("ТИСКИ СТАНОЧНЫЕ", "ВИТЕБСКИЙ СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД", "ГОСТ 16518"),
        ("ГРУЗ", "МОСКОВСКИЙ СТАНКОЗАВОД", "МАССА 200 КГ"),
        ("DISTRIBUTOR", "MACHINING CENTER", "MADE IN KOREA"),
    ],
    ids=lambda lines: lines[0],
)
def test_a_parts_plate_or_a_sellers_claims_nothing(plates: Plates, lines: tuple[str, ...]) -> None:
    assert told(plates, plate(*lines)) is None


def test_the_machines_own_plate_may_list_its_motor(plates: Plates) -> None:
    lines = ("滕州市鲁南机床有限公司", "主轴电机功率 11KW", "SPINDLE SPEED 4000 RPM")
    assert told(plates, plate(*lines)) == Claim("CN", "B")


def test_a_part_elsewhere_on_the_machine_changes_nothing(plates: Plates) -> None:
    name = read("滕州市鲁南机床有限公司")
    part = plate("FANUC", "AC SERVO MOTOR", "MADE IN JAPAN", x=900.0, y=500.0)
    assert told(plates, [name, *part]) == Claim("CN", "B")


@pytest.mark.parametrize("other", ["MADE IN GERMANY", "日本製", "СДЕЛАНО В ЯПОНИИ"])
def test_plates_of_two_countries_leave_it_open(plates: Plates, other: str) -> None:
    apart = read(other, x=900.0, y=500.0)
    assert told(plates, [read("滕州市鲁南机床有限公司"), apart]) is None


@pytest.mark.parametrize(
    "name",
    [
        "台中精機廠股份有限公司",
        "永進機械工業股份有限公司",
        "台中市永進機床有限公司",
        "TAICHUNG YUNGCHIN MACHINE TOOL CO., LTD",
    ],
)
def test_a_taiwanese_name_says_taiwan(plates: Plates, name: str) -> None:
    assert told(plates, [read(name)]) == Claim("TW", "B")


@pytest.mark.parametrize(
    "name",
    ["永進機械有限公司", "上銀科技股份有限公司", "千島機械工業股份有限公司", "數控機床有限公司"],
)
def test_a_limited_company_in_traditional_characters_says_nothing(
    plates: Plates, name: str
) -> None:
    assert told(plates, [read(name)]) is None


def test_a_japanese_maker_of_machine_tools_says_japan(plates: Plates) -> None:
    assert told(plates, [read("株式会社牧野フライス製作所")]) == Claim("JP", "B")
    for other in ("株式会社", "アヤセ機工株式会社", "株式会社北川鉄工所", "三菱電機株式会社"):
        assert told(plates, [read(other)]) is None


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("ИВАНОВСКИЙ СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД", "МОДЕЛЬ ИР500", "ГОД ВЫПУСКА 1987"), "RU"),
        (("КРАМАТОРСКИЙ ЗАВОД ТЯЖЕЛОГО СТАНКОСТРОЕНИЯ", "МОДЕЛЬ 1К670"), "UA"),
        (("NBAHOBCKNN CTAHKOCTPONTEJIbHbIN 3ABOD", "MOДEЛЬ NP500"), "RU"),
    ],
    ids=["ivanovo", "kramatorsk", "look-alikes"],
)
def test_a_soviet_works_is_where_its_city_is(
    plates: Plates, lines: tuple[str, ...], code: str
) -> None:
    assert told(plates, plate(*lines)) == Claim(code, "B")


def test_a_works_name_on_the_wall_claims_nothing(plates: Plates) -> None:
    assert told(plates, [read("ИВАНОВСКИЙ СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД")]) is None


@pytest.mark.parametrize("flag", ["overlay", "mirrored"])
def test_captions_and_mirrored_texts_are_no_plates(plates: Plates, flag: str) -> None:
    caption = replace(read("滕州市鲁南机床有限公司"), **{flag: True})  # type: ignore[arg-type]
    assert plates.statements([caption]) == ()


def test_what_claims_nothing_is_still_told(plates: Plates) -> None:
    (one,) = plates.statements([read("MADE IN CHINA")])
    assert (one.kind, one.countries, one.counts) == ("made-in", {"CN"}, False)


def test_strangers_and_plants_claim_no_origin(plates: Plates) -> None:
    plants = [text for p in load_plants() for text in (p.name, p.name_ru, p.city)]
    claims = {text: told(plates, [read(text)]) for text in (*STRANGERS, *plants)}
    assert {text: found for text, found in claims.items() if found} == {}


def test_strangers_thrown_together_never_say_china(plates: Plates) -> None:
    """Eight texts that name nobody, as if on one plate, again and again."""
    rng = np.random.default_rng(7)
    for _ in range(150):
        lines = [str(text) for text in rng.choice(STRANGERS, 8, replace=False)]
        found = told(plates, plate(*lines))
        assert found is None or found.code != "CN", lines
