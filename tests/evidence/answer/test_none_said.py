"""That none was seen is said of what people looked at and of what could have been told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest

from datasets.registry import Registry
from evidence.answer.answer import Answer, Controls, answer
from evidence.answer.distinct import by_place, places
from evidence.answer.machines import SeenMachine
from evidence.answer.question import Question
from evidence.answer.sentence import Kind
from tests.evidence.answer.test_estimators import ONE

CONTROLS = Controls(60, 60, ((None, True),) * 60)
OTHER = replace(ONE, claim="mazak", claimed=False)
JUDGED = replace(OTHER, settled=True, hit=False, builder="mazak")
UNKNOWN = replace(ONE, settled=True)
REFUSED = replace(UNKNOWN, claim="dmtg", claimed=True, flagged=True)
"""The program claims a Chinese builder; people settled that nobody can tell."""


def seen(*each: SeenMachine, plants: Iterable[int] = range(40)) -> list[SeenMachine]:
    """These machines in each of these plants."""
    return [
        replace(one, id=f"{plant}-{n}", plant=f"Plant {plant}", recordings=frozenset({f"{plant}"}))
        for plant in plants
        for n, one in enumerate(each)
    ]


def ask(machines: list[SeenMachine], registry: Registry) -> Answer:
    return answer(Question(), machines, registry, "Chinese", CONTROLS)


def test_the_programs_word_alone_says_nothing_of_none(registry: Registry) -> None:
    found = ask(seen(OTHER), registry)
    assert found.said.kind is Kind.OPEN
    assert "people have judged no machine" in found.said.sentence
    one = seen(OTHER, plants=range(39)) + seen(JUDGED, plants=[39])
    assert ask(one, registry).said.kind is Kind.NONE


@pytest.mark.parametrize("entered", [True, False])
def test_what_is_entered_by_hand_judges_nothing_that_was_found(
    registry: Registry, entered: bool
) -> None:
    by_hand = replace(JUDGED, id="by hand", plant="Plant 1", entered=entered)
    found = ask([*seen(OTHER), by_hand], registry)
    assert (found.said.kind is Kind.NONE) == (not entered)


def test_where_no_builder_is_known_none_is_not_said(registry: Registry) -> None:
    found = ask(seen(UNKNOWN), registry)
    assert found.said.kind is Kind.OPEN and found.noticed.share == 1
    assert "the builders of 40 machines of 40 are not known" in found.said.sentence


@pytest.mark.parametrize("dark", [UNKNOWN, REFUSED], ids=["not claimed", "claimed in vain"])
def test_machines_of_the_kind_are_not_recognised_more_often_than_machines_are(
    registry: Registry, dark: SeenMachine
) -> None:
    well = ask(seen(JUDGED, plants=range(60)), registry).noticed
    found = ask(seen(JUDGED, plants=range(45)) + seen(dark, plants=range(45, 60)), registry)
    assert found.noticed.known == found.noticed.least_sensitivity == 0.75
    assert found.noticed.share == pytest.approx(well.share * well.least_sensitivity / 0.75)
    # Claims that people could neither confirm nor refute are no sign that there is none.
    said = (
        "The footage cannot tell, because of 15 machines that the program claims as of the kind "
        "people could not tell whose they are."
        if dark.claimed
        else "None of Chinese make among 60 machines, 15 of them of unknown builder; a share above "
    )
    assert found.said.sentence.startswith(said)


def test_one_machine_filmed_twice_would_not_have_been_noticed_twice(registry: Registry) -> None:
    """Filmed from two sides and not linked, and counted as two; seen together it must be two."""
    once = ask(seen(JUDGED), registry)
    twice = ask(seen(JUDGED, JUDGED), registry)
    at = [
        replace(JUDGED, views=(("f", ((Fraction(0), (x, 0.0, x + 9, 9.0)),)),)) for x in (0.0, 50.0)
    ]
    together = ask(seen(*at), registry)
    assert twice.noticed.share == once.noticed.share > together.noticed.share
    assert (twice.counts.machines, twice.counts.different) == (80, 40)
    assert "at least 40 machines that must be different ones (80 counted);" in twice.said.sentence
    assert together.counts.different == 80 and "among 80 machines;" in together.said.sentence


def test_recordings_without_a_plant_may_be_of_one(registry: Registry) -> None:
    """They tell no more than as many in one plant would."""
    nowhere = [
        replace(one, plant=f"recording {n}", stated=False, drawn=True)
        for n, one in enumerate(seen(JUDGED))
    ]
    there = [replace(one, plant="Plant 1") for one in nowhere]
    found = [ask(machines, registry).noticed for machines in (nowhere, there)]
    assert found[0] == found[1] and found[0].share == 1
    assert ask(nowhere, registry).warnings[-1] == (
        "40 machines stand in footage of which no plant is known for certain; each recording "
        "counts as a plant of its own (if all of these are of one plant: 0 % to >99 %)"
    )
    with_others = seen(JUDGED, plants=range(40, 80))
    assert by_place([*with_others, *nowhere]) == [1] * 40
    other = replace(nowhere[0], builder="okuma")
    assert by_place([other, *with_others, *nowhere]) == [1] * 41


def test_it_takes_as_long_for_many_recordings() -> None:
    """Thousands of clips of no plant, and thousands of one: each is looked for once."""
    many = [
        replace(JUDGED, id=str(n), plant=f"{n}", stated=n % 2 == 0, recordings=frozenset({f"r{n}"}))
        for n in range(20_000)
    ]
    many += [replace(one, id=f"{one.id} too", plant="Plant 1") for one in many[:5000]]
    assert len(places(many)) == 15_001
