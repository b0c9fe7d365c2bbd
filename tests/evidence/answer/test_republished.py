"""A recording that is published again is no newer for that."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from evidence.answer.question import Question
from evidence.answer.sources import SourceRecord, is_of_period
from evidence.case.sighting_tables import Copy
from tests.evidence.answer.conftest import Ask, Builder

SINCE = Question(since="2023")


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
    b: Builder, ask: Ask, share: float, share_b: float, counts: bool
) -> None:
    twice(b, share, share_b)
    found = ask(SINCE)
    assert (found.counts.confirmed, found.counts.machines) == (counts, counts)
    told = [str(one.text) for one in found.caveats if one.code == "republished"]
    assert bool(told) != counts
    assert ask(Question(until="2016")).counts.confirmed == 1
    found = ask()
    assert found.years == ({"2015": (1, 1), "2024": (1, 1)} if counts else {"2015": (1, 1)})


def test_a_view_that_may_have_been_filmed_again_keeps_its_date(b: Builder, ask: Ask) -> None:
    twice(b)
    for copy in b.session.scalars(select(Copy)):
        copy.kind = "same view"
    found = ask(SINCE)
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
def test_both_days_tell_whether_footage_is_of_a_period(
    own: str | None, first: str, since: str | None, until: str | None, of_it: bool | None
) -> None:
    source = SourceRecord("a", None, own, first=first)
    assert is_of_period(source, Question(since=since, until=until)) is of_it


@pytest.mark.parametrize(("share", "share_b"), [(1.0, 0.1), (0.05, 0.05)], ids=["whole", "a shot"])
def test_what_a_programme_takes_from_an_archive_is_as_old_as_that(
    b: Builder, ask: Ask, share: float, share_b: float
) -> None:
    """A machine in footage of 2015, shown again in a programme of 2024 in which another stands."""
    old = b.add("Kazan works", "dmtg", "accept", published="2015")
    b.add("Kazan works", "dmtg", "accept", published="2024", same=old)
    b.copy(1, 2, share, share_b, seconds=3)
    b.add("Kazan works", "mazak", "accept", published="2024")
    found = ask(SINCE)
    assert (found.counts.machines, found.counts.confirmed) == (1, 0)
    assert found.caveat("older_parts") == 1
    for question in (Question(), Question(until="2016"), Question(since="2015")):
        assert ask(question).counts.confirmed == 1


def test_a_machine_that_a_programme_shows_anew_is_of_its_day(b: Builder, ask: Ask) -> None:
    old = b.add("Kazan works", "dmtg", "accept", published="2015")
    b.add("Kazan works", "dmtg", "accept", published="2024", same=old)
    b.copy(1, 2, 0.05, 0.05, later=7, seconds=3)  # another moment of the programme
    found = ask(SINCE)
    assert found.counts.confirmed == 1
