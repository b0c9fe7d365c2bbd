"""The handful of marks that a text is aligned with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datasets.registry import load_registry
from detector.name import neighbours
from detector.name.align import distance
from detector.name.match import Matcher

STRANGERS = Path(__file__).parents[1] / "strangers.txt"


def test_few_marks_are_aligned_with_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
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
