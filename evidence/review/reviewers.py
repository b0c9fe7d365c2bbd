"""Who judged how much, how fast, and where they disagree: what a lead looks at."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.review.agreement import Estimate, alpha_of, kappa_of
from evidence.review.log import About, about, given
from evidence.review.standing import JUDGEMENTS, Given, held_by, in_force, independent
from evidence.store.derived import Verdict
from evidence.store.people import Item

Record = dict[str, Any]
LISTED = 100
"""Disagreements shown, the latest first."""


def report(session: Session, person: str) -> Record:
    """For `person`: people with their counts, agreement by pair and of all, and the disagreements.

    Agreement is between judgements that hold and were given blind: who settled a disagreement
    had seen both, and is left out. An item counts where two or more judged it so.
    """
    logs, seconds = _read(session)
    units = [
        {one.author: one.says for one in independent(log)}
        for log in logs.values()
        if not _kept_from(person, log)
    ]
    return {
        "people": _people(logs, seconds),
        "pairs": _pairs(units),
        "alpha": vars(alpha_of(units)),
        "disagreements": _disagreements(session, logs, person),
    }


def _kept_from(person: str, log: list[Given]) -> bool:
    """Whether two disagree, nobody has settled it, and the person is one of them."""
    alone = independent(log)
    live = len(alone) == sum(one.word in JUDGEMENTS for one in in_force(log))
    disagree = len({one.says for one in alone}) > 1
    return live and disagree and held_by(log, person) is not None


def _read(session: Session) -> tuple[dict[About, list[Given]], dict[int, float]]:
    logs: dict[About, list[Given]] = defaultdict(list)
    seconds = {}
    query = select(Verdict).order_by(Verdict.number).execution_options(yield_per=2000)
    for row in session.scalars(query):
        logs[about(row)].append(given(row))
        if row.seconds is not None:
            seconds[row.number] = row.seconds
    return logs, seconds


def _people(logs: dict[About, list[Given]], seconds: dict[int, float]) -> list[Record]:
    words: dict[str, Counter[str]] = defaultdict(Counter)
    took: dict[str, list[float]] = defaultdict(list)
    for log in logs.values():
        for one in in_force(log):
            words[one.author][one.word] += 1
            if one.word in JUDGEMENTS and one.number in seconds:
                took[one.author].append(seconds[one.number])
    return [
        {
            "name": name,
            "verdicts": sum(number for word, number in some.items() if word in JUDGEMENTS),
            "doubts": some["doubt"],
            "words": {word: some[word] for word in sorted(some) if word in JUDGEMENTS},
            "seconds": round(median(took[name]), 1) if took[name] else None,
        }
        for name, some in sorted(words.items())
    ]


def _pairs(units: list[dict[str, tuple[str, str | None]]]) -> list[Record]:
    both: dict[tuple[str, str], list[tuple[Any, Any]]] = defaultdict(list)
    for unit in units:
        for a, b in combinations(sorted(unit), 2):
            both[a, b].append((unit[a], unit[b]))
    return [_pair(a, b, pairs) for (a, b), pairs in sorted(both.items())]


def _pair(a: str, b: str, pairs: list[tuple[Any, Any]]) -> Record:
    kappa: Estimate = kappa_of(pairs)
    alike = sum(one == other for one, other in pairs)
    return {"a": a, "b": b, "alike": alike} | vars(kappa)


def _disagreements(session: Session, logs: dict[About, list[Given]], person: str) -> list[Record]:
    """Items on which two people disagree or disagreed, and what became of them.

    One that is not settled is not told to those who disagree.
    """
    found = []
    for thing, log in logs.items():
        alone = independent(log)
        if len({one.says for one in alone}) > 1:
            found.append((max(one.number for one in log), thing, log))
    found.sort(key=lambda one: one[0], reverse=True)
    listed = []
    for _, thing, log in found[:LISTED]:
        item = _item(session, thing)
        if item is None or item.state not in ("disputed", "settled"):
            continue
        if item.state == "disputed" and held_by(log, person) is not None:
            continue
        listed.append(
            {
                "item": item.item,
                "state": item.state,
                "outcome": item.outcome,
                "builder": item.builder,
                "verdicts": [
                    {"author": one.author, "verdict": one.word, "builder": one.builder}
                    for one in in_force(log)
                ],
            }
        )
    return listed


def _item(session: Session, thing: About) -> Item | None:
    footage, of = thing
    query = select(Item).where(Item.sighting == of)
    if footage:
        query = select(Item).where(Item.footage == footage, Item.pts == of, Item.sighting.is_(None))
    return session.scalars(query.order_by(Item.item)).first()
