"""One attributor for many tests."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.name.decide import Attributor
from detector.name.match import matcher_of
from detector.settings import Attributing


@pytest.fixture(scope="session")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Attributing())
