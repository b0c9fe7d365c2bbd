"""The part of an upload that has come: written and hashed block by block, within limits.

One writer at a time: the part file is locked by `flock`, which also holds between processes
and ends with its holder. The first bytes show what a large file is, before the rest has come.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from datasets.errors import (
    CaseUnwritable,
    UploadConflict,
    UploadNoRoom,
    UploadTooLarge,
)
from datasets.messages import Message
from detector.footage.sniff import HEAD_BYTES, Sniffed, sniff
from evidence.case.engine import UNWRITABLE
from evidence.case.tables import Upload

STALE_DAYS = 7
"""Part files that nobody went on with for so long are removed."""

IDLE_SECONDS = 3600.0
"""An upload that got nothing for so long keeps nobody from beginning another."""

EMPTY_SECONDS = 120.0
"""The same of one of which nothing has come yet."""


def free_bytes(folder: Path) -> int:
    """What the disk that `folder` is on has room for."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class UploadLimits:
    """The most that is taken in.

    file_bytes: of one file. seconds: of footage. spare_bytes: that stay free on the disk.
    at_once: uploads under way, with bytes that came in the last `IDLE_SECONDS`.
    free: gives the room on a folder's disk.
    """

    file_bytes: int = 16 << 30
    seconds: float = 12 * 3600.0
    spare_bytes: int = 2 << 30
    at_once: int = 16
    free: Callable[[Path], int] = field(default=free_bytes)


@dataclass(frozen=True)
class Claims:
    """Where footage came from, as its sender claims; None: not known."""

    origin_url: str | None = None
    publisher: str | None = None
    published: str | None = None
    plant_claimed: str | None = None
    note: str | None = None

    @classmethod
    def of(cls, upload: Upload) -> Claims:
        """What was said with an upload."""
        return cls(**{one.name: getattr(upload, one.name) for one in fields(cls)})

    def known(self) -> dict[str, str]:
        """What is known, by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value}


BLOCK = 1 << 20
"""Bytes that are written, and read again, at once."""

LOOK_BYTES = 16 << 20
"""After so many more bytes it is seen how much room the disk has."""


class UploadPart:
    """A part file, held until `close`. Blocking; call it in a thread.

    Args:
        name: what the sender calls the file; for messages.
        size: bytes it will have when whole.
        hashed: SHA-256 over its first bytes and their number, if known from before.

    Raises:
        UploadConflict: somebody else is sending it.
        CaseUnwritable: it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        size: int,
        bounds: UploadLimits,
        hashed: tuple[Any, int] | None = None,
    ) -> None:
        self.path, self.name, self.size = path, name, size
        self._bounds = bounds
        self._seen: Sniffed | None = None
        self._looked = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CaseUnwritable(UNWRITABLE.fill(path=path, why=error.strerror)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.offset = os.fstat(self._file).st_size
            known, at = hashed or (hashlib.sha256(), 0)
            if at > self.offset:
                known, at = hashlib.sha256(), 0
            self._digest = known
            self._hash_from(at)
        except BlockingIOError as error:
            os.close(self._file)
            raise UploadConflict(
                Message("%(name)s: it is being sent already; try again later", name=name)
            ) from error
        except BaseException:
            os.close(self._file)
            raise

    @property
    def whole(self) -> bool:
        return self.offset == self.size

    @property
    def hashed(self) -> tuple[Any, int]:
        """What another `UploadPart` on the same file goes on from."""
        return self._digest, self.offset

    @property
    def gone(self) -> bool:
        """Whether somebody has cancelled it meanwhile."""
        return os.fstat(self._file).st_nlink == 0

    def sha256(self) -> str:
        """Of all bytes that have come."""
        digest: str = self._digest.hexdigest()
        return digest

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """Adds the next bytes. What was written when an error is raised stays, and counts.

        Raises:
            UploadTooLarge: more than was announced.
            UploadNoRoom: the disk is full, or nearly so.
            UploadConflict: it was cancelled meanwhile.
            FootageError: the bytes are no footage; the kind that fits.
        """
        if self.offset + len(block) > self.size:
            raise UploadTooLarge(
                Message(
                    "%(name)s: more than the %(size)s bytes announced; begin a new upload",
                    name=self.name,
                    size=f"{self.size:,}",
                )
            )
        if self.gone:
            raise UploadConflict(Message("%(name)s: it was cancelled meanwhile", name=self.name))
        rest = memoryview(block)
        while rest:
            if self.offset >= self._looked:
                self._look()
            try:
                count = os.write(self._file, rest[:BLOCK])
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise UploadNoRoom(_full(self.name)) from error
                raise CaseUnwritable(UNWRITABLE.fill(path=self.path, why=error.strerror)) from error
            self._digest.update(rest[:count])
            self.offset += count
            rest = rest[count:]
        if self._seen is None and self.offset >= HEAD_BYTES:
            self.sniff()

    def _look(self) -> None:
        self._looked = self.offset + LOOK_BYTES
        if self._bounds.free(self.path.parent) < self._bounds.spare_bytes:
            raise UploadNoRoom(_full(self.name))

    def sniff(self) -> Sniffed:
        """What the bytes are, whatever the name says.

        Raises:
            FootageError: no footage that can be looked at.
        """
        if self._seen is None:
            self._seen = sniff(os.pread(self._file, HEAD_BYTES, 0), Path(self.name))
        return self._seen

    def flush(self) -> None:
        """Makes what has come survive a power cut."""
        try:
            os.fsync(self._file)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UploadNoRoom(_full(self.name)) from error
            raise CaseUnwritable(UNWRITABLE.fill(path=self.path, why=error.strerror)) from error

    def remove(self) -> None:
        """The bytes are of no use."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    def close(self) -> None:
        """Lets go of it; another may go on."""
        os.close(self._file)

    def _hash_from(self, at: int) -> None:
        """Hashes what came before this process heard of it."""
        while at < self.offset:
            block = os.pread(self._file, min(BLOCK, self.offset - at), at)
            self._digest.update(block)
            at += len(block)
        os.lseek(self._file, self.offset, os.SEEK_SET)


def _full(name: str) -> str:
    return Message(
        "%(name)s: the disk of the case is nearly full; what has come is kept: make room, then go "
        "on",
        name=name,
    )
