"""The log of verdicts, by the item they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from evidence.review.standing import Given
from evidence.store.derived import Verdict
from evidence.store.people import Item

About = tuple[str, str | Fraction]
"""What a verdict is about: a sighting by its key, or a frame by footage and time. A frame
found with several recipes is several items, and what people say of it holds for all."""


def about(row: Verdict | Item) -> About:
    """What a verdict or an item is about."""
    return ("", row.sighting) if row.sighting is not None else (row.footage, row.pts)


def given(row: Verdict) -> Given:
    """A verdict as far as standings depend on it."""
    return Given(
        row.number,
        row.author,
        row.verdict,
        row.builder,
        row.supersedes,
        bool(row.before.get("tested")),
    )


def is_about(item: Item) -> ColumnElement[bool]:
    """Whether a verdict is about an item."""
    if item.sighting is not None:
        return Verdict.sighting == item.sighting
    return and_(
        Verdict.footage == item.footage, Verdict.pts == item.pts, Verdict.sighting.is_(None)
    )


def verdicts_on(session: Session, items: Iterable[Item]) -> dict[str, list[Verdict]]:
    """By item, all verdicts on it in the order they were given."""
    wanted = list(items)
    found: dict[About, list[Verdict]] = defaultdict(list)
    if wanted:
        query = select(Verdict).where(or_(*map(is_about, wanted))).order_by(Verdict.number)
        for row in session.scalars(query):
            found[about(row)].append(row)
    return {item.item: found.get(about(item), []) for item in wanted}


def whole_log(session: Session) -> dict[About, list[Given]]:
    """Every verdict of the case, by what it is about."""
    found: dict[About, list[Given]] = defaultdict(list)
    query = select(Verdict).order_by(Verdict.number).execution_options(yield_per=1000)
    for row in session.scalars(query):
        found[about(row)].append(given(row))
    return found
