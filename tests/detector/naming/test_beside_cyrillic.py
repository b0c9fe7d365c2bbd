"""What was read in Cyrillic, beside marks in other scripts: it hides none and gives none away."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import Matcher, matcher_of
from detector.naming.attribute import Attributor
from tests.detector.matching.test_own_words import seen_twice
from tests.detector.stickers import claims, plate


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(load_registry())


# As the head spells: Й is И, and a word of twins alone stays in Latin letters (CTAHOK).
AGAINST_CHINA = """
ТОКАРНЫИ CTAHOK TAKISAWA||沈阳机床
СТАНКИ DMG MORI||沈阳机床
СТАНКИ DMU 50||沈阳机床
ШЛИФОВАЛЬНЫИ CTAHOK STUDER||沈阳机床
ФРЕЗЕРНЫИ CTAHOK MAZAK||SMTCL|CAK6150
ЦЕНТР HERMLE||SMTCL
УЧЕБНЫИ ЦЕНТР HAAS||SMTCL
ПРЕСС TRUMPF||BODOR
ЛАЗЕР BYSTRONIC||HAN'S LASER
ФРЕЗЕРНЫИ DMU 50||HAN'S LASER
ТОКАРНЫИ ЦЕНТР OKUMA||SHENYANG MACHINE TOOL CO., LTD
CTAHOK ФИРМЫ MAZAK||WUXI HUAYI MACHINE TOOL CO., LTD
ДМТГ РУС||ФРЕЗЕРНЫИ DMU 50
"""


@pytest.mark.parametrize("text", AGAINST_CHINA.strip().splitlines())
@pytest.mark.parametrize("seen", [plate, seen_twice], ids=["once", "twice"])
def test_a_foreign_mark_in_a_line_of_russian_speaks_against_china(
    attributor: Attributor, text: str, seen: object
) -> None:
    assert claims(attributor.attribute(seen(text)))[1] != "CN"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        ("СТАНКИ HAAS", "haas"),
        ("CTAHOK ФРЕЗЕРНЫИ SMTCL", "smtcl"),
        ("ВИЗАС|ВЗ-326", "vizas"),
        ("ЛИПЕЦКИИ СТАНКОСТРОИТЕЛЬНЫИ ЗАВОД", "lipetsk-lsp"),
        ("ОСТОРОЖНО|HISION|VMC850", "hision"),
        ("ВЫСОКОЕ НАПРЯЖЕНИЕ|HISION|VMC850", "hision"),
        ("ЛАЗЕРНЫИ CTAHOK|HISION|VMC850", "hision"),
        ("HISION|VMC850||ТЕХНИКА", "hision"),
        ("HISION|VMC850||МИНСКИИ ЗАВОД", "hision"),
    ],
)
def test_a_mark_is_known_among_words_in_russian(
    attributor: Attributor, text: str, builder: str
) -> None:
    assert claims(attributor.attribute(plate(text)))[0] == builder


@pytest.mark.parametrize(
    "text",
    [
        "МИНСКИИ СТАНКОСТРОИТЕЛЬНЫИ ЗАВОД",
        "ОРШАНСКИИ СТАНКОСТРОИТЕЛЬНЫИ ЗАВОД|МОДЕЛЬ 2Н135",
        "САМАРСКИИ ЗАВОД ТЯЖЕЛОГО СТАНКОСТРОЕНИЯ",
        "ХАРЬКОВСКИИ ЗАВОД ФРЕЗЕРНЫХ СТАНКОВ",
        "САРАТОВСКИИ МАШИНОСТРОИТЕЛЬНЫИ ЗАВОД",
        "ЗАПЧАСТИ ДЛЯ HAAS",
        "ПУМОРИЯ",
    ],
)
def test_the_works_of_another_town_and_a_thing_for_a_machine_name_nobody(
    attributor: Attributor, text: str
) -> None:
    assert attributor.attribute(seen_twice(text)).builder is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("СТАНКИ SMTCL", ["smtcl"]),
        ("ТОКАРНЫИ CTAHOK EMCO", ["emco"]),
        ("ОБРАБАТЫВАЮЩИИ ЦЕНТР HAAS VF-2", ["haas"]),
        ("ГРУППА CTAH", ["stan-group"]),
        ("ЗАПЧАСТИ ДЛЯ HAAS", []),
    ],
)
def test_a_latin_mark_beside_words_in_cyrillic_is_known(
    matcher: Matcher, text: str, found: list[str]
) -> None:
    assert sorted({match.id for match in matcher.match(text) if match.kind == "wordmark"}) == found


@pytest.mark.parametrize(
    "text",
    [
        "МИНСКИИ СТАНКОСТРОИТЕЛЬНЫИ ЗАВОД",
        "КАЗАНСКИИ СТАНКОСТРОИТЕЛЬНЫИ ЗАВОД",
        "ХАРЬКОВСКИИ ЗАВОД ФРЕЗЕРНЫХ СТАНКОВ",
        "МОСКОВСКИИ ЗАВОД ТЯЖЕЛОГО СТАНКОСТРОЕНИЯ",
        "МИНСКИИ ЗАВОД",
        "ПУМОРИЯ",
        "ГРУППА СТАНОВ",
        "АГИТАТОР",
        "ВИЗА",
    ],
)
def test_what_was_read_in_cyrillic_is_no_misread_mark(matcher: Matcher, text: str) -> None:
    assert matcher.match(text, hints=True) == []


@pytest.mark.parametrize(
    "text",
    ["ИМПОРТЕР: ООО СТАНКОИМПОРТ", "ПОСТАВЩИК САСТА", "ИМПОРТЕР: ООО СТАНКОМАШКОМПЛЕКС"],
)
def test_who_sold_a_machine_did_not_build_it(attributor: Attributor, text: str) -> None:
    assert claims(attributor.attribute(seen_twice(text))) == (None, None)
