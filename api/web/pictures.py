"""Pictures and footage over HTTP: stills, frames, crops, and the original with ranges.

What comes from outside names footage by its hash and a still by its own; paths come from the
case alone. All of it stands for ever under its address, so a browser may keep it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.exceptions import HTTPException

from api.web.auth import Routes
from api.web.errors import NotHere, TooMany, no_footage
from api.web.pages import country, download, language, name_file, translated
from api.web.site import AskedBox, AskedTime, HiddenBox, Sha256, Site, ThisSite, ToShare, to_box
from datasets.errors import FootageMissing
from datasets.letters import short_name
from datasets.messages import Message
from detector.types import Footage
from evidence.browse import frames
from evidence.case.edition import hidden_in, keep_hidden, still_to_share
from evidence.case.sighting_tables import StillRow
from evidence.case.tables import FootageRow
from evidence.case.verdicts import kept_when_entered
from evidence.clip.tables import clock
from evidence.link.sightings import as_box

routes = Routes()
cutter = frames.FrameCutter()
_NO_STILL = Message("no still %(sha256)s in this case")
_GONE = Message(
    "still %(sha256)s: its file is gone, or no longer what it was; `nameplate case check` says more"
)
_NOBODY = Message("builder unknown")
_HIDDEN = Message("parts of the picture are hidden")
_READ = Message("read by a program, not confirmed")
_ONE, _SEVERAL = Message("confirmed by one person"), Message("confirmed by people")
KEEP = "private, max-age=31536000, immutable"
_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
_UNKNOWN = "application/octet-stream"  # of a kind that only a newer Nameplate keeps
_VIDEO = {
    "mp4": "video/mp4",
    "matroska": "video/webm",  # the one name that browsers know for any of them
    "ogg": "video/ogg",
    "mpegts": "video/mp2t",
    "mpeg-ps": "video/mpeg",
    "mpegvideo": "video/mpeg",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "asf": "video/x-ms-wmv",
    "mjpeg": "video/x-motion-jpeg",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
T = TypeVar("T")
Edge = Annotated[float, Field(ge=0, le=1e5)]
IfNoneMatch = Annotated[str | None, Header(max_length=1000, include_in_schema=False)]


@routes.let("GET /api/v1/stills/{sha256}", "A picture kept of a sighting", gives=("image/*",))
def read_still(sha256: Sha256, site: ThisSite, if_none_match: IfNoneMatch = None) -> Response:
    """JPEG of a whole frame or PNG of a mark, with its own bytes' SHA-256 as its name."""
    if kept := _unchanged(if_none_match, sha256):
        return kept
    with site.session() as session:
        suffix = session.scalar(select(StillRow.suffix).where(StillRow.sha256 == sha256).limit(1))
        if suffix is None and kept_when_entered(session, sha256):
            suffix = "jpg"
    if suffix is None:
        raise NotHere(_NO_STILL.fill(sha256=sha256[:12]))
    picture = site.case.read_still(sha256, suffix)
    if picture is None:
        raise NotHere(_GONE.fill(sha256=sha256[:12]))
    return Response(picture, media_type=_TYPES.get(suffix, _UNKNOWN), headers=_headers(sha256))


@routes.let("GET /api/v1/stills/{sha256}/captioned", gives=("image/jpeg",))
def read_captioned(
    request: Request, sha256: Sha256, site: ThisSite, to_share: ToShare = False
) -> Response:
    """A kept picture with builder, file, time and hash printed below it.
    For an article. It says whether people settled the builder or the program read it."""
    facts = site.read(frames.facts_of, sha256)
    picture = None if facts is None else site.case.read_still(sha256, facts.suffix)
    if facts is None or picture is None:
        raise NotHere(_NO_STILL.fill(sha256=sha256[:12]))
    code = language(request)
    by = (_READ, _ONE)[facts.people] if facts.people < 2 else _SEVERAL
    builder = translated(_NOBODY, code)
    if facts.builder is not None and facts.builder in site.registry:
        entry = site.registry.get(facts.builder)
        builder = f"{short_name(entry.name)} ({country(entry.origin, code)})"
    words = [
        *(builder, translated(by, code), facts.file),
        *([clock(facts.pts)] if facts.pts is not None else []),
        f"SHA-256 {facts.sha256}",
        *([translated(_HIDDEN, code)] if to_share else []),
    ]
    if to_share:
        picture = site.read(still_to_share, facts.still, picture)
    name = name_file("alone" if to_share else "still", facts.file.split("/")[-1], sha256)
    return download(frames.caption_still(picture, words), "image/jpeg", f"{name}.jpg")


