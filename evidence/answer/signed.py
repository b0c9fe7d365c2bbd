"""Verdicts that were given without a login: nobody knows that their authors are different people.

Whoever starts a server without accounts says who signs (`serve --as`), and so does the command
that enters a machine by hand, whatever accounts there are: one person can sign as two, and what
takes two is settled by one. Each verdict tells how its author was known; of those from before that
was kept only this is known, whether an account of that name was open then.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.messages import Message
from evidence.review.standing import COUNTED
from evidence.store import Account, Verdict
from evidence.store.verdicts import LOGIN


def without_login(session: Session, footage: Collection[str]) -> tuple[str, ...]:
    """The warning that verdicts on this footage (SHA-256) ask for; empty where all who gave them
    had logged in."""
    had = {one.name: (one.made, one.ended) for one in session.scalars(select(Account))}
    replaced = select(Verdict.supersedes).where(Verdict.supersedes.is_not(None))
    rows = session.execute(
        select(
            Verdict.author,
            Verdict.footage,
            Verdict.signed,
            func.min(Verdict.made),
            func.max(Verdict.made),
        )
        .where(Verdict.verdict.in_(COUNTED), Verdict.number.not_in(replaced))
        .group_by(Verdict.author, Verdict.footage, Verdict.signed)
    )
    unknown = set()
    for author, of, signed, first, last in rows:
        if of not in footage or signed == LOGIN:
            continue
        made, ended = had.get(author, (None, None))
        open_then = made is not None and made <= first and (ended is None or last <= ended)
        if signed is not None or not open_then:
            unknown.add(author)
    if not unknown:
        return ()
    return (
        Message(
            "verdicts of %(num)s reviewer were given without a login: who that is, and that it is "
            "none of the other reviewers, is not known",
            "verdicts of %(num)s reviewers were given without a login: that they are different "
            "people is not known",
            num=len(unknown),
        ),
    )
