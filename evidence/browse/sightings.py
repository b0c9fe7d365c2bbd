"""Sightings with all that is known of each: readings, pictures, machine, verdicts.

Only the verdicts that the caller may see. Two reviewers must not see each other's verdict before
their item is settled. So the author sees a verdict at once, others when it is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from datasets.registry import Registry
from evidence.browse.search import Key, in_order, key, number, write_cursor
from evidence.browse.shapes import (
    EvidenceDetail,
    ExactTime,
    JudgementDetail,
    LeadDetail,
    LoneMarkDetail,
    OriginDetail,
    Page,
    ReadingDetail,
    RegistryName,
    SightingDetail,
    StillDetail,
    VerdictDetail,
    utc,
)
from evidence.case.sighting_tables import (
    Membership,
    ReadingRow,
    SightingRow,
    StillRow,
    Verdict,
)
from evidence.case.tables import FootageRow, Item, LeadRow
from evidence.link.sightings import chunks
from evidence.review.items import AUDIT
from evidence.review.log import told_state

_WHERE = tuple[str, str]  # analysis, and the sighting's name in it

MOST_TOLD = 60
"""Readings shown of one sighting, the surest; a wall of text has thousands."""


def list_of_footage(
    session: Session, analysis: str, registry: Registry, after: str | None, limit: int
) -> Page[SightingDetail]:
    """The sightings of one analysis with their tracks, in the order they were found (`m1`, `m2`).

    Raises:
        UsageError: `after` is no cursor of this list.
    """
    keys = [Key(func.length(SightingRow.name), number), Key(SightingRow.name.expression, key)]
    query = select(SightingRow).where(SightingRow.analysis == analysis)
    rows = session.scalars(in_order(query, keys, after, limit)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=complete(session, rows[:limit], registry, tracks=True),
        next=None if last is None else write_cursor([len(last.name), last.name]),
    )


def list_of_machine(
    session: Session, machine: str, registry: Registry, after: str | None, limit: int
) -> Page[SightingDetail]:
    """The sightings of one machine, without tracks, in order of their keys.

    Raises:
        UsageError: `after` is no cursor of this list.
    """
    query = (
        select(SightingRow)
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(Membership.machine == machine)
        .options(defer(SightingRow.track))
    )
    keys = [Key(SightingRow.key.expression, key)]
    rows = session.scalars(in_order(query, keys, after, limit)).all()
    return Page(
        items=complete(session, rows[:limit], registry),
        next=write_cursor([rows[limit - 1].key]) if len(rows) > limit else None,
    )


def load(session: Session, keys: Iterable[str], registry: Registry) -> dict[str, SightingDetail]:
    """Sightings by key, without tracks."""
    found: dict[str, SightingDetail] = {}
    for part in chunks(sorted(set(keys))):
        query = select(SightingRow).where(SightingRow.key.in_(part))
        rows = session.scalars(query.options(defer(SightingRow.track))).all()
        found |= {one.key: one for one in complete(session, rows, registry)}
    return found


def complete(
    session: Session, rows: Sequence[SightingRow], registry: Registry, tracks: bool = False
) -> list[SightingDetail]:
    """The rows with what hangs on them, in a few queries for all of them."""
    keys = [row.key for row in rows]
    analyses = sorted({row.analysis for row in rows})
    named = {(row.analysis, row.name) for row in rows}
    readings, stills = _readings(session, analyses, named), _stills(session, analyses, named)
    leads = leads_of(session, named)
    machines = dict(_machines(session, keys))
    of = footage_of(session, {row.footage for row in rows})
    judged = _judged(session, keys, registry)
    return [
        SightingDetail(
            key=row.key,
            name=row.name,
            footage=row.footage,
            kind=of[row.footage].kind,
            shot=row.shot,
            first=ExactTime.of(row.first),
            last=ExactTime.of(row.last),
            best=ExactTime.of(row.pts),
            box=tuple(row.box),
            frame=of[row.footage].frame,
            confidence=row.confidence,
            grade=row.grade,
            probability=row.probability,
            builder=None if row.builder is None else RegistryName.of(row.builder, registry),
            control=None if row.control is None else RegistryName.of(row.control, registry),
            series=row.series,
            concealed=row.concealed,
            origin=_origin(row),
            file=row.file,
            machine=machines.get(row.key),
            leads=[LeadDetail.of(one, registry) for one in leads[row.analysis, row.name]],
            evidence=EvidenceDetail.read(row.evidence, registry),
            readings=readings[row.analysis, row.name][:MOST_TOLD],
            stills=stills[row.analysis, row.name],
            judged=judged.get(row.key),
            track=[tuple(one) for one in row.track] if tracks else None,
        )
        for row in rows
    ]


def overlays(session: Session, analysis: str) -> list[ReadingDetail]:
    """What the broadcast itself wrote over the footage."""
    return [_reading(row) for row in session.scalars(_of_none(analysis, True).limit(MOST_TOLD))]


def lone_marks(session: Session, analysis: str) -> list[LoneMarkDetail]:
    """The marks around which no machine is seen, in order."""
    rows = session.scalars(_of_none(analysis, False))
    texts = [list(map(_reading, of)) for _, of in groupby(rows, key=lambda row: row.pts)]
    return [LoneMarkDetail(mark=read[0], beside=read[1:]) for read in texts]


def _of_none(analysis: str, overlay: bool) -> Select[ReadingRow]:
    """Readings of no sighting: of a lone mark's frame the mark itself comes first."""
    return (
        select(ReadingRow)
        .where(
            ReadingRow.analysis == analysis,
            ReadingRow.sighting.is_(None),
            ReadingRow.overlay.is_(overlay),
        )
        .order_by(ReadingRow.number)
    )


