"""A case in one file: a ZIP that any tool opens.

It holds `case.json`, `case.db` (whatever database the case lives in), `stills/`, `footage/` if
asked for, and `contents.json` with the size and SHA-256 of every other file. Passwords, logins,
tokens and uploads under way stay behind. Accounts come along, since verdicts name them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from urllib.parse import quote

from sqlalchemy import Connection, delete, insert, select, text, update

from datasets.errors import CaseExists, FootageError
from datasets.files import exists
from detector.footage.files import open_footage
from evidence.case.base import Base
from evidence.case.case import Case
from evidence.case.engine import sqlite_engine, sqlite_trouble
from evidence.case.folder import FORMAT, PARTIAL, flush_folder, writing_errors
from evidence.case.migrations import create
from evidence.case.tables import Account, FootageRow, Location, Login, Token, Upload
from evidence.case.verdicts import kept_stills


def forget(connection: Connection) -> None:
    """Takes it out of a database, of SQLite's bytes and all, in the caller's transaction."""
    if connection.dialect.name == "sqlite":
        # SQLite leaves what it deletes where it was until the place is used again.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(delete(Login))
    connection.execute(delete(Token))
    connection.execute(update(Account).values(secret=""))
    connection.execute(delete(Upload).where(Upload.state == "receiving"))


_AT_ONCE = 1000  # rows in memory
_COUNTED = ("decisions", "verdicts")


def copy_rows(source: Connection, target: Connection) -> None:
    """Copies every table of this version; `target` has them all, and all are empty.

    Both within the caller's transactions, so `source` should be one that sees one moment.
    """
    for table in Base.metadata.sorted_tables:
        rows = source.execute(
            select(table).order_by(*table.primary_key), execution_options={"yield_per": _AT_ONCE}
        )
        for some in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])
    if target.dialect.name == "postgresql":
        for name in _COUNTED:
            # Numbers that were given do not move the counter.
            target.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'number'), max(number)) "
                    f"FROM {name} HAVING max(number) IS NOT NULL"
                )
            )


CONTENTS = "contents.json"
CHUNK = 1 << 20
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass
class PackedCase:
    """What a pack holds; `left_out`: files that should be in it and are not, and why."""

    files: int = 0
    size: int = 0
    left_out: list[str] = field(default_factory=list)


def pack(case: Case, file: Path | str, footage: bool = False) -> PackedCase:
    """Writes a case into one file, as it is at this moment, whoever works on it meanwhile.

    Args:
        file: where; it must not exist, and appears whole or not at all.
        footage: pack the originals too, as footage that the case holds itself.

    Raises:
        CaseExists: there is such a file already.
        CaseUnwritable: a full disk, no permission.
    """
    file = Path(file).absolute()
    if exists(file):
        raise CaseExists(f"{file}: there is such a file already; name another")
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}{PARTIAL}")
    with writing_errors(file), ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=file.parent, prefix=".pack")))
        stack.callback(partial.unlink, missing_ok=True)
        _write_database(case, folder / "case.db")
        engine = sqlite_engine(folder / "case.db", new=True)
        stack.callback(engine.dispose)
        with partial.open("xb") as out:
            with zipfile.ZipFile(out, "w") as archive, engine.connect() as connection:
                forget(connection)
                packing = _Packing(case, archive, connection)
                packing.stills()
                if footage:
                    packing.footage()
                connection.commit()
                connection.close()
                engine.dispose()  # writes what is in the log into the file itself
                packing.end(folder / "case.db")
            out.flush()
            os.fsync(out.fileno())
        partial.rename(file)
        flush_folder(file.parent)
    packing.packed.size = file.stat().st_size
    return packing.packed


def _write_database(case: Case, file: Path) -> None:
    """The case's rows at one moment, as a SQLite file."""
    if not case.on_server:
        with case.engine.connect() as connection:
            # Straight to the driver: not possible within a transaction.
            cursor = connection.connection.cursor()
            try:
                cursor.execute("VACUUM INTO ?", (os.fspath(file),))
            except sqlite3.Error as error:
                raise sqlite_trouble(file, error) or error from error
            finally:
                cursor.close()
        return
    engine = sqlite_engine(file, new=True)
    try:
        with case.snapshot() as session, engine.begin() as target:
            create(target)
            copy_rows(session.connection(), target)
    finally:
        engine.dispose()


