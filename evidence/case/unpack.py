"""Opens a pack: a case that may come from anybody.

Only files of the few names that a pack has are written. None may be larger than the pack says or
than the disk has room for, and each must have the hash that the pack says. The rows are copied
into a new database, without the triggers and views of the pack's own. They lose what no
pack may bring (`distrust.py`). The folder appears whole or not at all.

What a pack may not bring: a way to log in (`private.py`), and any path outside the case's own
folder. Such paths are not read: not as originals, work or uploads. A sweep finds the owner's
files there again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from datasets.errors import CaseDamaged, CaseMissing, CaseNewer, CaseUnwritable, FootageError
from datasets.messages import Message, joined
from detector.footage.files import open_footage
from evidence.case.case import Case, claim, open_engine
from evidence.case.engine import sqlite_engine
from evidence.case.folder import FORMAT, furnish, new_folder, read_facts
from evidence.case.migrations import create
from evidence.case.pack import CONTENTS, chunks, copy_rows, forget
from evidence.case.queue import ASIDE, PACKED, WAITING
from evidence.case.tables import UNREAD, Location, Upload, Work
from evidence.case.verdicts import kept_stills

_HEX = "[0-9a-f]"
STILL = re.compile(rf"stills/{_HEX}{{2}}/({_HEX}{{64}})\.(?:jpg|png)")
CLIP = re.compile(rf"footage/{_HEX}{{2}}/({_HEX}{{64}})(?:\.[a-z0-9]{{1,8}})?")
"""Where files lie in a case's folder, by the SHA-256 of their bytes."""

_UPLOAD = re.compile(rf"{_HEX}{{32}}")
BROUGHT = Message("it came with a pack and lies outside the case")
SWEEP_IT = Message("sweep the folder it lies in")


def distrust(connection: Connection) -> None:
    """Makes the rows of a pack safe to work with, in the caller's transaction.

    Raises:
        ValueError: it names a file as no case does; says which.
    """
    forget(connection)
    for sha256, suffix in kept_stills(connection):
        if not STILL.fullmatch(f"stills/{sha256[:2]}/{sha256}.{suffix}"):
            raise ValueError(f"it names a still {sha256!r}")
    for number in connection.scalars(select(Upload.id)):
        if not _UPLOAD.fullmatch(number):
            raise ValueError(f"it names an upload {number!r}")
    for path, footage in connection.execute(
        select(Location.path, Location.footage).where(Location.held)
    ):
        named = CLIP.fullmatch(path)
        if named is None or footage not in (None, named[1]) or path[8:10] != named[1][:2]:
            raise ValueError(f"it names {path!r} as footage that the case holds")
    _leave_the_rest_alone(connection)


def _leave_the_rest_alone(connection: Connection) -> None:
    outside = select(Location.path).where(Location.held.is_(False))
    # Bytes in the pack itself were checked, but their time is now that of the unpacking.
    connection.execute(update(Location).where(Location.held).values(mtime_ns=None))
    connection.execute(update(Location).where(Location.held.is_(False)).values(mtime_ns=UNREAD))
    connection.execute(
        update(Work)
        .where(Work.state == WAITING, Work.path.in_(outside))
        .values(
            state=ASIDE,
            kind=PACKED,
            reason=joined([BROUGHT, SWEEP_IT], "; "),
            changed=datetime.now(UTC),
        )
    )
    connection.execute(delete(Upload).where(Upload.path.in_(outside)))


LARGEST_CONTENTS = 1 << 29  # bytes; two million files
MOST_SQUEEZED = 100
"""Times its packed size that a compressed file may be; a case's database is some 5 times."""

_PICTURE = re.compile(r"footage/[0-9a-f]{2}/[0-9a-f]{64}/([A-Za-z0-9_.~%-]+)")
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FRESH = "fresh.db"
_COMPUTED = (
    (
        "SELECT name FROM sqlite_schema WHERE type = 'view' OR sql LIKE '%VIRTUAL%'",
        "is no table",
    ),
    (
        "SELECT t.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c "
        "WHERE t.type = 'table' AND c.hidden > 1",
        "has columns that are computed",
    ),
)
"""What may have no end, or fill the memory, when it is read: how to find it, and what it is."""
_TRIGGERS = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"


