"""Engines for the two databases a case may live in, and what their errors mean.

SQLite: WAL, so that reading never waits for writing. A writer waits for its turn from the start of
its transaction. `synchronous` is FULL: with NORMAL a power cut could take back the last
transactions, and a verdict must stay given. It costs one flush a transaction, which is one a clip.

What a person can do something about leaves here as one of the errors of `datasets/errors.py`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from datasets.errors import CaseDamaged, CaseError, CaseUnreachable, CaseUnwritable, UsageError
from datasets.messages import Message
from evidence.case.base import to_json

BUSY_SECONDS = 30  # how long a writer waits for another one
CONNECT_SECONDS = 10
NO_ROOM_BYTES = 1 << 20  # below that a disk that fails SQLite counts as full
WAL_LEFT = 64 << 20  # bytes the write-ahead log is cut back to after a large transaction
_SETTINGS = (
    "foreign_keys = ON",
    "synchronous = FULL",
    "trusted_schema = OFF",  # the file may come from anybody
    f"journal_size_limit = {WAL_LEFT}",
)
FULL = Message("%(path)s: the disk is full; make room and run again")
_DISK_FAILS = Message("%(path)s: the disk fails (%(why)s); look at the disk")
UNWRITABLE = Message("%(path)s: cannot be written (%(why)s); check permissions and the disk")
_PENDING = Message(
    "%(path)s: there are changes in %(name)s-wal, and in a folder that cannot be written they "
    "cannot be read; copy the folder to where it can be written"
)


class CaseSession(Session):
    """A session that reads, or, between `begin()` and its end, writes.

    A transaction begun by `begin()` waits at once for its turn to write. Otherwise it could find
    later that what it has read is out of date, and fail.
    """

    def begin(self, nested: bool = False) -> Any:
        transaction = super().begin(nested)
        if not nested:
            self.connection(execution_options={"writes": True})
        return transaction


def sqlite_engine(file: Path, new: bool = False) -> Engine:
    """An engine on a SQLite file; it never makes one unless `new`. Where the folder cannot be
    written the file is opened for reading alone."""
    writable = os.access(file.parent, os.W_OK) and os.access(file, os.W_OK)
    mode = "rwc" if new else "rw" if writable else "ro"
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(file, f"mode={mode}"),
        poolclass=QueuePool,
        json_serializer=to_json,
    )

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "begin", begin)
    _explain(engine, lambda context: sqlite_trouble(file, context.original_exception))
    return engine


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    """A connection; where SQLite may keep no log beside a file it only reads, it reads without."""
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(file.absolute()))}?{mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions are begun by `begin` above, not by the driver
        check_same_thread=False,
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if mode == "mode=rwc":
            connection.execute("PRAGMA journal_mode = WAL")
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        return connection
    except BaseException as error:
        connection.close()
        # The log cannot be opened, or, where permissions stop one, cannot be made.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if mode != "mode=ro" or code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size > 0:
        raise CaseUnwritable(_PENDING.fill(path=file, name=file.name))
    return _connect(file, "immutable=1")


def postgres_url(text: str) -> URL:
    """The URL of a PostgreSQL database, for psycopg 3; `UsageError` where it is none."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        # What stands before its last @ may be a password.
        shown = f"...@{text.rpartition('@')[2]}" if "@" in text else text
        raise UsageError(f"{shown}: not a database URL; {_SHAPE}") from error
    if url.drivername.split("+")[0] not in ("postgresql", "postgres") or not url.database:
        raise UsageError(f"{url.render_as_string()}: not a PostgreSQL database; {_SHAPE}")
    return url.set(drivername="postgresql+psycopg")


_SHAPE = "it looks like postgresql://user:password@host/database"


def postgres_engine(url: URL) -> Engine:
    """An engine on a PostgreSQL database; a connection is tried before it is used again."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        json_serializer=to_json,
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )
    event.listen(engine, "connect", _plan_each_time)
    _explain(engine, lambda context: _postgres_trouble(url, context))
    return engine


def _plan_each_time(connection: Any, _: object) -> None:
    """A plan kept from when the tables were small reads whole tables when they are large:
    with 10,000 paths, adding 500 more took three times as long."""
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


_READ_ONLY = Message("%(path)s: cannot be written; check permissions and the disk")
_DAMAGED = Message("%(path)s: damaged (%(why)s); put a copy or a pack in its place")
_BUSY = Message("%(path)s: another program has been writing for %(seconds)s s; run again")
_CLOSED = Message("%(path)s: cannot be opened; check that it is there")
_SQLITE: dict[int, tuple[type[CaseError], Message]] = {
    sqlite3.SQLITE_FULL: (CaseUnwritable, FULL),
    sqlite3.SQLITE_READONLY: (CaseUnwritable, _READ_ONLY),
    sqlite3.SQLITE_IOERR: (CaseUnwritable, _DISK_FAILS),
    sqlite3.SQLITE_CORRUPT: (CaseDamaged, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (CaseDamaged, _DAMAGED),
    sqlite3.SQLITE_BUSY: (CaseUnreachable, _BUSY),
    sqlite3.SQLITE_LOCKED: (CaseUnreachable, _BUSY),
    sqlite3.SQLITE_CANTOPEN: (CaseUnreachable, _CLOSED),
}  # others are not for a person to mend


def sqlite_trouble(file: Path, original: BaseException) -> CaseError | None:
    """What an error of SQLite means to a person, if it is for one to mend."""
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_IOERR:
        # Where the memory that it shares between processes is full, SQLite calls it broken.
        with suppress(OSError):
            if shutil.disk_usage(file.parent).free < NO_ROOM_BYTES:
                code = sqlite3.SQLITE_FULL
    if code not in _SQLITE:
        return None
    error, words = _SQLITE[code]
    return error(words.fill(path=file, why=original, seconds=BUSY_SECONDS))


_NO_ROOM = Message("%(path)s: the server is out of room (%(why)s); make room")
_NO_RIGHT = Message("%(path)s: cannot be written (%(why)s); check the user's rights")
_NO_ANSWER = Message("%(path)s: the database does not answer (%(why)s); run again")
_NO_ENTRY = Message(
    "%(path)s: the database lets nobody in with this user and password (%(why)s); put the "
    "password into ~/.pgpass"
)
_DEADLOCK = Message(
    "%(path)s: two programs wrote the same rows and got into each other's way (%(why)s); run again"
)


def _postgres_trouble(url: URL, context: ExceptionContext) -> CaseError | None:
    original = context.original_exception
    state = getattr(original, "sqlstate", None) or ""
    said = {"path": url.render_as_string(), "why": " ".join(str(original).split())}
    if state.startswith("28") or "authentication failed" in said["why"]:
        return CaseUnreachable(_NO_ENTRY.fill(**said))
    if state.startswith("53") and state != "53300":
        return CaseUnwritable(_NO_ROOM.fill(**said))
    if state in ("25006", "42501"):
        return CaseUnwritable(_NO_RIGHT.fill(**said))
    if context.connection is None or context.is_disconnect or state[:2] in ("08", "57"):
        return CaseUnreachable(_NO_ANSWER.fill(**said))
    return CaseUnreachable(_DEADLOCK.fill(**said)) if state in ("40P01", "40001") else None


def _explain(engine: Engine, trouble: Callable[[ExceptionContext], CaseError | None]) -> None:
    def listen(context: ExceptionContext) -> None:
        if (error := trouble(context)) is not None:
            raise error from context.original_exception

    event.listen(engine, "handle_error", listen)
