"""One holder of a case at a time, across processes and hosts.

The lock file is held by `flock`. The kernel lets it go when its holder ends, however it ends. Over
NFS it holds across hosts (flock(2), Linux 2.6.12 and later). A case in PostgreSQL also has an
advisory lock of the server, which ends with its connection. So copies of a folder have one holder.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from datasets.errors import CaseLocked, CaseUnreachable, CaseUnwritable
from datasets.messages import Message
from evidence.case.engine import DISK_FAILS, UNWRITABLE

# A server whose client's host has vanished notices after idle + interval x count seconds.
_KEEPALIVE = {
    "tcp_keepalives_idle": 30,
    "tcp_keepalives_interval": 10,
    "tcp_keepalives_count": 3,
}
_HOLDER = text(
    "SELECT a.application_name, a.backend_start FROM pg_locks l "
    "JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
)
_HELD = Message("%(path)s: held by %(what)s; wait until it has ended, or end it")
_HELD_THERE = Message(
    "%(path)s: held through its database by %(what)s; wait until it has ended, or end it"
)
_REPLACED = Message("%(path)s: the lock file was replaced; stop, and run again")
_NO_LOCKS = Message("%(path)s: cannot be locked (%(why)s); put the case on a disk that can")


class CaseLock:
    """A case's lock while it is held."""

    def __init__(self, folder: Path, descriptor: int, server: _ServerLock | None) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._server = server

    def confirm(self) -> None:
        """Makes sure the lock is still this process's, taking it again where a server let go.

        Call it before writing.

        Raises:
            CaseLocked: another process took it meanwhile; stop.
            CaseUnreachable: the server does not answer; nothing can be said yet.
            CaseUnwritable: the folder's disk is gone.
        """
        if not _same(self._descriptor, self._folder / "lock"):
            raise CaseLocked(_REPLACED.fill(path=self._folder))
        if self._server is not None:
            self._server.confirm()


@contextmanager
def hold(folder: Path, case_id: str, server: Engine | None, wait: bool) -> Iterator[CaseLock]:
    """Holds a case until the block ends.

    Args:
        folder: the case's, with the file `lock` in it.
        case_id: its id on the database server.
        server: the engine of its PostgreSQL database, or None.
        wait: wait for another holder to end instead of raising.

    Raises:
        CaseLocked: another process, or this one, holds it; the message says who, since when.
        CaseUnwritable: the folder cannot be written, or its file system keeps no locks.
    """
    with ExitStack() as stack:
        descriptor = _lock_file(folder, wait)
        stack.callback(_unlock_file, descriptor)
        lock = None
        if server is not None:
            lock = _ServerLock(server, folder, case_id)
            stack.callback(lock.close)
            lock.take(wait)
        yield CaseLock(folder, descriptor, lock)


def _lock_file(folder: Path, wait: bool) -> int:
    path = folder / "lock"
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise CaseUnwritable(UNWRITABLE.fill(path=path, why=error.strerror)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            same = _same(descriptor, path)
        except BlockingIOError as error:
            who = _said(descriptor)
            os.close(descriptor)
            raise CaseLocked(_HELD.fill(path=folder, what=who)) from error
        except OSError as error:
            os.close(descriptor)
            raise CaseUnwritable(_NO_LOCKS.fill(path=path, why=error.strerror)) from error
        except BaseException:
            os.close(descriptor)
            raise
        if same:
            break
        os.close(descriptor)
    me = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(me).encode(), 0)
    except OSError:
        # On a full disk the lock holds all the same; only who holds it cannot be said.
        pass
    return descriptor


def _unlock_file(descriptor: int) -> None:
    with suppress(OSError):  # a disk that is gone has let go of it
        os.close(descriptor)


def _same(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the open file.

    Raises:
        CaseUnwritable: its disk is gone.
    """
    try:
        named, mine = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CaseUnwritable(DISK_FAILS.fill(path=path, why=error.strerror)) from error
    return (named.st_dev, named.st_ino) == (mine.st_dev, mine.st_ino)


def _said(descriptor: int) -> str:
    """Who holds the lock, as the holder wrote it down."""
    try:
        me = json.loads(os.pread(descriptor, 1000, 0))
        return Message("process %(pid)s on %(host)s since %(since)s", **me)
    except (OSError, ValueError, KeyError, TypeError):
        return Message("another process")


class _ServerLock:
    """A session-level advisory lock, on a connection of its own."""

    def __init__(self, engine: Engine, folder: Path, case_id: str) -> None:
        self._engine = engine
        self._folder = folder
        self._key = int(case_id[:16], 16) - (1 << 63)
        self._connection: Connection | None = None

    def take(self, wait: bool) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            for name, seconds in _KEEPALIVE.items():
                connection.exec_driver_sql(f"SET {name} = {seconds}")
            me = f"nameplate {os.getpid()} on {socket.gethostname()}"
            connection.execute(
                text("SELECT set_config('application_name', :me, false)"), {"me": me}
            )
            key: dict[str, Any] = {"key": self._key}
            if wait:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
            elif not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
                holder = connection.execute(_HOLDER, {"key": self._key}).first()
                who = "another process"
                if holder is not None:
                    who = f"{holder[0]} since {holder[1].astimezone(UTC):%F %T} UTC"
                raise CaseLocked(_HELD_THERE.fill(path=self._folder, what=who))
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        self._connection = connection

    def confirm(self) -> None:
        if self._connection is not None:
            try:
                self._connection.exec_driver_sql("SELECT 1")
                return
            except CaseUnreachable:
                self.close()
        self.take(wait=False)

    def close(self) -> None:
        """Ends the connection, and the lock with it."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()
            connection.close()
