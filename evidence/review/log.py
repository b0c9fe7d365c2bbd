"""The log of verdicts, by the item they are about, and who may see whose verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from evidence.case.base import values_of
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Item
from evidence.review.standing import GivenVerdict, held_by

About = tuple[str, str | Fraction]
"""What a verdict is about: a sighting by its key, or a frame by footage and time. A frame
found with several recipes is several items, and what people say of it holds for all."""

T = TypeVar("T", Verdict, Item)


def about(row: Verdict | Item) -> About:
    """What a verdict or an item is about."""
    return ("", row.sighting) if row.sighting is not None else (row.footage, row.pts)


def given(row: Verdict) -> GivenVerdict:
    """A verdict as far as standings depend on it."""
    tested = bool(row.before.get("tested"))
    return GivenVerdict(row.number, row.author, row.verdict, row.builder, row.supersedes, tested)


def rows_about(session: Session, table: type[T], things: Iterable[About]) -> dict[About, list[T]]:
    """By thing, the items or the verdicts about it, in order."""
    wanted = set(things)
    frames = table.footage.in_({footage for footage, _ in wanted if footage})
    query = select(table).where(
        or_(
            table.sighting.in_({of for footage, of in wanted if not footage}),
            and_(table.sighting.is_(None), frames),
        )
    )
    found: dict[About, list[T]] = defaultdict(list)
    for row in session.scalars(query.order_by(Verdict.number if table is Verdict else Item.item)):
        found[about(row)].append(row)
    return found


def verdicts_on(session: Session, items: Iterable[Item]) -> dict[str, list[Verdict]]:
    """By item, all verdicts on it in the order they were given."""
    wanted = {item.item: about(item) for item in items}
    found = rows_about(session, Verdict, wanted.values()) if wanted else {}
    return {item: found.get(thing, []) for item, thing in wanted.items()}


def whole_log(session: Session, footage: str | None = None) -> dict[About, list[GivenVerdict]]:
    """Every verdict of the case, or on some footage, by what it is about."""
    found: dict[About, list[GivenVerdict]] = defaultdict(list)
    query = select(Verdict).order_by(Verdict.number).execution_options(yield_per=1000)
    if footage is not None:
        query = query.where(Verdict.footage == footage)
    for row in session.scalars(query):
        found[about(row)].append(given(row))
    return found


Record = dict[str, Any]


def told_state(state: str) -> str:
    """Where an item stands, as anybody may be told: `settled`, or `open` until it is.

    That somebody has judged it, or that two disagree, would be told to one of them.
    """
    return "settled" if state == "settled" else "open"


def told_states(states: dict[str, int], lead: bool) -> dict[str, int]:
    """How many items stand where; for all but a `lead` those disputed are among the `partial`.

    With few claims, the number of disputed ones would tell a reviewer that the other disagrees.
    """
    if lead:
        return states
    return states | {"partial": states["partial"] + states["disputed"], "disputed": 0}


def seen_by(person: str, item: Item | None, log: list[Verdict]) -> list[Verdict]:
    """Of the verdicts on an item those that a person may see.

    Their own always; all of them once the item is settled; and where two disagree, a third
    person, who settles it, sees both.
    """
    if item is None or item.state == "settled":
        return log
    third = held_by([given(row) for row in log], person) is None
    if item.state == "disputed" and third:
        return log
    return [row for row in log if row.author == person]


def page_of_log(session: Session, person: str, after: int, limit: int) -> list[Record]:
    """Verdicts from number `after` on, oldest first; of one that must not be seen yet only what
    the chain of digests needs."""
    rows = session.scalars(
        select(Verdict).where(Verdict.number > after).order_by(Verdict.number).limit(limit)
    ).all()
    items = rows_about(session, Item, map(about, rows))
    logs = rows_about(session, Verdict, items)
    page = []
    for row in rows:
        found = items.get(about(row), [])
        if all(row in seen_by(person, item, logs[about(row)]) for item in found):
            settled = all(item.state == "settled" for item in found)
            page.append(record(row, found[0].item if found else None, settled))
        else:
            page.append({"number": row.number, "hidden": True} | _chain(row))
    return page


def record(row: Verdict, item: str | None, settled: bool = False) -> Record:
    """A verdict as plain data; until its item is `settled` without where that stood before.

    Whoever gives another in place of their own would read there that others differ.
    """
    before = {name: value for name, value in row.before.items() if settled or name != "item"}
    return (
        {"item": item, "hidden": False, "pts": str(row.pts), "seconds_in": round(float(row.pts), 3)}
        | values_of(row, "number", "sighting", "footage", "box", "verdict", "builder", "author")
        | values_of(row, "seconds", "note", "supersedes", "signed")
        | {"before": before}
        | _chain(row)
    )


def _chain(row: Verdict) -> Record:
    return {"made": row.made.isoformat(), "previous": row.previous, "digest": row.digest}
