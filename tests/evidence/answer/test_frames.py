"""Audited frames of a case: which count, for how long they stand, and what they do to the share."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from datasets.registry import Registry
from evidence.answer.audit import read_frames
from evidence.answer.case import settled_alone
from evidence.answer.question import Question
from evidence.answer.share import Frames
from evidence.answer.sources import Asked, read_sources
from evidence.case.case import Case
from evidence.case.tables import Recipe
from evidence.review.audit import ALONE, LONGEST
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import answer_case

Build = Callable[[Callable[[Builder], None]], Recipe]


def frames(
    case: Case,
    recipe: Recipe,
    registry: Registry,
    question: Question | None = None,
    leave_out: Collection[str] = (),
) -> Frames:
    with case.session() as session:
        sources = read_sources(session, recipe, registry)
        question = question or Question()
        alone = settled_alone(session, recipe, registry, question)
        return read_frames(Asked(session, recipe, registry, question, sources, alone, leave_out))


def test_what_was_judged_and_what_it_was_drawn_from(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        b.add("Plant 1", claim="mazak", views=4)
        b.frame("Plant 1", "missed", views=6)
        b.frame("Plant 2", "nothing", chance=0.25, views=2)
        b.frame("Plant 2")

    found = frames(case, build(fill), registry)
    assert found.drawn == 3
    assert sorted((one.plant, one.chance, one.missed) for one in found.judged) == [
        ("Plant 1", 0.5, True),
        ("Plant 2", 0.25, False),
    ]
    assert (found.found, found.unseen) == (4, 6 + 2 + 1)
    assert {one.seconds for one in found.judged} == {1.0} and ALONE < LONGEST


def test_what_is_no_machine_hides_its_frames_and_shows_none(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        b.add("Plant 1", claim="mazak", outcome="not-a-machine", views=7)
        b.add("Plant 1", claim="mazak", outcome="accept", views=3)
        b.frame("Plant 1", "nothing", views=2)

    found = frames(case, build(fill), registry)
    assert (found.found, found.unseen) == (3, 2)


def test_copies_of_one_recording_share_its_time(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        b.frame("Plant 1", "missed", views=5)
        b.frame("Plant 1", "nothing", views=5)
        b.copy(1, 2)

    found = frames(case, build(fill), registry)
    assert found.unseen == 5
    assert [one.seconds for one in found.judged] == [0.5, 0.5]


def test_a_programme_that_holds_unlike_clips_thins_none_of_them(
    case: Case, registry: Registry, build: Build
) -> None:
    """Each moment is shared by those that show it; of the programme's own there are four."""

    def fill(b: Builder) -> None:
        b.frame("Plant 1", "missed", views=2)
        b.frame("Plant 2", "nothing", views=4)
        b.frame("Plant 3", "nothing", views=10)  # from 1 on the first, from 3 on the second
        b.copy(1, 3, 1.0, 0.2, seconds=2)
        b.copy(2, 3, 1.0, 0.4, later=2, seconds=4)

    found = frames(case, build(fill), registry)
    assert found.unseen == 10
    assert sorted((one.plant, one.seconds) for one in found.judged) == [
        ("Plant 1", 0.5),
        ("Plant 2", 0.5),
        ("Plant 3", 0.5),
    ]


def test_only_the_footage_asked_about(case: Case, registry: Registry, build: Build) -> None:
    recipe = build(lambda b: [b.frame(f"Plant {n}", "missed") for n in (1, 2)])
    found = frames(case, recipe, registry, question=Question(plants=("plant 1",)))
    assert [one.plant for one in found.judged] == ["Plant 1"]
    assert found.unseen == 1


def test_missed_machines_widen_the_share(case: Case, registry: Registry, build: Build) -> None:
    def fill(b: Builder) -> None:
        for plant in range(12):
            for _ in range(5):
                b.add(f"Plant {plant}", claim="mazak", outcome="accept", chance=0.5)
            b.frame(f"Plant {plant}", "missed" if plant < 4 else "nothing", views=3)

    build(fill)
    found, _, _ = answer_case(case, Question(), registry)
    assert found.counts.machines == 60  # a missed frame is no machine
    assert (found.missed.judged, found.missed.missed) == (12, 4)
    assert found.missed.share.value == pytest.approx(12 / (12 + 60))
    assert found.high.high > found.found_high.high + found.missed.share.value / 2


def test_frames_of_controls_are_left_out(case: Case, registry: Registry, build: Build) -> None:
    def fill(b: Builder) -> None:
        b.frame("studio", "missed")
        b.frame("Plant 1", "nothing")
        b.control(1)

    build(fill)
    found, _, _ = answer_case(case, Question(), registry)
    assert (found.missed.judged, found.missed.missed) == (1, 0)
