"""A case of which people have judged some."""

from __future__ import annotations

import pytest

from tests.judged import Filler, fill


@pytest.fixture
def judged(case, registry, tmp_path) -> dict[str, str]:
    """The footage of a filled case, by a word."""
    return fill(case, registry, tmp_path / "clips")


@pytest.fixture
def filler(case, registry) -> Filler:
    """Fills an empty case."""
    return Filler(case, registry)