def _origin(row: SightingRow) -> OriginDetail | None:
    if row.origin_basis is None:
        return None
    return OriginDetail(code=row.origin, basis=row.origin_basis, grade=row.origin_grade)


def _readings(
    session: Session, analyses: Sequence[str], named: set[_WHERE]
) -> dict[_WHERE, list[ReadingDetail]]:
    found: dict[_WHERE, list[ReadingDetail]] = defaultdict(list)
    for part in chunks(analyses):
        query = select(ReadingRow).where(
            ReadingRow.analysis.in_(part),
            ReadingRow.sighting.in_({name for _, name in named}),
        )
        for row in session.scalars(query.order_by(ReadingRow.score.desc(), ReadingRow.number)):
            where = (row.analysis, str(row.sighting))
            if where in named:
                found[where].append(_reading(row))
    return found


def _reading(row: ReadingRow) -> ReadingDetail:
    return ReadingDetail(
        text=row.text,
        score=row.score,
        script=row.script,
        at=ExactTime.of(row.pts),
        box=tuple(row.box),
        mirrored=row.mirrored,
        overlay=row.overlay,
    )


def _stills(
    session: Session, analyses: Sequence[str], named: set[_WHERE]
) -> dict[_WHERE, list[StillDetail]]:
    found: dict[_WHERE, list[StillDetail]] = defaultdict(list)
    for part in chunks(analyses):
        query = select(StillRow).where(
            StillRow.analysis.in_(part), StillRow.sighting.in_({name for _, name in named})
        )
        for row in session.scalars(query.order_by(StillRow.role)):
            if (row.analysis, row.sighting) in named:
                found[row.analysis, row.sighting].append(
                    StillDetail(
                        role=row.role,
                        sha256=row.sha256,
                        at=ExactTime.of(row.pts),
                        box=tuple(row.box),
                    )
                )
    return found


def leads_of(session: Session, named: Iterable[_WHERE]) -> dict[_WHERE, list[LeadRow]]:
    """The leads of sightings, by analysis and name, the likeliest first."""
    wanted = set(named)
    found: dict[_WHERE, list[LeadRow]] = defaultdict(list)
    for part in chunks(sorted({analysis for analysis, _ in wanted})):
        query = select(LeadRow).where(
            LeadRow.analysis.in_(part), LeadRow.sighting.in_({name for _, name in wanted})
        )
        for row in session.scalars(query.order_by(LeadRow.number)):
            if (row.analysis, row.sighting) in wanted:
                found[row.analysis, row.sighting].append(row)
    return found


