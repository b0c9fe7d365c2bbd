"""What lists are searched by, as conditions both databases understand alike."""

from __future__ import annotations

import string
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from evidence.store.derived import ReadingRow, SightingRow
from evidence.store.models import Location

Place = aliased(Location, name="some_place")
"""A place of some footage, whatever places the query itself is about."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def holds(column: InstrumentedAttribute[Any], wanted: str) -> ColumnElement[bool]:
    """Whether a text column holds the words, in capitals or not.

    Both databases fold ASCII alone as we keep texts (by code point); other letters are looked
    for as given, in capitals, in small letters and with a capital first.
    """
    spelt = {wanted, wanted.upper(), wanted.lower(), wanted.capitalize()}
    folded = sorted({one.translate(_LOWER) for one in spelt})
    return or_(*(func.lower(column).contains(one, autoescape=True) for one in folded))


def published(since: str | None, until: str | None) -> list[ColumnElement[bool]]:
    """Conditions on `Place.published`, which is a year, a date or a date with a time.

    `since` and `until` may be cut short likewise; a year counts as its beginning.
    """
    found: list[ColumnElement[bool]] = []
    if since:
        found.append(Place.published >= since)
    if until:
        found.append(Place.published <= until + "~")  # behind every further digit
    return found


def lies(
    footage: ColumnElement[str] | InstrumentedAttribute[str],
    conditions: list[ColumnElement[bool]],
) -> ColumnElement[bool]:
    """Whether a `Place` of the footage meets all conditions."""
    return exists(select(Place.path).where(Place.footage == footage, *conditions))


def read_on(wanted: str) -> ColumnElement[bool]:
    """Whether a text was read on the `SightingRow` of the query, the broadcast's own aside."""
    return exists(
        select(ReadingRow.number).where(
            and_(
                ReadingRow.analysis == SightingRow.analysis,
                ReadingRow.sighting == SightingRow.name,
            ),
            ReadingRow.overlay.is_(False),
            holds(ReadingRow.text, wanted),
        )
    )
