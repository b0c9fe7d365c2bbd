"""What people decided about pairs of sightings, for the sightings there are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.messages import Message
from detector.types import Box
from evidence.case.base import select_in
from evidence.case.sighting_tables import Decision, ShotRow, SightingRow
from evidence.link.sightings import LinkSighting, Scope, Stretch, Tie, load_seen, overlap

SAME_BOX = 0.5
"""Least IoU of the box that was judged with that of the sighting which now stands for it."""

NEAR = Fraction(1)
"""Seconds before and after a sighting in which it may stand for another one of its shot: two
models need not have looked at the same moments."""


@dataclass(frozen=True, slots=True)
class SightingPlace:
    """Where a sighting is best seen. key: its name in the case; footage: a SHA-256; box: pixels."""

    key: str
    footage: str
    pts: Fraction
    box: Box


class PresentSightings:
    """The sightings there are now of the footage that some places lie in.

    scope: the sightings of a recipe, at least all those of that footage.
    """

    def __init__(self, session: Session, scope: Scope, places: Collection[SightingPlace]) -> None:
        self._there = scope.footage
        places = [place for place in places if place.key not in scope.footage]
        footages = {place.footage for place in places}
        keys = [key for key, footage in scope.footage.items() if footage in footages]
        self._seen: dict[str, dict[str, LinkSighting]] = defaultdict(dict)
        for key, one in load_seen(session, keys).items():
            self._seen[one.footage][key] = one
        self._shots = _shots(session, {*keys, *(place.key for place in places)})

    def stands_for(self, place: SightingPlace) -> str | None:
        """The key of the sighting at a place, or None.

        The same sighting if it exists. Otherwise one of its shot, those in view at that time first.
        """
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


def _shots(session: Session, keys: Collection[str]) -> dict[str, Stretch]:
    """By sighting, of whatever recipe, from when to when its shot was watched."""
    query = select(SightingRow.key, ShotRow.pts, ShotRow.end)
    shots = query.join(ShotRow, SightingRow.in_shot(ShotRow))
    rows = select_in(session, shots, SightingRow.key, keys)
    return {key: (start, end) for key, start, end in rows}


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
    """The numbers of all decisions on any of these sightings, or on one in whose place it stands;
    `scope`: as of `PresentSightings`."""
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
    where = decision.where[side]
    x1, y1, x2, y2 = map(float, where["box"])
    key = decision.a if side == "a" else decision.b
    return SightingPlace(key, where["footage"], Fraction(where["pts"]), (x1, y1, x2, y2))


def _said(decision: Decision) -> str:
    said = {"author": decision.author, "day": f"{decision.made:%Y-%m-%d}"}
    return NOTED.fill(**said, note=decision.note) if decision.note else JOINED.fill(**said)
