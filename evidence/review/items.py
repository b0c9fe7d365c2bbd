"""What reviewers are shown: the rows of `items`, made from flags, draws and verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.case.base import insert_all, insert_new
from evidence.case.flags import PRIORITIES
from evidence.case.sighting_tables import (
    AnalysisRow,
    Flag,
    PrintRow,
    SightingRow,
    Verdict,
    is_entered,
)
from evidence.case.tables import Draw, Item
from evidence.case.verdicts import entries, hold_log
from evidence.review.audit import (
    AuditMember,
    AuditPlan,
    draw,
    frame_item,
    keep_plan,
    plan_of,
    unseen,
)
from evidence.review.log import given as given_in
from evidence.review.log import verdicts_on, whole_log
from evidence.review.standing import GivenVerdict, Standing, stand, stand_entered

Row = dict[str, Any]

AUDIT = "audit"
AUDIT_REASON = "looked at in any case"
"""Says nothing of what the program thinks."""

IN_THE_SAMPLE = 0
"""The priority of what was drawn, so that the sample has a lane of its own in the queue."""

FIRST = ("claim", "lead")
"""What was drawn and is one of these keeps its own priority: they come first in any case."""

ENTERED = "entered"
ENTERED_REASON = "entered by hand"
ENTERED_PRIORITY = 450
"""Of a machine that somebody entered: before all that the program flagged but its claims; one
entered as from an origin under test waits among those."""

_AT_ONCE = 500
_PRINTED_AT_ONCE = 20  # analyses whose prints are read at once: of a long clip there are thousands


def add_items(session: Session, analysis: str, plan: AuditPlan | None = None) -> None:
    """Draws from one analysis and makes its items, within a transaction.

    A sighting that is only now stored has no verdicts. But a frame of it may have one, and so may
    a machine entered by hand, under another recipe. A second time, all are looked up. A verdict
    given meanwhile waits until the analysis is stored. Else neither would know of the other.
    """
    hold_log(session)
    row = session.get_one(AnalysisRow, analysis)
    naming = {"analysis": row.id, "footage": row.footage}
    ((_, members),) = members_of(session, [analysis])
    insert_new(session, Draw, list(draw(plan or plan_of(session), members, naming)))
    ((_, found),) = _each_found(session, [row])
    items = list(_plain_items(row, found))
    again = session.execute(delete(Item).where(Item.analysis == analysis)).rowcount  # type: ignore[attr-defined]
    if items:
        insert_new(session, Item, items)
        refresh(session, [one["item"] for one in items if again or not _is_sighting(one)])


def rebuild(session: Session, plan: AuditPlan | None = None) -> int:
    """Makes all items again from flags, draws and verdicts, within a transaction; how many.

    Draws are made where there are none yet.

    Args:
        plan: the audit sample's, for a case without draws; kept even before any footage is there.
            By default the case's.

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
    for some in _by_many(session):
        draws: list[dict[str, Any]] = []
        footage = {row.id: row.footage for row in some}
        for key, members in members_of(session, list(footage)):
            draws += draw(plan, members, {"analysis": key, "footage": footage[key]})
        insert_new(session, Draw, draws)
        items = [
            _judged(one, log.get(_about(one), []))
            for row, found in _each_found(session, some)
            for one in _plain_items(row, found)
        ]
        insert_all(session, Item, items)
        number += len(items)
    return number


def expected(session: Session) -> Iterator[tuple[str, list[Row]]]:
    """By analysis the items that follow from flags, draws and verdicts as they are."""
    log = whole_log(session)
    for some in _by_many(session):
        for row, found in _each_found(session, some):
            yield (
                row.id,
                [_judged(one, log.get(_about(one), [])) for one in _plain_items(row, found)],
            )


def members_of(
    session: Session, analyses: Sequence[str]
) -> Iterator[tuple[str, list[AuditMember]]]:
    """Each of these analyses, by id, with all that may be drawn from it."""
    for start in range(0, len(analyses), _PRINTED_AT_ONCE):
        some = analyses[start : start + _PRINTED_AT_ONCE]
        flags = select(Flag.analysis, Flag.sighting).where(Flag.analysis.in_(some))
        claims = {(key, name) for key, name in session.execute(flags.where(Flag.kind == "claim"))}
        members: dict[str, list[AuditMember]] = {key: [] for key in some}
        spans: dict[str, list[tuple[Fraction, Fraction]]] = {key: [] for key in some}
        prints: dict[str, list[Fraction]] = {key: [] for key in some}
        sightings = select(
            SightingRow.analysis,
            SightingRow.key,
            SightingRow.name,
            SightingRow.pts,
            SightingRow.first,
            SightingRow.last,
            SightingRow.builder,
        ).where(SightingRow.analysis.in_(some))
        for analysis, key, name, pts, first, last, builder in session.execute(sightings):
            spans[analysis].append((first, last))
            said = "unknown" if builder is None else "named"
            stratum = "claim" if (analysis, name) in claims else said
            members[analysis].append(AuditMember(key, f"sighting-{stratum}", pts, key))
        times = select(PrintRow.analysis, PrintRow.pts).where(PrintRow.analysis.in_(some))
        for analysis, pts in session.execute(times):
            prints[analysis].append(pts)
        for key, found in members.items():
            for pts in unseen(prints[key], spans[key]):
                found.append(AuditMember(frame_item(key, pts), "frame", pts))
            yield key, found


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


