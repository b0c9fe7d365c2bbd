"""What an answer was computed from, as tables that any program reads: CSV and Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Float, Integer, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from datasets.errors import ResultError
from datasets.files import unwritten
from evidence.answer.population import CountedMachine, Status
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Decision,
    Flag,
    LeadRow,
    Link,
    MachineRow,
    Membership,
    ReadingRow,
    ShotRow,
    SightingRow,
    StillRow,
    Verdict,
)
from evidence.case.tables import (
    ControlRow,
    Draw,
    FootageRow,
    FormerPlace,
    Item,
    Location,
    Recipe,
    Work,
)
from evidence.clip.tables import no_formula

TABLES: tuple[type[Any], ...] = (
    FootageRow,
    Location,
    FormerPlace,
    Work,
    Recipe,
    AnalysisRow,
    ShotRow,
    SightingRow,
    LeadRow,
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
COUNTED = {
    "id": "the machine, as in the tables machines and memberships; entered-N: entered by hand",
    "plant": "where its footage is said to have been shot; a recording of which nobody says so "
    "stands for itself (stated: false) and is no plant to count",
    "stated": "sources name the plant",
    "recordings": "in which it is seen, copies counted once (a list)",
    "years": "in which what shows it was published first (a list)",
    "claim": "the builder that the PROGRAM names (or who entered it); empty: it names none",
    "claimed": "whether the PROGRAM (or who entered it) takes it to be of the kind asked for; "
    "empty: it cannot tell. Not what is confirmed",
    "builder": "the builder that people settled on; empty: none",
    "status": "what is known of it. confirmed: CONFIRMED, people settled it as of the kind asked "
    "for; other: as of another kind; lead: a claim for the kind waits for people; pending: a "
    "verdict waits for another; disputed: people disagree; untold: the builder does not tell the "
    "kind; named: the PROGRAM names another kind; concealed, unknown: nobody knows the builder",
    "settled": "people settled what it is, whatever that is: as unknown, too",
    "drawn": "its first sighting is in the audit sample, and somebody has judged it",
    "chance": "that its first sighting had of being drawn, 0 to 1; empty: it was not drawn",
    "lane": "the stratum of the audit sample that its first sighting is in: named or unknown",
    "flagged": "a sighting of it is there to be judged in any case, as a claim",
    "conflict": "its settled sightings disagree",
    "sightings": "how many were linked to it",
    "entered": "it was entered by hand, and so is in no share that is estimated",
    "replaced": "one entered by hand counts in its stead: this row counts nowhere",
    "unlinked": "the key of its one sighting, where that was not linked yet",
    "elsewhere": "what people settled by footage that is not asked about speaks against this",
    "at_plant": "the recordings of its plant's own footage (a list); none where none is stated",
    "hit": "true: CONFIRMED, people settled it as of the kind asked for; false: as of another; "
    "empty: not known, which is neither",
    "stratum": "what `claimed` says: claimed (true), named (false), unread (empty)",
}
"""The columns of the table `counted`, and what each says: `CountedMachine` without its views."""


def write_tables(session: Session, machines: Sequence[CountedMachine], folder: Path) -> list[Path]:
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
    real = [one for one in machines if one.status is not Status.NONE]
    counted = [{name: _plain(getattr(one, name)) for name in COUNTED} for one in real]
    sets: dict[str, list[dict[str, Any]]] = {"counted": counted}
    columns = {"counted": _types_of_counted()}
    for model in TABLES:
        table = model.__table__
        rows = session.execute(select(table).order_by(*table.primary_key)).mappings()
        columns[table.name] = {one.name: _type_of(one.type) for one in table.columns}
        sets[table.name] = [{name: _plain(value) for name, value in row.items()} for row in rows]
    for name, rows_ in sets.items():
        # Of one type whether or not there is anything in it, so that packages can be put together.
        frame = polars.DataFrame(
            rows_, schema={one: getattr(polars, kind) for one, kind in columns[name].items()}
        )
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


def _type_of(type_: TypeEngine[Any]) -> str:
    """What Polars calls the type of a column of the case; text is whatever is written as text."""
    for kind, called in ((Boolean, "Boolean"), (Integer, "Int64"), (Float, "Float64")):
        if isinstance(type_, kind):
            return called
    return "String"


def _types_of_counted() -> dict[str, str]:
    kinds = {"bool": "Boolean", "int": "Int64", "float": "Float64"}
    written = CountedMachine.__annotations__ | {"hit": "bool | None"}
    return {
        name: kinds.get(written.get(name, "str").removesuffix(" | None"), "String")
        for name in COUNTED
    }


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
