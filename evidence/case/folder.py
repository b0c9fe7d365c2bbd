"""A case's folder: what lies in it, files that are whole or not there, and its one holder.

The lock file is held by `flock`. The kernel lets it go when its holder ends, however it ends. Over
NFS it holds across hosts (flock(2), Linux 2.6.12 and later).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datasets.errors import (
    CaseDamaged,
    CaseExists,
    CaseLocked,
    CaseMissing,
    CaseNewer,
    CaseUnwritable,
)
from datasets.files import exists, isdir, staging
from datasets.messages import Message
from evidence.case.engine import FULL, UNWRITABLE


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Writes a file: after a crash it is whole, or as before. `CaseUnwritable`: it cannot be
    written."""
    with writing_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        try:
            with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """What the system refuses, as an error that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CaseUnwritable(FULL.fill(path=path)) from error
        raise CaseUnwritable(UNWRITABLE.fill(path=path, why=error.strerror)) from error


FORMAT = 1  # of `case.json` and of the folder's layout
_ID = re.compile("[0-9a-f]{32}")


def still_suffix(picture: bytes) -> str:
    """`jpg` or `png`, by how the bytes begin."""
    for suffix, start in (("jpg", b"\xff\xd8\xff"), ("png", b"\x89PNG")):
        if picture.startswith(start):
            return suffix
    raise ValueError(f"a still is JPEG or PNG, not {picture[:4]!r}")


def read_facts(folder: Path) -> dict[str, Any]:
    """What `case.json` says. `CaseMissing`: there is none. `CaseNewer`: it is of a format this
    version does not know. `CaseDamaged`: it cannot be understood."""
    path = folder / "case.json"
    try:
        facts = json.loads(path.read_bytes())
        for name, kind in (("format", int), ("id", str), ("name", str), ("database", str)):
            if not isinstance(facts[name], kind):
                raise TypeError(name)
        if not _ID.fullmatch(facts["id"]):  # which stands in the name of a cookie
            raise ValueError("id")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CaseMissing(
            f"{folder}: holds no case; name another folder, or make one: nameplate case new"
        ) from error
    except OSError as error:
        raise CaseMissing(
            f"{path}: cannot be read ({error.strerror}); check the permissions"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaseDamaged(f"{path}: not what Nameplate wrote; put a copy in its place") from error
    if facts["format"] > FORMAT:
        raise CaseNewer(newer(folder))
    return dict(facts)


def facts_of(id: str, name: str, database: str = "case.db") -> dict[str, Any]:
    """What `case.json` says of a case."""
    return {"format": FORMAT, "id": id, "name": name, "database": database}


def furnish(folder: Path, facts: dict[str, Any]) -> None:
    """Puts into a case's folder what is not its database."""
    (folder / "stills").mkdir(exist_ok=True)
    (folder / "lock").touch()
    content = json.dumps(facts, indent=2).encode() + b"\n"
    write_whole(folder / "case.json", content, mode=0o600)


def is_taken(folder: Path) -> bool:
    """Whether something lies there. `CaseUnwritable`: the folder may not be looked into."""
    with writing_errors(folder):
        return exists(folder) and (not isdir(folder) or any(folder.iterdir()))


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder, its owner's alone, that takes its name when the block ends well.

    `CaseExists`: there is something at `folder` already. `CaseUnwritable`: a full disk, no
    permission.
    """
    taken = CaseExists(f"{folder}: there is something already; name a folder that is not there")
    if is_taken(folder):
        raise taken
    with writing_errors(folder), staging(folder.parent, folder.name) as partial:
        partial.chmod(0o700)  # everything that was found lies in it, and by what people enter
        yield partial
        flush_folder(partial)
        try:
            partial.rename(folder)
        except OSError:
            if is_taken(folder):  # somebody else was first
                raise taken from None
            raise
        flush_folder(folder.parent)


def newer(folder: Path) -> str:
    return f"{folder}: written by a newer Nameplate; update this one to open it"


_HELD = Message("%(path)s: held by %(what)s; wait until it has ended, or end it")
_NO_LOCKS = Message("%(path)s: cannot be locked (%(why)s); put the case on a disk that can")


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Holds a case until the block ends.

    `CaseLocked`: another process, or this one, holds it; the message says who, since when.
    `CaseUnwritable`: the folder cannot be written, or its file system keeps no locks.
    """
    descriptor = _lock_file(folder / "lock")
    try:
        yield
    finally:
        with suppress(OSError):  # a disk that is gone has let go of it
            os.close(descriptor)


def _lock_file(path: Path) -> int:
    """The lock file, open and held."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise CaseUnwritable(UNWRITABLE.fill(path=path, why=error.strerror)) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = _said(descriptor)
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise CaseLocked(_HELD.fill(path=path.parent, what=holder)) from error
        raise CaseUnwritable(_NO_LOCKS.fill(path=path, why=error.strerror)) from error
    me = {"host": socket.gethostname(), "pid": os.getpid()}
    me["since"] = datetime.now(UTC).isoformat(timespec="seconds")
    with suppress(OSError):  # on a full disk the lock holds all the same
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(me).encode(), 0)
    return descriptor


def _said(descriptor: int) -> str:
    """Who holds the lock, as the holder wrote it down."""
    try:
        me = json.loads(os.pread(descriptor, 1000, 0))
        return Message("process %(pid)s on %(host)s since %(since)s", **me)
    except (OSError, ValueError, KeyError, TypeError):
        return Message("another process")
