"""Uploads of a case: begun, gone on with, ended, cancelled, forgotten."""

from __future__ import annotations

import secrets
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from datasets.errors import (
    FootageError,
    UploadConflict,
    UploadMissing,
    UploadNoRoom,
    UploadsTooMany,
    UploadTooLarge,
)
from datasets.messages import Message
from detector.footage.sniff import HEAD_BYTES, look_further, sniff
from detector.settings import Decoding
from detector.types import Footage
from evidence.case.case import Case
from evidence.case.folder import writing_errors
from evidence.case.tables import Recipe, Upload
from evidence.case.work_queue import cancel, reopen
from evidence.uploads.storage import (
    BLOCK,
    DUPLICATE,
    EMPTY_SECONDS,
    IDLE_SECONDS,
    KEPT,
    RECEIVING,
    REFUSED,
    STALE_DAYS,
    WITHDRAWN,
    UploadLimits,
    UploadPart,
    keep,
    settle,
)

TIDY_SECONDS = 3600.0  # so often part files that nobody goes on with are looked for
_TOO_LARGE = Message(
    "%(name)s: %(size)s bytes, and at most %(most)s are taken; sweep the folder it lies in"
)
_TOO_MANY = Message(
    "%(number)s uploads of yours are under way already; wait until one is whole, or cancel one"
)
_NO_ROOM = Message(
    "%(name)s: %(size)s bytes, and the disk of the case has room for %(room)s; make room, or sweep "
    "the folder it lies in"
)
_ELSEWHERE = Message("%(name)s: %(number)s bytes have come, not %(asked)s; go on there")
_SHARED = Message("%(name)s: the case had it before, and others may wait for its analysis")
_STALE = Message("nobody went on with it for %(days)s days")
_DAY = 86400.0
_ORPHAN_SECONDS = 3600.0  # a part file whose row is not there yet is younger


