"""Footage comes in: in one request, or in parts that a lost connection does not lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import Depends, Header, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import ClientDisconnect

from api.web.auth import Person, Role, Routes, ThisPerson
from api.web.errors import Forbidden
from api.web.pages import language, page, translated
from api.web.site import ThisSite
from datasets.errors import FootageError, UploadConflict, UploadTooLarge, UsageError
from datasets.messages import Message
from evidence.browse.shapes import Page
from evidence.case.tables import Upload
from evidence.spelling import HOW, NO_DATE, read_date
from evidence.uploads.intake import Uploads
from evidence.uploads.status import UploadStatus, list_uploads, show_upload
from evidence.uploads.storage import BLOCK, claims_of

routes = Routes()
SILENT_SECONDS = 30.0
"""A sender that is silent for so long has lost its connection; another may go on."""
_OTHERS = Message("%(name)s: it is %(author)s's upload; ask a lead")
_SILENT = Message("nothing came for %(seconds)s s")
LARGEST = (1 << 63) - 1
EPOCH = datetime.fromtimestamp(0, UTC)
MOST_SUMMED = 64 << 20  # bytes that one request has read again, so that each is answered soon


def _plain(text: str) -> str:
    """Text as a person writes it."""
    text = text.strip()
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError(Message("control characters are not text"))
    return text


def _named(text: str) -> str:
    name = _plain(text.replace("\\", "/").rpartition("/")[2])
    if not name:
        raise ValueError(Message("a name is needed"))
    return name


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_named)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_plain)]
Address = Annotated[str, Field(max_length=2000), AfterValidator(_plain)]
Number = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The upload's id.")]


def _dated(text: str) -> str:
    day = read_date(text)
    if text and day is None:
        raise ValueError(NO_DATE.fill(what=HOW))
    return day or ""


Date = Annotated[Line, AfterValidator(_dated)]


class SourceClaims(BaseModel, extra="forbid"):
    """What is known of where footage came from."""

    origin_url: Address | None = None
    publisher: Line | None = None
    published: Date | None = None
    plant_claimed: Line | None = None
    note: Line | None = None


class UploadClaims(SourceClaims):
    """What the file is called, and what is known of where it came from."""

    name: Name


_EXAMPLE = {"name": "hall.mp4", "size": 48211033, "published": "2024-05-01", "note": None}


class NewUpload(UploadClaims, json_schema_extra={"example": _EXAMPLE}):
    """An upload to begin: what the file is called, its size in bytes, and what is known of
    where it came from. `published`: a year, a month or a day, with a time if it is known."""

    size: Annotated[int, Field(ge=1, le=LARGEST)]


class Sum(BaseModel):
    """CRC-32, as zlib has it, of some of the bytes that have come."""

    crc32: int


def _uploads(site: ThisSite) -> Uploads:
    return site.uploads


ThisUploads = Annotated[Uploads, Depends(_uploads)]


@routes.let("GET /upload")
def upload_page(request: Request, site: ThisSite) -> HTMLResponse:
    most = site.limits
    limits = {"bytes": most.file_bytes, "hours": most.seconds / 3600, "uploads": most.uploads}
    scripts = ("upload-words.js", "crc32.js", "sending.js", "upload.js")
    plants = site.registry.plants
    return page(request, "upload.html", scripts=scripts, limits=limits, plants=plants)


@routes.let("POST /api/v1/uploads", "Begin an upload; send its bytes with PATCH", status_code=201)
def begin(
    request: Request, uploads: ThisUploads, person: ThisPerson, asked: NewUpload
) -> UploadStatus:
    upload = uploads.begin(person.name, asked.name, asked.size, claims_of(asked))
    return _show(request, uploads, upload)[0]


@routes.let("GET /api/v1/uploads", "Uploads, the latest first")
def read_uploads(
    request: Request,
    uploads: ThisUploads,
    person: ThisPerson,
    whose: Literal["mine", "all"] = "mine",
    after: Annotated[str | None, Query(pattern="^[0-9]{1,17}-[0-9a-f]{32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[UploadStatus]:
    author = person.name if whose == "mine" else None
    begin, cursor = None, None
    if after is not None:
        micros, _, number = after.partition("-")
        begin = EPOCH + timedelta(microseconds=int(micros)), number
    found = list_uploads(uploads, author, begin, limit + 1)
    if len(found) > limit:
        last = found[limit - 1]
        cursor = f"{(last.made - EPOCH) // timedelta(microseconds=1)}-{last.id}"
    return Page[UploadStatus](items=_show(request, uploads, *found[:limit]), next=cursor)


@routes.let("GET /api/v1/uploads/{number}", "One upload")
def read_upload(request: Request, uploads: ThisUploads, number: Number) -> UploadStatus:
    return _show(request, uploads, uploads.find(number))[0]


@routes.let("GET /api/v1/uploads/{number}/crc32")
def read_crc32(
    uploads: ThisUploads,
    person: ThisPerson,
    number: Number,
    start: Annotated[int, Query(ge=0, le=LARGEST)],
    end: Annotated[int, Query(ge=0, le=LARGEST, description="The byte behind the last.")],
) -> Sum:
    """CRC-32 of bytes that have come, to go on with the same file alone."""
    _own(uploads, number, person)
    if not 0 <= end - start <= MOST_SUMMED:
        raise UsageError(f"from {start:,} to {end:,}: ask for {MOST_SUMMED:,} bytes at most")
    return Sum(crc32=uploads.crc32(number, start, end))


_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@routes.let("PATCH /api/v1/uploads/{number}", openapi_extra=_BYTES)
async def go_on(
    request: Request,
    uploads: ThisUploads,
    person: ThisPerson,
    number: Number,
    upload_offset: Annotated[int, Header(ge=0, le=LARGEST)],
) -> UploadStatus:
    """The next bytes of an upload, from Upload-Offset on."""
    await to_thread.run_sync(_own, uploads, number, person)
    return await _receive(request, uploads, number, upload_offset)


@routes.let("POST /api/v1/footage", status_code=201, openapi_extra=_BYTES)
async def take_whole(
    request: Request,
    uploads: ThisUploads,
    person: ThisPerson,
    asked: Annotated[UploadClaims, Query()],
) -> UploadStatus:
    """A whole file in one request, as `curl -X POST -T` sends it."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise UsageError("Content-Length is missing: say how many bytes will come")
    if not 1 <= (size := int(length)) <= LARGEST:
        raise UsageError("no bytes: send the file as the body of the request")
    said = claims_of(asked)
    upload = await to_thread.run_sync(uploads.begin, person.name, asked.name, size, said)
    return await _receive(request, uploads, upload.id, 0)


