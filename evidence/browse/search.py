"""What lists are searched by, a page at a time, and what footage is called.

A cursor holds what the last row was sorted by, so that the next page begins at once wherever it
is. With a page number the database would count through all rows before it.
"""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, false, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.case.base import ExactText, ShortText, found_with, select_in
from evidence.case.places import PLACES, claimed_plants, places_of
from evidence.case.sighting_tables import AnalysisRow, ReadingRow, SightingRow
from evidence.case.tables import FootageRow, Recipe, Upload
from evidence.clip.tables import file_name
from evidence.spelling import PlantNames


@dataclass(frozen=True)
class View:
    """A case as it is looked at: a session, the recipe whose findings are shown, the registry."""

    session: Session
    recipe: Recipe
    registry: Registry


SOME = PLACES.alias("some_place").c
"""A place of some footage, also one where it lay, whatever places the query itself is about."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def holds(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], wanted: str
) -> ColumnElement[bool]:
    """Whether a text column holds the words, in any case.

    Both databases fold only ASCII, since texts are kept by code point. Other letters are looked
    for as given, in capitals, in small letters and with a capital first.
    """
    spelt = {wanted, wanted.upper(), wanted.lower(), wanted.capitalize()}
    folded = sorted({one.translate(_LOWER) for one in spelt})
    patterns = (re.sub("[/%_]", r"/\g<0>", one) for one in folded)
    return or_(*(column.ilike(literal(f"%{one}%", ExactText()), escape="/") for one in patterns))


def claims(view: View, wanted: Any) -> list[ColumnElement[bool]]:
    """Conditions on a place (`SOME`), as a filter wants its plant, publisher and publication.

    `published` is a year, a date or a date with a time. `since` and `until` may be cut short
    likewise; a year counts as its beginning.
    """
    found: list[ColumnElement[bool]] = []
    if wanted.since:
        found.append(SOME.published >= wanted.since)
    if wanted.until:
        found.append(SOME.published <= wanted.until + "~")  # behind every further digit
    if wanted.plant:
        # In any of its spellings, which SQL cannot fold.
        writings = PlantNames(view.registry.plants)
        plants = claimed_plants(view.session)
        spelt = [one for one in plants if writings.holds(one, wanted.plant)]
        found.append(SOME.plant_claimed.in_(spelt))
    if wanted.publisher:
        found.append(holds(SOME.publisher, wanted.publisher))
    return found


def lying(conditions: Sequence[ColumnElement[bool]]) -> Select[str]:
    """The footage with a place (`SOME`) that meets all conditions."""
    return select(SOME.footage).where(*conditions)


def read_in(recipe: Recipe, wanted: str) -> Select[str]:
    """The footage in which a text was read, the broadcast's own aside."""
    return _read(select(AnalysisRow.footage), recipe, wanted)


def read_on(recipe: Recipe, wanted: str) -> Select[str]:
    """The keys of the sightings on which a text was read, the broadcast's own aside."""
    key = ReadingRow.analysis + ":" + ReadingRow.sighting  # `sighting_key`
    return _read(select(key), recipe, wanted).where(ReadingRow.sighting.is_not(None))


def _read(query: Select[str], recipe: Recipe, wanted: str) -> Select[str]:
    """Asks the recipe of the analysis: of a reading all that is needed stands in its index."""
    return (
        query.select_from(ReadingRow)
        .join(AnalysisRow, AnalysisRow.id == ReadingRow.analysis)
        .where(found_with(AnalysisRow, recipe), ReadingRow.overlay.is_(False))
        .where(holds(ReadingRow.text, wanted))
    )


LONGEST = 24_000  # characters of a cursor: the longest path there can be, in JSON, in base 64


@dataclass(frozen=True)
class Key:
    """One thing that a list is sorted by."""

    column: Any
    descending: bool = False

    def fits(self, value: object) -> bool:
        """Whether the column could hold it: any text, a name of ours, or a number."""
        if isinstance(self.column.type, ExactText):
            return isinstance(value, str)
        if isinstance(self.column.type, ShortText):
            return isinstance(value, str) and value.isascii() and value.isprintable()
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53


def write_cursor(values: Sequence[Any]) -> str:
    """The cursor of a place."""
    plain = json.dumps(list(values), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def read_cursor(cursor: str, keys: Sequence[Key]) -> list[Any]:
    """The place a cursor holds; a `UsageError` where it is none of this list."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise UsageError(_NOT_OURS) from error
    fits = isinstance(values, list) and len(values) == len(keys)
    if not fits or not all(part.fits(one) for part, one in zip(keys, values, strict=True)):
        raise UsageError(_NOT_OURS)
    return list(values)


_NOT_OURS = Message("after: no cursor of this list; give the `next` of the page before, as it came")


def page_of(
    session: Session, query: Select[Any], keys: Sequence[Key], after: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """The rows behind a cursor, sorted, and the next cursor; `UsageError`: not of this list."""
    if after is not None:
        query = query.where(_beyond(keys, read_cursor(after, keys)))
    order = [part.column.desc() if part.descending else part.column for part in keys]
    # One row more tells whether there is another page.
    query = query.add_columns(*(part.column for part in keys)).order_by(*order).limit(limit + 1)
    rows = session.execute(query).all()
    onward = write_cursor(rows[limit - 1][1:]) if len(rows) > limit else None
    return [row[0] for row in rows[:limit]], onward


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whatever sorts behind the values: greater in the first, or equal there and so on."""
    beyond: ColumnElement[bool] = false()
    for part, value in reversed(list(zip(keys, values, strict=True))):
        ahead = part.column < value if part.descending else part.column > value
        beyond = or_(ahead, and_(part.column == value, beyond))
    # The first comparison by itself, so that an index can be entered at the place.
    first, value = keys[0], values[0]
    return and_(first.column <= value if first.descending else first.column >= value, beyond)


def name_footage(session: Session, places: Mapping[str, Sequence[Row[Any]]]) -> dict[str, str]:
    """What footage is called at the first of its places, of `places_of`: as it came, where the case
    keeps it under its hash, else by its path. What lies and lay nowhere is left out."""
    first = {footage: rows[0] for footage, rows in places.items() if rows}
    names = {place.path: PurePath(place.path).name or place.path for place in first.values()}
    # The first who brought it is read last.
    query = select(Upload.path, Upload.name).where(Upload.state == "kept")
    query = query.order_by(Upload.made.desc(), Upload.id.desc())
    held = [place.path for place in first.values() if place.held]
    names |= dict(select_in(session, query, Upload.path, held))
    return {footage: names[place.path] for footage, place in first.items()}


def files_of(session: Session, sightings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Of each sighting `file`, its clip or picture, and `at`, when it begins in a clip.

    sightings: by their keys the names under which they are given.
    """
    seen = SightingRow
    query = select(seen.key, seen.footage, seen.file, seen.first, FootageRow.kind)
    query = query.join(FootageRow, FootageRow.sha256 == seen.footage)
    rows = list(select_in(session, query, seen.key, sightings))
    names = name_footage(session, places_of(session, {row.footage for row in rows}))
    return {
        sightings[row.key]: {
            "file": file_name(row.file) if row.file else names.get(row.footage),
            "at": round(float(row.first), 3) if row.kind == "video" else None,
        }
        for row in rows
    }


def called(words: str) -> Select[str | None]:
    """The footage that somebody uploaded under a name with these words in it."""
    return select(Upload.footage).where(
        Upload.state == "kept", Upload.footage.is_not(None), holds(Upload.name, words)
    )
