"""Audited frames: which count, for how long they stand, and how many machines were missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from evidence.answer.audit import read_frames
from evidence.answer.case import settled_alone
from evidence.answer.intervals import Estimate, around
from evidence.answer.question import Question
from evidence.answer.share import NO_FRAMES, AuditFrame, Frames, estimate_missed, widen
from evidence.answer.sources import Asked, read_sources
from evidence.review.audit import ALONE, LONGEST
from tests.evidence.answer.conftest import CHINESE

AuditOf = Callable[..., Frames]


@pytest.fixture
def frames(case, registry, b) -> AuditOf:
    """`frames(question)`: the audited frames of the case."""

    def run(question: Question = CHINESE) -> Frames:
        b.write()
        with case.session() as session:
            sources = read_sources(session, b.recipe, registry)
            alone = settled_alone(session, b.recipe, registry, question)
            return read_frames(Asked(session, b.recipe, registry, question, sources, alone))

    return run


def test_what_was_judged_and_what_it_was_drawn_from(b, frames):
    b.add("Plant 1", claim="mazak", views=4)
    b.frame("Plant 1", "missed", views=6)
    b.frame("Plant 2", "nothing", chance=0.25, views=2)
    b.frame("Plant 2")
    found = frames()
    assert found.drawn == 3
    assert sorted((one.plant, one.chance, one.missed) for one in found.judged) == [
        ("Plant 1", 0.5, True),
        ("Plant 2", 0.25, False),
    ]
    assert (found.found, found.unseen) == (4, 6 + 2 + 1)
    assert {one.seconds for one in found.judged} == {1.0} and ALONE < LONGEST


def test_what_is_no_machine_hides_its_frames_and_shows_none(b, frames):
    b.add("Plant 1", claim="mazak", outcome="not-a-machine", views=7)
    b.add("Plant 1", claim="mazak", outcome="accept", views=3)
    b.frame("Plant 1", "nothing", views=2)
    found = frames()
    assert (found.found, found.unseen) == (3, 2)


def test_copies_of_one_recording_share_its_time(b, frames):
    b.frame("Plant 1", "missed", views=5)
    b.frame("Plant 1", "nothing", views=5)
    b.copy(1, 2)
    found = frames()
    assert found.unseen == 5
    assert [one.seconds for one in found.judged] == [0.5, 0.5]


def test_a_programme_that_holds_unlike_clips_thins_none_of_them(b, frames):
    """Each moment is shared by those that show it; of the programme's own there are four."""
    b.frame("Plant 1", "missed", views=2)
    b.frame("Plant 2", "nothing", views=4)
    b.frame("Plant 3", "nothing", views=10)  # from 1 on the first, from 3 on the second
    b.copy(1, 3, 1.0, 0.2, seconds=2)
    b.copy(2, 3, 1.0, 0.4, later=2, seconds=4)
    found = frames()
    assert found.unseen == 10
    assert sorted((one.plant, one.seconds) for one in found.judged) == [
        ("Plant 1", 0.5),
        ("Plant 2", 0.5),
        ("Plant 3", 0.5),
    ]


def test_only_the_footage_asked_about(b, frames):
    for plant in ("Plant 1", "Plant 2"):
        b.frame(plant, "missed")
    found = frames(Question(plants=("plant 1",)))
    assert [one.plant for one in found.judged] == ["Plant 1"]
    assert found.unseen == 1


def test_missed_machines_widen_the_share(b, ask):
    for plant in range(12):
        for _ in range(5):
            b.add(f"Plant {plant}", claim="mazak", outcome="accept", chance=0.5)
        b.frame(f"Plant {plant}", "missed" if plant < 4 else "nothing", views=3)
    found = ask()
    assert found.counts.machines == 60  # a missed frame is no machine
    assert (found.missed.judged, found.missed.missed) == (12, 4)
    assert found.missed.share.value == pytest.approx(12 / (12 + 60))
    assert found.high.high > found.found_high.high + found.missed.share.value / 2


def test_frames_of_controls_are_left_out(b, ask):
    b.frame("studio", "missed")
    b.frame("Plant 1", "nothing")
    b.control(1)
    found = ask()
    assert (found.missed.judged, found.missed.missed) == (1, 0)


@pytest.mark.databases
@pytest.mark.parametrize("builder", ["mazak", "dmtg", None])
def test_a_clip_that_comes_a_second_time_makes_no_interval_narrower(b, ask, builder):
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


FOUND = Estimate(0.1, 0.05, 0.2, "a way")


def audited(
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
    found = estimate_missed(audited(20, 180, found=900, unseen=1000))
    assert found.share.value == pytest.approx(100 / (100 + 900))
    assert found.share.low < 0.1 < found.share.high


def test_none_of_n_frames_leaves_an_upper_limit():
    """Of n independent frames that of Clopper & Pearson, none of n; of few it is wide."""
    limits = []
    for n in (5, 50, 500):
        found = estimate_missed(audited(0, n, plants=n, found=0.0 + 1000, unseen=1000))
        assert found.share.value == 0 == found.share.low
        _, of_time = around(0, n, n, n)
        assert found.share.high >= 0.99 * of_time / (1 + of_time)
        limits.append(found.share.high)
    assert limits[0] > limits[1] > limits[2] > 0


def test_frames_of_one_plant_are_alike():
    together = estimate_missed(audited(0, 100, plants=2)).share
    apart = estimate_missed(audited(0, 100, plants=50)).share
    assert together.high > 1.5 * apart.high
    spread = audited(10, 190)
    judged = tuple(replace(one, plant=f"plant {n // 10}") for n, one in enumerate(spread.judged))
    bunched = estimate_missed(replace(spread, judged=judged))
    assert bunched.share.high > estimate_missed(spread).share.high


def test_frames_count_by_how_long_they_stand_and_by_their_chance():
    one, other = AuditFrame("a", 8.0, 0.1, True), AuditFrame("b", 1.0, 0.1, False)
    long = estimate_missed(Frames((one, other), 2, 9, 9)).share
    assert long.value == pytest.approx(8 / 17)
    rare = replace(one, seconds=1.0, chance=0.0125)
    assert estimate_missed(Frames((rare, other), 2, 9, 9)).share.value == long.value
    even = audited(10, 90)
    lengths = [9.0 if n % 10 == 0 else 0.1 for n in range(100)]
    judged = tuple(map(lambda one, s: replace(one, seconds=s), even.judged, lengths))
    uneven = estimate_missed(replace(even, judged=judged)).share
    assert uneven.high > estimate_missed(even).share.high


def test_missed_machines_may_all_be_of_the_kind_or_none():
    found = estimate_missed(audited(20, 180, found=900, unseen=1000))
    low, high = widen(FOUND, FOUND, found)
    assert low.value == pytest.approx(0.09) and high.value == pytest.approx(0.19)
    assert low.low < FOUND.low and high.high > FOUND.high
    assert 0 <= low.low <= high.high <= 1


def test_nothing_found_and_nothing_missed_is_nothing():
    assert estimate_missed(audited(0, 10, found=0, unseen=100)).share.value == 0
    assert estimate_missed(audited(3, 10, found=0, unseen=100)).share.value == 1
