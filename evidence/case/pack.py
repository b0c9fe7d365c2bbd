"""A case in one file: a ZIP that any tool opens.

It holds `case.json`, `case.db` (whatever database the case lives in), `stills/` and, if asked for,
`footage/`. Passwords, logins, tokens and uploads under way stay behind. Accounts come along, since
verdicts name them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import sqlite

from datasets.errors import CaseExists, FootageError
from datasets.files import exists, staging
from detector.footage.files import open_footage
from evidence.case.base import Base
from evidence.case.case import Case, new_database
from evidence.case.folder import facts_of, flush_folder, writing_errors
from evidence.case.rows import Row
from evidence.case.tables import FootageRow, Location
from evidence.case.verdicts import kept_stills

CHUNK = 1 << 20
_AT_ONCE = 1000  # rows in memory
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


Change = Callable[[str, Row], Row | None]
"""What becomes of a row of a table, by its name, on the way into a copy; None: it stays behind."""


def without_secrets(table: str, row: Row) -> Row | None:
    """Passwords, logins, tokens and unfinished uploads stay behind."""
    unfinished = table == "uploads" and row["state"] == "receiving"
    if table in ("logins", "tokens") or unfinished:
        return None
    return row | {"secret": ""} if table == "accounts" else row


def copy_rows(source: Connection, target: Connection, change: Change) -> None:
    """Copies every table into empty ones; `source` should be one that sees one moment."""
    for table in Base.metadata.sorted_tables:
        rows = source.execute(
            select(table).order_by(*table.primary_key), execution_options={"yield_per": _AT_ONCE}
        )
        for some in rows.mappings().partitions():
            changed = (change(table.name, dict(row)) for row in some)
            if kept := [row for row in changed if row is not None]:
                target.execute(insert(table), kept)
    if target.dialect.name == "postgresql":
        for name in ("decisions", "verdicts"):  # numbers that were given do not move the counter
            target.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'number'), max(number)) "
                f"FROM {name} HAVING max(number) IS NOT NULL"
            )


@dataclass
class PackedCase:
    """What a pack holds; `left_out`: files that should be in it and are not, and why."""

    files: int = 0
    size: int = 0
    left_out: list[str] = field(default_factory=list)


def pack(case: Case, file: Path | str, footage: bool = False) -> PackedCase:
    """Writes a case into one file, as it is at this moment, whoever works on it meanwhile.

    file: where; it must not exist, and appears whole or not at all. footage: pack the originals
    too, as footage that the case holds itself. `CaseExists`: there is such a file already.
    `CaseUnwritable`: a full disk, no permission.
    """
    file = Path(file).absolute()
    if exists(file):
        raise CaseExists(f"{file}: there is such a file already; name another")
    with writing_errors(file), staging(file.parent, file.name) as folder:
        with (folder / "pack.zip").open("xb") as out:
            with zipfile.ZipFile(out, "w") as archive:
                packing = _Packing(case, archive)
                with copied(case, folder, without_secrets) as connection:
                    packing.stills(connection)
                    if footage:
                        packing.footage(connection)
                packing.add(folder / "case.db", "case.db", compress=True)
                facts = json.dumps(facts_of(case.id, case.name), indent=2)
                archive.writestr(_info("case.json"), facts)
            out.flush()
            os.fsync(out.fileno())
        (folder / "pack.zip").rename(file)
        flush_folder(file.parent)
    packing.packed.size = file.stat().st_size
    return packing.packed


@contextmanager
def copied(case: Case, folder: Path, change: Change) -> Iterator[Connection]:
    """The case's rows at one moment in `case.db` of a folder, in a transaction that ends with the
    block."""
    with new_database(folder, "case.db") as target:
        with case.snapshot() as session:
            copy_rows(session.connection(), target, change)
        yield target


class _Packing:
    """The files of a case on their way into an archive."""

    def __init__(self, case: Case, archive: zipfile.ZipFile) -> None:
        self.case, self.archive = case, archive
        self.packed = PackedCase()

    def stills(self, connection: Connection) -> None:
        """Adds every picture that a row of the packed database names."""
        for sha256, suffix in kept_stills(connection):
            path = self.case.still(sha256, suffix)
            if self.case.read_still(sha256, suffix) is not None:
                self.add(path, self._name(path))
            else:
                self._leave_out(path)

    def footage(self, connection: Connection) -> None:
        """Adds every footage that lies unchanged at one of its places, and notes it as held."""
        places = (
            select(FootageRow.sha256, Location.path)
            .outerjoin(Location, Location.footage == FootageRow.sha256)
            .order_by(FootageRow.sha256, Location.held.desc(), Location.path)
        )
        known: dict[str, list[Path]] = defaultdict(list)
        for sha256, place in connection.execute(places).all():
            known[sha256] += [] if place is None else [self.case.find(place)]
        for sha256, paths in known.items():
            if not any(self._add_footage(connection, sha256, path) for path in paths):
                self._leave_out(paths[0] if paths else f"footage {sha256[:12]}")

    def _add_footage(self, connection: Connection, sha256: str, path: Path) -> bool:
        try:
            found = open_footage(path)
        except FootageError:
            return False
        if found.sha256 != sha256:
            return False
        suffix = path.suffix.lower()
        named = not found.files and _SUFFIX.fullmatch(suffix)
        name = self._name(self.case.held(sha256, suffix if named else ""))
        if not found.files:
            self.add(path, name)
        for file in found.files:
            self.add(file, f"{name}/{quote(os.fsencode(file.name), safe='')}")
        row = {"path": name, "footage": sha256, "held": True}
        connection.execute(sqlite.insert(Location).on_conflict_do_nothing(), [row])
        return True

    def _leave_out(self, what: object) -> None:
        self.packed.left_out.append(f"{what}: gone, or no longer what it was")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.case.folder).as_posix()

    def add(self, path: Path, name: str, compress: bool = False) -> None:
        """Adds a file under a name."""
        with (
            path.open("rb") as source,
            self.archive.open(_info(name, compress), "w", force_zip64=True) as target,
        ):
            shutil.copyfileobj(source, target, CHUNK)
        self.packed.files += 1


def _info(name: str, compress: bool = False) -> zipfile.ZipInfo:
    """A member without a time of its own: packing twice gives the same."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    return info
