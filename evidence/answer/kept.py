"""Answers that were computed once, kept for as long as the case stays what it was."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.answer.from_case import Found, find_answer
from evidence.answer.moment import Moment, read_moment
from evidence.answer.question import Question
from evidence.store import Case

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
