"""Plates drawn, worn and read by the reader that ships: none claims what it does not tell."""

from __future__ import annotations

import numpy as np

from tests.detector.plates import chinese, measure


def test_drawn_plates_are_told_and_others_claim_nothing() -> None:
    tally, wrong = measure(heights=(20,), each=1)
    assert wrong == []
    told = {kind for (kind, _, outcome) in tally.plates if outcome == "right"}
    kinds = {drawn.kind for drawn in chinese(np.random.default_rng(0))}
    assert len(told) >= len(kinds) - 2
