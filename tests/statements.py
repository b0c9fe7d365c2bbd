"""SQLAlchemy compiles a statement once for each engine; tests open some thousand engines."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, event, util
from sqlalchemy.engine.default import DefaultDialect

_COMPILED: dict[str, util.LRUCache[object, object]] = {}
_ROOM = 5000  # statements a kind of database


def compile_once() -> None:
    """From now on a statement is compiled once a process for all engines of a kind. That took a
    fifth of the time of tests with a database. All engines are made alike (`evidence/case/
    engine.py`), so that what one's dialect makes of a statement the other's would."""
    # A cache belongs to one dialect object; with these, dialects of a kind are one.
    DefaultDialect.__eq__ = _alike  # type: ignore[method-assign,assignment]
    DefaultDialect.__hash__ = _kind  # type: ignore[method-assign,assignment]
    event.listen(Engine, "engine_connect", _share)


def _alike(one: DefaultDialect, other: object) -> bool:
    return type(one) is type(other)


def _kind(one: DefaultDialect) -> int:
    return hash(type(one))


def _share(connection: Connection) -> None:
    cache = _COMPILED.setdefault(connection.dialect.name, util.LRUCache(_ROOM))
    connection.execution_options(compiled_cache=cache)
