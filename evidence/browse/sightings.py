"""Sightings with all that is known of each: readings, pictures, machine, verdicts.

Only the verdicts that the caller may see. Two reviewers must not see each other's verdict before
their item is settled. So the author sees a verdict at once, others when it is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Integer, func, select
from sqlalchemy.orm import Session, defer

from datasets.registry import Registry
from evidence.browse.search import Key, page_of
from evidence.browse.shapes import (
    EvidenceDetail,
    JudgementDetail,
    LeadDetail,
    LoneMarkDetail,
    OriginDetail,
    Page,
    ReadingDetail,
    SightingDetail,
    StillDetail,
    VerdictDetail,
)
from evidence.case.base import select_in
from evidence.case.sighting_tables import Membership, ReadingRow, SightingRow, StillRow, Verdict
from evidence.case.tables import FootageRow, Item, LeadRow
from evidence.case.verdicts import about, rows_about, told_state
from evidence.review.items import AUDIT

SightingName = tuple[str, str]  # the analysis, and what the sighting is called in it
T = TypeVar("T", ReadingRow, StillRow, LeadRow)

MOST_TOLD = 60  # readings shown of one sighting, the surest; a wall of text has thousands
MOST_VERDICTS = 500


def list_of_footage(
    session: Session, analysis: str, registry: Registry, after: str | None, limit: int
) -> Page[SightingDetail]:
    """The sightings of one analysis with their tracks, in the order they were found."""
    keys = [Key(func.length(SightingRow.name, type_=Integer)), Key(SightingRow.name)]
    query = select(SightingRow).where(SightingRow.analysis == analysis)
    rows, onward = page_of(session, query, keys, after, limit)
    return Page(items=complete(session, rows, registry, tracks=True), next=onward)


def list_of_machine(
    session: Session, machine: str, registry: Registry, after: str | None, limit: int
) -> Page[SightingDetail]:
    """As `list_of_footage`, of one machine, without tracks, in order of their keys."""
    query = (
        select(SightingRow)
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(Membership.machine == machine)
        .options(defer(SightingRow.track))
    )
    rows, onward = page_of(session, query, [Key(SightingRow.key)], after, limit)
    return Page(items=complete(session, rows, registry), next=onward)


def load(session: Session, keys: Iterable[str], registry: Registry) -> dict[str, SightingDetail]:
    """Sightings by key, without tracks."""
    query = select(SightingRow).options(defer(SightingRow.track))
    rows = [row for (row,) in select_in(session, query, SightingRow.key, keys)]
    return {one.key: one for one in complete(session, rows, registry)}


def complete(
    session: Session, rows: Sequence[SightingRow], registry: Registry, tracks: bool = False
) -> list[SightingDetail]:
    """The rows with what hangs on them, in a few queries for all of them."""
    keys = [row.key for row in rows]
    names = {(row.analysis, row.name) for row in rows}
    readings = rows_on(session, ReadingRow, names, ReadingRow.score.desc(), ReadingRow.number)
    stills = rows_on(session, StillRow, names, StillRow.role)
    leads = rows_on(session, LeadRow, names, LeadRow.number)
    machines = machines_of(session, keys)
    of = footage_of(session, {row.footage for row in rows})
    judged = _judged(session, keys, registry)
    return [
        SightingDetail.read(
            row,
            registry,
            kind=of[row.footage].kind,
            best=row.pts,
            frame=of[row.footage].frame,
            origin=row.origin_basis
            and OriginDetail(code=row.origin, basis=row.origin_basis, grade=row.origin_grade),
            machine=machines.get(row.key),
            leads=[LeadDetail.of(one, registry) for one in leads[name]],
            evidence=EvidenceDetail.list_of(row.evidence, registry),
            readings=_readings(readings[name][:MOST_TOLD]),
            stills=[StillDetail.read(one, at=one.pts) for one in stills[name]],
            judged=judged.get(row.key),
            track=row.track if tracks else None,
        )
        for row in rows
        for name in [(row.analysis, row.name)]
    ]


def overlays(session: Session, analysis: str) -> list[ReadingDetail]:
    """What the broadcast itself wrote over the footage."""
    return _readings(_of_none(session, analysis, overlay=True)[:MOST_TOLD])


def lone_marks(session: Session, analysis: str) -> list[LoneMarkDetail]:
    """The marks around which no machine is seen, in order."""
    rows = _of_none(session, analysis, overlay=False)
    texts = [_readings(of) for _, of in groupby(rows, key=lambda row: row.pts)]
    return [LoneMarkDetail(mark=read[0], beside=read[1:]) for read in texts]


def _of_none(session: Session, analysis: str, overlay: bool) -> Sequence[ReadingRow]:
    """Readings of no sighting: of a lone mark's frame the mark itself comes first."""
    query = select(ReadingRow).where(ReadingRow.analysis == analysis)
    query = query.where(ReadingRow.sighting.is_(None), ReadingRow.overlay.is_(overlay))
    return session.scalars(query.order_by(ReadingRow.number)).all()


