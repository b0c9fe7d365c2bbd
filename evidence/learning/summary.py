"""What of a case has been judged, and how much of it can be learnt from, in numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.learning.outcomes import SETTLED, USABLE
from evidence.learning.sources import choose_val, find_sources
from evidence.store.people import Item

MOST_ROWS = 100
"""Builders and sources told one by one, those with most first."""


def summarise_learning(session: Session, registry: Registry) -> dict[str, Any]:
    """Items by state and outcome, frames by source and side, builders named; as plain data."""
    states, outcomes, builders = _counted(session)
    frames = _frames(session)
    sources: Counter[str] = Counter()
    if frames:
        known = find_sources(session)
        for footage, number in frames.items():
            sources[known.get(footage, footage)] += number
    val = choose_val(sources)
    return {
        "settled": states.get(SETTLED, 0),
        "waiting": sum(states.values()) - states.get(SETTLED, 0),
        "frames": sum(frames.values()),
        "footage": len(frames),
        "held_back": sum(number for name, number in sources.items() if name in val),
        "outcomes": [{"outcome": word, "items": outcomes[word]} for word in _ordered(outcomes)],
        "builders": [
            {"builder": id, "name": _name(id, registry), "items": number}
            for id, number in _most(builders)
        ],
        "sources": [
            {"source": name, "frames": number, "split": "val" if name in val else "train"}
            for name, number in _most(sources)
        ],
        "all_builders": len(builders),
        "all_sources": len(sources),
    }


def _counted(session: Session) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Items by state, and the settled ones by outcome and by builder; in one look at them all."""
    counts: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    columns = (Item.state, Item.outcome, Item.builder)
    for *row, number in session.execute(select(*columns, func.count()).group_by(*columns)):
        for count, value in zip(counts, row, strict=True):
            if value is not None and (count is counts[0] or row[0] == SETTLED):
                count[str(value)] += number
    return counts[0], counts[1], counts[2]


def _frames(session: Session) -> dict[str, int]:
    """By footage, the frames of which something usable is settled."""
    usable = (Item.state == SETTLED, Item.outcome.in_(USABLE))
    each = select(Item.footage, Item.pts).where(*usable).distinct().subquery()
    query = select(each.c.footage, func.count()).group_by(each.c.footage)
    return {str(footage): number for footage, number in session.execute(query)}


def _ordered(outcomes: Counter[str]) -> list[str]:
    known = [word for word in USABLE if word in outcomes]
    return known + sorted(set(outcomes) - set(known))


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_ROWS]


def _name(id: str, registry: Registry) -> str:
    return registry.get(id).name if id in registry else id
