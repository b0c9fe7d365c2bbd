"""What reviewers are shown: the rows of `items`, made from flags, draws and verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.review.audit import (
    Member,
    Plan,
    draw,
    frame_item,
    keep_plan,
    plan_of,
    unseen,
)
from evidence.review.log import given as given_in
from evidence.review.log import verdicts_on, whole_log
from evidence.review.standing import Given, Standing, stand, stand_entered
from evidence.store.derived import AnalysisRow, Flag, PrintRow, SightingRow, Verdict
from evidence.store.flags import PRIORITIES
from evidence.store.keys import is_entered
from evidence.store.people import Draw, Item
from evidence.store.upsert import insert_new
from evidence.store.verdicts import entries, hold_log

Row = dict[str, Any]

AUDIT = "audit"
AUDIT_REASON = "looked at in any case"
"""Says nothing of what the program thinks."""

IN_THE_SAMPLE = 0
"""The priority of what was drawn, so that the sample has a lane of its own in the queue; a
claim that was drawn keeps its own priority, since claims come first in any case."""

ENTERED = "entered"
ENTERED_REASON = "entered by hand"
ENTERED_PRIORITY = 450
"""Of a machine that somebody entered: before all that the program flagged but its claims; one
entered as from an origin under test waits among those."""

_AT_ONCE = 500


def add_items(session: Session, analysis: str, plan: Plan | None = None) -> None:
    """Draws from one analysis and makes its items, within a transaction; a second time nothing.

    No verdict can be on a sighting that is only now stored, but one may be on a frame of it, or
    on a machine entered by hand, under another recipe. One given meanwhile waits until the analysis
    is stored: neither would know of the other.
    """
    hold_log(session)
    row = session.get_one(AnalysisRow, analysis)
    naming = {"analysis": row.id, "footage": row.footage}
    members = members_of(session, row)
    insert_new(session, Draw, list(draw(plan or plan_of(session), members, naming)))
    items = list(plain_items(session, row))
    if items:
        insert_new(session, Item, items)
        refresh(session, [one["item"] for one in items if not _is_sighting(one)])


def lack_items(session: Session) -> bool:
    """Whether the case is from before there were items: there are flags, and no items at all."""
    return (
        session.scalar(select(Item.item).limit(1)) is None
        and session.scalar(select(Flag.analysis).limit(1)) is not None
    )


def make_missing(session: Session) -> None:
    """Makes the items of a case that has none, once, whoever else is about to."""
    hold_log(session)
    if lack_items(session):
        rebuild(session)


def rebuild(session: Session, plan: Plan | None = None) -> int:
    """Makes all items anew from flags, draws and verdicts, within a transaction; how many.

    Draws are made where there are none yet, as in a case from before there was a sample.

    Args:
        plan: the audit sample's, for a case of which nothing has been drawn; it is kept, also
            where there is no footage yet. By default the case's.

    Raises:
        UsageError: a plan was given and draws are there, which are never changed.
    """
    if plan is not None and session.scalar(select(Draw.item).limit(1)) is not None:
        raise UsageError("this case has an audit sample already, and its draws stay as they are")
    hold_log(session)
    if plan is not None:
        keep_plan(session, plan)
    plan = plan or plan_of(session)
    session.execute(delete(Item))
    number = 0
    log = whole_log(session)
    for row in session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).all():
        naming = {"analysis": row.id, "footage": row.footage}
        insert_new(session, Draw, list(draw(plan, members_of(session, row), naming)))
        items = [_judged(one, log.get(_about(one), [])) for one in plain_items(session, row)]
        if items:
            session.execute(insert(Item), items)
        number += len(items)
    return number


def expected(session: Session) -> Iterator[tuple[str, list[Row]]]:
    """By analysis the items that follow from flags, draws and verdicts as they are."""
    log = whole_log(session)
    for row in session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).all():
        yield row.id, [_judged(one, log.get(_about(one), [])) for one in plain_items(session, row)]


def members_of(session: Session, analysis: AnalysisRow) -> Iterator[Member]:
    """All that may be drawn from one analysis."""
    claims = set(
        session.scalars(
            select(Flag.sighting).where(Flag.analysis == analysis.id, Flag.kind == "claim")
        )
    )
    spans = []
    for key, name, pts, first, last, builder in session.execute(
        select(
            SightingRow.key,
            SightingRow.name,
            SightingRow.pts,
            SightingRow.first,
            SightingRow.last,
            SightingRow.builder,
        ).where(SightingRow.analysis == analysis.id)
    ):
        spans.append((first, last))
        stratum = "claim" if name in claims else "unknown" if builder is None else "named"
        yield Member(key, f"sighting-{stratum}", pts, key)
    prints = session.scalars(select(PrintRow.pts).where(PrintRow.analysis == analysis.id))
    for pts in unseen(prints, spans):
        yield Member(frame_item(analysis.id, pts), "frame", pts)


def refresh(session: Session, keys: list[str]) -> None:
    """Brings the standing of these items up to the log's, within a transaction."""
    for start in range(0, len(keys), _AT_ONCE):
        items = session.scalars(select(Item).where(Item.item.in_(keys[start : start + _AT_ONCE])))
        rows = list(items)
        for key, log in verdicts_on(session, rows).items():
            item = session.get_one(Item, key)
            standing = standing_of(item.kind, list(map(given_in, log)))
            item.needs, item.state, item.given = standing.needs, standing.state, standing.given
            item.outcome, item.builder = standing.outcome, standing.builder
    session.flush()