def _machines(session: Session, keys: Sequence[str]) -> Iterable[tuple[str, str]]:
    for part in chunks(keys):
        query = select(Membership.sighting, Membership.machine)
        for row in session.execute(query.where(Membership.sighting.in_(part))):
            yield row.sighting, row.machine


def footage_of(session: Session, hashes: Iterable[str]) -> dict[str, FootageRow]:
    """Footage by its SHA-256."""
    found: dict[str, FootageRow] = {}
    for part in chunks(sorted(hashes)):
        query = select(FootageRow).where(FootageRow.sha256.in_(part))
        found |= {row.sha256: row for row in session.scalars(query)}
    return found


def _judged(
    session: Session, keys: Sequence[str], registry: Registry
) -> dict[str, JudgementDetail]:
    """By sighting; where it waits for several reasons, the weightiest."""
    found: dict[str, JudgementDetail] = {}
    for part in chunks(keys):
        query = select(Item).where(Item.sighting.in_(part)).order_by(Item.priority, Item.item)
        for row in session.scalars(query):
            secret = row.kind == AUDIT and row.state != "settled"
            found[str(row.sighting)] = JudgementDetail(
                item=row.item,
                kind=None if secret else row.kind,
                reason=None if secret else row.reason,
                state=told_state(row.state),
                outcome=row.outcome,
                builder=None if row.builder is None else RegistryName.of(row.builder, registry),
            )
    return found


MOST = 500


def on_footage(
    session: Session, sha256: str, person: str, registry: Registry
) -> list[VerdictDetail]:
    """On its frames and on what was sighted in it, with any recipe; the first first."""
    rows = session.scalars(
        select(Verdict).where(Verdict.footage == sha256).order_by(Verdict.number.desc()).limit(MOST)
    ).all()
    return _shown(session, rows, person, registry)


def on_sightings(
    session: Session, keys: Sequence[str], person: str, registry: Registry
) -> list[VerdictDetail]:
    """On some sightings, by key; the first first."""
    rows: list[Verdict] = []
    for part in chunks(keys):
        rows += session.scalars(select(Verdict).where(Verdict.sighting.in_(part)))
    return _shown(session, rows, person, registry)


def _shown(
    session: Session, rows: Sequence[Verdict], person: str, registry: Registry
) -> list[VerdictDetail]:
    open_ = _open(session, rows)
    of = footage_of(session, {row.footage for row in rows})
    return [
        _given(row, of[row.footage].kind, registry)
        for row in sorted(rows, key=lambda row: row.number)
        if row.author == person or _about(row) not in open_
    ]


def _about(row: Verdict | Item) -> tuple[str, str]:
    return (row.footage, str(row.pts)) if row.sighting is None else ("", row.sighting)


def _open(session: Session, rows: Sequence[Verdict]) -> set[tuple[str, str]]:
    """What some of the verdicts are about that is not settled yet."""
    found: set[tuple[str, str]] = set()
    keys = sorted({row.sighting for row in rows if row.sighting is not None})
    for part in chunks(keys):
        query = select(Item).where(Item.sighting.in_(part), Item.state != "settled")
        found |= {_about(one) for one in session.scalars(query)}
    for part in chunks(sorted({row.footage for row in rows if row.sighting is None})):
        query = select(Item).where(
            Item.footage.in_(part), Item.sighting.is_(None), Item.state != "settled"
        )
        found |= {_about(one) for one in session.scalars(query)}
    return found


def _given(row: Verdict, kind: str, registry: Registry) -> VerdictDetail:
    return VerdictDetail(
        number=row.number,
        sighting=row.sighting,
        item=(row.before.get("item") or {}).get("item"),
        kind=kind,
        verdict=row.verdict,
        builder=None if row.builder is None else RegistryName.of(row.builder, registry),
        author=row.author,
        made=utc(row.made),
        seconds=row.seconds,
        note=row.note,
        supersedes=row.supersedes,
        at=ExactTime.of(row.pts),
        box=None if row.box is None else tuple(row.box),
    )
