"""Marks in Han, read with a character misread or left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datasets.registry import load_registry
from detector.name import neighbours
from detector.name.align import distance
from detector.name.match import Matcher, matcher_of


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(load_registry())


@pytest.mark.parametrize("text", ["秦机床", "秦I机床", "秦l机床", "泰川机床"])
def test_a_mark_in_han_is_known_with_a_character_misread_as_it_was_seen_to_be(matcher, text):
    (match,) = matcher.match(text)
    assert (match.id, match.exact, match.far) == ("qinchuan", False, False)


@pytest.mark.parametrize(
    "text",
    ["秦南机床", "泰机", "新沈阳机床厂家", "沈南机床", "秦川", "大机床", "秦机床切削液", "川机"],
)
def test_what_was_never_seen_misread_in_han_is_another_name(matcher, text):
    assert all(match.exact for match in matcher.match(text))


@pytest.mark.parametrize(
    ("text", "id", "weak"),
    [
        # 森 and 精机, 远东 (the far east) and 机械 are in many a firm's name.
        ("昆山鑫森精机有限公司", "mori-seiki", True),
        ("林森精机", "mori-seiki", True),
        ("河北远东机械制造有限公司", "femco", True),
        ("温州远东机械厂", "femco", True),
        ("新三井精机", "mitsui-seiki", True),
        # The whole of the name, beside words of the trade, or of its own country.
        ("森精机", "mori-seiki", False),
        ("日本森精机制作所", "mori-seiki", False),
        ("台湾台中精机", "victor-taichung", False),
        ("台中精机厂股份有限公司", "victor-taichung", False),
        ("辽宁大连机床集团", "dmtg", False),
        ("德玛吉森精机机床", "dmg-mori", False),
    ],
)
def test_few_characters_and_a_trade_within_anothers_name_may_not_name_alone(
    matcher, text, id, weak
):
    (match,) = matcher.match(text)
    assert (match.id, (match.needs_second_cue or match.beside > 0)) == (id, weak)


STRANGERS = Path(__file__).parents[1] / "strangers.txt"


def test_few_marks_are_aligned_with_a_text(monkeypatch):
    """It is exact but slow; `bench.names` says how long a text takes."""
    texts = [t for t in STRANGERS.read_text("utf-8").splitlines() if t and t[0] != "#"]
    aligned = 0

    def counted(*given: Any) -> float:
        nonlocal aligned
        aligned += 1
        return distance(*given)

    monkeypatch.setattr(neighbours, "distance", counted)
    registry = load_registry()
    fresh = Matcher(registry)
    for text in texts:
        fresh.match(text)
    wordmarks = sum(len(entry.wordmarks) for entry in registry)
    assert 0 < aligned / len(texts) < wordmarks / 20
