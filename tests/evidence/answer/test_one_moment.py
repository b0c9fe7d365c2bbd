"""Frames of copies that show one moment were looked at twice, and tell of it once."""

from __future__ import annotations

import pytest

from tests.evidence.answer.conftest import Ask, Builder

pytestmark = pytest.mark.databases


@pytest.mark.parametrize("builder", ["mazak", "dmtg", None])
def test_a_clip_that_comes_a_second_time_makes_no_interval_narrower(
    b: Builder, ask: Ask, builder: str | None
) -> None:
    def clips(same: str | None = None) -> str:
        machine = b.add("Plant 1", "mazak", "accept", chance=1.0, same=same)
        b.frame("Plant 1", "missed", builder, chance=1.0, views=2)
        b.frame("Plant 2", "nothing", chance=1.0, views=4)
        return machine

    def intervals() -> list[float]:
        found = ask()
        return [found.missed.share.low, found.missed.share.high]

    machine = clips()
    before = intervals()
    clips(machine)
    for clip in (1, 2, 3):
        b.copy(clip, clip + 3)
    assert intervals() == pytest.approx(before)
