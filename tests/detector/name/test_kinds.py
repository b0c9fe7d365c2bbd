"""What a text on a machine is: the examples of the data file are its tests."""

from __future__ import annotations

import pytest

from datasets.registry import DATA
from datasets.yamlfile import read_lists
from detector.name.kinds import Phrases, PhraseText, load_kinds

RULES = read_lists(DATA / "kinds.yaml")

EXAMPLES = [(kind, text, True) for kind, rule in RULES.items() for text in rule["are"]]
EXAMPLES += [(kind, text, False) for kind, rule in RULES.items() for text in rule["are_not"]]


@pytest.mark.parametrize(("kind", "text", "is_so"), EXAMPLES)
def test_examples_are_and_are_not_of_their_kind(kind, text, is_so):
    assert (load_kinds().of(text) == kind) is is_so


def test_words_that_machines_do_not_bear_are_strange():
    kinds = load_kinds()
    assert kinds.strange("CNC LATHE CAK6150", ()) == 0
    assert kinds.strange("SMTCL ЛЮНЕТ", ("SMTCL",)) == 1
    assert kinds.is_known("МАШИНА") is False


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
def test_a_phrase_is_found(phrase, text):
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
def test_parts_of_words_are_no_phrase(phrase, text):
    assert not Phrases([phrase], misread=True).inside(PhraseText.of(text))


def test_a_long_word_is_several_read_as_one():
    phrases = Phrases(["MACHINE TOOL"])
    assert phrases.within(PhraseText.of("TENGZHOUBORUIMACHINETOOLCOLTD"))
    assert not phrases.inside(PhraseText.of("TENGZHOUBORUIMACHINETOOLCOLTD"))
