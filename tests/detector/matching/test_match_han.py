"""Marks in Han, read with a character misread or left out."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import Matcher, matcher_of


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(load_registry())


@pytest.mark.parametrize("text", ["秦机床", "秦I机床", "秦l机床", "泰川机床"])
def test_a_mark_in_han_is_known_with_a_character_misread_as_it_was_seen_to_be(
    matcher: Matcher, text: str
) -> None:
    (match,) = matcher.match(text)
    assert (match.id, match.exact, match.far) == ("qinchuan", False, False)


@pytest.mark.parametrize(
    "text",
    ["秦南机床", "泰机", "新沈阳机床厂家", "沈南机床", "秦川", "大机床", "秦机床切削液", "川机"],
)
def test_what_was_never_seen_misread_in_han_is_another_name(matcher: Matcher, text: str) -> None:
    assert all(match.exact for match in matcher.match(text))
