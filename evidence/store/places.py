"""Where footage lies and lay, and what was claimed there of where it came from.

What is said of footage stays with its bytes. Where another file comes to lie at its path, path
and claims are kept as a former place; the other file starts without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, false, func, select, true, union_all
from sqlalchemy.orm import Session

from evidence.store.models import CLAIMS, FormerPlace, Location

_SAID = (*CLAIMS, "provenance")
_AT_ONCE = 500  # footages a statement

PLACES = union_all(
    select(
        Location.footage,
        Location.path,
        Location.held,
        *(getattr(Location, name) for name in _SAID),
        false().label("former"),
        false().label("unread"),
    ).where(Location.footage.is_not(None)),
    select(
        FormerPlace.footage,
        FormerPlace.path,
        false().label("held"),
        *(getattr(FormerPlace, name) for name in _SAID),
        true().label("former"),
        Location.footage.is_(None).label("unread"),
    ).join(Location, Location.path == FormerPlace.path),
).subquery("places")
"""Each place of each footage with what was claimed there. `former`: another file lies there now;
`unread`: or a file that has changed, of which is not known yet whether it is another."""


def places_of(session: Session, hashes: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """By footage its places (rows of `PLACES`): those where it lies first, in order of path."""
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    several = sorted(set(hashes))
    for start in range(0, len(several), _AT_ONCE):
        query = select(PLACES).where(PLACES.c.footage.in_(several[start : start + _AT_ONCE]))
        for row in session.execute(query.order_by(PLACES.c.former, PLACES.c.path)):
            found[row.footage].append(row)
    return found


def first_said(places: Iterable[Row[Any]], claim: str) -> str | None:
    """What is claimed at the first of some places at which anything is."""
    return next((said for one in places if (said := getattr(one, claim)) is not None), None)


def lay_at(path: str, unread: bool) -> str:
    """What a former place is told as."""
    if unread:
        return f"lay at {path}; what lies there now was not read yet"
    return f"lay at {path}, where another file lies now"


def leave(session: Session, place: Location) -> None:
    """What lies at a place is not known any more: what is known of the footage that lay there is
    kept as a former place, and the place says nothing any more."""
    if place.footage is None:
        return  # what was said there was said of bytes that nobody has read yet
    said = {name: getattr(place, name) for name in _SAID}
    session.merge(
        FormerPlace(path=place.path, footage=place.footage, until=datetime.now(UTC), **said)
    )
    place.footage = None
    for name in _SAID:
        setattr(place, name, None)


def come_back(session: Session, path: str, footage: str) -> dict[str, Any]:
    """Footage lies at a path again, or still: its former place there is none any more.

    Returns:
        What is known of it from then, by column, as far as nothing has been said there since.
    """
    former = session.get(FormerPlace, (path, footage))
    if former is None:
        return {}
    place = session.get_one(Location, path)
    known = {name: getattr(former, name) for name in _SAID if getattr(place, name) is None}
    session.execute(
        delete(FormerPlace).where(FormerPlace.path == path, FormerPlace.footage == footage)
    )
    return known


def count_replaced(session: Session, since: datetime) -> int:
    """At how many paths another file was found since then."""
    query = (
        select(func.count(FormerPlace.path.distinct()))
        .join(Location, Location.path == FormerPlace.path)
        .where(FormerPlace.until >= since, Location.footage.is_not(None))
    )
    return session.scalar(query) or 0
