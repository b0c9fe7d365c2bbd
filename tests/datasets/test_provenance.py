"""How sure the registry is of a builder, and from what, in words."""

from __future__ import annotations

import pytest

from datasets.entry import TRADE, provenance_of, sources_text
from datasets.registry import load_registry

PAGE = "a page of 2024"


@pytest.mark.parametrize(
    ("confidence", "source", "says"),
    [
        ("high", (PAGE, TRADE), "the registry is sure of this builder"),
        ("high", (TRADE,), "the registry has no document on this builder"),
        ("high", (), "the registry has no document on this builder"),
        ("medium", (TRADE,), "the registry is fairly sure of this builder"),
        ("low", (PAGE,), "the registry is not sure of this builder"),
    ],
)
def test_nobody_is_sure_without_a_document(
    confidence: str, source: tuple[str, ...], says: str
) -> None:
    entry = load_registry().get("smtcl")
    found = provenance_of(entry.model_copy(update={"confidence": confidence, "source": source}))
    assert (found.says, found.sources) == (says, source)
    assert found.documents == tuple(one for one in source if one == PAGE)


def test_general_knowledge_is_told_as_no_document() -> None:
    assert sources_text([TRADE]) == "no document, only general knowledge of the trade"
    assert sources_text([PAGE, TRADE]) == (
        "a page of 2024; general knowledge of the trade, which is no document"
    )
    assert sources_text([PAGE]) == PAGE
    assert sources_text([]) == "no document"
