"""Footage whose date does not tell whether it is of the period asked for.

It counts in no number, and is not passed over in silence: left out like any other, what it shows
would be taken for what is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.answer.at_least import with_entered
from evidence.answer.ends import confirmed, status
from evidence.answer.frames import read_frames
from evidence.answer.judged import read_machines
from evidence.answer.otherwise import settled_otherwise
from evidence.answer.question import Question
from evidence.answer.sources import Source, asked_of
from evidence.store import AnalysisRow, Recipe


@dataclass(frozen=True, slots=True)
class Undated:
    """footage: files that were looked at and may be of the period or not. of_kind: by plant how
    many machines in them people settled as of the kind, or the program claims to be."""

    footage: int = 0
    of_kind: Mapping[str, int] = field(default_factory=dict)


ALL_DATED = Undated()


def read_undated(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    question: Question,
    sources: Mapping[str, Source],
    leave_out: Collection[str] = (),
) -> Undated:
    """The footage of the plants asked about that may be of the period or not.

    Args:
        sources: where the footage came from (`sources.read_sources`).
        leave_out: footage (SHA-256) that is not to be counted: positive controls.

    Raises:
        UsageError: the question is about a plant that no source names.
    """
    if not (question.since or question.until):
        return ALL_DATED
    whole = replace(question, since=None, until=None)
    analysed = session.scalars(
        select(AnalysisRow.footage).where(
            AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
        )
    )
    undated = {
        footage
        for footage in asked_of(sources, whole, leave_out).intersection(analysed)
        if question.covers(sources[footage].published) is None
    }
    if not undated:
        return ALL_DATED
    asked = session, recipe, registry, whole, sources
    others = sources.keys() - undated
    found = [one for one in read_machines(*asked, others) if not one.none]
    machines, _ = with_entered(*asked, found, others)
    of_kind = Counter(
        one.plant
        for one in machines
        if not one.stood_in and (confirmed(one) or status(one) == "probable")
    )
    of_kind.update(read_frames(*asked, others).of_kind)
    of_kind += settled_otherwise(*asked, machines, others)
    return Undated(len(undated), of_kind)