@dataclass(frozen=True)
class _Member:
    """A file in a pack: where it goes, relative to the folder, and what it must be."""

    info: zipfile.ZipInfo
    path: str
    size: int
    sha256: str


def unpack(file: Path | str, folder: Path | str, database: str | None = None) -> Case:
    """Makes a case out of a pack, and opens it.

    Args:
        file: a pack.
        folder: where; it must not exist, or be empty.
        database: the URL of an empty PostgreSQL database; None for SQLite in the folder.

    Raises:
        CaseMissing: the file is missing.
        CaseDamaged: it is no pack, or not what it was when it was packed.
        CaseNewer: a newer Nameplate packed it.
        CaseExists: there is something in the folder or the database.
        CaseUnwritable, CaseUnreachable: folder or database cannot be written.
    """
    file, folder = Path(file).absolute(), Path(folder).absolute()
    try:
        source = file.open("rb")
    except OSError as error:
        raise CaseMissing(f"{file}: cannot be read ({error.strerror}); check the path") from error
    with source, new_folder(folder) as partial:
        try:
            with zipfile.ZipFile(source) as archive:
                members = _read_contents(file, archive)
                _check_room(partial, members)
                for member in members:
                    _extract(file, archive, member, partial)
                _check_folders(file, members, partial)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            UnicodeError,
            EOFError,
        ) as error:
            raise CaseDamaged(_damaged(file, str(error) or "cut short")) from error
        except OSError as error:
            # Where a pack says that something lies before its own beginning, zipfile goes there.
            if error.errno != errno.EINVAL:
                raise
            raise CaseDamaged(_damaged(file, "it points out of itself")) from error
        _settle(file, partial, database)
    return Case.open(folder)


def _read_contents(file: Path, archive: zipfile.ZipFile) -> list[_Member]:
    """Every file in the pack, after its description was checked."""
    infos = {info.filename: info for info in archive.infolist()}
    if len(infos) != len(archive.infolist()) or CONTENTS not in infos:
        raise CaseDamaged(_damaged(file, "it lists no contents, or a file twice"))
    if any(info.flag_bits & 1 or info.compress_type not in _PACKED for info in infos.values()):
        raise CaseDamaged(_damaged(file, "a file in it is packed as no pack's"))
    if infos[CONTENTS].file_size > LARGEST_CONTENTS:
        raise CaseDamaged(_damaged(file, f"{CONTENTS} is too large"))
    _check_squeezed(file, infos[CONTENTS])
    try:
        contents = json.loads(archive.read(CONTENTS))
        made, files = contents["format"], contents["files"]
        members = [
            _Member(infos[name], _path_of(name), int(said["size"]), str(said["sha256"]))
            for name, said in files.items()
        ]
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise CaseDamaged(_damaged(file, f"{CONTENTS} makes no sense ({error})")) from error
    if isinstance(made, int) and made > FORMAT:
        raise CaseNewer(f"{file}: packed by a newer Nameplate; update this one to open it")
    if {"case.json", "case.db", *files, CONTENTS} != set(infos):
        raise CaseDamaged(_damaged(file, f"{CONTENTS} does not list what is in it"))
    if sum(info.compress_size for info in infos.values()) > file.stat().st_size:
        raise CaseDamaged(_damaged(file, "files in it overlap"))
    for member in members:
        if member.size != member.info.file_size:
            raise CaseDamaged(_damaged(file, f"{member.path} is of another size than it says"))
        _check_squeezed(file, member.info)
    return members


def _path_of(name: str) -> str:
    """Where a member goes.

    Raises:
        ValueError: no name that a pack has.
    """
    if name in ("case.json", "case.db") or STILL.fullmatch(name) or CLIP.fullmatch(name):
        return name
    found = _PICTURE.fullmatch(name)
    if found:
        picture = os.fsdecode(unquote_to_bytes(found[1]))
        if picture not in (".", "..") and not set(picture) & {"/", "\0"}:
            return f"{name[: found.start(1)]}{picture}"
    raise ValueError(f"{name!r} is no name of a file in a pack")


