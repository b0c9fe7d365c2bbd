"""What lists are searched by, as conditions both databases understand alike.

Long lists a page at a time, by the place where the last page ended. A cursor holds what the last
row was sorted by, so that the next page begins at once wherever it is. With a page number the
database would count through all rows before it.

What footage is called: as it came, where the case keeps it under its hash; otherwise by its path.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import string
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    Select,
    and_,
    exists,
    false,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.case.base import ExactText
from evidence.case.places import PLACES
from evidence.case.sighting_tables import AnalysisRow, ReadingRow, SightingRow
from evidence.case.tables import Recipe, Upload
from evidence.link.sightings import chunks
from evidence.spelling import PlantNames

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
    return or_(*(_Within(column, literal(f"%{one}%", ExactText())) for one in patterns))


class _Within(FunctionElement[bool]):
    """A column and a pattern, for a search that ignores case.

    SQLite's LIKE ignores ASCII case by itself, so texts need no lowering. PostgreSQL has ILIKE.
    """

    type = Boolean()
    inherit_cache = True


@compiles(_Within)
def _compile(element: _Within, compiler: Any, **given: Any) -> str:
    column, pattern = (compiler.process(part, **given) for part in element.clauses)
    like = "ILIKE" if compiler.dialect.name == "postgresql" else "LIKE"
    return f"{column} {like} {pattern} ESCAPE '/'"


def of_plant(session: Session, registry: Registry, wanted: str) -> ColumnElement[bool]:
    """Whether a place (`SOME`) claims a plant that holds the words, in any of its spellings.

    Spellings that SQL cannot fold are compared here (`evidence.spelling`).
    """
    plants = select(PLACES.c.plant_claimed).where(PLACES.c.plant_claimed.is_not(None)).distinct()
    writings = PlantNames(registry.plants)
    spelt = (one for one in session.scalars(plants) if writings.holds(one, wanted))
    if re.search(r"^\d|\d$", wanted.strip()):
        # No SQL tells Plant 1 from Plant 12.
        return SOME.plant_claimed.in_(sorted(spelt))
    # What holds them as they are written is found without being listed.
    otherwise = sorted(one for one in spelt if wanted not in one)
    return or_(holds(SOME.plant_claimed, wanted), SOME.plant_claimed.in_(otherwise))


def published(since: str | None, until: str | None) -> list[ColumnElement[bool]]:
    """Conditions on `SOME.published`, which is a year, a date or a date with a time.

    `since` and `until` may be cut short likewise; a year counts as its beginning.
    """
    found: list[ColumnElement[bool]] = []
    if since:
        found.append(SOME.published >= since)
    if until:
        found.append(SOME.published <= until + "~")  # behind every further digit
    return found


def lying(conditions: Sequence[ColumnElement[bool]]) -> Select[str]:
    """The footage with a place (`SOME`) that meets all conditions."""
    return select(SOME.footage).where(*conditions)


def read_in(recipe: Recipe, wanted: str) -> Select[str]:
    """The footage in which a text was read, the broadcast's own aside: on a machine, or where none
    is seen."""
    return (
        select(AnalysisRow.footage)
        .join(ReadingRow, ReadingRow.analysis == AnalysisRow.id)
        .where(*_read(recipe, wanted))
    )


def read_on(recipe: Recipe, wanted: str) -> Select[str]:
    """The keys of the sightings on which a text was read, the broadcast's own aside.

    Every reading of the case is compared once: no index knows what stands within a text.
    """
    key = ReadingRow.analysis + ":" + ReadingRow.sighting  # `sighting_key`
    return (
        select(key)
        .join(AnalysisRow, AnalysisRow.id == ReadingRow.analysis)
        .where(ReadingRow.sighting.is_not(None), *_read(recipe, wanted))
    )


def read_there(wanted: str) -> ColumnElement[bool]:
    """Whether a text was read on a `SightingRow`."""
    return exists(
        select(ReadingRow.number).where(
            ReadingRow.analysis == SightingRow.analysis,
            ReadingRow.sighting == SightingRow.name,
            ReadingRow.overlay.is_(False),
            holds(ReadingRow.text, wanted),
        )
    )


def _read(recipe: Recipe, wanted: str) -> list[ColumnElement[bool]]:
    """The recipe is asked of the analysis, so that of a reading all that is needed stands in
    its index."""
    return [
        AnalysisRow.model == recipe.model,
        AnalysisRow.settings == recipe.settings,
        ReadingRow.overlay.is_(False),
        holds(ReadingRow.text, wanted),
    ]


LONGEST = 24_000
"""Characters of a cursor, at most: the longest path there can be, in JSON, in base 64."""


@dataclass(frozen=True)
class Key:
    """One thing that a list is sorted by; `check` tells a value that it may have."""

    column: ColumnElement[Any]
    check: Callable[[object], bool]
    descending: bool = False


def number(value: object) -> bool:
    """Whether it is a number that a column can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53


def text(value: object) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def key(value: object) -> bool:
    """Whether it could be a name we gave: letters, digits and few signs, all of ASCII."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def write_cursor(values: Sequence[Any]) -> str:
    """The cursor of a place."""
    plain = json.dumps(list(values), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def read_cursor(cursor: str, keys: Sequence[Key]) -> list[Any]:
    """The place a cursor holds.

    Raises:
        UsageError: it is none of this list.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, b"-_", validate=True), parse_constant=_never)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise UsageError(_NOT_OURS) from error
    if not isinstance(values, list) or len(values) != len(keys):
        raise UsageError(_NOT_OURS)
    if not all(part.check(value) for part, value in zip(keys, values, strict=True)):
        raise UsageError(_NOT_OURS)
    return values


_NOT_OURS = Message("after: no cursor of this list; give the `next` of the page before, as it came")


def _never(constant: str) -> None:
    raise ValueError(constant)


def in_order(query: Any, keys: Sequence[Key], after: str | None, limit: int) -> Any:
    """The query, sorted, from behind the cursor; one row more than `limit`, which tells
    whether there is another page.

    Raises:
        UsageError: no cursor of this list.
    """
    if after is not None:
        query = query.where(_beyond(keys, read_cursor(after, keys)))
    order = [part.column.desc() if part.descending else part.column for part in keys]
    return query.order_by(*order).limit(limit + 1)


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whatever sorts behind the values: greater in the first, or equal there and so on."""
    beyond: ColumnElement[bool] = false()
    for part, value in reversed(list(zip(keys, values, strict=True))):
        ahead = part.column < value if part.descending else part.column > value
        beyond = or_(ahead, and_(part.column == value, beyond))
    # The first comparison by itself, so that an index can be entered at the place.
    first, value = keys[0], values[0]
    start = first.column <= value if first.descending else first.column >= value
    return and_(start, beyond)


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
