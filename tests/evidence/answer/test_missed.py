"""Machines that the detector missed altogether: from frames to machines, and into the share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidence.answer.intervals import Estimate, around
from evidence.answer.share import NO_FRAMES, AuditFrame, Frames, estimate_missed, widen

FOUND = Estimate(0.1, 0.05, 0.2, "a way")


def frames(
    missed: int, nothing: int, plants: int = 20, found: float = 1000, unseen: float = 1000
) -> Frames:
    """Frames of a second each, turn by turn from one plant and the next."""
    judged = tuple(
        AuditFrame(f"plant {n % plants}", 1.0, 0.1, n < missed) for n in range(missed + nothing)
    )
    return Frames(judged, len(judged), found, unseen)


def test_no_frame_judged_says_nothing_and_changes_nothing():
    found = estimate_missed(NO_FRAMES)
    assert found.share.value is None
    assert (found.share.low, found.share.high) == (0, 1)
    assert widen(FOUND, FOUND, found) == (FOUND, FOUND)


def test_share_of_time_without_a_find_over_all_time_in_view():
    found = estimate_missed(frames(20, 180, found=900, unseen=1000))
    assert found.share.value == pytest.approx(100 / (100 + 900))
    assert found.share.low < 0.1 < found.share.high


def test_none_of_n_frames_leaves_an_upper_limit():
    """Of n independent frames that of Clopper & Pearson, none of n; of few it is wide."""
    limits = []
    for n in (5, 50, 500):
        found = estimate_missed(frames(0, n, plants=n, found=0.0 + 1000, unseen=1000))
        assert found.share.value == 0 == found.share.low
        _, of_time = around(0, n, n, n)
        assert found.share.high >= 0.99 * of_time / (1 + of_time)
        limits.append(found.share.high)
    assert limits[0] > limits[1] > limits[2] > 0


def test_frames_of_one_plant_are_alike():
    together = estimate_missed(frames(0, 100, plants=2)).share
    apart = estimate_missed(frames(0, 100, plants=50)).share
    assert together.high > 1.5 * apart.high
    spread = frames(10, 190)
    judged = tuple(replace(one, plant=f"plant {n // 10}") for n, one in enumerate(spread.judged))
    bunched = estimate_missed(replace(spread, judged=judged))
    assert bunched.share.high > estimate_missed(spread).share.high


def test_frames_count_by_how_long_they_stand_and_by_their_chance():
    one, other = AuditFrame("a", 8.0, 0.1, True), AuditFrame("b", 1.0, 0.1, False)
    long = estimate_missed(Frames((one, other), 2, 9, 9)).share
    assert long.value == pytest.approx(8 / 17)
    rare = replace(one, seconds=1.0, chance=0.0125)
    assert estimate_missed(Frames((rare, other), 2, 9, 9)).share.value == long.value
    even = frames(10, 90)
    lengths = [9.0 if n % 10 == 0 else 0.1 for n in range(100)]
    judged = tuple(map(lambda one, s: replace(one, seconds=s), even.judged, lengths))
    uneven = estimate_missed(replace(even, judged=judged)).share
    assert uneven.high > estimate_missed(even).share.high


def test_missed_machines_may_all_be_of_the_kind_or_none():
    found = estimate_missed(frames(20, 180, found=900, unseen=1000))
    low, high = widen(FOUND, FOUND, found)
    assert low.value == pytest.approx(0.09) and high.value == pytest.approx(0.19)
    assert low.low < FOUND.low and high.high > FOUND.high
    assert 0 <= low.low <= high.high <= 1


def test_nothing_found_and_nothing_missed_is_nothing():
    assert estimate_missed(frames(0, 10, found=0, unseen=100)).share.value == 0
    assert estimate_missed(frames(3, 10, found=0, unseen=100)).share.value == 1