def _check_squeezed(file: Path, info: zipfile.ZipInfo) -> None:
    if info.file_size > MOST_SQUEEZED * max(info.compress_size, 1 << 16):
        raise CaseDamaged(_damaged(file, f"{info.filename} grows out of proportion"))


def _check_room(folder: Path, members: list[_Member]) -> None:
    # The database lies there twice for a moment.
    needed = sum(member.size * (1 + (member.path == "case.db")) for member in members)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CaseUnwritable(
            f"{folder.parent}: the pack needs {needed:,} bytes and {free:,} are free; make room"
        )


def _extract(file: Path, archive: zipfile.ZipFile, member: _Member, folder: Path) -> None:
    path = folder / member.path
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(member.info) as source, path.open("xb") as target:
        for chunk in chunks(source):
            target.write(chunk)
            digest.update(chunk)
        target.flush()
        os.fsync(target.fileno())
    named = STILL.fullmatch(member.path) or CLIP.fullmatch(member.path)
    if digest.hexdigest() != member.sha256 or (named and named[1] != member.sha256):
        raise CaseDamaged(_damaged(file, f"{member.path} is not what it was"))


def _check_folders(file: Path, members: list[_Member], folder: Path) -> None:
    """That each folder of pictures is the footage it is called after."""
    for place in sorted({Path(m.path).parent for m in members if _PICTURE.fullmatch(m.path)}):
        try:
            whole = open_footage(folder / place).sha256 == place.name
        except FootageError:
            whole = False
        if not whole:
            raise CaseDamaged(_damaged(file, f"{place} is not what it was"))


def _settle(file: Path, folder: Path, database: str | None) -> None:
    """Makes the unpacked files a case: of this version, in the database asked for."""
    try:
        facts = read_facts(folder)
    except CaseDamaged as error:
        raise CaseDamaged(_damaged(file, "its case.json is none")) from error
    if facts["database"] != "case.db":
        raise CaseDamaged(_damaged(file, "it names a database outside"))
    furnish(folder, facts)
    try:
        _look_at(folder / "case.db")
        with Case.open(folder) as case, case.engine.connect() as connection:
            _move(connection, folder, database or _FRESH)
    except (SQLAlchemyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        why = str(error).partition("\n")[0]
        raise CaseDamaged(_damaged(file, f"its database is no case's: {why}")) from error
    for path in folder.glob("case.db*"):
        path.unlink()
    if database is None:
        (folder / _FRESH).rename(folder / "case.db")
    furnish(folder, facts | {"database": database or "case.db"})


def _look_at(database: Path) -> None:
    """That a database can be copied: whole, and of rows that are there, not computed. Its triggers
    are taken away, since some would run while it is brought up to this version.

    Raises:
        ValueError: it is not.
    """
    engine = sqlite_engine(database)
    try:
        with engine.begin() as connection:
            for asked, why in _COMPUTED:
                for name in connection.scalars(text(asked)):
                    raise ValueError(f"{name} {why}")
            for name in connection.scalars(text(_TRIGGERS)).all():
                connection.exec_driver_sql(
                    "DROP TRIGGER " + connection.dialect.identifier_preparer.quote_identifier(name)
                )
        with engine.connect() as connection:
            wrong = connection.scalars(text("PRAGMA integrity_check")).all()
            if list(wrong) != ["ok"]:
                raise ValueError(f"damaged ({wrong[0]})")
    finally:
        engine.dispose()


def _move(source: Connection, folder: Path, database: str) -> None:
    """Every row that may come along into a database that is empty."""
    engine = open_engine(folder, database, new=True)
    try:
        with engine.begin() as target:
            claim(target)
            create(target)
            copy_rows(source, target)
            distrust(target)
    finally:
        engine.dispose()


def _damaged(file: Path, why: str) -> str:
    return f"{file}: cannot be opened, {why}; fetch the pack again, or pack the case again"
