"""Opens a pack: a case that may come from anybody.

Only files of the few names that a pack has are written. None may be larger than the disk has room
for, and each must have the hash that it is called after. The rows are copied into a new database,
without the triggers and views of the pack's own. The folder appears whole or not at all.

What a pack may not bring: a way to log in, and any path outside the case's own folder. Such paths
are not read: not as originals, work or uploads. A sweep finds the owner's files there again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from datasets.errors import CaseDamaged, CaseMissing, CaseUnwritable, FootageError
from datasets.messages import Message, joined
from detector.footage.files import open_footage
from evidence.case.case import Case, new_database
from evidence.case.engine import sqlite_engine
from evidence.case.folder import furnish, new_folder, read_facts
from evidence.case.pack import CHUNK, copy_rows, without_secrets
from evidence.case.rows import Row
from evidence.case.tables import UNREAD
from evidence.case.verdicts import kept_stills
from evidence.case.work_queue import ASIDE, PACKED, WAITING

_HEX = "[0-9a-f]"
# Where files lie in a case's folder, by the SHA-256 of their bytes.
STILL = re.compile(rf"stills/{_HEX}{{2}}/({_HEX}{{64}})\.(?:jpg|png)")
CLIP = re.compile(rf"footage/{_HEX}{{2}}/({_HEX}{{64}})(?:\.[a-z0-9]{{1,8}})?")

BROUGHT = Message("it came with a pack and lies outside the case")
SWEEP_IT = Message("sweep the folder it lies in")
MOST_SQUEEZED = 100  # times its packed size; a case's database is some 5 times
_UPLOAD = re.compile(rf"{_HEX}{{32}}")
_PICTURE = re.compile(rf"footage/{_HEX}{{2}}/{_HEX}{{64}}/([A-Za-z0-9_.~%-]+)")
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FRESH = "fresh.db"
_COMPUTED = (
    ("SELECT name FROM sqlite_schema WHERE type = 'view' OR sql LIKE '%VIRTUAL%'", "is no table"),
    (
        "SELECT t.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c "
        "WHERE t.type = 'table' AND c.hidden > 1",
        "has columns that are computed",
    ),
)
"""What may have no end, or fill the memory, when it is read: how to find it, and what it is."""
_NO_PACK = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, SQLAlchemyError),
    *(ValueError, TypeError, AttributeError, ArithmeticError),
)


def unpack(file: Path | str, folder: Path | str, database: str | None = None) -> Case:
    """Makes a case out of a pack, and opens it.

    database: the URL of an empty PostgreSQL database; None for SQLite in the folder. `CaseMissing`:
    the file is missing. `CaseDamaged`: it is no pack, or not what it was when it was packed.
    `CaseNewer`: a newer Nameplate packed it. `CaseExists`: there is something in the folder or the
    database. `CaseUnwritable`, `CaseUnreachable`: one cannot be written.
    """
    file, folder = Path(file).absolute(), Path(folder).absolute()
    try:
        source = file.open("rb")
    except OSError as error:
        raise CaseMissing(f"{file}: cannot be read ({error.strerror}); check the path") from error
    with source, new_folder(folder) as partial:
        try:
            with zipfile.ZipFile(source) as archive:
                _extract(archive, partial, file.stat().st_size)
            _settle(partial, database)
        except (*_NO_PACK, OSError) as error:
            why = str(error).partition("\n")[0] or "cut short"
            if isinstance(error, OSError):
                # zipfile goes before a pack's own beginning, where the pack says so.
                if error.errno != errno.EINVAL:
                    raise
                why = "it points out of itself"
            raise CaseDamaged(
                f"{file}: cannot be opened, {why}; fetch the pack again, or pack the case again"
            ) from error
    return Case.open(folder)


def _extract(archive: zipfile.ZipFile, folder: Path, most: int) -> None:
    """Writes every file of a pack of `most` bytes; `ValueError` where one is not as in a pack."""
    infos = archive.infolist()
    paths = [_path_of(info.filename) for info in infos]
    if len(set(paths)) != len(paths) or not {"case.json", "case.db"} <= set(paths):
        raise ValueError("a file of it is missing, or listed twice")
    for info in infos:
        if info.flag_bits & 1 or info.compress_type not in _PACKED:
            raise ValueError("a file in it is packed as no pack's")
        if info.file_size > MOST_SQUEEZED * max(info.compress_size, 1 << 16):
            raise ValueError(f"{info.filename} grows out of proportion")
    if sum(info.compress_size for info in infos) > most:
        raise ValueError("files in it overlap")
    # The database lies there twice for a moment.
    needed = sum(info.file_size * (1 + (info.filename == "case.db")) for info in infos)
    if needed > (free := shutil.disk_usage(folder).free):
        raise CaseUnwritable(
            f"{folder.parent}: the pack needs {needed:,} bytes and {free:,} are free; make room"
        )
    for info, name in zip(infos, paths, strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, path.open("x+b") as target:
            shutil.copyfileobj(source, target, CHUNK)
            target.flush()
            os.fsync(target.fileno())
            target.seek(0)
            named = STILL.fullmatch(name) or CLIP.fullmatch(name)
            if named and hashlib.file_digest(target, "sha256").hexdigest() != named[1]:
                raise ValueError(f"{name} is not what it was")
    for place in sorted({(folder / name).parent for name in paths if name.count("/") == 3}):
        with suppress(FootageError):
            if open_footage(place).sha256 == place.name:
                continue
        raise ValueError(f"{place.relative_to(folder)} is not what it was")


def _path_of(name: str) -> str:
    """Where a file of a pack goes in the folder; `ValueError` for a name that no pack has."""
    if name in ("case.json", "case.db") or STILL.fullmatch(name) or CLIP.fullmatch(name):
        return name
    found = _PICTURE.fullmatch(name)
    if found:
        picture = os.fsdecode(unquote_to_bytes(found[1]))
        if picture not in (".", "..") and not set(picture) & {"/", "\0"}:
            return f"{name[: found.start(1)]}{picture}"
    raise ValueError(f"{name!r} is no name of a file in a pack")


def _settle(folder: Path, database: str | None) -> None:
    """Makes the unpacked files a case: of this version, in the database asked for."""
    try:
        facts = read_facts(folder)
    except CaseDamaged as error:
        raise ValueError("its case.json is none") from error
    if facts["database"] != "case.db":
        raise ValueError("it names a database outside")
    furnish(folder, facts)
    try:
        _look_at(folder / "case.db")
        with (
            Case.open(folder) as case,
            case.engine.connect() as source,
            new_database(folder, database or _FRESH) as target,
        ):
            copy_rows(source, target, _trusted)
            for sha256, suffix in kept_stills(target):
                if not STILL.fullmatch(f"stills/{sha256[:2]}/{sha256}.{suffix}"):
                    raise ValueError(f"it names a still {sha256!r}")
    except _NO_PACK as error:
        raise ValueError(f"its database is no case's: {error}") from error
    for path in folder.glob("case.db*"):
        path.unlink()
    if database is None:
        (folder / _FRESH).rename(folder / "case.db")
    furnish(folder, facts | {"database": database or "case.db"})


def _look_at(database: Path) -> None:
    """Drops triggers; `ValueError` unless the database is whole and no row of it computed."""
    engine = sqlite_engine(database)
    try:
        with engine.begin() as connection:
            for asked, why in _COMPUTED:
                for name in connection.scalars(text(asked)):
                    raise ValueError(f"{name} {why}")
            # They would act where an older case is brought up to date.
            triggers = text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            for name in connection.scalars(triggers).all():
                quoted = connection.dialect.identifier_preparer.quote_identifier(name)
                connection.exec_driver_sql(f"DROP TRIGGER {quoted}")
        with engine.connect() as connection:
            wrong = connection.scalars(text("PRAGMA integrity_check")).all()
            if list(wrong) != ["ok"]:
                raise ValueError(f"damaged ({wrong[0]})")
    finally:
        engine.dispose()


def _trusted(table: str, row: Row) -> Row | None:
    """A row made safe to work with; `ValueError`: it names a file as no case does."""
    if (kept := without_secrets(table, row)) is None:
        return None
    path = row.get("path") or ""
    inside = CLIP.fullmatch(path)
    if table == "uploads":
        if not _UPLOAD.fullmatch(row["id"]):
            raise ValueError(f"it names an upload {row['id']!r}")
        return kept if inside or not path else None
    if table == "locations" and row["held"]:
        if inside is None or row["footage"] not in (None, inside[1]) or path[8:10] != inside[1][:2]:
            raise ValueError(f"it names {path!r} as footage that the case holds")
        # Its bytes were checked, but their time is now that of the unpacking.
        return row | {"mtime_ns": None}
    if table == "locations":
        return row | {"mtime_ns": UNREAD}
    if table == "work" and row["state"] == WAITING and not inside:
        why, now = joined([BROUGHT, SWEEP_IT], "; "), datetime.now(UTC)
        return row | {"state": ASIDE, "kind": PACKED, "reason": why, "changed": now}
    return kept
