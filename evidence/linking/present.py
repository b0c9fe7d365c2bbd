"""Which sighting there is now stands for one found with another model or other settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from detector.types import Box
from evidence.linking.load import chunks, load_seen
from evidence.linking.scope import Scope
from evidence.linking.seen import Seen, Stretch, overlap
from evidence.store.derived import ShotRow, SightingRow

SAME_BOX = 0.5
"""Least IoU of the box that was judged with that of the sighting which now stands for it."""

NEAR = Fraction(1)
"""Seconds before and after a sighting in which it may stand for another one of its shot: two
models need not have looked at the same moments."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sighting is best seen. key: its name in the case; footage: a SHA-256; box: pixels."""

    key: str
    footage: str
    pts: Fraction
    box: Box


class Present:
    """The sightings there are now of the footage that some places lie in.

    Args:
        scope: the sightings of a recipe, at least all those of that footage.
    """

    def __init__(self, session: Session, scope: Scope, places: Collection[Place]) -> None:
        self._there = scope.footage
        places = [place for place in places if place.key not in scope.footage]
        footages = {place.footage for place in places}
        keys = [key for key, footage in scope.footage.items() if footage in footages]
        self._seen: dict[str, dict[str, Seen]] = defaultdict(dict)
        for key, one in load_seen(session, keys).items():
            self._seen[one.footage][key] = one
        self._shots = _shots(session, {*keys, *(place.key for place in places)})

    def stands_for(self, place: Place) -> str | None:
        """The key of the sighting at a place: the very one if it is there, else one of its shot,
        one in view at that time before those that are not; None where there is none."""
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
            if fit >= SAME_BOX and self._one_shot(place, key, time):
                fits.append((off > 0, -fit, key))
        return min(fits)[-1] if fits else None

    def _one_shot(self, place: Place, key: str, time: Fraction) -> bool:
        """Whether no cut lies between the place and a sighting at a time: either is in the shot of
        the other, as far as that was watched."""
        return _holds(self._shots.get(key), place.pts) or _holds(self._shots.get(place.key), time)


def _holds(shot: Stretch | None, time: Fraction) -> bool:
    return shot is not None and shot[0] <= time <= shot[1]


def _shots(session: Session, keys: Collection[str]) -> dict[str, Stretch]:
    """By sighting, of whatever recipe, from when to when its shot was watched."""
    shots: dict[str, Stretch] = {}
    for part in chunks(sorted(keys)):
        query = (
            select(SightingRow.key, ShotRow.pts, ShotRow.end)
            .join(
                ShotRow,
                and_(ShotRow.analysis == SightingRow.analysis, ShotRow.number == SightingRow.shot),
            )
            .where(SightingRow.key.in_(part))
        )
        shots |= {key: (start, end) for key, start, end in session.execute(query)}
    return shots
