"""Verdicts that were given without a login: nobody knows that their authors are different people.

Without accounts whoever starts the server says who signs (`serve --as`), and so does the command
that enters a machine by hand: one person can sign as two, and what takes two is settled by one.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence.answer.told import Told
from evidence.review.standing import COUNTED
from evidence.store import Account, Verdict


def without_login(session: Session, footage: Collection[str]) -> tuple[str, ...]:
    """The warning that verdicts on this footage (SHA-256) ask for; empty where all who gave them
    had accounts then, by the name that they signed with."""
    had = {one.name: (one.made, one.ended) for one in session.scalars(select(Account))}
    replaced = select(Verdict.supersedes).where(Verdict.supersedes.is_not(None))
    rows = session.execute(
        select(Verdict.author, Verdict.footage, func.min(Verdict.made), func.max(Verdict.made))
        .where(Verdict.verdict.in_(COUNTED), Verdict.number.not_in(replaced))
        .group_by(Verdict.author, Verdict.footage)
    )
    unknown = set()
    for author, of, first, last in rows:
        if of not in footage:
            continue
        made, ended = had.get(author, (None, None))
        if made is None or first < made or (ended is not None and last > ended):
            unknown.add(author)
    if not unknown:
        return ()
    return (
        Told(
            "verdicts of %(num)s reviewer were given without a login: who that is, and that it is "
            "none of the other reviewers, is not known",
            "verdicts of %(num)s reviewers were given without a login: that they are different "
            "people is not known",
            num=len(unknown),
        ),
    )
