"""That none was seen is said of what people looked at and of what could have been told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from datasets.registry import Registry
from evidence.answer.answer import Answer, Controls, answer
from evidence.answer.judged import SeenMachine
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
    assert found.said.sentence.startswith(
        "None of Chinese make among 60 machines, 15 of them of unknown builder; a share above "
    )