def first_needs(kind: str) -> int:
    """How many reviewers an item needs before anyone has said anything."""
    return 2 if kind == "claim" else 1


def standing_of(kind: str, log: list[Given]) -> Standing:
    """Where an item of that kind stands."""
    return (stand_entered if kind == ENTERED else stand)(first_needs(kind), log)


def plain_items(session: Session, analysis: AnalysisRow) -> Iterator[Row]:
    """The items of one analysis as if nobody had judged any; in order."""
    flags = _strongest(session, analysis.id)
    drawn = {
        row.item: row for row in session.scalars(select(Draw).where(Draw.analysis == analysis.id))
    }
    naming = {
        "analysis": analysis.id,
        "footage": analysis.footage,
        "model": analysis.model,
        "settings": analysis.settings,
    }
    for key, name, pts, box in session.execute(
        select(SightingRow.key, SightingRow.name, SightingRow.pts, SightingRow.box)
        .where(SightingRow.analysis == analysis.id)
        .order_by(SightingRow.key)
    ):
        flag = flags.get(name)
        row = drawn.pop(key, None)
        if flag is None and row is None:
            continue
        kind = AUDIT if flag is None else flag.kind
        shown = {"item": key, "sighting": key, "pts": pts, "box": box}
        yield naming | shown | _as(kind, flag, drawn=row is not None)
    frames: dict[str, tuple[Fraction, str, Flag | None]] = {
        item: (row.pts, AUDIT, None) for item, row in drawn.items()
    }
    for flag in session.scalars(
        select(Flag).where(Flag.analysis == analysis.id, Flag.sighting == "")
    ):
        frames[frame_item(analysis.id, flag.pts)] = flag.pts, flag.kind, flag
    for item, (pts, kind, about) in sorted(frames.items()):
        shown = {"item": item, "sighting": None, "pts": pts, "box": None}
        yield naming | shown | _as(kind, about, drawn=item in drawn)
    for verdict in entries(session, analysis.footage):
        yield entered_item(analysis, verdict)


def entered_item(analysis: AnalysisRow, verdict: Verdict) -> Row:
    """The item, as if nobody had judged it, of a machine that a verdict entered by hand.

    It is of every recipe that looked at the footage, and of no population that is drawn from.
    """
    return {
        "item": f"{analysis.id}:{verdict.sighting}",
        "analysis": analysis.id,
        "footage": analysis.footage,
        "model": analysis.model,
        "settings": analysis.settings,
        "sighting": verdict.sighting,
        "pts": verdict.pts,
        "box": verdict.box,
        "kind": ENTERED,
        "reason": ENTERED_REASON,
        "priority": PRIORITIES["claim"] if verdict.before.get("tested") else ENTERED_PRIORITY,
        "needs": first_needs(ENTERED),
        "state": "open",
        "given": 0,
        "outcome": None,
        "builder": None,
    }


def _is_sighting(row: Row) -> bool:
    return row["sighting"] is not None and not is_entered(row["sighting"])


def _as(kind: str, flag: Flag | None, drawn: bool) -> Row:
    keeps = flag is not None and (kind == "claim" or not drawn)
    return {
        "kind": kind,
        "reason": AUDIT_REASON if flag is None else flag.reason,
        "priority": flag.priority if flag is not None and keeps else IN_THE_SAMPLE,
        "needs": first_needs(kind),
        "state": "open",
        "given": 0,
        "outcome": None,
        "builder": None,
    }


def _judged(row: Row, log: list[Given]) -> Row:
    return row if not log else row | vars(standing_of(row["kind"], log))


def _about(row: Row) -> Any:
    return ("", row["sighting"]) if row["sighting"] is not None else (row["footage"], row["pts"])


def _strongest(session: Session, analysis: str) -> dict[str, Flag]:
    """By sighting its flag of the highest priority."""
    query = select(Flag).where(Flag.analysis == analysis, Flag.sighting != "")
    return {
        flag.sighting: flag
        for flag in session.scalars(query.order_by(Flag.priority, Flag.kind.desc()))
    }
