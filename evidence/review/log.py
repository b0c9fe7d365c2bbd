"""The log of verdicts, by the item they are about, and who may see whose verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from evidence.case.base import values_of
from evidence.case.sighting_tables import AnalysisRow, Verdict, is_entered
from evidence.case.tables import Item
from evidence.review.audit import frame_item
from evidence.review.standing import GivenVerdict, held_by

About = tuple[str, str | Fraction]
"""What a verdict is about: a sighting by its key, or a frame by footage and time. A frame
found with several recipes is several items, and what people say of it holds for all."""


def about(row: Verdict | Item) -> About:
    """What a verdict or an item is about."""
    return ("", row.sighting) if row.sighting is not None else (row.footage, row.pts)


def given(row: Verdict) -> GivenVerdict:
    """A verdict as far as standings depend on it."""
    return GivenVerdict(
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


def whole_log(session: Session) -> dict[About, list[GivenVerdict]]:
    """Every verdict of the case, by what it is about."""
    found: dict[About, list[GivenVerdict]] = defaultdict(list)
    query = select(Verdict).order_by(Verdict.number).execution_options(yield_per=1000)
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
    """How many items stand where, as this person may see it.

    With few claims, the number of disputed ones would tell a reviewer that the other disagrees. A
    lead sees who disagrees, and sees this number. For all others those items wait for another
    reviewer (`partial`).
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
    items = _items(session, rows)
    # Verdicts on a frame are asked for once, whatever recipes have an item on it.
    logs = verdicts_on(session, {one.item: one for ones in items.values() for one in ones}.values())
    page = []
    for row in rows:
        found = items[row.number]
        open_to = all(
            row.number in {other.number for other in seen_by(person, item, logs[item.item])}
            for item in found
        )
        if not open_to:
            page.append(hidden(row))
            continue
        settled = all(item.state == "settled" for item in found)
        page.append(record(row, found[0].item if found else None, settled))
    return page


def record(row: Verdict, item: str | None, settled: bool = False) -> Record:
    """A verdict as plain data.

    Args:
        settled: what it is about is settled. Until then where that stood when the verdict was given
            is not told: whoever gives another in place of their own would read that others differ.
    """
    before = {name: value for name, value in row.before.items() if settled or name != "item"}
    return (
        {"item": item, "pts": str(row.pts), "seconds_in": round(float(row.pts), 3)}
        | values_of(row, "number", "sighting", "footage", "box", "verdict", "builder", "author")
        | values_of(row, "seconds", "note", "supersedes", "signed")
        | {"before": before}
        | _chain(row)
    )


def hidden(row: Verdict) -> Record:
    """A verdict that may not be seen yet: that it was given, and its place in the chain."""
    return {"number": row.number, "hidden": True} | _chain(row)


def _chain(row: Verdict) -> Record:
    return {"made": row.made.isoformat(), "previous": row.previous, "digest": row.digest}


def _items(session: Session, rows: Iterable[Verdict]) -> dict[int, list[Item]]:
    """By number of a verdict the items it is about."""
    rows = list(rows)
    keys = {
        row.sighting for row in rows if row.sighting is not None and not is_entered(row.sighting)
    }
    frames = {row.footage for row in rows if row.sighting not in keys}
    analyses: dict[str, list[str]] = {}
    if frames:
        query = select(AnalysisRow.footage, AnalysisRow.id).where(AnalysisRow.footage.in_(frames))
        for footage, analysis in session.execute(query):
            analyses.setdefault(footage, []).append(analysis)
    named = {
        row.number: [row.sighting]
        if row.sighting in keys
        else [
            frame_item(analysis, row.pts) if row.sighting is None else f"{analysis}:{row.sighting}"
            for analysis in analyses.get(row.footage, ())
        ]
        for row in rows
    }
    wanted = sorted({key for some in named.values() for key in some} | keys)
    there = {one.item: one for one in session.scalars(select(Item).where(Item.item.in_(wanted)))}
    return {number: [there[key] for key in some if key in there] for number, some in named.items()}
