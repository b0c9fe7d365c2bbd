"""Who judged how much, how fast, and where they disagree: what a lead looks at."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.review.agreement import Estimate, alpha_of, kappa_of
from evidence.review.log import About, about, given
from evidence.review.standing import COUNTED, JUDGEMENTS, Given, held_by, in_force, independent
from evidence.store.derived import Verdict
from evidence.store.people import Item

Record = dict[str, Any]
LISTED = 100
"""Disagreements shown, the latest first."""


class Reviewers:
    """The log of verdicts as it was read so far: it only grows, so that a report after a verdict
    has to read that one alone. May be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._logs: dict[About, Judged] = defaultdict(Judged)
        self._reports: dict[str, Record] = {}

    def report(self, session: Session, person: str) -> Record:
        """For `person`: people with their counts, agreement by pair and of all, and the
        disagreements.

        Agreement is between judgements that hold and were given blind: who settled a
        disagreement had seen both, who doubted all, and both are left out. An item counts where
        two or more judged it. As long as no verdict comes it stays the same.
        """
        with self._lock:
            self._read(session)
            if person not in self._reports:
                self._reports[person] = self._make(session, person)
            return self._reports[person]

    def _make(self, session: Session, person: str) -> Record:
        logs = self._logs
        units = [
            {one.author: one.says for one in judged.alone}
            for judged in logs.values()
            if not judged.kept_from(person)
        ]
        return {
            "people": _people(logs.values()),
            "pairs": _pairs(units),
            "alpha": vars(alpha_of(units)),
            "disagreements": _disagreements(session, logs, person),
        }

    def _read(self, session: Session) -> None:
        query = select(Verdict).where(Verdict.number > self._last).order_by(Verdict.number)
        for row in session.scalars(query.execution_options(yield_per=2000)):
            self._logs[about(row)].add(given(row), row.seconds)
            self._last = row.number
            self._reports = {}


class Judged:
    """The verdicts on one item: all, those that hold, and of them those given blind."""

    def __init__(self) -> None:
        self.log: list[Given] = []
        self.seconds: dict[int, float] = {}
        self.held: list[Given] = []
        self.alone: list[Given] = []

    def add(self, one: Given, seconds: float | None) -> None:
        """The next one."""
        self.log.append(one)
        if seconds is not None:
            self.seconds[one.number] = seconds
        self.held, self.alone = in_force(self.log), independent(self.log)

    @property
    def disagree(self) -> bool:
        """Whether people said different things, be it that one had seen what others say."""
        return len({one.says for one in self.held if one.word in COUNTED}) > 1

    def kept_from(self, person: str) -> bool:
        """Whether two disagree, nobody has settled it, and the person is one of them."""
        live = len(self.alone) == sum(one.word in COUNTED for one in self.held)
        return live and self.disagree and held_by(self.log, person) is not None


def _people(items: Iterable[Judged]) -> list[Record]:
    words: dict[str, Counter[str]] = defaultdict(Counter)
    took: dict[str, list[float]] = defaultdict(list)
    for judged in items:
        for one in judged.held:
            words[one.author][one.word] += 1
            if one.word in JUDGEMENTS and one.number in judged.seconds:
                took[one.author].append(judged.seconds[one.number])
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


def _disagreements(session: Session, logs: dict[About, Judged], person: str) -> list[Record]:
    """Items on which two people disagree or disagreed, and what became of them.

    One that is not settled is not told to those who disagree.
    """
    found = [
        (judged.log[-1].number, thing, judged) for thing, judged in logs.items() if judged.disagree
    ]
    found.sort(key=lambda one: one[0], reverse=True)
    listed = []
    for _, thing, judged in found[:LISTED]:
        item = _item(session, thing)
        if item is None or item.state not in ("disputed", "settled"):
            continue
        if item.state == "disputed" and held_by(judged.log, person) is not None:
            continue
        listed.append(
            {
                "item": item.item,
                "state": item.state,
                "outcome": item.outcome,
                "builder": item.builder,
                "verdicts": [
                    {"author": one.author, "verdict": one.word, "builder": one.builder}
                    for one in judged.held
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
