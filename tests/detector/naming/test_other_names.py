"""Names of other firms that are near a builder's mark, or hold one (docs/registry.md)."""

from __future__ import annotations

import pytest

from datasets.entry import Entry, Wordmark
from datasets.registry import Registry, load_registry
from detector.matching.match import Match, Matcher, matcher_of


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_of(load_registry())


def names(matches: list[Match]) -> list[str]:
    return [match.id for match in matches]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ODIN SOLUTIONS, S.L.", []),
        ("A.N. SOLUTIONS", []),
        ("DN SOLUTI0NS", ["dn-solutions"]),
        ("DNSOLUTI0NS", ["dn-solutions"]),
        ("V5 TECHNOLOGY", []),
        ("DVS TECHN0LOGY", ["pittler"]),
        ("HS6 LASER", []),
        ("HSG LA5ER", ["hsg"]),
    ],
)
def test_words_of_the_trade_make_a_short_mark_no_longer(
    matcher: Matcher, text: str, found: list[str]
) -> None:
    assert names(matcher.match(text)) == found


@pytest.mark.parametrize(
    ("other", "mark"),
    [
        ("HANWANG TECHNOLOGY CO., LTD", "HANKWANG"),
        ("JSC SUPERTEL", "SUPERTEC"),
        ("SHENZHEN KUNLUN TONGTAI TECHNOLOGY", "TONGTAI"),
        ("TONG TAI YI", "TONG TAI"),
        ("SIGMA-ALDRICH", "WALDRICH"),
        ("COLICO", "LICO"),
        ("STUDER PROFESSIONAL AUDIO", "STUDER"),
    ],
)
def test_the_known_name_of_another_holds_no_mark(matcher: Matcher, other: str, mark: str) -> None:
    assert matcher.match(other) == []
    assert matcher.match(mark)


def test_one_whom_a_registry_lists_is_no_other() -> None:
    own = Entry(
        id="hanwang",
        name="Hanwang",
        type="builder",
        origin="CN",
        wordmarks=(Wordmark(text="HANWANG", script="latin"),),
        confidence="high",
    )
    assert names(Matcher(Registry((own,))).match("HANWANG TECHNOLOGY")) == ["hanwang"]
