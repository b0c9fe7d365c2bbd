"""A machine on which nothing tells anything, seen many times: how often it must be one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from datasets.registry import load_registry
from detector.examining.examination import Examination
from detector.examining.examine import Examiner
from detector.look.track import Track
from detector.settings import Settings
from detector.types import Observation, Reading, Shot

BOX = (100.0, 100.0, 500.0, 300.0)
LOW, HIGH = 0.4, 0.6


def seen(*confidences: float, readings: tuple[Reading, ...] = ()) -> Examination:
    looks = tuple(
        Observation(Fraction(n, 2), BOX, confidence) for n, confidence in enumerate(confidences)
    )
    track = Track(Shot(0, Fraction(0), Fraction(9), "hit"), looks)
    best = max(looks, key=lambda look: look.confidence)
    return Examination(track, best, None, readings, (), (), np.zeros((360, 640, 3), np.uint8))


def examiner() -> Examiner:
    # Nothing is looked at or read again.
    return Examiner(None, None, None, None, load_registry(), Settings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("confidences", "told"),
    [
        ((HIGH,), True),  # a photograph
        ((HIGH,) * 6 + (LOW,) * 4, True),
        ((HIGH,) * 4 + (LOW,) * 6, False),
        ((HIGH,) + (LOW,) * 9, False),
    ],
)
def test_a_bare_machine_is_one_in_most_looks(confidences, told):
    assert (examiner().sighting("m1", seen(*confidences)) is not None) == told


def test_what_is_read_tells_however_unsteady_the_machine_is():
    read = Reading("HURCO VMX42", 0.99, (150.0, 120.0, 300.0, 150.0), Fraction(0), "latin")
    found = examiner().sighting("m1", seen(HIGH, HIGH, LOW, LOW, LOW, LOW, readings=(read,)))
    assert found is not None and found.attribution.builder == "hurco"