@routes.let("GET /api/v1/footage/{sha256}/excerpt", gives=("video/mp4",))
def read_excerpt(sha256: Sha256, pts: AskedTime, site: ThisSite) -> Response:
    """Some seconds around a time as MP4, with the time below the picture.
    Three seconds before and five after, 12 frames a second, without sound."""
    footage = original(site, sha256)
    if footage.kind != "video":
        raise NotHere(Message("a picture has no excerpt; ask for its frame"))
    with site.session() as session:
        duration = session.get_one(FootageRow, sha256).duration
    times = frames.excerpt_times(pts, duration)
    content = cut(lambda: cutter.excerpt(footage, times, [footage.path.name, f"SHA-256 {sha256}"]))
    name = name_file("excerpt", footage.path.name, sha256)
    return download(content, "video/mp4", f"{name}-{float(pts):.1f}s.mp4")


@routes.let("GET /api/v1/footage/{sha256}/shared", gives=("image/jpeg",))
def read_shared(
    request: Request,
    sha256: Sha256,
    pts: AskedTime,
    site: ThisSite,
    hide: Annotated[
        list[HiddenBox],
        Query(max_length=50, description="x1,y1,x2,y2 in pixels of the upright frame; repeatable."),
    ] = [],  # noqa: B006  never changed
) -> Response:
    """A frame to share: parts of it hidden, file, time and hash below it.
    JPEG. What is hidden is a few flat blocks: a face, a screen, a name. Also what people hid in
    this frame before."""
    footage = original(site, sha256)
    boxes = [*map(to_box, hide), *map(as_box, site.read(hidden_in, sha256, pts))]
    frame = cut(lambda: cutter.frame(footage, pts))
    code = language(request)
    words = [
        footage.path.name,
        *([clock(float(frame.pts))] if footage.kind == "video" else []),
        f"SHA-256 {sha256}",
        *([translated(_HIDDEN, code)] if boxes else []),
    ]
    content = frames.frame_to_share(frame.image, boxes, words)
    name = name_file("frame", footage.path.name, sha256)
    return download(content, "image/jpeg", f"{name}.jpg")


class Hidden(
    BaseModel, extra="forbid", json_schema_extra={"examples": [{"boxes": [[10, 10, 60, 80]]}]}
):
    """What is hidden in a frame wherever it is shared: in stills, reports and packages."""

    boxes: Annotated[
        list[Annotated[list[Edge], Field(min_length=4, max_length=4)]],
        Field(max_length=50, description="x1, y1, x2, y2 in pixels of the upright frame."),
    ]


@routes.let("GET /api/v1/footage/{sha256}/hidden", "What people hide in a frame")
def read_hidden(sha256: Sha256, pts: AskedTime, site: ThisSite) -> Hidden:
    """Empty where nothing is hidden."""
    return Hidden(boxes=site.read(hidden_in, sha256, pts))


@routes.let("PUT /api/v1/footage/{sha256}/hidden", "Hide these parts of a frame, and no others")
def put_hidden(sha256: Sha256, pts: AskedTime, wish: Hidden, site: ThisSite) -> Hidden:
    """What is kept stays as it was; only what is shared lacks these parts."""
    with site.session() as session, session.begin():
        if session.get(FootageRow, sha256) is None:
            raise no_footage(sha256)
        keep_hidden(session, sha256, pts, wish.boxes)
    return wish


