"""The steps to a case's tables, worked out once; tests make some hundred databases."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, inspect

take = command.upgrade
"""Alembic's own way."""

_Told = list[tuple[str, Any]]
_TOLD: dict[tuple[str, str | None], _Told] = {}
"""By kind of database, and where further steps lie, all that was said."""


def work_out_once() -> None:
    """From now on an empty database is told what the first one of its kind was told, word for
    word: for Alembic to work it out each time took a twentieth of the time of the tests. What has
    tables already takes the steps that it lacks, as ever."""
    command.upgrade = tell


def tell(config: Config, revision: str) -> None:
    connection: Connection = config.attributes["connection"]
    kind = connection.dialect.name, config.get_main_option("version_locations")
    if revision != "head" or inspect(connection).get_table_names():
        take(config, revision)
    elif kind in _TOLD:
        for statement, parameters in _TOLD[kind]:
            connection.exec_driver_sql(statement, parameters)
    else:
        _TOLD[kind] = _listened_to(connection, config)


def _listened_to(connection: Connection, config: Config) -> _Told:
    told: _Told = []

    def keep(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if not statement.lstrip().startswith(("SELECT", "PRAGMA")):
            told.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", keep)
    try:
        take(config, "head")
    finally:
        event.remove(connection, "before_cursor_execute", keep)
    return told
