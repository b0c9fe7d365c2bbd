"""Sightings as linking sees them, out of the store, ties between two of them, and what people
decided about pairs, for the sightings there are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from datasets.letters import letters
from datasets.messages import Message
from detector.known_again.points import are_points
from detector.types import Box
from evidence.case.base import read_time, select_in, values_of
from evidence.case.sighting_tables import (
    Decision,
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

Stretch = tuple[Fraction, Fraction]  # from when to when, in seconds of its footage
Track = tuple[tuple[Fraction, Box], ...]  # when a machine is where, in order
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkSighting:
    """One sighting, as far as linking needs it."""

    key: str
    footage: str
    first: Fraction
    last: Fraction
    shot: int = 0
    reason: str = ""  # why the shot was watched
    track: Track = ()  # none unless asked for
    best: Fraction = Fraction(0)
    box: Box = (0.0, 0.0, 0.0, 0.0)
    frame: tuple[int, int] = (1, 1)  # width and height
    builder: str | None = None
    grade: str = "U"
    probability: float = 0.0
    series: str | None = None
    control: str | None = None
    texts: tuple[str, ...] = ()  # what else was read on it
    still: bool = False  # in a photograph, not in film
    points: bytes = field(default=b"", repr=False)  # of `surroundings`; empty: unknown

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
    """A reason to hold that two sightings show one machine; `a` sorts before `b`."""

    a: str
    b: str
    kind: Kind
    score: float  # 0..1, comparable within a kind
    reason: str

    @property
    def order(self) -> tuple[int, float, str, str]:
        """Sorts what is believed first to the front."""
        return STRENGTH[self.kind], -self.score, self.a, self.b


def in_company(shown: Iterable[tuple[str, Fraction, Fraction, T]]) -> set[T]:
    """What is on screen while another is. shown: footage, from when, until when, and what."""
    stretches: dict[str, list[tuple[Fraction, Fraction, T]]] = defaultdict(list)
    for footage, begin, end, one in shown:
        stretches[footage].append((begin, end, one))
    found: set[T] = set()
    for several in stretches.values():
        last: tuple[Fraction, T] | None = None  # until when one is shown, and which
        for begin, end, one in sorted(several):
            if last is not None and begin <= last[0] and one != last[1]:
                found |= {one, last[1]}
            if last is None or end > last[0]:
                last = end, one
    return found


def common_area(a: Sequence[float], b: Sequence[float]) -> float:
    """The area of the part that two boxes share."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, across) * max(0.0, down)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0..1."""
    common = common_area(a, b)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / whole if whole > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Scope:
    """The sightings of a recipe. Any that are stored meanwhile are left to the next update."""

    model: str
    settings: str
    footage: dict[str, str]  # of each sighting's key
    new: frozenset[str]  # those that belong to no machine yet


def load_scope(session: Session, model: str, settings: str) -> Scope:
    """All sightings of a recipe."""
    rows = session.execute(
        select(SightingRow.key, SightingRow.footage, Membership.machine)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .where(SightingRow.model == model, SightingRow.settings == settings)
    ).all()
    new = frozenset(row.key for row in rows if row.machine is None)
    return Scope(model, settings, {row.key: row.footage for row in rows}, new)


LEAST_SCORE, LEAST_LETTERS = 0.8, 4  # of a reading, to be named among what two have in common


def load_brief(session: Session, keys: Collection[str]) -> dict[str, LinkSighting]:
    """Sightings by key, with tracks only where two are on screen together. Nothing else keeps two
    apart, and to read all would take longer than everything else."""
    columns = ("key", "footage", "first", "last", "builder", "grade", "probability")
    brief = select(*(getattr(SightingRow, name) for name in columns))
    rows = select_in(session, brief, SightingRow.key, keys)
    found = {row.key: LinkSighting(**row._mapping) for row in rows}
    near = in_company((one.footage, one.first, one.last, one.key) for one in found.values())
    tracks = select(SightingRow.key, SightingRow.track)
    for key, track in select_in(session, tracks, SightingRow.key, near):
        found[key] = replace(found[key], track=read_track(track))
    return found


def load_seen(
    session: Session, keys: Collection[str], looks: bool = False
) -> dict[str, LinkSighting]:
    """Sightings by key; with what they look like only where `looks`."""
    look = (LookRow.points, LookRow.pts, LookRow.box) if looks else ()
    query = (
        select(SightingRow, ShotRow.reason, FootageRow, *look)
        .join(FootageRow, FootageRow.sha256 == SightingRow.footage)
        .join(ShotRow, SightingRow.in_shot(ShotRow))
        .options(defer(SightingRow.evidence))
    )
    query = query.outerjoin(LookRow, SightingRow.has(LookRow)) if looks else query
    texts = _texts(session, keys) if looks else {}
    found = {}
    for one, reason, footage, *known in select_in(session, query, SightingRow.key, keys):
        points, best, box = known if known and known[0] is not None else (b"", one.pts, one.box)
        names = ("key", "footage", "first", "last", "shot", "builder", "grade", "probability")
        found[one.key] = LinkSighting(
            reason=reason,
            track=read_track(one.track),
            best=best,
            box=as_box(box),
            frame=(footage.width or 1, footage.height or 1),
            texts=texts.get(one.key, ()),
            still=footage.kind != "video",
            points=points if are_points(points) else b"",
            **values_of(one, *names, "series", "control"),
        )
    return found


