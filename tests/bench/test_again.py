"""Lines read again: how they are drawn and counted."""

from __future__ import annotations

import random

import numpy as np

from bench.again import HEIGHTS, drawn_line, outcomes
from datasets.registry import load_registry
from detector.examining.reread import Rereader
from detector.matching.match import matcher_of
from detector.read.lines import Line
from tests.detector.examining.test_reread import Told

LINE = Line(np.zeros((20, 80, 3), np.uint8), (0.0, 0.0, 80.0, 20.0))


def test_a_drawn_line_is_as_low_as_footage_has_it() -> None:
    rng = random.Random(1)
    lines = [drawn_line("GOODWAY", rng) for _ in range(9)]
    heights = {round(share * height) for share in (1.0, 1.5, 2.0) for height in HEIGHTS}
    assert all(line.picture.shape[0] in heights for line in lines)
    assert all(np.ptp(line.picture) > 30 for line in lines)
    again = [drawn_line("GOODWAY", random.Random(1)) for _ in range(2)]
    assert (again[0].picture == again[1].picture).all()


def test_what_became_of_texts_is_counted_by_kind() -> None:
    registry = load_registry()
    matcher = matcher_of(registry)
    reader = Told("Mazak", *["QWERTZ", *["Mazak"] * 9] * 2, "DANGER")
    again = Rereader(reader, matcher, registry, ("CN",))
    cases = [
        ("mark", LINE, "mazak"),
        ("mark", LINE, "mazak"),
        ("none", LINE, None),
        ("none", LINE, None),
    ]
    told = outcomes(cases, reader, matcher, again)
    assert told["mark"] == {"of": 2, "read": 1, "asked": 1, "then": 1, "false": 0, "alone": 0}
    assert told["none"] == {"of": 2, "read": 0, "asked": 1, "then": 0, "false": 1, "alone": 1}
