"""What every table of a case is made of: column types, keys, inserting many rows.

The same footage under the same model and settings gives the same derived rows, in whatever order
and however often. Times in footage are exact fractions. Boxes are `[x1, y1, x2, y2]` in pixels of
the upright frame. Text is exact, and sorts by code point in every database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    and_,
    event,
    insert,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session

from datasets.messages import Message, decode, encode, joined
from evidence.clip.record import values_of as values_of

T = TypeVar("T")

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# What UTF-8 (lone surrogates) or PostgreSQL (NUL) cannot hold, and what would read like it.
_ODD = re.compile("[\x00\ud800-\udfff]|" + r"\\(?=u(?:0000|005c|d[89a-f][0-9a-f]{2}))")
_SPELT = re.compile(r"\\u(0000|005c|d[89a-f][0-9a-f]{2})")


class _SortedText(TypeDecorator[Any]):
    """Text that sorts by code point in every database; `length`: its most characters."""

    impl = Text
    cache_ok = True
    length: int | None = None

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        collation = "C" if dialect.name == "postgresql" else None
        kind = String(self.length, collation) if self.length else Text(collation=collation)
        return dialect.type_descriptor(kind)


class ShortText(_SortedText):
    """Plain text of our own making, at most `length` characters."""

    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length


class ExactText(_SortedText):
    """Any text, kept exactly.

    No database text can hold a file name that is not UTF-8 (a lone surrogate in Python) or a
    NUL. They are spelt `\\udcff` or `\\u0000`. The backslash of a text that already reads so is
    spelt out too.
    """

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _ODD.sub(lambda m: f"\\u{ord(m[0]):04x}", value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _SPELT.sub(lambda m: chr(int(m[1], 16)), value)


class MessageText(ExactText):
    """A text for people; of a `Message` its template and parameters, as JSON."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        # A text that begins like such data is kept as a message that is nothing but the text.
        if value is not None and not isinstance(value, Message) and value.startswith("{"):
            value = joined([value], "")
        if isinstance(value, Message):
            value = to_json(encode(value))
        return super().process_bind_param(value, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        text = super().process_result_value(value, dialect)
        if text is None or not text.startswith("{"):
            return text
        try:
            return decode(json.loads(text))
        except ValueError:  # whoever wrote it, it is shown
            return text


def to_json(value: Any) -> str:
    """Compact JSON that UTF-8 can hold; NaN is refused."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


@lru_cache(maxsize=1 << 16)
def read_time(text: str) -> Fraction:
    """A time as it is kept, `12` or `1001/24000`. Cached: parsing a fraction is slow."""
    return Fraction(text)


class Seconds(_SortedText):
    """A `Fraction` of seconds, kept exactly, as `12` or `1001/24000`."""

    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Fraction | None:
        return None if value is None else read_time(value)


class UtcTime(TypeDecorator[datetime]):
    """A time of day, in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


HASH = ShortText(64)  # SHA-256 in hexadecimal
KEY = ShortText(32)  # the first half of one, for rows we name ourselves
NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys alone


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        datetime: UtcTime,
        Fraction: Seconds,
        bytes: LargeBinary,
    }

    def __init_subclass__(cls, table: str | None = None, **more: Any) -> None:
        """`table`: the name of the table that the class maps; a mixin has none."""
        if table is not None:
            cls.__tablename__ = table
        super().__init_subclass__(**more)


def append_only(table: type[Base]) -> None:
    """Makes the database refuse to change or delete a row of a table."""
    name = table.__tablename__
    words = f"{name} are only ever added"
    function = (
        f"CREATE FUNCTION {name}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$"
    )
    trigger = (
        f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}_append_only()"
    )
    refusals = [
        f"CREATE TRIGGER {name}_no_{what.lower()} BEFORE {what} ON {name} "
        f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for what in ("UPDATE", "DELETE")
    ]
    for dialect, statements in (("postgresql", [function, trigger]), ("sqlite", refusals)):
        for statement in statements:
            made = DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
            event.listen(table.__table__, "after_create", made)


_AS_THEY_ARE = {"render_nulls": True}
"""Otherwise a statement leaves out what is empty, and another one begins wherever a row has
something else empty. With half of thousands of machines named, there would be thousands."""


def insert_all(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, all with the same columns."""
    if rows:
        session.execute(insert(model).execution_options(**_AS_THEY_ARE), rows)


def insert_new(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts those rows whose keys are not there yet; the others stay as they are."""
    if not rows:
        return
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = kind.insert(model).on_conflict_do_nothing()
    session.execute(new.execution_options(**_AS_THEY_ARE), rows)


AT_ONCE = 400  # values asked for in one statement: both databases take many more


def chunks(values: Iterable[T], at_once: int = AT_ONCE) -> Iterator[list[T]]:
    """The values, so many at a time."""
    left = iter(values)
    while part := list(islice(left, at_once)):
        yield part


def select_in(session: Session, query: Any, column: Any, values: Iterable[Any]) -> Iterator[Any]:
    """The rows of a query with one of the values in a column, some values at a time."""
    for part in chunks(sorted(set(values))):
        yield from session.execute(query.where(column.in_(part)))


def hold_table(session: Session, table: type[Base]) -> None:
    """Nobody else writes the table until the transaction ends; in SQLite `begin()` saw to it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def found_with(table: Any, recipe: Any) -> ColumnElement[bool]:
    """Of a table with a model and settings, the rows of a recipe, run or table; all if None."""
    if recipe is None:
        return true()
    return and_(table.model == recipe.model, table.settings == recipe.settings)
