"""The steps to a case's tables, worked out once; tests make some hundred databases."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, inspect

_Told = list[tuple[str, Any]]
_TOLD: dict[str, _Told] = {}


def work_out_once() -> None:
    """From now on an empty database is told what the first one of its kind was told, word for
    word: for Alembic to work it out each time took a twentieth of the time of the tests. What has
    tables already takes the steps that it lacks, as ever."""
    take = command.upgrade

    def upgrade(config: Config, revision: str, **options: Any) -> None:
        connection: Connection = config.attributes["connection"]
        kind = connection.dialect.name
        if revision != "head" or options or inspect(connection).get_table_names():
            take(config, revision, **options)
        elif kind in _TOLD:
            for statement, parameters in _TOLD[kind]:
                connection.exec_driver_sql(statement, parameters)
        else:
            told: _Told = []

            def keep(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
                if not statement.lstrip().startswith(("SELECT", "PRAGMA")):
                    told.append((statement, parameters))

            event.listen(connection, "before_cursor_execute", keep)
            try:
                take(config, revision)
            finally:
                event.remove(connection, "before_cursor_execute", keep)
            _TOLD[kind] = told

    command.upgrade = upgrade
