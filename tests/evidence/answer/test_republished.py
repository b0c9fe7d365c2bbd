"""A recording that is published again is no newer for that."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.answer.sources import SourceRecord, is_of_period
from evidence.case.case import Case
from evidence.case.sighting_tables import Copy
from evidence.case.tables import FootageRow
from evidence.review.judgement import test_context
from evidence.review.manual_entries import Statement, enter
from tests.evidence.answer.conftest import Builder, judge_all, key
from tests.evidence.answer.test_from_case import Build, ask

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
    case: Case, registry: Registry, build: Build, share: float, share_b: float, counts: bool
) -> None:
    build(lambda b: twice(b, share, share_b))
    found = ask(case, registry, SINCE)
    assert (found.counts.confirmed, found.counts.machines) == (counts, counts)
    told = [str(one.text) for one in found.caveats if one.code == "republished"]
    assert bool(told) != counts
    assert ask(case, registry, Question(until="2016")).counts.confirmed == 1
    found = ask(case, registry)
    assert found.years == ({"2015": (1, 1), "2024": (1, 1)} if counts else {"2015": (1, 1)})


@pytest.mark.parametrize("days", [("2015", "2024"), ("2024", "2015")])
def test_which_hash_is_the_lower_makes_none_older(
    case: Case, registry: Registry, build: Build, days: tuple[str, str]
) -> None:
    """A copy is kept from the one with the lower hash to the other. What a programme took of it,
    in a few of its shots, is older all the same."""
    shares = (1.0, 0.1) if days[0] == "2015" else (0.1, 1.0)
    build(lambda b: twice(b, *shares, days=days))
    assert ask(case, registry, SINCE).counts.confirmed == 0
    assert ask(case, registry, Question(until="2016")).counts.confirmed == 1


def test_a_view_that_may_have_been_filmed_again_keeps_its_date(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        twice(b)
        for copy in b.session.scalars(select(Copy)):
            copy.kind = "same view"

    build(fill)
    found = ask(case, registry, SINCE)
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


def test_a_package_says_the_same_of_what_was_uploaded_again(
    case: Case, registry: Registry, build: Build, tmp_path: Path
) -> None:
    def fill(b: Builder) -> None:
        b.add("Kazan works", "dmtg", "accept", published="2015")
        b.add("Kazan works", "dmtg", "accept", published="2024")
        b.add("Kazan works", "mazak", "accept", published="2024")
        b.copy(1, 2)
        judge_all(b.session)

    build(fill)
    found = ask(case, registry, SINCE)
    assert (found.counts.machines, found.counts.confirmed) == (1, 0)
    write_package(case, SINCE, registry, tmp_path / "package")
    again = recompute(tmp_path / "package")
    assert (again.differences, again[0].warnings) == ([], found.warnings)


@pytest.mark.parametrize(("share", "share_b"), [(1.0, 0.1), (0.05, 0.05)], ids=["whole", "a shot"])
def test_what_a_programme_takes_from_an_archive_is_as_old_as_that(
    case: Case, registry: Registry, build: Build, share: float, share_b: float
) -> None:
    """A machine in footage of 2015, shown again in a programme of 2024 in which another stands."""

    def fill(b: Builder) -> None:
        old = b.add("Kazan works", "dmtg", "accept", published="2015")
        b.add("Kazan works", "dmtg", "accept", published="2024", same=old)
        b.copy(1, 2, share, share_b, seconds=3)
        b.add("Kazan works", "mazak", "accept", published="2024")

    build(fill)
    found = ask(case, registry, SINCE)
    assert (found.counts.machines, found.counts.confirmed) == (1, 0)
    assert found.caveat("older_parts") == 1
    for question in (Question(), Question(until="2016"), Question(since="2015")):
        assert ask(case, registry, question).counts.confirmed == 1


def test_a_machine_that_a_programme_shows_anew_is_of_its_day(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        old = b.add("Kazan works", "dmtg", "accept", published="2015")
        b.add("Kazan works", "dmtg", "accept", published="2024", same=old)
        b.copy(1, 2, 0.05, 0.05, later=7, seconds=3)  # another moment of the programme

    build(fill)
    found = ask(case, registry, SINCE)
    assert found.counts.confirmed == 1
    assert found.caveat("older_parts") == 0


def test_a_machine_entered_by_hand_is_as_old_as_what_shows_it(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        b.add("Kazan works", "mazak", "accept", published="2015")
        b.add("Kazan works", "mazak", "accept", published="2024")
        b.copy(1, 2, 0.05, 0.05, seconds=3)
        b.add("Kazan works", "mazak", "accept", published="2024")
        judge_all(b.session)
        for number in (2, 3):
            row = b.session.get_one(FootageRow, key("f", number))
            row.width, row.height = 400, 300
            for author in ("anna", "ben"):
                bench, told = test_context(b.session, registry), Statement(builder="dmtg")
                enter(b.session, bench, row.sha256, Fraction(1), (200, 0, 300, 300), told, author)

    build(fill)
    assert [one.footage for one in ask(case, registry, SINCE).entered] == [key("f", 3)]
    assert len(ask(case, registry).entered) == 2
