"""What footage is called: as it came, where the case keeps it under its hash; else by its path."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from evidence.browse.search import holds
from evidence.linking.load import chunks
from evidence.store.people import Upload


def name_footage(session: Session, places: Mapping[str, Sequence[Row[Any]]]) -> dict[str, str]:
    """What footage is called at the first of its places (as `store.places.places_of` gives them);
    what lies and lay nowhere is left out."""
    first = {footage: rows[0] for footage, rows in places.items() if rows}
    names = _name_places(session, first.values())
    return {footage: names[place.path] for footage, place in first.items()}


def _name_places(session: Session, places: Collection[Row[Any]]) -> dict[str, str]:
    """By path what the footage is called that lies or lay there."""
    names = {place.path: PurePath(place.path).name or place.path for place in places}
    for part in chunks(sorted(place.path for place in places if place.held)):
        query = select(Upload.path, Upload.name).where(
            Upload.path.in_(part), Upload.state == "kept"
        )
        # The first who brought it is read last.
        rows = session.execute(query.order_by(Upload.made.desc(), Upload.id.desc()))
        names |= {path: name for path, name in rows if path is not None}
    return names


def called(words: str) -> Select[str | None]:
    """The footage that somebody uploaded under a name with these words in it."""
    return select(Upload.footage).where(
        Upload.state == "kept", Upload.footage.is_not(None), holds(Upload.name, words)
    )