class _Packing:
    """The files of a case on their way into an archive; `connection`: to the packed database."""

    def __init__(self, case: Case, archive: zipfile.ZipFile, connection: Connection) -> None:
        self.case = case
        self.archive = archive
        self.connection = connection
        self.packed = PackedCase()
        self._contents: dict[str, dict[str, Any]] = {}

    def stills(self) -> None:
        """Every picture that a row of the packed database names."""
        for sha256, suffix in kept_stills(self.connection):
            path = self.case.still(sha256, suffix)
            if _is(path, sha256):
                self._add(path, self._name(path))
            else:
                self.packed.left_out.append(f"{path}: gone, or no longer what it was")

    def footage(self) -> None:
        """Every footage that lies at one of its places still, and is what it was."""
        places = (
            select(FootageRow.sha256, FootageRow.kind, Location.path)
            .outerjoin(Location, Location.footage == FootageRow.sha256)
            .order_by(FootageRow.sha256, Location.held.desc(), Location.path)
        )
        found: dict[str, bool] = {}
        first: dict[str, Path] = {}
        for sha256, kind, place in self.connection.execute(places).all():
            if place is None:
                what = f"footage {sha256[:12]}: at none of its places any more"
                self.packed.left_out.append(f"{what}; nameplate case check says more")
                continue
            path = self.case.find(place)
            first.setdefault(sha256, path)
            if not found.get(sha256):
                add = self._add_folder if kind == "stills" else self._add_clip
                found[sha256] = add(sha256, path)
        for sha256, path in first.items():
            if not found[sha256]:
                self.packed.left_out.append(f"{path}: gone, or no longer what it was")

    def end(self, database: Path) -> None:
        """The database, and what is in the archive."""
        self._add(database, "case.db", compress=True)
        facts = {"format": FORMAT, "id": self.case.id, "name": self.case.name}
        content = json.dumps(facts | {"database": "case.db"}, indent=2).encode()
        self.archive.writestr(_info("case.json"), content)
        digest = hashlib.sha256(content).hexdigest()
        self._contents["case.json"] = {"size": len(content), "sha256": digest}
        contents = json.dumps({"format": FORMAT, "files": self._contents}).encode()
        self.archive.writestr(_info(CONTENTS, compress=True), contents)

    def _add_clip(self, sha256: str, path: Path) -> bool:
        if not _is(path, sha256):
            return False
        suffix = path.suffix.lower()
        name = self._name(self.case.held(sha256, suffix if _SUFFIX.fullmatch(suffix) else ""))
        self._add(path, name)
        self._hold(sha256, name)
        return True

    def _add_folder(self, sha256: str, path: Path) -> bool:
        try:
            found = open_footage(path)
        except FootageError:
            return False
        if found.sha256 != sha256:
            return False
        name = self._name(self.case.held(sha256))
        for file in found.files:
            self._add(file, f"{name}/{quote(os.fsencode(file.name), safe='')}")
        self._hold(sha256, name)
        return True

    def _hold(self, sha256: str, name: str) -> None:
        """Notes in the packed database that the case holds that footage itself."""
        known = select(Location.path).where(Location.path == name)
        if self.connection.execute(known).first() is None:
            row = {"path": name, "footage": sha256, "held": True}
            self.connection.execute(insert(Location), [row])

    def _name(self, path: Path) -> str:
        return path.relative_to(self.case.folder).as_posix()

    def _add(self, path: Path, name: str, compress: bool = False) -> None:
        digest, size = hashlib.sha256(), 0
        with (
            path.open("rb") as source,
            self.archive.open(_info(name, compress), "w", force_zip64=True) as target,
        ):
            for chunk in chunks(source):
                target.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self._contents[name] = {"size": size, "sha256": digest.hexdigest()}
        self.packed.files += 1


def _is(path: Path, sha256: str) -> bool:
    """Whether a file is there and has that hash."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """What is left of a file, a mebibyte at a time."""
    while chunk := file.read(CHUNK):
        yield chunk


def _info(name: str, compress: bool = False) -> zipfile.ZipInfo:
    """A member without a time of its own: packing twice gives the same."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    return info
