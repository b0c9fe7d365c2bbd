"""What reviewers are shown: the rows of `items`, made from flags, draws and verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.case.base import chunks, insert_new, select_in, values_of
from evidence.case.flags import PRIORITIES
from evidence.case.sighting_tables import AnalysisRow, Flag, PrintRow, SightingRow, Verdict
from evidence.case.tables import Draw, Item
from evidence.case.verdicts import About, entries, given, hold_log, verdicts_on, whole_log
from evidence.review import audit
from evidence.review.standing import GivenVerdict, Standing, stand, stand_entered

Row = dict[str, Any]
Log = Mapping[About, list[GivenVerdict]]

AUDIT = "audit"
AUDIT_REASON = "looked at in any case"  # nor whether it was drawn, or a person called it up

IN_THE_SAMPLE = 0  # of what was drawn: the sample has a lane of its own in the queue
FIRST = ("claim", "lead")  # what was drawn and is one of these keeps its own priority
ENTERED = "entered"
ENTERED_REASON = "entered by hand"
ENTERED_PRIORITY = 450  # before all that the program flagged but its claims
_AT_ONCE = 500
_PRINTED_AT_ONCE = 20  # analyses whose prints are read at once: of a long clip there are thousands


def add_items(session: Session, analysis: str) -> None:
    """Draws from one analysis and makes its items, a second time all of them again. A verdict given
    meanwhile, on a frame or by hand, waits until the analysis is stored."""
    hold_log(session)
    row = session.get_one(AnalysisRow, analysis)
    session.execute(delete(Item).where(Item.analysis == analysis))
    _make(session, [row], audit.plan_of(session), whole_log(session, row.footage))


def rebuild(session: Session, plan: audit.AuditPlan | None = None) -> int:
    """How many items were made again from flags, draws and verdicts; draws where there are none.

    plan: kept for a case without draws, by default the case's. `UsageError`: a plan was given and
    draws are there, which are never changed.
    """
    if plan is not None and session.scalar(select(Draw.item).limit(1)) is not None:
        raise UsageError("this case has an audit sample already, and its draws stay as they are")
    hold_log(session)
    if plan is not None:
        audit.keep_plan(session, plan)
    plan = plan or audit.plan_of(session)
    session.execute(delete(Item))
    log = whole_log(session)
    return sum(_make(session, some, plan, log) for some in _by_many(session))


def expected(session: Session) -> Iterator[tuple[str, list[Row]]]:
    """By analysis the items that follow from flags, draws and verdicts as they are."""
    log = whole_log(session)
    for some in _by_many(session):
        yield from _items_of(session, some, log)


def _make(session: Session, some: Sequence[AnalysisRow], plan: audit.AuditPlan, log: Log) -> int:
    naming = {row.id: {"analysis": row.id, "footage": row.footage} for row in some}
    members = members_of(session, list(naming))
    draws = [one for key, each in members for one in audit.draw(plan, each, naming[key])]
    insert_new(session, Draw, draws)
    items = [one for _, found in _items_of(session, some, log) for one in found]
    insert_new(session, Item, items)
    return len(items)


def members_of(
    session: Session, analyses: Sequence[str]
) -> Iterator[tuple[str, list[audit.AuditMember]]]:
    """Each of these analyses, by id, with all that may be drawn from it."""
    for some in chunks(analyses, _PRINTED_AT_ONCE):
        flags = select(Flag.analysis, Flag.sighting).where(Flag.analysis.in_(some))
        claims = {(key, name) for key, name in session.execute(flags.where(Flag.kind == "claim"))}
        members: dict[str, list[audit.AuditMember]] = {key: [] for key in some}
        spans: dict[str, list[tuple[Fraction, Fraction]]] = {key: [] for key in some}
        prints: dict[str, list[Fraction]] = {key: [] for key in some}
        names = ("analysis", "key", "name", "pts", "first", "last", "builder")
        sightings = select(*(getattr(SightingRow, name) for name in names))
        for row in session.execute(sightings.where(SightingRow.analysis.in_(some))):
            spans[row.analysis].append((row.first, row.last))
            said = "unknown" if row.builder is None else "named"
            said = "claim" if (row.analysis, row.name) in claims else said
            one = audit.AuditMember(row.key, f"sighting-{said}", row.pts, row.key)
            members[row.analysis].append(one)
        times = select(PrintRow.analysis, PrintRow.pts).where(PrintRow.analysis.in_(some))
        for analysis, pts in session.execute(times):
            prints[analysis].append(pts)
        for key, found in members.items():
            for pts in audit.unseen(prints[key], spans[key]):
                found.append(audit.AuditMember(audit.frame_item(key, pts), "frame", pts))
            yield key, found


def refresh(session: Session, keys: list[str]) -> None:
    """Brings the standing of these items up to the log's, within a transaction."""
    items = {item.item: item for (item,) in select_in(session, select(Item), Item.item, keys)}
    for key, log in verdicts_on(session, items.values()).items():
        standing = standing_of(items[key].kind, list(map(given, log)))
        for name, value in vars(standing).items():
            setattr(items[key], name, value)
    session.flush()