@routes.let("DELETE /api/v1/uploads/{number}")
def withdraw(
    request: Request, uploads: ThisUploads, person: ThisPerson, number: Number
) -> UploadStatus:
    """Cancel: what has come is removed, or the analysis called off; forget what is over."""
    _own(uploads, number, person)
    return _show(request, uploads, uploads.cancel(number, person.name))[0]


@routes.let("POST /api/v1/uploads/{number}/analysis", status_code=202)
def look_again(
    request: Request, uploads: ThisUploads, person: ThisPerson, number: Number
) -> UploadStatus:
    """Look again at footage whose analysis was cancelled or set aside."""
    _own(uploads, number, person)
    upload = uploads.restart(number)
    request.app.state.site.wake()
    return _show(request, uploads, upload)[0]


def _show(request: Request, uploads: Uploads, *some: Upload) -> list[UploadStatus]:
    """The uploads, with each reason in the reader's language too."""
    code, found = language(request), show_upload(uploads, some)
    for number, one in enumerate(found if code != "en" else ()):
        analysis = one.analysis
        if analysis is not None and analysis.reason:
            analysis = replace(analysis, reason_text=translated(analysis.reason, code))
        text = translated(one.reason, code) if one.reason else None
        found[number] = replace(one, reason_text=text, analysis=analysis)
    return found


def _own(uploads: Uploads, number: str, person: Person) -> None:
    """That the upload is the caller's, or the caller a lead."""
    upload = uploads.find(number)
    if upload.author != person.name and person.role < Role.LEAD:
        raise Forbidden(_OTHERS.fill(name=upload.name, author=upload.author))


async def _receive(request: Request, uploads: Uploads, number: str, offset: int) -> UploadStatus:
    """Writes the body to the part file as it comes; every step on the disk in a thread."""
    receiving = uploads.receiving(number, offset)
    part = await to_thread.run_sync(receiving.__enter__)
    try:
        try:
            announced = int(request.headers.get("content-length", "0"))
            if offset + announced > part.size:
                raise UploadTooLarge(
                    f"{part.name}: {offset + announced:,} bytes, and {part.size:,} were announced"
                )
            async for block in _blocks(request):
                await to_thread.run_sync(part.write, block)
        except FootageError as error:
            await to_thread.run_sync(uploads.refuse, number, part, error.message)
            raise
        upload = await to_thread.run_sync(uploads.finish, number, part)
    finally:
        # Also where the server ends or the sender goes: what has come stays.
        receiving.__exit__(None, None, None)
    if upload.state == "kept":
        request.app.state.site.wake()
    return (await to_thread.run_sync(_show, request, uploads, upload))[0]


async def _blocks(request: Request) -> AsyncIterator[bytearray]:
    """The body in blocks worth a trip to the disk; what came before the sender went, too."""
    body = request.stream().__aiter__()
    block = bytearray()
    trouble: str | None = None
    while trouble is None:
        try:
            some = await asyncio.wait_for(anext(body), SILENT_SECONDS)
        except StopAsyncIteration:
            break
        except ClientDisconnect:
            trouble = Message("the sender went away")
        except TimeoutError:
            trouble = _SILENT.fill(seconds=f"{SILENT_SECONDS:g}")
        else:
            block += some
            if len(block) >= BLOCK:
                yield block
                block = bytearray()
    if block:
        yield block
    if trouble is not None:
        raise UploadConflict.saying(
            "%(what)s; what has come is kept, go on from its offset", what=trouble
        )
