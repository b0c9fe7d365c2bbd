"""A whole upload becomes footage of the case, once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import (
    DecoderDied,
    DecoderOutOfMemory,
    DecoderTimeout,
    FootageError,
    UploadConflict,
    UploadTooLarge,
)
from datasets.messages import Message
from detector.footage.decoder import Decoder
from detector.footage.sniff import look_further
from detector.settings import Decoding
from detector.types import Footage, Probe
from evidence.case.case import Case
from evidence.case.folder import flush_folder, writing_errors
from evidence.case.places import corrected, put_right
from evidence.case.queue import CANCELLED, UPLOADED, FootageSource, add_work, reopen
from evidence.case.rows import record_footage
from evidence.case.tables import UNREAD, FootageRow, Location, Recipe, Upload
from evidence.uploads.part import Claims, UploadLimits, UploadPart

RECEIVING, KEPT, REFUSED, WITHDRAWN = "receiving", "kept", "refused", "cancelled"
DUPLICATE = "duplicate"
"""The reason of an upload that the case had already."""

_SUFFIXES = {
    "mp4": ".mp4",
    "matroska": ".mkv",
    "mpegts": ".ts",
    "mpeg-ps": ".mpg",
    "mpegvideo": ".mpg",
    "avi": ".avi",
    "flv": ".flv",
    "ogg": ".ogv",
    "asf": ".asf",
    "mjpeg": ".mjpg",
    "jpeg": ".jpg",
    "png": ".png",
    "webp": ".webp",
    "bmp": ".bmp",
    "tiff": ".tif",
    "heic": ".heic",
    "avif": ".avif",
}


def keep(
    case: Case,
    recipe: Recipe,
    upload: Upload,
    part: UploadPart,
    bounds: UploadLimits,
    decoding: Decoding,
) -> Upload:
    """Keeps the bytes of `part`, unless the case has them, and puts them on the list of work.

    Killed at any instant, it can be called again: before the bytes are moved the row says what
    they are, and where they go follows from that.

    Raises:
        FootageError: nothing that can be looked at.
        UploadTooLarge: longer than footage may be.
        UploadConflict: it was cancelled meanwhile.
        CaseError: it could not be stored.
    """
    sha256 = part.sha256()
    with writing_errors(part.path):
        seen = look_further(part.sniff(), part.path)
    part.flush()
    path = case.held(sha256, _SUFFIXES[seen.container])
    footage = Footage(part.path, sha256, part.size, seen.kind, seen.container)
    with case.session() as session:
        known = find_place(case, session, sha256)
    probe = None
    if known is None:
        probe = _probe(footage, part.name, bounds, decoding)
        _note(case, upload.id, sha256)
        with writing_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.path.rename(path)
            flush_folder(path.parent)
    kept = settle(case, recipe, upload.id, footage, path, probe)
    if known is not None:
        part.remove()
    return kept


def settle(
    case: Case,
    recipe: Recipe,
    number: str,
    footage: Footage,
    path: Path,
    probe: Probe | None,
) -> Upload:
    """Stores the rows of an upload once its bytes lie where they belong, in one transaction."""
    name = path.relative_to(case.folder).as_posix()
    now = datetime.now(UTC)
    with case.session() as session, session.begin():
        upload = session.get(Upload, number, with_for_update=True)
        if upload is None or upload.state != RECEIVING:
            raise UploadConflict(
                Message("upload %(number)s: it was cancelled meanwhile", number=number)
            )
        record_footage(session, footage, probe)
        # Others who bring the same bytes wait here, and then see what this one has kept. Who only
        # refers to the footage need not: with a place of it locked they would wait for each other.
        session.get_one(FootageRow, footage.sha256, with_for_update={"key_share": True})
        place = find_place(case, session, footage.sha256)
        claims = Claims.of(upload)
        if place is None:
            place = _hold(session, name, footage, path, upload, claims)
        else:
            upload.reason = DUPLICATE
            _add_claims(session, place, upload, claims)
        add_work(session, recipe, [FootageSource(place.path)], UPLOADED)
        reopen(session, recipe, [CANCELLED], [place.path])
        upload.state, upload.footage, upload.path, upload.changed = (
            KEPT,
            footage.sha256,
            place.path,
            now,
        )
    return upload


def find_place(case: Case, session: Session, sha256: str) -> Location | None:
    """A place where that footage still lies, as far as size shows; None that came with a pack
    and has not been read here."""
    places = (
        select(Location, FootageRow.size)
        .join(FootageRow, FootageRow.sha256 == Location.footage)
        .where(Location.footage == sha256)
        .order_by(Location.held.desc(), Location.path)
    )
    for place, size in session.execute(places):
        if place.mtime_ns == UNREAD:
            continue
        try:
            file = case.find(place.path)
            if file.is_file() and file.stat().st_size == size:
                found: Location = place
                return found
        except (OSError, ValueError):
            continue
    return None


def _probe(footage: Footage, name: str, bounds: UploadLimits, decoding: Decoding) -> Probe | None:
    """What the container says; None where the decoder gave up, which an analysis will say."""
    try:
        with Decoder(footage, decoding) as decoder:
            probe = decoder.probe
    except (DecoderDied, DecoderOutOfMemory, DecoderTimeout):
        return None
    except FootageError as error:
        raise type(error)(_named(error.message, str(footage.path), name)) from error
    if probe.duration is not None and probe.duration > bounds.seconds:
        raise UploadTooLarge(
            Message(
                "%(name)s: %(hours)s hours long, and at most %(most)s are taken; cut it, or "
                "sweep the folder it lies in",
                name=name,
                hours=f"{float(probe.duration) / 3600:.1f}",
                most=f"{bounds.seconds / 3600:g}",
            )
        )
    return probe


def _note(case: Case, number: str, sha256: str) -> None:
    """What the bytes are, before they leave the part file."""
    with case.session() as session, session.begin():
        upload = session.get(Upload, number, with_for_update=True)
        if upload is None or upload.state != RECEIVING:
            raise UploadConflict(
                Message("upload %(number)s: it was cancelled meanwhile", number=number)
            )
        upload.footage = sha256


def _hold(
    session: Session, name: str, footage: Footage, path: Path, upload: Upload, claims: Claims
) -> Location:
    """The place at which the case holds footage itself."""
    status = path.stat()
    values: dict[str, Any] = {
        "footage": footage.sha256,
        "held": True,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "provenance": {"uploads": [_said(upload, claims)]},
        **claims.known(),
        **put_right(session, name, footage.sha256),
    }
    place = session.get(Location, name)
    if place is None:
        place = Location(path=name)
        session.add(place)
    for column, value in values.items():
        setattr(place, column, value)
    session.flush()
    return place


def _add_claims(session: Session, place: Location, upload: Upload, claims: Claims) -> None:
    """Keeps the claims of a second sender. They fill what was empty and nobody has emptied."""
    before = dict(place.provenance or {})
    said = before.get("uploads")
    further = [*(said if isinstance(said, list) else []), _said(upload, claims)]
    place.provenance = before | {"uploads": further}
    settled = corrected(session, [place.path])
    for column, value in claims.known().items():
        if getattr(place, column) is None and (place.path, column) not in settled:
            setattr(place, column, value)


def _said(upload: Upload, claims: Claims) -> dict[str, str]:
    """Who brought it, under which name, and what they said of it."""
    made = upload.made.isoformat()
    return {"author": upload.author, "name": upload.name, "made": made, **claims.known()}


def _named(text: str, path: str, name: str) -> str:
    """A text that names the file as its sender does."""
    return text.replaced(path, name) if isinstance(text, Message) else text.replace(path, name)
