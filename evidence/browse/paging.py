"""Long lists a page at a time, by the place where the last page ended.

A cursor holds what the last row was sorted by, so that the next page begins at once wherever
it is; a page number would have the database count through all rows before it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from datasets.errors import UsageError
from datasets.messages import Message

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
