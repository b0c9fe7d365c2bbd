"""Controls that are easier to read than the footage promise less than they seem to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.registry import Registry
from evidence.answer.case import answer_case
from evidence.answer.estimators.detectable import noticed
from evidence.answer.estimators.legibility import at_legibility, into_bands
from evidence.answer.question import Question
from evidence.case.case import Case
from tests.evidence.answer.conftest import Builder

LARGE = [(40.0, True)] * 18 + [(40.0, False)] * 2
SMALL = [(10.0, True)] * 5 + [(10.0, False)] * 15


def test_each_height_counts_as_often_as_in_the_footage() -> None:
    bands = into_bands([40.0] * 30 + [10.0] * 70, LARGE + SMALL)
    assert at_legibility(bands).value == pytest.approx(0.3 * 0.9 + 0.7 * 0.25)
    same = into_bands([40.0] * 50 + [10.0] * 50, LARGE + SMALL)
    assert at_legibility(same).value == pytest.approx(23 / 40)


def test_a_height_without_controls_counts_as_never_recognised() -> None:
    found = at_legibility(into_bands([40.0] * 30 + [None] * 70, LARGE))
    assert found.value == pytest.approx(0.3 * 0.9)
    assert found.warnings == ("no control is as hard to read as these: nothing read on it",)
    assert at_legibility(into_bands([40.0], [])).value is None


def test_the_less_favourable_sensitivity_counts() -> None:
    plain = noticed([10] * 20, 23, 40)
    easier = noticed([10] * 20, 23, 40, bands=into_bands([10.0] * 200, LARGE + SMALL))
    harder = noticed([10] * 20, 23, 40, bands=into_bands([40.0] * 200, LARGE + SMALL))
    assert easier.share > plain.share
    assert easier.least_sensitivity < plain.least_sensitivity
    assert harder.share == plain.share  # few controls: no promise is made from one band of them


@pytest.mark.parametrize("height", [40.0, 9.0])
def test_an_answer_warns_of_controls_that_are_easier(
    case: Case, registry: Registry, build: Callable[..., object], tmp_path: Path, height: float
) -> None:
    def fill(b: Builder) -> None:
        for number in range(10):
            b.add("studio", claim="dmtg" if number else None, height=50.0)
        for plant in range(12):
            b.add(f"Plant {plant}", claim="mazak", height=height)

    build(fill)
    listed = tmp_path / "controls.csv"
    rows = "".join(f"/archive/{n}.mp4,dmtg\n" for n in range(1, 11))
    listed.write_text(f"path,builder\n{rows}", "utf-8")
    found, _, _ = answer_case(case, Question(), registry, "Chinese", listed)
    warned = any("easier to read than the footage" in one for one in found.warnings)
    assert warned == (height < 16)
    assert sum(band.machines for band in found.legibility) == 12
    assert sum(band.of for band in found.legibility) == 10
