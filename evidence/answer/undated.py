"""Footage whose date does not tell whether it is of the period asked for.

It counts in no number, and is not passed over in silence: left out like any other, what it shows
would be taken for what is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from evidence.answer.at_least import with_entered
from evidence.answer.ends import confirmed, status
from evidence.answer.frames import read_frames
from evidence.answer.judged import read_machines
from evidence.answer.otherwise import settled_otherwise
from evidence.answer.sources import Asked, is_of_period
from evidence.store import AnalysisRow


@dataclass(frozen=True, slots=True)
class Undated:
    """footage: files that were looked at and may be of the period or not. of_kind: by plant how
    many machines in them people settled as of the kind, or the program claims to be."""

    footage: int = 0
    of_kind: Mapping[str, int] = field(default_factory=dict)


ALL_DATED = Undated()


def read_undated(asked: Asked) -> Undated:
    """The footage of the plants asked about that may be of the period or not.

    Raises:
        UsageError: the question is about a plant that no source names.
    """
    question, recipe = asked.question, asked.recipe
    if not (question.since or question.until):
        return ALL_DATED
    whole = replace(asked, question=replace(question, since=None, until=None))
    analysed = asked.session.scalars(
        select(AnalysisRow.footage).where(
            AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
        )
    )
    undated = {
        footage
        for footage in whole.footage().intersection(analysed)
        if is_of_period(asked.sources[footage], question) is None
    }
    if not undated:
        return ALL_DATED
    of_these = replace(whole, leave_out=asked.sources.keys() - undated)
    found = [one for one in read_machines(of_these) if not one.none]
    machines, _ = with_entered(of_these, found)
    of_kind = Counter(
        one.plant
        for one in machines
        if not one.stood_in and (confirmed(one) or status(one) == "probable")
    )
    of_kind.update(read_frames(of_these).of_kind)
    of_kind += settled_otherwise(of_these, machines)
    return Undated(len(undated), of_kind)
