"""Phrases in readings: words joined and parted, look-alikes, and whole words only."""

from __future__ import annotations

import pytest

from detector.name.kinds import Phrases, PhraseText


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("MADE IN", "MADE IN JAPAN"),
        ("MADE IN", "MADEIN JAPAN"),
        ("CO LTD", "BORUI CO., LTD."),
        ("CO LTD", "BORUI C0.,LTD"),
        ("MADE IN", "made 1n japan"),
        ("СДЕЛАНО В", "СДЕЛАНО В РОССИИ"),
        ("СДЕЛАНО В", "CDEJAHO B POCCNN"),
        ("СТАНКОЗАВОД", "CTAHKO3ABOD"),
        ("机床", "滕州市鲁南機床有限公司"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    assert Phrases([phrase], misread=True).inside(PhraseText.of(text))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("LATHE", "LATHERS"),
        ("CO LTD", "CO LTDX"),
        ("FAIR", "REPAIR"),
        ("СДЕЛАНО В", "СДЕЛКА"),
        ("СТАНКОЗАВОД", "CTAHOK"),
        ("机床", "机械"),
    ],
)
def test_parts_of_words_are_no_phrase(phrase: str, text: str) -> None:
    assert not Phrases([phrase], misread=True).inside(PhraseText.of(text))


def test_a_long_word_is_several_read_as_one() -> None:
    phrases = Phrases(["MACHINE TOOL"])
    assert phrases.within(PhraseText.of("TENGZHOUBORUIMACHINETOOLCOLTD"))
    assert not phrases.inside(PhraseText.of("TENGZHOUBORUIMACHINETOOLCOLTD"))
