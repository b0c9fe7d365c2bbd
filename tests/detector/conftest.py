"""One attributor, and one drawn clip, for many tests."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from datasets.maker.clip import ClipTruth, Encoding, demo_spec, make_clip
from datasets.registry import load_registry
from detector.name.decide import Attributor
from detector.name.match import matcher_of
from detector.settings import Attributing

HALL, MAZAK, CONTROL_ONLY = 0, 1, 6
SMALL = Encoding(size=(640, 360))
"""All that is drawn here is read at this size still."""


@pytest.fixture(scope="session")
def attributor() -> Attributor:
    registry = load_registry()
    return Attributor(matcher_of(registry), registry, Attributing())


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> tuple[Path, ClipTruth]:
    """Three shots of the demo: an empty hall, a MAZAK, a machine with a control's badge only."""
    spec = demo_spec()
    shots = tuple(
        replace(spec.shots[i], seconds=Fraction(3, 5)) for i in (HALL, MAZAK, CONTROL_ONLY)
    )
    path = tmp_path_factory.mktemp("clip") / "three.mp4"
    return path, make_clip(path, replace(spec, shots=shots, encodings=(SMALL,)))
