"""What people settled of a machine holds whichever of the footage it is seen in is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.case import answer_case
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.link.machines import join
from tests.evidence.answer.conftest import Builder, judge_all, key
from tests.evidence.answer.test_from_case import Build, ask
from tests.evidence.answer.test_never_more import controls, hall

__all__ = ["controls"]

SINCE = Question(since="2023")


@pytest.mark.parametrize("question", [SINCE, Question(until="2021"), Question()])
def test_a_period_hides_no_verdict_that_disagrees(
    case: Case, registry: Registry, build: Build, question: Question
) -> None:
    """People named two builders of one machine, by footage of two years."""

    def fill(b: Builder) -> None:
        machine = b.add("Kazan works", "mazak", "accept", published="2020")
        b.add("Kazan works", "dmtg", "accept", published="2024", same=machine)

    build(fill)
    found = ask(case, registry, question)
    assert (found.counts.confirmed, found.caveat("disputed")) == (0, 1)
    assert found.said.kind is AnswerKind.OPEN
    assert (found.caveat("elsewhere") > 0) == (question != Question())


def test_what_agrees_elsewhere_changes_nothing(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        machine = b.add("Kazan works", "dmtg", "accept", published="2020")
        b.add("Kazan works", "dmtg", "accept", published="2024", same=machine)
        none = b.add("Kazan works", "mazak", "accept", published="2020")
        b.add("Kazan works", None, "not-a-machine", published="2024", same=none)

    build(fill)
    found = ask(case, registry, SINCE)
    assert (found.counts.machines, found.counts.confirmed) == (1, 1)
    assert found.caveat("elsewhere") == 0
    assert found.said.sentence.startswith(
        "1 machine of Chinese make confirmed in 1 plant, in footage published in 2023 or later, "
    )


def test_one_machine_is_not_confirmed_in_each_of_two_plants_that_are_asked_about_in_turn(
    case: Case, registry: Registry, build: Build, tmp_path: Path
) -> None:
    def fill(b: Builder) -> None:
        b.add("Kazan works", "dmtg", "accept")
        b.add("Izhevsk works", "dmtg", "accept")
        judge_all(b.session)
        join(b.session, *b.session.scalars(select(SightingRow.key)), "anna")

    build(fill)
    for plant in ("Kazan works", "Izhevsk works"):
        asked = Question(plants=(plant,))
        found = ask(case, registry, asked)
        assert found.said.sentence.startswith(
            "1 machine of Chinese make confirmed in 1 recording of which no plant is known for "
            f"certain, in footage of {plant}, "
        )
        assert {row.plant: row.confirmed for row in found.plants}[plant] == 0
        write_package(case, asked, registry, "Chinese", tmp_path / plant)
        again = recompute(tmp_path / plant)
        assert (again.otherwise, again[0].said.sentence) == ([], found.said.sentence)


def test_a_machine_that_more_footage_of_its_plant_shows_stands_there(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        machine = b.add("Kazan works", "dmtg", "accept")
        b.add("Kazan works", "dmtg", "accept", same=machine)
        b.add("Izhevsk works", "dmtg", "accept", same=machine)

    build(fill)
    found = ask(case, registry, Question(plants=("Kazan works",)))
    assert "in 1 plant, in footage of Kazan works, " in found.said.sentence
    found = ask(case, registry, Question(plants=("Izhevsk works",)))
    assert (found.counts.plants, found.counts.recordings) == (0, 1)


@pytest.mark.parametrize("outcome", [None, "unknown", "not-a-machine"])
def test_none_is_not_said_of_a_machine_that_is_confirmed_by_other_footage(
    case: Case, registry: Registry, build: Build, controls: Path, outcome: str | None
) -> None:
    """In that which is asked about the program reads nothing on it, nor did people see whose."""

    def fill(b: Builder) -> None:
        hall(b)
        machine = b.add("Plant 2", "dmtg", "accept")
        b.add("Plant 1", None, outcome, same=machine)

    build(fill)
    found = ask(case, registry, Question(plants=("Plant 1",)), controls=controls)
    assert found.said.kind is AnswerKind.PROBABLE
    assert found.counts.probable == 1
    assert found.counts.confirmed == 0
    assert ask(case, registry, controls=controls).counts.confirmed == 1


def test_the_picture_of_a_machine_is_of_footage_that_is_asked_about(
    case: Case, registry: Registry, build: Build
) -> None:
    """The surest sighting of all may be one of another year."""

    def fill(b: Builder) -> None:
        machine = b.add("Kazan works", "dmtg", "accept", published="2015")
        b.still("1" * 64)
        b.add("Kazan works", "dmtg", "accept", published="2024", same=machine)
        b.still("2" * 64)
        for row in b.session.scalars(select(SightingRow)):
            row.probability = 0.99 if row.footage == key("f", 1) else 0.9

    build(fill)
    for question, still in ((Question(), "1"), (Question(until="2016"), "1"), (SINCE, "2")):
        (shown,) = answer_case(case, question, registry, "Chinese")[2]
        assert [sha256 for _, sha256, _ in shown.pictures] == [still * 64]
