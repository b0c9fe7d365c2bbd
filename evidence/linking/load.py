"""Sightings and copies out of the store, as linking sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, defer

from datasets.letters import letters
from detector.known_again.points import are_points
from detector.types import Box
from evidence.linking.seen import Seen, in_company
from evidence.store.base import read_time
from evidence.store.derived import LookRow, ReadingRow, ShotRow, SightingRow
from evidence.store.models import FootageRow

AT_ONCE = 400
"""Keys asked for in one statement: both databases take many more."""

LEAST_SCORE, LEAST_LETTERS = 0.8, 4
"""Of a reading, for it to be named among what two machines have in common."""

BRIEF = (
    SightingRow.key,
    SightingRow.footage,
    SightingRow.first,
    SightingRow.last,
    SightingRow.builder,
    SightingRow.grade,
    SightingRow.probability,
)
"""Of a sighting what `brief` takes: all that machines are made from, but for tracks."""

T = TypeVar("T")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values, `AT_ONCE` at a time."""
    part: list[T] = []
    for value in values:
        part.append(value)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def brief(told: Iterable[Any]) -> Seen:
    """A sighting of which no more is known than `BRIEF`."""
    key, footage, first, last, builder, grade, probability = told
    return Seen(key, footage, first, last, builder=builder, grade=grade, probability=probability)


def load_brief(session: Session, keys: Collection[str]) -> dict[str, Seen]:
    """Sightings by key, as machines are made from them."""
    found: dict[str, Seen] = {}
    for part in chunks(sorted(keys)):
        for row in session.execute(select(*BRIEF).where(SightingRow.key.in_(part))):
            found[row.key] = brief(row)
    return with_tracks(session, found)


def with_tracks(session: Session, seen: Mapping[str, Seen]) -> dict[str, Seen]:
    """The same sightings, with the tracks of those that are on screen while another of them is:
    nothing else keeps two apart, and to read all takes longer than all the rest."""
    found = dict(seen)
    near = in_company((one.footage, one.first, one.last, one.key) for one in seen.values())
    for part in chunks(sorted(near)):
        query = select(SightingRow.key, SightingRow.track).where(SightingRow.key.in_(part))
        for key, track in session.execute(query):
            found[key] = replace(found[key], track=_track(track))
    return found


def load_seen(session: Session, keys: Collection[str], looks: bool = False) -> dict[str, Seen]:
    """Sightings by key; with what they look like only where `looks`."""
    found: dict[str, Seen] = {}
    for part in chunks(sorted(keys)):
        found |= _load(session, part, looks)
    return found


def _load(session: Session, keys: Sequence[str], looks: bool) -> dict[str, Seen]:
    asked: list[Any] = [SightingRow, ShotRow.reason, FootageRow.width, FootageRow.height]
    asked.append(FootageRow.kind)
    if looks:
        asked += [LookRow.points, LookRow.pts, LookRow.box]
    query = (
        select(*asked)
        .join(FootageRow, FootageRow.sha256 == SightingRow.footage)
        .join(
            ShotRow,
            and_(ShotRow.analysis == SightingRow.analysis, ShotRow.number == SightingRow.shot),
        )
        .where(SightingRow.key.in_(keys))
        .options(defer(SightingRow.evidence))
    )
    if looks:
        query = query.outerjoin(
            LookRow,
            and_(LookRow.analysis == SightingRow.analysis, LookRow.sighting == SightingRow.name),
        )
    texts = _texts(session, keys) if looks else {}
    found = {}
    for row in session.execute(query):
        one: SightingRow = row[0]
        points, best, box = b"", one.pts, one.box
        if looks and row[5] is not None:
            points, best, box = row[5:8]
            points = points if are_points(points) else b""
        found[one.key] = Seen(
            key=one.key,
            footage=one.footage,
            first=one.first,
            last=one.last,
            shot=one.shot,
            reason=row[1],
            track=_track(one.track),
            best=best,
            box=_box(box),
            frame=(row[2] or 1, row[3] or 1),
            builder=one.builder,
            grade=one.grade,
            probability=one.probability,
            series=one.series,
            control=one.control,
            texts=texts.get(one.key, ()),
            still=row[4] != "video",
            points=points,
        )
    return found


def _texts(session: Session, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What was clearly read on each sighting, each text once."""
    query = (
        select(SightingRow.key, ReadingRow.text)
        .join(
            ReadingRow,
            and_(
                ReadingRow.analysis == SightingRow.analysis,
                ReadingRow.sighting == SightingRow.name,
            ),
        )
        .where(
            SightingRow.key.in_(keys),
            ReadingRow.score >= LEAST_SCORE,
            ReadingRow.overlay.is_(False),
        )
        .order_by(SightingRow.key, ReadingRow.text)
    )
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for key, text in session.execute(query):
        if len(letters(text)) >= LEAST_LETTERS:
            found[key][text] = None
    return {key: tuple(texts) for key, texts in found.items()}


def _track(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Fraction, Box], ...]:
    return tuple((read_time(time), _box(corners)) for time, *corners in rows)


def _box(corners: Sequence[float]) -> Box:
    x1, y1, x2, y2 = corners[:4]
    return float(x1), float(y1), float(x2), float(y2)