def _readings(rows: Iterable[ReadingRow]) -> list[ReadingDetail]:
    return [ReadingDetail.read(row, at=row.pts) for row in rows]


def rows_on(
    session: Session, table: type[T], names: Iterable[SightingName], *order: Any
) -> dict[SightingName, list[T]]:
    """The readings, stills or leads of sightings, by analysis and name."""
    wanted = set(names)
    found: dict[SightingName, list[T]] = defaultdict(list)
    query = select(table).where(table.sighting.in_({name for _, name in wanted})).order_by(*order)
    for (row,) in select_in(session, query, table.analysis, {analysis for analysis, _ in wanted}):
        if (row.analysis, row.sighting) in wanted:
            found[row.analysis, row.sighting].append(row)
    return found


def machines_of(session: Session, keys: Iterable[str]) -> dict[str, str]:
    """By sighting, the machine that it shows."""
    query = select(Membership.sighting, Membership.machine)
    return dict(select_in(session, query, Membership.sighting, keys))


def footage_of(session: Session, hashes: Iterable[str]) -> dict[str, FootageRow]:
    """Footage by its SHA-256."""
    rows = select_in(session, select(FootageRow), FootageRow.sha256, hashes)
    return {row.sha256: row for (row,) in rows}


def _judged(
    session: Session, keys: Sequence[str], registry: Registry
) -> dict[str, JudgementDetail]:
    """By sighting; where it waits for several reasons, the weightiest."""
    found: dict[str, JudgementDetail] = {}
    query = select(Item).order_by(Item.priority, Item.item)
    for (row,) in select_in(session, query, Item.sighting, keys):
        secret = row.kind == AUDIT and row.state != "settled"
        shown = {"kind": None, "reason": None} if secret else {}
        shown["people"] = row.given if row.state == "settled" else None
        found[row.sighting] = JudgementDetail.read(
            row, registry, state=told_state(row.state), **shown
        )
    return found


def on_footage(
    session: Session, sha256: str, person: str, registry: Registry
) -> list[VerdictDetail]:
    """On its frames and on what was sighted in it, with any recipe; the first first."""
    query = select(Verdict).where(Verdict.footage == sha256).order_by(Verdict.number.desc())
    return _shown(session, session.scalars(query.limit(MOST_VERDICTS)).all(), person, registry)


def on_sightings(
    session: Session, keys: Sequence[str], person: str, registry: Registry
) -> list[VerdictDetail]:
    """On some sightings, by key; the first first."""
    rows = [row for (row,) in select_in(session, select(Verdict), Verdict.sighting, keys)]
    return _shown(session, rows, person, registry)


def _shown(
    session: Session, rows: Sequence[Verdict], person: str, registry: Registry
) -> list[VerdictDetail]:
    items = rows_about(session, Item, map(about, rows))
    waits = {thing for thing, some in items.items() if any(one.state != "settled" for one in some)}
    of = footage_of(session, {row.footage for row in rows})
    return [
        VerdictDetail.read(
            row,
            registry,
            item=(row.before.get("item") or {}).get("item"),
            kind=of[row.footage].kind,
            at=row.pts,
        )
        for row in sorted(rows, key=lambda row: row.number)
        if row.author == person or about(row) not in waits
    ]
