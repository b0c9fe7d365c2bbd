"""Machines of one clip that are on screen at once: where each stood then tells them apart."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, update

from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import FootageRow
from evidence.review.judgement import TestContext
from evidence.review.manual_entries import Statement, enter
from tests.evidence.answer.conftest import Builder, key

LEFT, RIGHT = (0, 0, 100, 300), (300, 0, 400, 300)


def stands(case: Case, clip: int, best: Any, *track: Any, of: int | None = None) -> None:
    """The sighting of a clip is best seen in one box, and stands in these from second 1 on;
    `of`: in truth it is the second one of that clip."""
    rows = [[str(second), *box, 0.9] for second, box in enumerate(track, 1)]
    values = {"box": list(best), "track": rows, "last": Fraction(len(track))}
    with case.session() as session, session.begin():
        if of is not None:
            there = select(SightingRow.analysis).where(SightingRow.footage == key("f", of))
            values |= {"analysis": session.scalar(there), "footage": key("f", of), "name": "m2"}
        mine = SightingRow.footage == key("f", clip)
        session.execute(update(SightingRow).where(mine).values(values))


def two(b: Builder) -> None:
    for _ in range(2):
        b.add("Plant 1", claim="dmtg", outcome="accept")


@pytest.mark.parametrize(
    ("first", "second", "different"),
    [
        ((LEFT, LEFT), (RIGHT, RIGHT), 2),
        ((LEFT, RIGHT), (RIGHT, LEFT), 2),  # they change places
        ((LEFT, LEFT, RIGHT), (LEFT, LEFT), 1),  # one found twice
    ],
)
def test_two_of_one_builder_are_told_apart_by_where_they_stand_at_once(
    case, b, ask, first, second, different
):
    two(b)
    b.write()
    stands(case, 1, RIGHT, *first)  # where each is best seen tells nothing of the other moments
    stands(case, 2, LEFT if different == 1 else RIGHT, *second, of=1)
    found = ask().counts
    assert (found.machines, found.confirmed) == (2, 2)
    assert (found.least, found.different) == (different, different)


def test_one_after_the_other_they_may_be_one(case, b, ask):
    two(b)
    b.write()
    stands(case, 1, LEFT, LEFT, LEFT)
    stands(case, 2, RIGHT, RIGHT, RIGHT, of=1)
    with case.session() as session, session.begin():
        rows = [["4", *RIGHT, 0.9], ["5", *RIGHT, 0.9]]
        later = {"first": Fraction(4), "last": Fraction(5), "pts": Fraction(4), "track": rows}
        session.execute(update(SightingRow).where(SightingRow.name == "m2").values(later))
    found = ask().counts
    assert (found.machines, found.least) == (2, 1)


def test_one_that_was_entered_stands_beside_one_that_was_found(case, registry, b, ask):
    b.add("Plant 1", claim="dmtg", outcome="accept")
    b.write()
    stands(case, 1, RIGHT, RIGHT, RIGHT, RIGHT)
    with case.session() as session, session.begin():
        row = session.get_one(FootageRow, key("f", 1))
        row.width, row.height = 400, 300
        for author in ("anna", "ben"):
            told, bench = Statement(builder="dmtg"), TestContext(registry, ("CN",))
            enter(session, bench, row.sha256, Fraction(2), LEFT, told, author)
    found = ask().counts
    assert (found.machines, found.confirmed, found.least) == (2, 2, 2)
