"""What lists are searched by, as conditions both databases understand alike."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from evidence.store.base import Exact
from evidence.store.derived import ReadingRow
from evidence.store.models import Location, Recipe

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
    lowered = func.lower(column, type_=Exact())
    return or_(*(lowered.contains(one, autoescape=True) for one in folded))


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


def lying(conditions: Sequence[ColumnElement[bool]]) -> Select[str | None]:
    """The footage of which a `Place` meets all conditions."""
    return select(Place.footage).where(Place.footage.is_not(None), *conditions)


def read_in(recipe: Recipe, wanted: str) -> Select[str]:
    """The footage in which a text was read on a machine."""
    return select(ReadingRow.footage).where(*_read(recipe, wanted))


def read_on(recipe: Recipe, wanted: str) -> Select[str]:
    """The keys of the sightings on which a text was read, the broadcast's own aside.

    Every reading of the case is compared once: no index knows what stands within a text.
    """
    key = ReadingRow.analysis + ":" + ReadingRow.sighting  # `sighting_key`
    return select(key).where(*_read(recipe, wanted))


def _read(recipe: Recipe, wanted: str) -> list[ColumnElement[bool]]:
    return [
        ReadingRow.model == recipe.model,
        ReadingRow.settings == recipe.settings,
        ReadingRow.sighting.is_not(None),
        ReadingRow.overlay.is_(False),
        holds(ReadingRow.text, wanted),
    ]
