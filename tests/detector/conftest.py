"""One attributor for many tests."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing


@pytest.fixture(scope="session")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Attributing())
