"""What a case holds, in a form in which two cases can be compared, whichever database they use.

python -m lab.canon CASE OTHER

One line of JSON a row, in no order but its own. Left out is what must differ from one run to
the next: the case's own name and id, who ran when, when work changed and how often it was
tried. The pictures under `stills/` are rows too: their name and the hash of their bytes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import select

import evidence.case.sighting_tables
import evidence.case.tables  # noqa: F401
from evidence.case.base import Base
from evidence.case.case import Case

Rows = dict[str, Counter[str]]  # table -> its rows and how often each is there

OTHER_EVERY_RUN = {"case", "runs"}
COLUMNS_LEFT_OUT = {"work": {"tries", "changed"}, "analyses": {"run"}, "draws": {"made"}}


def canon(folder: Path) -> Rows:
    """Every table of the case at `folder`, and the files under its `stills/` as one more."""
    rows: Rows = {}
    with Case.open(folder) as case, case.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in OTHER_EVERY_RUN:
                continue
            left_out = COLUMNS_LEFT_OUT.get(table.name, set())
            columns = [c for c in table.columns if c.name not in left_out]
            found = connection.execute(select(*columns)).mappings()
            rows[table.name] = Counter(_line(dict(row)) for row in found)
    rows["stills on disk"] = Counter(
        _line({"name": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()})
        for file in (folder / "stills").rglob("*")
        if file.is_file() and not file.name.startswith(".")
    )
    return rows


def differences(one: Rows, other: Rows) -> list[str]:
    """What one has and the other has not, a line each; empty where they are equal."""
    lines: list[str] = []
    for table in sorted(one.keys() | other.keys()):
        a, b = one.get(table, Counter()), other.get(table, Counter())
        for sign, rest in (("-", a - b), ("+", b - a)):
            lines += [f"{sign} {table}: {row}" for row in sorted(rest.elements())]
    return lines


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no plain form of {type(value).__name__}")


def main() -> None:
    one, other = (canon(Path(folder)) for folder in sys.argv[1:])
    print("\n".join(f"{table:16} {rows.total():6}" for table, rows in one.items()))
    found = differences(one, other)
    print("\n".join(found) or "equal")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
