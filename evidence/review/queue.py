"""What waits for a reviewer, in the order of what matters; found by an index, never counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from evidence.review.items import IN_THE_SAMPLE
from evidence.review.standing import JUDGEMENTS
from evidence.store.derived import Verdict
from evidence.store.models import Recipe
from evidence.store.people import ControlRow, Item

STATES = ("disputed", "partial", "open")
"""Of equal priority, what is nearest to being settled comes first."""


def waiting(
    session: Session,
    recipe: Recipe,
    person: str,
    limit: int,
    *,
    sample: bool,
    without: Collection[str] = (),
) -> list[Item]:
    """What a person may be shown next, at most `limit`.

    By priority, then what is nearest to being settled, then by name, which follows from
    hashes: an order of chance that is the same every time.

    Args:
        sample: of the audit sample's lane; otherwise of the flags'.
        without: items that others hold, or that the person has put off.
    """
    found: list[Item] = []
    told: dict[str, Any] = {
        "model": recipe.model,
        "settings": recipe.settings,
        "person": person,
        "without": list(without),
        "limit": limit,
    }
    for state in STATES:
        found += session.scalars(_query(state, sample), told)
    found.sort(key=lambda item: item.item, reverse=True)
    found.sort(key=lambda item: (-item.priority, STATES.index(item.state)))
    return found[:limit]


@cache
def _query(state: str, sample: bool) -> Select[Any]:
    """Made once: making it takes longer than the database does."""
    lane = Item.priority == IN_THE_SAMPLE if sample else Item.priority > IN_THE_SAMPLE
    query = (
        select(Item)
        .where(Item.model == bindparam("model"), Item.settings == bindparam("settings"))
        .where(Item.state == state, lane)
        .where(Item.item.not_in(bindparam("without", expanding=True)), _offered())
        .order_by(Item.priority.desc(), Item.item.desc())
        .limit(bindparam("limit"))
    )
    return query if state == "open" else query.where(~_judged())


def _offered() -> ColumnElement[bool]:
    """Whether an item is offered unasked: of a positive control none is, which comes out by what
    the program says unless people call it up and settle it."""
    return Item.footage.not_in(select(ControlRow.footage))


def _judged() -> ColumnElement[bool]:
    """Whether a judgement of `person` on an `Item` holds."""
    return or_(
        and_(Item.sighting.is_not(None), _holds(sighting=True)),
        and_(Item.sighting.is_(None), _holds(sighting=False)),
    )


def _holds(sighting: bool) -> ColumnElement[bool]:
    """A row that supersedes another is on the same thing, and so found by the same index."""
    later = aliased(Verdict)
    if sighting:
        same = Verdict.sighting == Item.sighting
        followed = later.sighting == Verdict.sighting
    else:
        same = and_(
            Verdict.footage == Item.footage, Verdict.pts == Item.pts, Verdict.sighting.is_(None)
        )
        followed = later.footage == Verdict.footage
    mine = Verdict.author == bindparam("person")
    replaced = exists().where(followed, later.supersedes == Verdict.number)
    return exists().where(same, mine, Verdict.verdict.in_(sorted(JUDGEMENTS)), ~replaced)


def count_mine(session: Session, recipe: Recipe, person: str) -> dict[str, int]:
    """What is left for a person (`mine`, of them `my_claims`), and what they have judged and others
    still have to (`others`)."""
    waits = (
        select(Item.kind, func.count())
        .where(Item.model == recipe.model, Item.settings == recipe.settings)
        .where(Item.state.in_(STATES), _offered())
    )
    every = _by_kind(session, waits, person)
    # Nobody has judged what is open.
    judged = _by_kind(session, waits.where(Item.state != "open", _judged()), person)
    mine = every - judged
    return {
        "mine": mine.total(),
        "my_claims": mine["claim"],
        "others": judged.total(),
    }


def _by_kind(session: Session, query: Select[str, int], person: str) -> Counter[str]:
    rows = session.execute(query.group_by(Item.kind), {"person": person})
    return Counter({kind: number for kind, number in rows})  # noqa: C416  a result has keys()


def count(session: Session, recipe: Recipe) -> dict[str, int]:
    """How many items are in each state, and how many claims are not settled."""
    by_state = (
        select(Item.state, func.count())
        .where(Item.model == recipe.model, Item.settings == recipe.settings, _offered())
        .group_by(Item.state)
    )
    found: dict[str, Any] = dict.fromkeys(("open", "partial", "disputed", "settled"), 0)
    found |= {state: number for state, number in session.execute(by_state)}  # noqa: C416
    found["claims"] = session.scalar(
        select(func.count())
        .select_from(Item)
        .where(Item.model == recipe.model, Item.settings == recipe.settings)
        .where(Item.state.in_(STATES), Item.kind == "claim", _offered())
    )
    return found
