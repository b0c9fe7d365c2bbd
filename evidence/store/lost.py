"""Footage that is lost for good, as a person says, so that no answer waits for it.

What waited when a case was packed lies outside the case; where it is gone nothing ever reads it,
and no absence could be said. A person who says so leaves it on the list, set aside as lost. The
answer counts it among the files that could not be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.there import NOTHING, why_missing
from evidence.store.models import Work
from evidence.store.work import ASIDE, LOST, PACKED, within

_SAID = Message("it is lost for good, as %(author)s says")


@dataclass(frozen=True)
class Lost:
    """The paths that a person said are lost: those that wait no more, and those that lie there
    still, if only out of reach, and wait."""

    lost: list[str]
    there: list[str]


def lose(session: Session, path: str, author: str) -> Lost:
    """What waited at `path`, a file or a folder, when its case was packed is lost. A sweep that
    meets it there all the same looks at it.

    Args:
        path: absolute.
        author: who says so.

    Raises:
        UsageError: nothing at the path has waited since its case was packed.
    """
    waited = select(Work).where(within([path]), Work.state == ASIDE, Work.kind == PACKED)
    works = session.scalars(waited.order_by(Work.path).with_for_update()).all()
    if not works:
        raise UsageError(
            f"{path}: nothing there has waited since the case was packed; "
            "`nameplate sweep --status --case CASE` lists what has"
        )
    told: dict[str, bool] = {}
    for work in works:
        there = told.setdefault(work.path, why_missing(Path(work.path)) != NOTHING)
        if not there:
            work.kind, work.changed = LOST, datetime.now(UTC)
            work.reason = _SAID.fill(author=author)
    return Lost(
        [path for path, there in told.items() if not there],
        [path for path, there in told.items() if there],
    )
