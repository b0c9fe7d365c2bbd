"""Whether what reviewers are shown agrees with flags, draws and verdicts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from evidence.review.audit import plan_of
from evidence.review.items import expected, missing_draws
from evidence.store.finding import Finding
from evidence.store.people import Item

_AGAIN = "run nameplate case items, which makes them anew"


def check_items(session: Session) -> Iterator[Finding]:
    """Each analysis has the items that follow, with the standing that follows from the log."""
    plan = plan_of(session)
    columns = inspect(Item).columns
    for analysis, rows in expected(session):
        about = f"analysis {analysis}"
        if missing_draws(session, analysis, plan):
            yield Finding(about, "the audit sample was not drawn from it, or not wholly", _AGAIN)
        found = session.execute(select(*columns).where(Item.analysis == analysis))
        stored = {row["item"]: dict(row) for row in found.mappings()}
        wanted = {row["item"]: row for row in rows}
        if stored.keys() != wanted.keys():
            yield Finding(about, "items of it do not follow from its flags and draws", _AGAIN)
        for key in sorted(stored.keys() & wanted.keys()):
            if stored[key] != wanted[key]:
                what = "does not agree with its flags, draws and verdicts"
                yield Finding(f"item {key}", what, _AGAIN)
