"""How fast a sweep goes, and how long it still takes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evidence.work.progress import Pace

HOUR = 3600.0


@pytest.mark.parametrize("takes", [60.0, 43 * 60.0], ids=["short clips", "long clips"])
@pytest.mark.parametrize("apart", [0.0, 0.5], ids=["in step", "in turn"])
def test_the_pace_is_that_of_the_workers_however_long_a_clip_takes(monkeypatch, takes, apart):
    """Two workers, each so long on each hour of footage."""
    now = 0.0
    monkeypatch.setattr("evidence.work.progress.time", SimpleNamespace(monotonic=lambda: now))
    pace = Pace()
    for turn in range(1, 60):
        for worker in range(2):
            now = (turn + worker * apart) * takes
            pace.add(HOUR, 1000)
        if turn > 12:
            assert pace.rate == pytest.approx(2 * HOUR / takes, rel=0.1)
            assert pace.left(100_000) == pytest.approx(50 * takes, rel=0.1)


def test_a_pace_without_anything_done_falls(monkeypatch):
    now = 0.0
    monkeypatch.setattr("evidence.work.progress.time", SimpleNamespace(monotonic=lambda: now))
    pace = Pace()
    assert (pace.rate, pace.left(1000)) == (None, None)
    now = HOUR
    pace.add(HOUR, 1000)
    now = 4 * HOUR
    assert (pace.rate, pace.left(1000)) == (0.25, 4 * HOUR)
