"""What an answer was computed from, as tables that any program reads: CSV and Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import ResultError
from datasets.output import unwritten
from evidence.answer.judged import SeenMachine
from evidence.store import (
    AnalysisRow,
    ControlRow,
    Copy,
    Decision,
    Draw,
    Flag,
    FootageRow,
    FormerPlace,
    Item,
    Link,
    Location,
    MachineRow,
    Membership,
    ReadingRow,
    Recipe,
    ShotRow,
    SightingRow,
    StillRow,
    Verdict,
    Work,
)
from evidence.tables import no_formula

TABLES: tuple[type[Any], ...] = (
    FootageRow,
    Location,
    FormerPlace,
    Work,
    Recipe,
    AnalysisRow,
    ShotRow,
    SightingRow,
    ReadingRow,
    StillRow,
    MachineRow,
    Membership,
    Link,
    Copy,
    Decision,
    Flag,
    Draw,
    Item,
    Verdict,
    ControlRow,
)


def write_tables(session: Session, machines: Sequence[SeenMachine], folder: Path) -> list[Path]:
    """A CSV and a Parquet file of each table of the case, and of the machines as counted.

    Exact times stay text (`1001/24000`); boxes and other lists are JSON. In the CSV a text that a
    spreadsheet would run as a formula has an apostrophe before it: people open these, and the texts
    come from footage and from lists.

    Raises:
        ResultError: a full disk, no permission.
    """
    import polars

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    # Where a machine was seen stands in the table of sightings.
    names = [*(name for name in SeenMachine.__slots__ if name != "views"), "stratum"]
    counted = [{name: _plain(getattr(one, name)) for name in names} for one in machines]
    sets: dict[str, list[dict[str, Any]]] = {"counted": counted}
    columns = {"counted": names}
    for model in TABLES:
        table = model.__table__
        rows = session.execute(select(table).order_by(*table.primary_key)).mappings()
        columns[table.name] = [column.name for column in table.columns]
        sets[table.name] = [{name: _plain(value) for name, value in row.items()} for row in rows]
    for name, rows_ in sets.items():
        # The schema is looked for in all rows: a column may be empty for long.
        frame = polars.DataFrame(rows_, schema=columns[name], infer_schema_length=None)
        safe = frame.with_columns(
            polars.Series(column.name, [one and no_formula(one) for one in column], polars.String)
            for column in frame.select(polars.col(polars.String))
        )
        for suffix, write in (("csv", safe.write_csv), ("parquet", frame.write_parquet)):
            path = folder / f"{name}.{suffix}"
            # Of a full disk Polars says something else for each kind of file; Python does not.
            content = io.BytesIO()
            write(content)
            try:
                path.write_bytes(content.getbuffer())
            except OSError as error:
                raise ResultError(unwritten(path, error)) from error
            written.append(path)
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value
