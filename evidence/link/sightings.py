"""Sightings as linking sees them, out of the store, and ties between two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, and_, select, text
from sqlalchemy.orm import Session, defer

from datasets.letters import letters
from detector.known_again.points import are_points
from detector.types import Box
from evidence.case.base import found_with, read_time
from evidence.case.sighting_tables import (
    LookRow,
    Membership,
    ReadingRow,
    ShotRow,
    SightingRow,
)
from evidence.case.tables import FootageRow

Kind = Literal["joined", "copy", "span", "place"]
STRENGTH: dict[str, int] = {"joined": 0, "copy": 1, "span": 2, "place": 3}
"""Kinds of ties, those that are believed first before those that must give way."""

Stretch = tuple[Fraction, Fraction]
"""From when to when, in seconds of its footage."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkSighting:
    """One sighting. `track`: its boxes in time order; none unless asked for.

    key: its name in the case. footage: a SHA-256. first, last: the ends of its track. shot: its
    index there. reason: why the shot was watched. best, box: where it is best seen. frame: width
    and height. texts: what else was read on it. still: it is in a photograph, not in film.
    points: as `detector.known_again.surroundings` made them, empty where unknown.
    """

    key: str
    footage: str
    first: Fraction
    last: Fraction
    shot: int = 0
    reason: str = ""
    track: tuple[tuple[Fraction, Box], ...] = ()
    best: Fraction = Fraction(0)
    box: Box = (0.0, 0.0, 0.0, 0.0)
    frame: tuple[int, int] = (1, 1)
    builder: str | None = None
    grade: str = "U"
    probability: float = 0.0
    series: str | None = None
    control: str | None = None
    texts: tuple[str, ...] = ()
    still: bool = False
    points: bytes = field(default=b"", repr=False)

    def box_at(self, time: Fraction) -> Box | None:
        """The box at a time, between the two observations about it; None outside the track."""
        if not self.first <= time <= self.last:
            return None
        before = self.track[0]
        for after in self.track:
            if after[0] >= time:
                length = after[0] - before[0]
                share = float((time - before[0]) / length) if length else 0.0
                a, b = before[1], after[1]
                x1, y1, x2, y2 = (p + (q - p) * share for p, q in zip(a, b, strict=True))
                return x1, y1, x2, y2
            before = after
        return None


@dataclass(frozen=True, slots=True)
class Tie:
    """A reason to hold that two sightings show one machine; `a` sorts before `b`.

    score: 0..1, comparable within a kind. reason: in words.
    """

    a: str
    b: str
    kind: Kind
    score: float
    reason: str

    @property
    def order(self) -> tuple[int, float, str, str]:
        """Sorts what is believed first to the front."""
        return STRENGTH[self.kind], -self.score, self.a, self.b


def in_company(shown: Iterable[tuple[str, Fraction, Fraction, T]]) -> set[T]:
    """What is on screen while another is: of a large case, little.

    Args:
        shown: the footage, from when, until when, and what.
    """
    stretches: dict[str, list[tuple[Fraction, Fraction, T]]] = defaultdict(list)
    for footage, begin, end, one in shown:
        stretches[footage].append((begin, end, one))
    found: set[T] = set()
    for several in stretches.values():
        if len(several) == 1:
            continue
        last: tuple[Fraction, T] | None = None  # until when one is shown, and which
        for begin, end, one in sorted(several):
            if last is not None and begin <= last[0] and one != last[1]:
                found |= {one, last[1]}
            if last is None or end > last[0]:
                last = end, one
    return found


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    common = max(0.0, across) * max(0.0, down)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / whole if whole > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Scope:
    """The sightings of a recipe. Any that are stored meanwhile are left to the next update.

    footage: of each sighting's key. new: those that belong to no machine yet.
    """

    model: str
    settings: str
    footage: dict[str, str]
    new: frozenset[str]

    def of(self, table: Any) -> ColumnElement[bool]:
        """Of any derived table, the rows that were found with the recipe."""
        return found_with(table, self)


def hold_machines(session: Session) -> None:
    """Nobody else changes machines until the transaction ends; in SQLite `begin()` saw to it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE memberships IN SHARE ROW EXCLUSIVE MODE"))


def load_scope(session: Session, model: str, settings: str) -> Scope:
    """All sightings of a recipe."""
    query = (
        select(SightingRow.key, SightingRow.footage, Membership.machine)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .where(SightingRow.model == model, SightingRow.settings == settings)
    )
    footage: dict[str, str] = {}
    new: set[str] = set()
    for key, sha256, machine in session.execute(query):
        footage[key] = sha256
        if machine is None:
            new.add(key)
    return Scope(model, settings, footage, frozenset(new))


AT_ONCE = 400
"""Keys asked for in one statement: both databases take many more."""

LEAST_SCORE, LEAST_LETTERS = 0.8, 4
"""Of a reading, for it to be named among what two machines have in common."""


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


def load_brief(session: Session, keys: Collection[str]) -> dict[str, LinkSighting]:
    """Sightings by key, as machines are made from them.

    With tracks only where two are on screen together: nothing else keeps two apart, and reading all
    tracks would take longer than everything else.
    """
    columns = ("key", "footage", "first", "last", "builder", "grade", "probability")
    brief = select(*(getattr(SightingRow, name) for name in columns))
    found: dict[str, LinkSighting] = {}
    for part in chunks(sorted(keys)):
        for row in session.execute(brief.where(SightingRow.key.in_(part))).mappings():
            found[row["key"]] = LinkSighting(**row)
    near = in_company((one.footage, one.first, one.last, one.key) for one in found.values())
    for part in chunks(sorted(near)):
        query = select(SightingRow.key, SightingRow.track).where(SightingRow.key.in_(part))
        for key, track in session.execute(query):
            found[key] = replace(found[key], track=_track(track))
    return found


def load_seen(
    session: Session, keys: Collection[str], looks: bool = False
) -> dict[str, LinkSighting]:
    """Sightings by key; with what they look like only where `looks`."""
    found: dict[str, LinkSighting] = {}
    for part in chunks(sorted(keys)):
        found |= _load(session, part, looks)
    return found


def _load(session: Session, keys: Sequence[str], looks: bool) -> dict[str, LinkSighting]:
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
        found[one.key] = LinkSighting(
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
    for key, read in session.execute(query):
        if len(letters(read)) >= LEAST_LETTERS:
            found[key][read] = None
    return {key: tuple(texts) for key, texts in found.items()}


def _track(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Fraction, Box], ...]:
    return tuple((read_time(time), _box(corners)) for time, *corners in rows)


def _box(corners: Sequence[float]) -> Box:
    x1, y1, x2, y2 = corners[:4]
    return float(x1), float(y1), float(x2), float(y2)