@routes.let(
    "GET /api/v1/footage/{sha256}/frame", "The frame on screen at a time", gives=("image/jpeg",)
)
def read_frame(
    sha256: Sha256,
    pts: AskedTime,
    site: ThisSite,
    width: Annotated[
        int | None, Query(ge=16, le=8192, description="At most so wide; as it is, if left out.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """JPEG, upright, exactly that frame where `pts` is one's time; the header `Frame-Pts` has
    the exact time of the frame that came."""
    tag = f"{sha256}@{pts}w{width or 0}"
    if kept := _unchanged(if_none_match, tag):
        return kept
    footage = original(site, sha256)
    content, shown = cut(lambda: cutter.jpeg(footage, pts, width))
    headers = _headers(tag) | {"Frame-Pts": str(shown)}
    return Response(content, media_type="image/jpeg", headers=headers)


@routes.let("GET /api/v1/footage/{sha256}/crop", gives=("image/png",))
def read_crop(
    sha256: Sha256,
    pts: AskedTime,
    box: AskedBox,
    site: ThisSite,
    way: Annotated[
        frames.Way, Query(description="`enhanced` is easier to see, and no evidence.")
    ] = ("unaltered"),
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A part of a frame, unaltered or enhanced.
    PNG. `unaltered`: the frame's own pixels, each repeated a whole number of times;
    `enhanced`: enlarged smoothly, contrast stretched, sharpened. Both are of one size."""
    tag = f"{sha256}@{pts}b{','.join(map(str, box))}{way}"
    if kept := _unchanged(if_none_match, tag):
        return kept
    footage = original(site, sha256)
    frame = cut(lambda: cutter.frame(footage, pts))
    content = frames.crop(frame.image, box, way)
    return Response(content, media_type="image/png", headers=_headers(tag))


@routes.let("GET /api/v1/footage/{sha256}/video", gives=("video/*", "image/*"))
def read_video(
    request: Request, sha256: Sha256, site: ThisSite, if_none_match: IfNoneMatch = None
) -> Response:
    """The original bytes of a clip or a picture.
    As they are, whole or by ranges. A folder of pictures has no such bytes."""
    if "range" not in request.headers and (kept := _unchanged(if_none_match, sha256)):
        return kept
    footage = original(site, sha256)
    _check_range(request, footage.size)
    if footage.kind == "stills":
        raise NotHere("a folder of pictures is no clip; ask for its frames, one a second")
    still = footage.kind == "still"
    kind = f"image/{footage.container}" if still else _VIDEO.get(footage.container, _UNKNOWN)
    return FileResponse(footage.path, media_type=kind, headers=_headers(sha256))


def _check_range(request: Request, size: int) -> None:
    """Checks that the part asked for is there.
    What makes no sense as a range is ignored, as RFC 9110 (14.2) allows, and the whole is sent.
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    start, end = (found[1], found[2]) if found else ("", "")
    if not (start or end) or (start and end and int(end) < int(start)):
        headers = request.scope["headers"]
        request.scope["headers"] = [one for one in headers if one[0] != b"range"]
    elif start and int(start) >= size:
        raise HTTPException(416, f"there are {size} bytes", {"Content-Range": f"bytes */{size}"})


def original(site: Site, sha256: str) -> Footage:
    """The footage where it lies.
    Raises NotHere: no such footage, or it is not where it was.
    """
    try:
        found = site.read(frames.find_original, site.case, sha256)
    except FootageMissing as error:
        raise NotHere(error.message) from error
    if found is None:
        raise no_footage(sha256)
    return found


def cut(how: Callable[[], T]) -> T:
    """What a cutter gives.
    Raises TooMany: others wait for it already. FootageError: the frame cannot be decoded any more.
    """
    try:
        return how()
    except TimeoutError as error:
        raise TooMany(Message("%(what)s; ask again in a moment", what=error)) from error


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": KEEP}


def _unchanged(if_none_match: str | None, tag: str) -> Response | None:
    if if_none_match is None or f'"{tag}"' not in if_none_match:
        return None
    return Response(status_code=304, headers=_headers(tag))
