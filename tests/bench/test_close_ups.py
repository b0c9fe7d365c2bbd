"""Cuts about a mark: where it lies in them, and how they are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bench.close_ups import SIZE, close_up, outcome, table
from datasets.annotations import Mark
from detector.types import Analysis, Attribution
from tests.evidence.conftest import analysis as analysis
from tests.evidence.conftest import clip as clip
from tests.evidence.conftest import lone_mark, sighting

MARK = Mark(
    box=(300.0, 200.0, 400.0, 220.0), text="HURCO", role="builder", of=0, legible=True, id="hurco"
)


@pytest.mark.parametrize("width", [1.5, 2.0, 4.0])
def test_a_cut_has_its_mark_in_the_middle(width: float) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[200:220, 300:400] = 255
    cut = close_up(picture, MARK, width)
    assert cut.shape[1] == SIZE
    columns = np.flatnonzero((cut[..., 0] > 127).any(axis=0))
    assert len(columns) == pytest.approx(SIZE / width, abs=SIZE / 60)
    assert columns.mean() == pytest.approx(SIZE / 2, abs=SIZE / 40)


def test_a_cut_ends_with_its_picture() -> None:
    corner = MARK.model_copy(update={"box": (0.0, 0.0, 100.0, 20.0)})
    cut = close_up(np.full((480, 640, 3), 9, np.uint8), corner, 4.0)
    assert cut.shape[1] == SIZE and (cut == 9).all()


def test_each_picture_is_told_of_in_one_way(analysis: Analysis) -> None:
    def seen(builder: str | None) -> Analysis:
        said = Attribution(builder, 0.9, "B" if builder else "U")
        return replace(analysis, sightings=(sighting("m1", said),))

    bare = replace(analysis, sightings=())
    alone = replace(bare, lone_marks=(lone_mark(),))
    assert outcome(seen("hurco"), "hurco") == "machine, named right"
    assert outcome(seen("mazak"), "hurco") == "machine, named wrong"
    assert outcome(seen("mazak"), None) == "machine, named wrong"
    assert outcome(seen(None), "hurco") == "machine, unknown"
    assert outcome(alone, "hurco") == "mark alone, right"
    assert outcome(alone, "mazak") == outcome(alone, None) == "mark alone, wrong"
    plate = replace(bare, lone_marks=(lone_mark("MADE IN CHINA", None, "CN"),))
    assert outcome(plate, "hurco") == outcome(plate, None) == "plate alone"
    assert outcome(bare, None) == "nothing"
    lines = list(table({"cut": Counter(["nothing", "nothing", "mark alone, right"])}))
    assert lines[-1] == "| cut | 3 | 0 | 0 | 0 | 1 | 0 | 0 | 2 |"