def first_needs(kind: str) -> int:
    """How many reviewers an item needs before anyone has said anything."""
    return 2 if kind == "claim" else 1


def standing_of(kind: str, log: list[GivenVerdict]) -> Standing:
    """Where an item of that kind stands."""
    return (stand_entered if kind == ENTERED else stand)(first_needs(kind), log)


def _by_many(session: Session) -> Iterator[Sequence[AnalysisRow]]:
    """All analyses, as many as are asked about at once."""
    return chunks(session.scalars(select(AnalysisRow).order_by(AnalysisRow.id)).all(), _AT_ONCE)


def _items_of(
    session: Session, analyses: Sequence[AnalysisRow], log: Log
) -> Iterator[tuple[str, list[Row]]]:
    """The items of each of these analyses; one by one, to ask took most of the time."""
    keys = [row.id for row in analyses]
    flags: dict[tuple[str, str], Flag] = {}  # of each sighting that with the highest priority
    frames: dict[str, dict[str, tuple[Fraction, Flag | None]]] = defaultdict(dict)
    drawn: dict[str, set[str]] = defaultdict(set)
    sightings: dict[str, list[Any]] = defaultdict(list)
    for one in session.scalars(select(Draw).where(Draw.analysis.in_(keys))):
        drawn[one.analysis].add(one.item)
        if one.sighting is None:
            frames[one.analysis][one.item] = one.pts, None
    strongest_last = select(Flag).where(Flag.analysis.in_(keys))
    for flag in session.scalars(strongest_last.order_by(Flag.priority, Flag.kind.desc())):
        flags[flag.analysis, flag.sighting] = flag
        if not flag.sighting:
            frames[flag.analysis][audit.frame_item(flag.analysis, flag.pts)] = flag.pts, flag
    columns = (getattr(SightingRow, name) for name in ("analysis", "key", "name", "pts", "box"))
    query = select(*columns).where(SightingRow.analysis.in_(keys)).order_by(SightingRow.key)
    for row in session.execute(query):
        sightings[row.analysis].append(row)
    entered = entries(session, *{row.footage for row in analyses})
    for analysis in analyses:
        found = []
        for row in sightings[analysis.id]:
            why = flags.get((analysis.id, row.name)), row.key in drawn[analysis.id]
            if any(why) or ("", row.key) in log:  # one that a person called up has no more
                item = _item(analysis, row.key, row.key, row.pts, row.box)
                found.append(item | _shown_for(*why))
        for name, (pts, frame_flag) in sorted(frames[analysis.id].items()):
            item = _item(analysis, name, None, pts, None)
            found.append(item | _shown_for(frame_flag, name in drawn[analysis.id]))
        found += [entered_item(analysis, one) for one in entered if one.footage == analysis.footage]
        yield analysis.id, [_judged(item, log) for item in found]


def entered_item(analysis: AnalysisRow, verdict: Verdict) -> Row:
    """The open item of a machine that a verdict entered by hand, under any recipe; never drawn."""
    name = f"{analysis.id}:{verdict.sighting}"
    tested = verdict.before.get("tested")
    return _item(analysis, name, verdict.sighting, verdict.pts, verdict.box) | {
        "kind": ENTERED,
        "reason": ENTERED_REASON,
        "priority": PRIORITIES["claim"] if tested else ENTERED_PRIORITY,
        "needs": first_needs(ENTERED),
    }


def find_or_open(session: Session, key: str) -> Item | None:
    """The item of that key; of a sighting that nothing asks about a new one, not stored. Its first
    verdict stores it: the log alone says that there is one."""
    found = session.get(Item, key, populate_existing=True)
    row = None if found else session.scalar(select(SightingRow).where(SightingRow.key == key))
    if row is None:
        return found
    item = _item(session.get_one(AnalysisRow, row.analysis), key, key, row.pts, row.box)
    return Item(**item, **_shown_for(None, drawn=False))


def _item(analysis: AnalysisRow, item: str, sighting: str | None, pts: Fraction, box: Any) -> Row:
    """An item that nobody has judged, without what it is shown for."""
    about = {"item": item, "analysis": analysis.id, "sighting": sighting, "pts": pts, "box": box}
    nobody = {"state": "open", "given": 0, "outcome": None, "builder": None}
    return about | nobody | values_of(analysis, "footage", "model", "settings")


def _shown_for(flag: Flag | None, drawn: bool) -> Row:
    """What an item is shown for: the flag, or the audit sample, whose lane a claim stays out of."""
    if flag is None:
        shown = {"kind": AUDIT, "reason": AUDIT_REASON, "priority": IN_THE_SAMPLE}
    else:
        keeps = flag.kind in FIRST or not drawn
        priority = flag.priority if keeps else IN_THE_SAMPLE
        shown = {"kind": flag.kind, "reason": flag.reason, "priority": priority}
    return shown | {"needs": first_needs(str(shown["kind"]))}


def _judged(row: Row, log: Log) -> Row:
    thing = ("", row["sighting"]) if row["sighting"] is not None else (row["footage"], row["pts"])
    return row | vars(standing_of(row["kind"], log[thing])) if thing in log else row
