"""Footage on its way in: its part file, and how a whole one becomes footage of the case, once.

One writer at a time: the part file is locked by `flock`, which also holds between processes
and ends with its holder. The first bytes show what a large file is, before the rest has come.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from datasets.errors import (
    CaseUnwritable,
    DecoderDied,
    DecoderOutOfMemory,
    DecoderTimeout,
    FootageError,
    UploadConflict,
    UploadNoRoom,
    UploadTooLarge,
)
from datasets.messages import Message
from detector.footage.decoder import Decoder
from detector.footage.sniff import HEAD_BYTES, Sniffed, look_further, sniff
from detector.settings import Decoding
from detector.types import Footage, Probe
from evidence.case.case import Case
from evidence.case.engine import UNWRITABLE
from evidence.case.folder import flush_folder, writing_errors
from evidence.case.places import corrected, put_right, unchanged
from evidence.case.rows import record_footage
from evidence.case.tables import CLAIMS, FootageRow, Location, Recipe, Upload
from evidence.case.work_queue import CANCELLED, UPLOADED, FootageSource, add_work, reopen

STALE_DAYS = 7  # part files that nobody went on with for so long are removed
IDLE_SECONDS = 3600.0  # an upload that got nothing for so long keeps nobody from beginning
EMPTY_SECONDS = 120.0  # the same of one of which nothing has come yet


@dataclass(frozen=True)
class UploadLimits:
    """The most that is taken in.

    file_bytes: of one file. seconds: of footage. spare_bytes: that stay free on the disk.
    at_once: one author's uploads under way, with bytes that came in the last `IDLE_SECONDS`.
    free: gives the room on a folder's disk.
    """

    file_bytes: int = 16 << 30
    seconds: float = 12 * 3600.0
    spare_bytes: int = 2 << 30
    at_once: int = 16
    free: Callable[[Path], int] = field(default=lambda folder: shutil.disk_usage(folder).free)


BLOCK = 1 << 20  # bytes that are written, and read again, at once
LOOK_BYTES = 16 << 20  # after so many more bytes it is seen how much room the disk has


class UploadPart:
    """A part file, held until `close`. Blocking; call it in a thread.

    name: the sender's, for messages. size: bytes when whole. hashed: SHA-256 over its first bytes
    and their number, if known. `UploadConflict`: somebody else is sending it. `CaseUnwritable`: it
    cannot be written.
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
        self._bounds, self._looked = bounds, 0
        self._seen: Sniffed | None = None
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.offset = os.fstat(self._file).st_size
            known, at = hashed or (hashlib.sha256(), 0)
            self._digest, at = (known, at) if at <= self.offset else (hashlib.sha256(), 0)
            while at < self.offset:  # what came before this process heard of it
                block = os.pread(self._file, min(BLOCK, self.offset - at), at)
                self._digest.update(block)
                at += len(block)
            os.lseek(self._file, self.offset, os.SEEK_SET)
        except BlockingIOError as error:
            self.close()
            raise UploadConflict.saying(
                "%(name)s: it is being sent already; try again later", name=name
            ) from error
        except BaseException:
            self.close()
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

        `UploadTooLarge`: more than was announced. `UploadNoRoom`: the disk is full, or nearly so.
        `UploadConflict`: it was cancelled meanwhile. `FootageError`: the bytes are no footage; the
        kind that fits.
        """
        if self.offset + len(block) > self.size:
            raise UploadTooLarge.saying(
                "%(name)s: more than the %(size)s bytes announced; begin a new upload",
                name=self.name,
                size=f"{self.size:,}",
            )
        if self.gone:
            raise UploadConflict.saying("%(name)s: it was cancelled meanwhile", name=self.name)
        rest = memoryview(block)
        while rest:
            if self.offset >= self._looked:
                self._looked = self.offset + LOOK_BYTES
                if self._bounds.free(self.path.parent) < self._bounds.spare_bytes:
                    raise UploadNoRoom(_FULL.fill(name=self.name))
            with self._writing():
                count = os.write(self._file, rest[:BLOCK])
            self._digest.update(rest[:count])
            self.offset += count
            rest = rest[count:]
        if self._seen is None and self.offset >= HEAD_BYTES:
            self.sniff()

    def sniff(self) -> Sniffed:
        """What the bytes are, whatever the name says; `FootageError`: nothing to look at."""
        if self._seen is None:
            self._seen = sniff(os.pread(self._file, HEAD_BYTES, 0), Path(self.name))
        return self._seen

    def flush(self) -> None:
        """Makes what has come survive a power cut."""
        with self._writing():
            os.fsync(self._file)

    def close(self) -> None:
        """Lets go of it; another may go on."""
        os.close(self._file)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UploadNoRoom(_FULL.fill(name=self.name)) from error
            raise CaseUnwritable(UNWRITABLE.fill(path=self.path, why=error.strerror)) from error


_FULL = Message(
    "%(name)s: the disk of the case is nearly full; what has come is kept: make room, then go on"
)


RECEIVING, KEPT, REFUSED, WITHDRAWN = "receiving", "kept", "refused", "cancelled"
DUPLICATE = "duplicate"  # the reason of an upload that the case had already
_SUFFIXES = {"matroska": "mkv", "mpegts": "ts", "mpeg-ps": "mpg", "mpegvideo": "mpg"}
_SUFFIXES |= {"ogg": "ogv", "mjpeg": "mjpg", "jpeg": "jpg", "tiff": "tif"}


def claims_of(row: Any) -> dict[str, str]:
    """What is claimed of where footage came from, by name, as far as anything is."""
    return {name: said for name in CLAIMS if (said := getattr(row, name))}


def keep(
    case: Case,
    recipe: Recipe,
    upload: Upload,
    part: UploadPart,
    bounds: UploadLimits,
    decoding: Decoding,
) -> Upload:
    """Keeps the bytes of `part`, unless the case has them, and puts them on the list of work.

    Killed at any instant, it can be called again: before the bytes are moved the row says what they
    are, and where they go follows from that. `FootageError`: nothing that can be looked at.
    `UploadTooLarge`: longer than footage may be. `UploadConflict`: it was cancelled meanwhile.
    `CaseError`: it could not be stored.
    """
    sha256 = part.sha256()
    with writing_errors(part.path):
        seen = look_further(part.sniff(), part.path)
    part.flush()
    path = case.held(sha256, f".{_SUFFIXES.get(seen.container, seen.container)}")
    footage = Footage(part.path, sha256, part.size, seen.kind, seen.container)
    with case.session() as session:
        known = next(unchanged(session, case, sha256), None)
    probe = None
    if known is None:
        probe = _probe(footage, part.name, bounds, decoding)
        with case.session() as session, session.begin():
            _receiving(session, upload.id).footage = sha256  # before its bytes leave the part file
        with writing_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.path.rename(path)
            flush_folder(path.parent)
    kept = settle(case, recipe, upload.id, footage, path, probe)
    if known is not None:
        part.path.unlink(missing_ok=True)
    return kept


def settle(
    case: Case, recipe: Recipe, number: str, footage: Footage, path: Path, probe: Probe | None
) -> Upload:
    """Stores the rows of an upload once its bytes lie where they belong, in one transaction."""
    name = path.relative_to(case.folder).as_posix()
    with case.session() as session, session.begin():
        upload = _receiving(session, number)
        record_footage(session, footage, probe)
        # Others who bring the same bytes wait here, and then see what this one has kept. Who only
        # refers to the footage need not: with a place of it locked they would wait for each other.
        session.get_one(FootageRow, footage.sha256, with_for_update={"key_share": True})
        for place, _ in unchanged(session, case, footage.sha256):
            upload.reason = DUPLICATE
            _add_claims(session, place, upload)
            break
        else:
            place = _hold(session, name, footage, path, upload)
        add_work(session, recipe, [FootageSource(place.path)], UPLOADED)
        reopen(session, recipe, [CANCELLED], [place.path])
        upload.state, upload.footage, upload.path = KEPT, footage.sha256, place.path
        upload.changed = datetime.now(UTC)
    return upload


def _receiving(session: Session, number: str) -> Upload:
    upload = session.get(Upload, number, with_for_update=True)
    if upload is None or upload.state != RECEIVING:
        raise UploadConflict.saying("upload %(number)s: it was cancelled meanwhile", number=number)
    return upload


def _probe(footage: Footage, name: str, bounds: UploadLimits, decoding: Decoding) -> Probe | None:
    """What the container says; None where the decoder gave up, which an analysis will say."""
    try:
        with Decoder(footage, decoding) as decoder:
            probe = decoder.probe
    except (DecoderDied, DecoderOutOfMemory, DecoderTimeout):
        return None
    except FootageError as error:
        said, path = error.message, str(footage.path)  # its sender calls it by another name
        own = said.replaced(path, name) if isinstance(said, Message) else said.replace(path, name)
        raise type(error)(own) from error
    if probe.duration is not None and probe.duration > bounds.seconds:
        raise UploadTooLarge.saying(
            "%(name)s: %(hours)s hours long, and at most %(most)s are taken; cut it, or "
            "sweep the folder it lies in",
            name=name,
            hours=f"{float(probe.duration) / 3600:.1f}",
            most=f"{bounds.seconds / 3600:g}",
        )
    return probe


def _hold(session: Session, name: str, footage: Footage, path: Path, upload: Upload) -> Location:
    status, settled = path.stat(), put_right(session, name, footage.sha256)
    facts: dict[str, Any] = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    facts |= {"provenance": {"uploads": [_said(upload)]}} | claims_of(upload) | settled
    place = session.merge(Location(path=name, footage=footage.sha256, held=True, **facts))
    session.flush()
    return place


def _add_claims(session: Session, place: Location, upload: Upload) -> None:
    """Keeps the claims of a second sender. They fill what was empty and nobody has emptied."""
    before = place.provenance or {}
    said = before.get("uploads")
    uploads = [*(said if isinstance(said, list) else []), _said(upload)]
    place.provenance = before | {"uploads": uploads}
    settled = corrected(session, [place.path])
    for column, value in claims_of(upload).items():
        if getattr(place, column) is None and (place.path, column) not in settled:
            setattr(place, column, value)


def _said(upload: Upload) -> dict[str, str]:
    """Who brought it, under which name, and what they said of it."""
    made = upload.made.isoformat()
    return {"author": upload.author, "name": upload.name, "made": made, **claims_of(upload)}
