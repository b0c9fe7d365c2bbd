"""Footage whose date does not tell whether it is of the period asked for is not passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasets.messages import Message
from datasets.registry import Registry, load_registry
from evidence.answer.answer import answer
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, Facts, render_answer
from evidence.answer.sentence import say
from tests.evidence.answer.conftest import Ask, Builder
from tests.evidence.answer.made import CONTROLS, OTHER, seen
from tests.evidence.answer.test_sentence import CHINESE, NONE, WELL

SINCE = Question(since="2023-05")


def test_what_may_be_of_the_period_is_counted_and_told(b: Builder, ask: Ask) -> None:
    b.add("Plant 1", "mazak", "accept", published="2023-06")
    b.add("Plant 1", "dmtg", "accept")
    b.add("Plant 1", "dmtg", published="2023")
    b.add("Plant 1", "dmtg", "unknown", published="soon")
    b.add("Plant 1", "dmtg", "accept", published="2022")
    b.add("Plant 2", "mazak")
    b.frame("Plant 2", "missed", "dmtg")
    found = ask(SINCE)
    assert found.counts.machines == 1
    assert found.caveat("undated") == 5
    asked = replace(SINCE, plants=("Plant 2",))
    there = ask(asked)
    assert there.caveat("undated") == 2
    assert ask().caveat("undated") == 0


@pytest.mark.parametrize(
    ("day", "since", "until", "covered"),
    [
        (None, None, None, True),
        (None, None, "2023", None),
        ("2023", "2023", "2023", True),
        ("2023", "2023-05", None, None),
        ("2023", None, "2023-05", None),
        ("2023", "2023-05", "2023-06", None),
        ("2022", "2023-05", None, False),
        ("2024", None, "2023-05", False),
        ("2023-05-31T10:00", "2023-05-31", "2023-05-31", True),
        ("2023-05", "2023-05-02", None, None),
        ("2023-05", "2023-06-02", None, False),
    ],
)
def test_a_date_is_in_a_period_or_not_or_does_not_tell(
    day: str | None, since: str | None, until: str | None, covered: bool | None
) -> None:
    assert Question(since=since, until=until).covers(day) is covered


PLANT, BOTH = ("Plant X",), "of Plant X published from 2023 to 2024"


@pytest.mark.parametrize(
    ("question", "which"),
    [
        (Question(since="2023"), "published in 2023 or later"),
        (Question(plants=PLANT), "of Plant X"),
        (Question(plants=PLANT, since="2023", until="2024"), BOTH),
    ],
)
def test_every_sentence_names_the_plant_and_the_period(question: Question, which: str) -> None:
    def said(**more: int) -> str:
        counts, which = replace(NONE, **more), question.which()
        return say(CHINESE, counts, (), WELL, which=which).sentence

    assert f"in 1 plant, in footage {which}, among" in said(confirmed=3, least=3, plants=1)
    assert f"is confirmed yet, in footage {which}, among" in said(probable=1)
    assert f"was confirmed, in footage {which}, among" in said()
    assert question.in_words(load_registry()).endswith(which)


def test_a_plant_in_the_sentence_is_printed_as_it_can_be(registry: Registry) -> None:
    asked = Question(plants=("Plant \N{RIGHT-TO-LEFT OVERRIDE}<1>",))
    found = answer(asked, seen(OTHER), registry, CONTROLS)
    assert isinstance(found.said.sentence, Message)
    page = render_answer(CaseAnswer(found, Facts("", "", "", "", 0, ""), []), registry)
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page and "&lt;1&gt;" in page