def _texts(session: Session, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What was clearly read on each sighting, each text once."""
    query = (
        select(SightingRow.key, ReadingRow.text)
        .join(ReadingRow, SightingRow.has(ReadingRow))
        .where(ReadingRow.score >= LEAST_SCORE, ReadingRow.overlay.is_(False))
        .order_by(SightingRow.key, ReadingRow.text)
    )
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for key, read in select_in(session, query, SightingRow.key, keys):
        if len(letters(read)) >= LEAST_LETTERS:
            found[key][read] = None
    return {key: tuple(texts) for key, texts in found.items()}


def read_track(rows: Sequence[Sequence[Any]]) -> Track:
    """A sighting's track as it is kept: times in order, and where the machine is."""
    return tuple((read_time(time), as_box(corners)) for time, *corners in rows)


def as_box(corners: Sequence[float]) -> Box:
    """The first four of some numbers, as corners."""
    x1, y1, x2, y2 = corners[:4]
    return float(x1), float(y1), float(x2), float(y2)


SAME_BOX = 0.5  # least IoU of the box that was judged with the one that stands for it
NEAR = Fraction(1)  # seconds: two models need not have looked at the same moments


@dataclass(frozen=True, slots=True)
class SightingPlace:
    """Where a sighting is best seen. key: its name in the case; footage: a SHA-256; box: pixels."""

    key: str
    footage: str
    pts: Fraction
    box: Box


class PresentSightings:
    """The sightings there are now (`scope`) of the footage that some places lie in."""

    def __init__(self, session: Session, scope: Scope, places: Collection[SightingPlace]) -> None:
        self._there = scope.footage
        places = [place for place in places if place.key not in scope.footage]
        footages = {place.footage for place in places}
        keys = [key for key, footage in scope.footage.items() if footage in footages]
        self._seen: dict[str, dict[str, LinkSighting]] = defaultdict(dict)
        for key, one in load_seen(session, keys).items():
            self._seen[one.footage][key] = one
        # By sighting, of whatever recipe, from when to when its shot was watched.
        query = select(SightingRow.key, ShotRow.pts, ShotRow.end)
        query = query.join(ShotRow, SightingRow.in_shot(ShotRow))
        of = {*keys, *(place.key for place in places)}
        rows = select_in(session, query, SightingRow.key, of)
        self._shots: dict[str, Stretch] = {key: (start, end) for key, start, end in rows}

    def stands_for(self, place: SightingPlace) -> str | None:
        """The key of the sighting at a place: the same, or one of its shot in view then; or
        None."""
        if place.key in self._there:
            return place.key
        here = self._seen.get(place.footage, {})
        fits = []
        for key, one in here.items():
            time = min(max(place.pts, one.first), one.last)
            off = abs(time - place.pts)
            # An hour has a thousand sightings, few of them near; to look for a box takes time.
            now = one.box_at(time) if off <= NEAR else None
            fit = 0.0 if now is None else overlap(place.box, now)
            # Either is in the shot of the other: no cut lies between them.
            shots = (self._shots.get(key), place.pts), (self._shots.get(place.key), time)
            if fit >= SAME_BOX and any(shot and shot[0] <= t <= shot[1] for shot, t in shots):
                fits.append((off > 0, -fit, key))
        return min(fits)[-1] if fits else None


JOINED = Message("joined by %(author)s on %(day)s")
NOTED = Message("joined by %(author)s on %(day)s: %(note)s")


@dataclass(frozen=True, slots=True)
class PairDecisions:
    """The last word on each pair of sightings, as far as they concern the sightings of now."""

    joined: tuple[Tie, ...]
    cut: frozenset[tuple[str, str]]  # (a, b) with a < b
    keys: frozenset[str]  # all concerned
    carried: frozenset[str]  # those of a decision that named others, in whose place they stand


def load_decided(session: Session, scope: Scope) -> PairDecisions:
    """The last word on each pair of sightings of one recipe.

    A decision names its two sightings by key, and by footage, time and box. If another model has
    found the machines again, it holds for the sightings at the same places.
    """
    decisions = list(session.scalars(select(Decision).order_by(Decision.number)))
    pairs = [(_place(one, "a"), _place(one, "b")) for one in decisions]
    present = PresentSightings(session, scope, [place for pair in pairs for place in pair])
    last: dict[tuple[str, str], Decision] = {}
    carried: set[str] = set()
    for decision, pair in zip(decisions, pairs, strict=True):
        a, b = map(present.stands_for, pair)
        if a is not None and b is not None and a != b:
            last[min(a, b), max(a, b)] = decision
            if {a, b} != {decision.a, decision.b}:
                carried |= {a, b}
    joined = tuple(
        Tie(a, b, "joined", 1.0, _said(decision))
        for (a, b), decision in sorted(last.items())
        if decision.what == "join"
    )
    cuts = frozenset(pair for pair, decision in last.items() if decision.what == "cut")
    concerned = frozenset(key for pair in last for key in pair)
    return PairDecisions(joined, cuts, concerned, frozenset(carried))


def decisions_on(session: Session, scope: Scope, keys: Collection[str]) -> set[int]:
    """The numbers of all decisions on any of these sightings, or on one in whose place it
    stands."""
    footages = {scope.footage[key] for key in keys}
    places = [
        (decision.number, place)
        for decision in session.scalars(select(Decision))
        for place in (_place(decision, "a"), _place(decision, "b"))
        if place.footage in footages
    ]
    present = PresentSightings(session, scope, [place for _, place in places])
    return {number for number, place in places if present.stands_for(place) in keys}


def _place(decision: Decision, side: Literal["a", "b"]) -> SightingPlace:
    where, key = decision.where[side], getattr(decision, side)
    return SightingPlace(key, where["footage"], Fraction(where["pts"]), as_box(where["box"]))


def _said(decision: Decision) -> str:
    said = {"author": decision.author, "day": f"{decision.made:%Y-%m-%d}"}
    return NOTED.fill(**said, note=decision.note) if decision.note else JOINED.fill(**said)
