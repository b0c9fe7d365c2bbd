"""What an answer follows from, in a few numbers: while they stay, so does the answer.

Answers that were computed once, kept for as long as the case stays what it was.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import case as if_
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.answer.case import Found, find_answer
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.places import PLACES
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Decision,
    Link,
    MachineRow,
    Membership,
    Verdict,
)
from evidence.case.tables import Account, ControlRow, Correction, Draw, Item, Run, Work
from evidence.spelling import PlantNames


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of a case, as far as answers go.

    analyses: of footage. counts: the last verdict and decision, the run begun last, how many
    rows there are of each kind, the accounts. places: by plant and date, as sources give them,
    how many places there are and were, with the first and the last footage. controls: footage
    and builder.
    """

    analyses: int
    counts: tuple[object, ...]
    places: tuple[tuple[object, ...], ...]
    controls: tuple[tuple[object, ...], ...]

    def plants(self, writings: PlantNames) -> tuple[str, ...]:
        """The plants that sources name, each once, in order."""
        return tuple(writings.once(str(row[0]) for row in self.places if row[0] is not None))


def read_moment(session: Session) -> Moment:
    """The state of the case that a session sees."""
    counts: list[object] = [
        session.scalar(select(func.max(Verdict.number))),
        session.scalar(select(func.max(Decision.number))),
        session.scalar(select(func.max(Run.started))),
        session.scalar(select(func.count()).where(Item.state == "settled")),
    ]
    for table in (Copy, Correction, Draw, MachineRow, Membership):
        counts.append(session.scalar(select(func.count()).select_from(table)))
    # A file that could not be looked at adds no row to any of these.
    kind = (Work.state, Work.kind)
    works = select(*kind, func.count()).group_by(*kind).order_by(*kind)
    counts += [tuple(row) for row in session.execute(works)]
    accounts = select(Account.name, Account.made, Account.ended).order_by(Account.name)
    counts += [tuple(row) for row in session.execute(accounts)]
    held = func.sum(if_((Link.held, 1), else_=0))
    counts += session.execute(select(func.count(), held).select_from(Link)).one()
    places = session.execute(
        select(
            PLACES.c.plant_claimed,
            PLACES.c.published,
            func.count(),
            func.min(PLACES.c.footage),
            func.max(PLACES.c.footage),
        )
        .group_by(PLACES.c.plant_claimed, PLACES.c.published)
        .order_by(PLACES.c.plant_claimed, PLACES.c.published)
    )
    analyses = session.scalar(select(func.count()).select_from(AnalysisRow)) or 0
    controls = session.execute(
        select(ControlRow.footage, ControlRow.builder).order_by(
            ControlRow.footage, ControlRow.builder
        )
    )
    return Moment(
        analyses,
        tuple(counts),
        tuple(tuple(row) for row in places),
        tuple(tuple(row) for row in controls),
    )


MOST = 8
"""Answers kept, each with its machines; the one asked for longest ago goes first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, the moment it is of, when it was computed, and how many seconds that took."""

    found: Found
    moment: Moment
    computed: datetime
    seconds: float


class Answers:
    """The answers of one case. May be asked from several threads; one at a time is computed."""

    def __init__(self, case: Case, registry: Registry) -> None:
        self._case, self._registry = case, registry
        self._computing, self._listing = threading.Lock(), threading.Lock()
        self._kept: OrderedDict[Question, Kept] = OrderedDict()

    def find(self, session: Session, question: Question) -> Kept:
        """The answer of the case as the session sees it.

        Raises:
            UsageError: it cannot be asked, or nothing was looked at.
        """
        question.check(self._registry)
        moment = read_moment(session)
        kept = self._look_up(question, moment)
        if kept is not None:
            return kept
        with self._computing:
            kept = self._look_up(question, moment)  # somebody else may have asked the same
            if kept is not None:
                return kept
            began = time.monotonic()
            what = question.in_a_word(self._registry)
            found = find_answer(session, self._case, question, self._registry, what)
            made = Kept(found, moment, datetime.now(UTC), time.monotonic() - began)
            with self._listing:
                self._kept[question] = made
                self._kept.move_to_end(question)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            return made

    def _look_up(self, question: Question, moment: Moment) -> Kept | None:
        with self._listing:
            kept = self._kept.get(question)
            if kept is None or kept.moment != moment:
                return None
            self._kept.move_to_end(question)
            return kept
