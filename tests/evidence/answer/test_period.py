"""Footage whose date does not tell whether it is of the period asked for is not passed over, and a
recording that is published again is no newer for that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from datasets.messages import Message
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, Facts, render_answer
from evidence.answer.sentence import say
from evidence.answer.sources import SourceRecord, is_of_period
from evidence.case.sighting_tables import Copy
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import CONTROLS, OTHER, seen
from tests.evidence.answer.test_sentence import CHINESE, NONE, WELL

SINCE = Question(since="2023-05")


def test_what_may_be_of_the_period_is_counted_and_told(b, ask):
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
def test_a_date_is_in_a_period_or_not_or_does_not_tell(day, since, until, covered):
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
def test_every_sentence_names_the_plant_and_the_period(question, which):
    def said(**more: int) -> str:
        counts, which = replace(NONE, **more), question.which()
        return say(CHINESE, counts, (), WELL, which=which).sentence

    assert f"in 1 plant, in footage {which}, among" in said(confirmed=3, least=3, plants=1)
    assert f"is confirmed yet, in footage {which}, among" in said(probable=1)
    assert f"was confirmed, in footage {which}, among" in said()
    assert question.in_words(load_registry()).endswith(which)


def test_a_plant_in_the_sentence_is_printed_as_it_can_be(registry):
    asked = Question(plants=("Plant \N{RIGHT-TO-LEFT OVERRIDE}<1>",))
    found = answer(asked, seen(OTHER), registry, CONTROLS)
    assert isinstance(found.said.sentence, Message)
    page = render_answer(CaseAnswer(found, Facts("", "", "", "", 0, ""), []), registry)
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page and "&lt;1&gt;" in page


RECENT = Question(since="2023")


def twice(
    b: Builder, share: float = 1.0, share_b: float = 1.0, days: tuple[str, str] = ("2015", "2024")
) -> None:
    """A machine in footage of 2015, and again in that of 2024, of which so much is in the other."""
    machine = b.add("Kazan works", "dmtg", "accept", published=days[0])
    b.add("Kazan works", "dmtg", "accept", published=days[1], same=machine)
    common = {} if max(share, share_b) >= 0.8 else {"seconds": 1, "later": 7}
    b.copy(1, 2, share, share_b, **common)


@pytest.mark.parametrize(
    ("share", "share_b", "counts"),
    [(1.0, 1.0, False), (0.1, 1.0, False), (0.05, 0.05, True)],
    ids=["a copy", "an excerpt", "elsewhere shots in common"],
)
def test_what_was_uploaded_again_is_of_the_period_in_which_it_was_published_first(
    b, ask, share, share_b, counts
):
    twice(b, share, share_b)
    found = ask(RECENT)
    assert (found.counts.confirmed, found.counts.machines) == (counts, counts)
    told = [str(one.text) for one in found.caveats if one.code == "republished"]
    assert bool(told) != counts
    assert ask(Question(until="2016")).counts.confirmed == 1
    found = ask()
    assert found.years == ({"2015": (1, 1), "2024": (1, 1)} if counts else {"2015": (1, 1)})


def test_a_view_that_may_have_been_filmed_again_keeps_its_date(b, ask):
    twice(b)
    for copy in b.session.scalars(select(Copy)):
        copy.kind = "same view"
    found = ask(RECENT)
    assert found.counts.confirmed == 1
    assert found.caveat("republished") == 0


@pytest.mark.parametrize(
    ("own", "first", "since", "until", "of_it"),
    [
        ("2024", "2015", "2023", None, False),
        ("2024", "2015", None, "2016", False),  # there may be more in it than in the first
        ("2024", "2015", "2014", "2024", True),
        (None, "2015", "2023", None, False),
        (None, "2015", None, "2016", None),
        (None, "2024", "2023", None, None),
        ("2023-06", "2023", "2023-05", None, None),
    ],
)
def test_both_days_tell_whether_footage_is_of_a_period(own, first, since, until, of_it):
    source = SourceRecord("a", None, own, first=first)
    assert is_of_period(source, Question(since=since, until=until)) is of_it


@pytest.mark.parametrize(("share", "share_b"), [(1.0, 0.1), (0.05, 0.05)], ids=["whole", "a shot"])
def test_what_a_programme_takes_from_an_archive_is_as_old_as_that(b, ask, share, share_b):
    """A machine in footage of 2015, shown again in a programme of 2024 in which another stands."""
    old = b.add("Kazan works", "dmtg", "accept", published="2015")
    b.add("Kazan works", "dmtg", "accept", published="2024", same=old)
    b.copy(1, 2, share, share_b, seconds=3)
    b.add("Kazan works", "mazak", "accept", published="2024")
    found = ask(RECENT)
    assert (found.counts.machines, found.counts.confirmed) == (1, 0)
    assert found.caveat("older_parts") == 1
    for question in (Question(), Question(until="2016"), Question(since="2015")):
        assert ask(question).counts.confirmed == 1


def test_a_machine_that_a_programme_shows_anew_is_of_its_day(b, ask):
    old = b.add("Kazan works", "dmtg", "accept", published="2015")
    b.add("Kazan works", "dmtg", "accept", published="2024", same=old)
    b.copy(1, 2, 0.05, 0.05, later=7, seconds=3)  # another moment of the programme
    found = ask(RECENT)
    assert found.counts.confirmed == 1
