"""A case of which people have judged some."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.registry import Registry
from evidence.case.case import Case
from tests.judged import Filler, fill


@pytest.fixture
def judged(case: Case, registry: Registry, tmp_path: Path) -> dict[str, str]:
    """The footage of a filled case, by a word."""
    return fill(case, registry, tmp_path / "clips")


@pytest.fixture
def filler(case: Case, registry: Registry) -> Filler:
    """Fills an empty case."""
    return Filler(case, registry)
