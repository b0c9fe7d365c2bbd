"""Letters: look-alikes of other scripts, words and letters of a text."""

from __future__ import annotations

import pytest

from datasets.letters import fold, letters, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("СТАНОК", "CTAHOK"),
        ("Станкомаш", "CTAHKOMAШ"),
        ("ё", "E"),
        ("Mägerle", "MAGERLE"),
        ("瀧澤", "泷泽"),
        ("HAN'S™", "HANS"),
        ("ＭＡＺＡＫ", "MAZAK"),
        ("α-D21", "A-D21"),
        ("ИР500", "ИP500"),
    ],
)
def test_look_alikes_fold_together(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_words_and_letters() -> None:
    assert words("S&T Dynamics, 云南CY") == ["S", "&", "T", "DYNAMICS", "云南", "CY"]
    assert letters("O-M LTD.") == "OMLTD"