def standing_of(kind: str, log: list[GivenVerdict]) -> Standing:
    """Where an item of that kind stands."""
    return (stand_entered if kind == ENTERED else stand)(first_needs(kind), log)


@dataclass(frozen=True)
class _Found:
    """What the items of one analysis follow from.

    flags: of each sighting that with the highest priority; frames: those of no sighting.
    sightings: key, name, time and box of each, by key.
    """

    flags: dict[str, Flag] = field(default_factory=dict)
    frames: list[Flag] = field(default_factory=list)
    drawn: list[Draw] = field(default_factory=list)
    sightings: list[tuple[str, str, Fraction, Any]] = field(default_factory=list)
    entered: list[Verdict] = field(default_factory=list)


def _by_many(session: Session) -> Iterator[Sequence[AnalysisRow]]:
    """All analyses, as many as are asked about at once."""
    rows = session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).all()
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _each_found(
    session: Session, analyses: Sequence[AnalysisRow]
) -> Iterator[tuple[AnalysisRow, _Found]]:
    """What the items of each of these follow from; one by one, to ask took most of the time."""
    keys = [row.id for row in analyses]
    found = {key: _Found() for key in keys}
    flags = select(Flag).where(Flag.analysis.in_(keys))
    strongest_last = flags.where(Flag.sighting != "").order_by(Flag.priority, Flag.kind.desc())
    for flag in session.scalars(strongest_last):
        found[flag.analysis].flags[flag.sighting] = flag
    for flag in session.scalars(flags.where(Flag.sighting == "")):
        found[flag.analysis].frames.append(flag)
    for one in session.scalars(select(Draw).where(Draw.analysis.in_(keys))):
        found[one.analysis].drawn.append(one)
    for analysis, *seen in session.execute(
        select(
            SightingRow.analysis,
            SightingRow.key,
            SightingRow.name,
            SightingRow.pts,
            SightingRow.box,
        )
        .where(SightingRow.analysis.in_(keys))
        .order_by(SightingRow.key)
    ):
        found[analysis].sightings.append(tuple(seen))
    entered = entries(session, *{row.footage for row in analyses})
    for row in analyses:
        found[row.id].entered.extend(one for one in entered if one.footage == row.footage)
        yield row, found.pop(row.id)


def _plain_items(analysis: AnalysisRow, found: _Found) -> Iterator[Row]:
    """The items of one analysis as if nobody had judged any; in order."""
    drawn = {row.item: row for row in found.drawn}
    for key, name, pts, box in found.sightings:
        flag = found.flags.get(name)
        row = drawn.pop(key, None)
        if flag is not None or row is not None:
            yield _item(analysis, key, key, pts, box) | _as(flag, row is not None)
    frames: dict[str, tuple[Fraction, Flag | None]] = {
        item: (row.pts, None) for item, row in drawn.items()
    }
    for flag in found.frames:
        frames[frame_item(analysis.id, flag.pts)] = flag.pts, flag
    for item, (pts, why) in sorted(frames.items()):
        yield _item(analysis, item, None, pts, None) | _as(why, item in drawn)
    for verdict in found.entered:
        yield entered_item(analysis, verdict)


def entered_item(analysis: AnalysisRow, verdict: Verdict) -> Row:
    """The item, as if nobody had judged it, of a machine that a verdict entered by hand.

    It is of every recipe that looked at the footage, and of no population that is drawn from.
    """
    name = f"{analysis.id}:{verdict.sighting}"
    tested = verdict.before.get("tested")
    return _item(analysis, name, verdict.sighting, verdict.pts, verdict.box) | {
        "kind": ENTERED,
        "reason": ENTERED_REASON,
        "priority": PRIORITIES["claim"] if tested else ENTERED_PRIORITY,
        "needs": first_needs(ENTERED),
    }


def _item(analysis: AnalysisRow, item: str, sighting: str | None, pts: Fraction, box: Any) -> Row:
    """An item that nobody has judged, without what it is shown for."""
    return {
        "item": item,
        "analysis": analysis.id,
        "footage": analysis.footage,
        "model": analysis.model,
        "settings": analysis.settings,
        "sighting": sighting,
        "pts": pts,
        "box": box,
        "state": "open",
        "given": 0,
        "outcome": None,
        "builder": None,
    }


def _as(flag: Flag | None, drawn: bool) -> Row:
    """What an item is shown for: the flag, or the audit sample, whose lane a claim stays out of."""
    if flag is None:
        shown = {"kind": AUDIT, "reason": AUDIT_REASON, "priority": IN_THE_SAMPLE}
    else:
        keeps = flag.kind in FIRST or not drawn
        priority = flag.priority if keeps else IN_THE_SAMPLE
        shown = {"kind": flag.kind, "reason": flag.reason, "priority": priority}
    return shown | {"needs": first_needs(str(shown["kind"]))}


def _is_sighting(row: Row) -> bool:
    return row["sighting"] is not None and not is_entered(row["sighting"])


def _judged(row: Row, log: list[GivenVerdict]) -> Row:
    return row if not log else row | vars(standing_of(row["kind"], log))


def _about(row: Row) -> Any:
    return ("", row["sighting"]) if row["sighting"] is not None else (row["footage"], row["pts"])
