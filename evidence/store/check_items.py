"""Whether the audit sample is as it was drawn, and what reviewers are shown agrees with flags,
draws and verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from evidence.review.audit import plan_of
from evidence.review.drawn import compare_draws, drawn_from_nothing, is_guessed
from evidence.review.items import expected
from evidence.store.finding import Finding
from evidence.store.people import Item

_AT_ONCE = 500  # analyses a statement
_AGAIN = "run nameplate case items, which makes them anew"
_SPOILT = "do not estimate from the sample; open the last pack of the case in its place"


def check_draws(session: Session) -> Iterator[Finding]:
    """The audit sample is the one that its plan draws."""
    plan = plan_of(session)
    if is_guessed(session, plan):
        what = "was drawn by chances other than the program's own, which nobody set beforehand"
        todo = "it may be of a case from before they were kept; ask who drew it"
        yield Finding("the audit sample", what, todo, wrong=False)
    for item in drawn_from_nothing(session):
        yield Finding(f"draw {item}", "is of no analysis in the case", _SPOILT)
    for key, drawn in compare_draws(session, plan):
        about = f"analysis {key}"
        if drawn.missing:
            yield Finding(about, "the audit sample was not drawn from it, or not wholly", _AGAIN)
        for item in drawn.strange:
            what = "was put into the audit sample, or changed; its plan does not draw it so"
            yield Finding(f"draw {item}", what, _SPOILT)
        if drawn.older:
            what = f"{len(drawn.older)} frames of it were drawn in which something is found now"
            todo = "nothing needs to be done: an older version drew them, by the same chances"
            yield Finding(about, what, todo, wrong=False)


def check_items(session: Session) -> Iterator[Finding]:
    """Each analysis has the items that follow, with the standing that follows from the log."""
    columns = inspect(Item).columns
    each = expected(session)
    while some := dict(islice(each, _AT_ONCE)):
        found: dict[str, dict[str, object]] = {analysis: {} for analysis in some}
        for row in session.execute(select(*columns).where(Item.analysis.in_(some))).mappings():
            found[row["analysis"]][row["item"]] = dict(row)
        for analysis, rows in some.items():
            stored, wanted = found[analysis], {row["item"]: row for row in rows}
            if stored.keys() != wanted.keys():
                what = "items of it do not follow from its flags and draws"
                yield Finding(f"analysis {analysis}", what, _AGAIN)
            for key in sorted(stored.keys() & wanted.keys()):
                if stored[key] != wanted[key]:
                    what = "does not agree with its flags, draws and verdicts"
                    yield Finding(f"item {key}", what, _AGAIN)
