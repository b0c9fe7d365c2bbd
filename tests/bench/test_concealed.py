"""How places that are called hidden are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bench.concealed import count, table
from datasets.annotations import Box
from detector.types import Analysis, Attribution, Evidence
from tests.evidence.conftest import analysis as analysis
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import sighting

HIDDEN: Box = (100.0, 100.0, 200.0, 130.0)
ELSEWHERE: Box = (400.0, 300.0, 440.0, 340.0)


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ([], (1, 0, 1, 0, 0)),
        ([HIDDEN], (1, 1, 1, 0, 0)),
        ([(110.0, 105.0, 150.0, 125.0), ELSEWHERE, ELSEWHERE], (1, 1, 1, 1, 2)),
        ([ELSEWHERE], (1, 0, 1, 1, 1)),
    ],
)
def test_a_place_is_told_or_false(
    analysis: Analysis, called: list[Box], expected: tuple[int, ...]
) -> None:
    lines = tuple(Evidence("concealed", None, "", 0.0, analysis.probe.start, box) for box in called)
    said = Attribution(None, 0.5, "U", evidence=lines, concealed=bool(called))
    told: dict[str, Counter[str]] = {}
    count(told, "smeared", replace(analysis, sightings=(sighting("m1", said),)), [HIDDEN])
    *_, row = table(told)
    assert row == f"| smeared | {' | '.join(map(str, expected))} |"
