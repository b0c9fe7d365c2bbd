"""Files that are whole or not there: written aside, flushed, then given their name."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datasets.errors import CaseUnwritable
from datasets.messages import Message

PARTIAL = ".partial"


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Writes a file so that after a crash or a power cut it is whole, or as it was before.

    Raises:
        CaseUnwritable: a full disk, no permission.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(file, "wb", buffering=0) as out:
                rest = memoryview(content)
                while rest:
                    rest = rest[out.write(rest) :]
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
def told(path: Path) -> Iterator[None]:
    """What the system refuses, as an error that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CaseUnwritable(
                Message("%(path)s: the disk is full; make room and run again", path=path)
            ) from error
        raise CaseUnwritable(
            Message(
                "%(path)s: cannot be written (%(why)s); check permissions and the disk",
                path=path,
                why=error.strerror,
            )
        ) from error
