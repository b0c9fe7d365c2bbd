"""Frames of copies that show one moment were looked at twice, and tell of it once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datasets.registry import Registry
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.tables import Recipe
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import answer_case

pytestmark = pytest.mark.databases

Build = Callable[[Callable[[Builder], None]], Recipe]


@pytest.mark.parametrize("builder", ["mazak", "dmtg", None])
def test_a_clip_that_comes_a_second_time_makes_no_interval_narrower(
    case: Case, registry: Registry, build: Build, builder: str | None
) -> None:
    def clips(b: Builder, same: str | None = None) -> str:
        machine = b.add("Plant 1", "mazak", "accept", chance=1.0, same=same)
        b.frame("Plant 1", "missed", builder, chance=1.0, views=2)
        b.frame("Plant 2", "nothing", chance=1.0, views=4)
        return machine

    def intervals() -> list[float]:
        found = answer_case(case, Question(), registry)[0]
        return [found.missed.share.low, found.missed.share.high]

    machines: list[str] = []
    recipe = build(lambda b: machines.append(clips(b)))
    before = intervals()
    with case.session() as session, session.begin():
        again = Builder(session, recipe, 3)
        clips(again, machines[0])
        for clip in (1, 2, 3):
            again.copy(clip, clip + 3)
    assert intervals() == pytest.approx(before)
