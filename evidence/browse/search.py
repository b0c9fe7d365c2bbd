"""What lists are searched by, as conditions both databases understand alike."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, exists, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement

from datasets.registry import Registry
from evidence.spelled import Writings
from evidence.store.base import Exact
from evidence.store.derived import AnalysisRow, ReadingRow, SightingRow
from evidence.store.models import Recipe
from evidence.store.places import PLACES

SOME = PLACES.alias("some_place").c
"""A place of some footage, also one where it lay, whatever places the query itself is about."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def holds(
    column: InstrumentedAttribute[Any] | ColumnElement[Any], wanted: str
) -> ColumnElement[bool]:
    """Whether a text column holds the words, in capitals or not.

    Both databases fold ASCII alone as we keep texts (by code point); other letters are looked
    for as given, in capitals, in small letters and with a capital first.
    """
    spelt = {wanted, wanted.upper(), wanted.lower(), wanted.capitalize()}
    folded = sorted({one.translate(_LOWER) for one in spelt})
    patterns = (re.sub("[/%_]", r"/\g<0>", one) for one in folded)
    return or_(*(_Within(column, literal(f"%{one}%", Exact())) for one in patterns))


class _Within(FunctionElement[bool]):
    """A column and a pattern: SQLite's LIKE takes capitals of ASCII for small letters by itself,
    and need not lower every text that it looks at; PostgreSQL has a word of its own for that."""

    type = Boolean()
    inherit_cache = True


@compiles(_Within)
def _compile(element: _Within, compiler: Any, **given: Any) -> str:
    column, pattern = (compiler.process(part, **given) for part in element.clauses)
    like = "ILIKE" if compiler.dialect.name == "postgresql" else "LIKE"
    return f"{column} {like} {pattern} ESCAPE '/'"


def of_plant(session: Session, registry: Registry, wanted: str) -> ColumnElement[bool]:
    """Whether a place (`SOME`) is said to be of a plant that holds the words, however it is written
    (`evidence.spelled`); what no SQL folds is compared here."""
    plants = select(PLACES.c.plant_claimed).where(PLACES.c.plant_claimed.is_not(None)).distinct()
    writings = Writings(registry.plants)
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
    """The footage of which a place (`SOME`) meets all conditions."""
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