class Uploads:
    """What a server needs to take footage into a case. Blocking; call it in a thread.

    recipe: what the footage is looked at with. decoding: the limits under which it is opened.
    """

    def __init__(
        self, case: Case, recipe: Recipe, bounds: UploadLimits, decoding: Decoding
    ) -> None:
        self.case, self.recipe, self.bounds = case, recipe, bounds
        self._decoding, self._folder = decoding, case.folder / "uploads"
        self._hashed: dict[str, tuple[Any, int]] = {}  # of parts that nobody is sending now
        self._beginning = threading.Lock()
        self._tidied = float("-inf")

    def begin(self, author: str, name: str, size: int, claims: Mapping[str, str]) -> Upload:
        """A new upload, nothing of it received yet.

        `UploadTooLarge`: larger than is taken. `UploadsTooMany`: the author has begun too many.
        `UploadNoRoom`: the disk has no room for it beside what is under way.
        """
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self.tidy()
        if size > self.bounds.file_bytes:
            most = f"{self.bounds.file_bytes:,}"
            raise UploadTooLarge(_TOO_LARGE.fill(name=name, size=f"{size:,}", most=most))
        upload = Upload(id=secrets.token_hex(16), author=author, name=name, size=size, **claims)
        upload.made = upload.changed = datetime.now(UTC)
        upload.state = RECEIVING
        with self._beginning, self.case.session() as session, session.begin():
            others = session.scalars(select(Upload).where(Upload.state == RECEIVING)).all()
            now = time.time()
            under_way = sum(
                now - self._last_came(one) < (IDLE_SECONDS if self.offset(one) else EMPTY_SECONDS)
                for one in others
                if one.author == author
            )
            if under_way >= self.bounds.at_once:
                raise UploadsTooMany(_TOO_MANY.fill(number=under_way))
            ahead = sum(one.size - self.offset(one) for one in others)
            free = self.bounds.free(self.case.folder) - self.bounds.spare_bytes - ahead
            if size > free:
                room = f"{max(0, free):,}"
                raise UploadNoRoom(_NO_ROOM.fill(name=name, size=f"{size:,}", room=room))
            session.add(upload)
        return upload

    def find(self, number: str) -> Upload:
        """The upload of that number, or `UploadMissing`."""
        with self.case.session() as session:
            upload = session.get(Upload, number)
        if upload is None:
            raise UploadMissing.saying("there is no upload %(number)s", number=number)
        return upload

    def offset(self, upload: Upload) -> int:
        """How many of its bytes have come."""
        if upload.state == KEPT:
            return upload.size
        if upload.state != RECEIVING:
            return 0
        try:
            return self._path(upload.id).stat().st_size
        except FileNotFoundError:
            return upload.size if self._moved(upload) is not None else 0

    def crc32(self, number: str, start: int, end: int) -> int:
        """CRC-32 of the bytes from `start` up to `end`: has the sender the file that was begun?

        `UploadMissing`: the case knows no upload of that number. `UploadConflict`: so many bytes
        have not come, or they are gone.
        """
        upload = self.find(number)
        path = self._path(number) if upload.path is None else self.case.find(upload.path)
        crc, at = 0, start
        with writing_errors(path), suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(start)
            while at < end and (block := file.read(min(BLOCK, end - at))):
                crc, at = zlib.crc32(block, crc), at + len(block)
        if at < end:
            raise UploadConflict(
                f"{upload.name}: {end:,} bytes of it are not here; ask how many are"
            )
        return crc

    @contextmanager
    def receiving(self, number: str, offset: int) -> Iterator[UploadPart]:
        """The part file of an upload, for one sender, who goes on at `offset`.

        `UploadMissing`: the case knows no upload of that number. `UploadConflict`: another offset,
        another sender, or it is over.
        """
        upload = self._under_way(number)
        if (moved := self._moved(upload)) is not None and not self._path(number).exists():
            self._settle(upload, moved)
            raise UploadConflict.saying("%(name)s: all of it has come already", name=upload.name)
        hashed = self._hashed.pop(number, None)
        part = UploadPart(self._path(number), upload.name, upload.size, self.bounds, hashed)
        try:
            self._under_way(number)
            if part.offset != offset:
                come = {"number": f"{part.offset:,}", "asked": f"{offset:,}"}
                raise UploadConflict(_ELSEWHERE.fill(name=upload.name, **come))
            yield part
        finally:
            if not (part.gone or part.whole):
                self._hashed[number] = part.hashed
            part.close()

    def finish(self, number: str, part: UploadPart) -> Upload:
        """Keeps what has come, if that is all of it; else the upload as it stands.

        `FootageError`, `UploadTooLarge`: nothing that is taken; it is refused, its bytes are gone.
        `UploadConflict`: it was cancelled meanwhile.
        """
        upload = self.find(number)
        if not part.whole:
            return upload
        try:
            return keep(self.case, self.recipe, upload, part, self.bounds, self._decoding)
        except (FootageError, UploadTooLarge) as error:
            self.refuse(number, part, error.message)
            raise

    def refuse(self, number: str, part: UploadPart, reason: str) -> None:
        """The bytes are nothing that is taken."""
        self._end(number, REFUSED, reason)
        part.path.unlink(missing_ok=True)

    def cancel(self, number: str, author: str) -> Upload:
        """The sender does not want it: what has come goes, or the analysis is called off; that
        it was refused or cancelled is forgotten.

        `UploadMissing`: the case knows no upload of that number. `UploadConflict`: it is over, or
        was in the case before.
        """
        upload = self.find(number)
        if upload.state in (REFUSED, WITHDRAWN):
            with self.case.session() as session, session.begin():
                session.execute(delete(Upload).where(Upload.id == number))
            return upload
        if upload.state == RECEIVING and self._end(number, WITHDRAWN, None):
            self._hashed.pop(number, None)
            self._path(number).unlink(missing_ok=True)
            return self.find(number)
        upload = self.find(number)
        if upload.state != KEPT or upload.path is None:
            raise UploadConflict.saying("%(name)s: it is over already", name=upload.name)
        if upload.reason == DUPLICATE:
            raise UploadConflict(_SHARED.fill(name=upload.name))
        with self.case.session() as session, session.begin():
            reason = Message("cancelled by %(author)s", author=author)
            if not cancel(session, self.recipe, upload.path, reason):
                raise UploadConflict.saying(
                    "%(name)s: its analysis is over already", name=upload.name
                )
            self._touch(session, number)
        return upload

    def restart(self, number: str) -> Upload:
        """Has the analysis of kept footage that was cancelled, or set aside, done again. Else
        `UploadConflict`; `UploadMissing` without such an upload."""
        upload = self.find(number)
        with self.case.session() as session, session.begin():
            if upload.path is None or not reopen(session, self.recipe, None, [upload.path]):
                raise UploadConflict.saying(
                    "%(name)s: its analysis was not set aside", name=upload.name
                )
            self._touch(session, number)
        return upload

    def tidy(self, now: float | None = None) -> None:
        """Ends uploads that nobody went on with for `STALE_DAYS` days; removes part files without a
        row."""
        now = time.time() if now is None else now
        self._tidied = time.monotonic()
        with self.case.session() as session:
            waiting = session.scalars(select(Upload).where(Upload.state == RECEIVING)).all()
        names = {self._path(one.id): one for one in waiting}
        for path, upload in names.items():
            if not path.exists() and (moved := self._moved(upload)) is not None:
                self._settle(upload, moved)
            elif now - self._last_came(upload) > STALE_DAYS * _DAY:
                self._end(upload.id, WITHDRAWN, _STALE.fill(days=STALE_DAYS))
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*.part"):
            with suppress(FileNotFoundError):
                if path not in names and now - path.stat().st_mtime > _ORPHAN_SECONDS:
                    path.unlink()

    def _path(self, number: str) -> Path:
        return self._folder / f"{number}.part"

    def _last_came(self, upload: Upload) -> float:
        """When the last of its bytes came, or it was begun, in seconds since 1970."""
        try:
            return self._path(upload.id).stat().st_mtime
        except FileNotFoundError:
            return upload.changed.timestamp()

    def _under_way(self, number: str) -> Upload:
        upload = self.find(number)
        if upload.state != RECEIVING:
            why = f" ({upload.reason})" if upload.reason else ""
            raise UploadConflict(f"{upload.name}: this upload is over: {upload.state}{why}")
        return upload

    def _moved(self, upload: Upload) -> Path | None:
        """Where the bytes lie of an upload that was being kept when the server was killed."""
        if upload.footage is None:
            return None
        found = self.case.held(upload.footage).parent.glob(f"{upload.footage}*")
        return next((path for path in found if path.stat().st_size == upload.size), None)

    def _settle(self, upload: Upload, path: Path) -> None:
        with writing_errors(path), path.open("rb") as file:
            seen = look_further(sniff(file.read(HEAD_BYTES), path), path)
        assert upload.footage is not None
        footage = Footage(path, upload.footage, upload.size, seen.kind, seen.container)
        settle(self.case, self.recipe, upload.id, footage, path, None)

    def _end(self, number: str, state: str, reason: str | None) -> bool:
        mine = update(Upload).where(Upload.id == number, Upload.state == RECEIVING)
        ended = mine.values(state=state, reason=reason, changed=datetime.now(UTC))
        with self.case.session() as session, session.begin():
            return session.execute(ended.returning(Upload.id)).first() is not None

    @staticmethod
    def _touch(session: Session, number: str) -> None:
        """So that whoever watches sees that something changed."""
        now = datetime.now(UTC)
        session.execute(update(Upload).where(Upload.id == number).values(changed=now))
