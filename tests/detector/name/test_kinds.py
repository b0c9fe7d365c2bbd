"""What a text on a machine is: the examples of the data file are its tests."""

from __future__ import annotations

import pytest

from datasets.registry import DATA
from datasets.yamlfile import read_lists
from detector.name.kinds import load_kinds

RULES = read_lists(DATA / "kinds.yaml")

EXAMPLES = [(kind, text, True) for kind, rule in RULES.items() for text in rule["are"]]
EXAMPLES += [(kind, text, False) for kind, rule in RULES.items() for text in rule["are_not"]]


@pytest.mark.parametrize(("kind", "text", "is_so"), EXAMPLES)
def test_examples_are_and_are_not_of_their_kind(kind: str, text: str, is_so: bool) -> None:
    assert (load_kinds().of(text) == kind) is is_so


def test_words_that_machines_do_not_bear_are_strange() -> None:
    kinds = load_kinds()
    assert kinds.strange("CNC LATHE CAK6150", ()) == 0
    assert kinds.strange("SMTCL ЛЮНЕТ", ("SMTCL",)) == 1
    assert kinds.is_known("МАШИНА") is False
