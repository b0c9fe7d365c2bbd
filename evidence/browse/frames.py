"""Where an original lies now, its frames by their time, and parts of them to look at closely.

Nobody vouches for the footage, so a process of its own decodes it (`detector.Decoder`). The bounds
here limit how many of those run at once. Of a part only the unaltered one is evidence. The other is
stretched and sharpened, which can bring out letters that are there, and edges that are not.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Literal

import av
import numpy as np
from PIL import Image, ImageFilter, ImageOps
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import FootageMissing, FootageUnreadable, UsageError
from datasets.messages import Message
from detector.footage.decoder import Decoder
from detector.look.stills import JPEG_QUALITY
from detector.settings import Decoding
from detector.types import Box, Footage, Frame, Picture
from evidence.browse.search import name_footage
from evidence.case.case import Case
from evidence.case.places import places_of, unchanged
from evidence.case.sighting_tables import SightingRow, StillRow
from evidence.case.tables import FootageRow, Item, Location
from evidence.clip.stills import add_caption, enlarge, hide_parts
from evidence.clip.tables import clock, printable
from evidence.review.standing import confirms

BEFORE, AFTER = Fraction(3), Fraction(5)  # seconds of an excerpt before and after its moment
EXCERPT_RATE, EXCERPT_WIDTH = 12, 1280


@dataclass(frozen=True)
class StillFacts:
    """What is printed below a still."""

    suffix: str
    builder: str | None  # as people settled it, else as the program read it
    people: int  # who settled it
    file: str
    sha256: str
    pts: float | None  # seconds into the clip, None for a photograph
    still: StillRow


def facts_of(session: Session, still: str) -> StillFacts | None:
    """The facts of a still that the case keeps, by its SHA-256; None: there is none."""
    row = session.execute(
        select(StillRow, SightingRow.key, SightingRow.builder, SightingRow.file, FootageRow.kind)
        .join(SightingRow, SightingRow.has(StillRow))
        .join(FootageRow, FootageRow.sha256 == StillRow.footage)
        .where(StillRow.sha256 == still)
        .limit(1)
    ).first()
    if row is None:
        return None
    picture, key, builder, file, kind = row
    settled = select(Item).where(Item.sighting == key, Item.state == "settled")
    if (item := session.scalars(settled).first()) is not None:
        builder = item.builder if confirms(item.outcome, item.builder) else None
    name = name_footage(session, places_of(session, [picture.footage])).get(picture.footage, "")
    return StillFacts(
        suffix=picture.suffix,
        builder=builder,
        people=0 if item is None else item.given,
        file=printable(f"{name}/{file}" if file else name),
        sha256=picture.footage,
        pts=float(picture.pts) if kind == "video" else None,
        still=picture,
    )


def caption_still(picture: bytes, words: Sequence[str]) -> bytes:
    """The picture as JPEG, unaltered, with the words in a strip below it."""
    return _as_jpeg(Image.open(BytesIO(picture)).convert("RGB"), words)


def frame_to_share(picture: Picture, boxes: Iterable[Box], words: Sequence[str]) -> bytes:
    """A frame as JPEG in which each box is a few flat blocks, with the words below it."""
    image = Image.fromarray(picture)
    hide_parts(image, boxes)
    return _as_jpeg(image, words)


def excerpt_times(pts: Fraction, duration: Fraction | None) -> list[Fraction]:
    """The times of an excerpt's frames, sorted, within the clip."""
    start = max(Fraction(0), pts - BEFORE)
    end = pts + AFTER if duration is None else min(pts + AFTER, duration)
    count = max(1, int((end - start) * EXCERPT_RATE))
    return [start + Fraction(number, EXCERPT_RATE) for number in range(count)]


def encode_excerpt(frames: Iterator[tuple[Fraction, Picture]], words: Sequence[str]) -> bytes:
    """An MP4 (H.264, no sound) of the frames, with the time and the words below each."""
    out = BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream("libx264", rate=EXCERPT_RATE)
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "23", "preset": "veryfast"}
        for number, (pts, picture) in enumerate(frames):
            image = Image.fromarray(picture)
            image.thumbnail((EXCERPT_WIDTH, EXCERPT_WIDTH), Image.Resampling.BILINEAR)
            whole = add_caption(image, [clock(float(pts)), *words])
            if number == 0:
                stream.width, stream.height = (side - side % 2 for side in whole.size)
            shown = whole.crop((0, 0, stream.width, stream.height))
            frame = av.VideoFrame.from_ndarray(np.asarray(shown), format="rgb24")
            frame.pts = number
            for packet in stream.encode(frame):
                target.mux(packet)
        for packet in stream.encode():
            target.mux(packet)
    return out.getvalue()


def _as_jpeg(image: Image.Image, words: Sequence[str]) -> bytes:
    out = BytesIO()
    add_caption(image, words).save(out, "JPEG", quality=92)
    return out.getvalue()


def find_original(session: Session, case: Case, sha256: str) -> Footage | None:
    """The footage where it first still lies unchanged; None: the case knows no such footage.
    `FootageMissing`: it lies nowhere, as `evidence.case.places.unchanged` says."""
    if session.get(FootageRow, sha256) is None:
        return None
    for _, footage in unchanged(session, case, sha256):
        return footage
    places = select(Location.path).where(Location.footage == sha256)
    paths = session.scalars(places.order_by(Location.held.desc(), Location.path)).all()
    if not paths:
        raise FootageMissing.saying(
            "footage %(sha256)s: the original is at none of its places any more, where another "
            "file may lie now; sweep the place where it lies now",
            sha256=sha256[:12],
        )
    raise FootageMissing.saying(
        "footage %(sha256)s (%(name)s): the original is at none of its %(number)s places any "
        "more, or was changed; put it back, or sweep the place where it lies now",
        sha256=sha256[:12],
        name=Path(paths[0]).name,
        number=len(paths),
    )


# Of one cut: a person waits for it.
LIMITS = Decoding(cpu_seconds=60, wall_seconds=30, stall_seconds=15)

KEPT_BYTES = 48 << 20  # of frames as decoded


class FrameCutter:
    """Cuts frames, with so many `decoders` at once; so many callers wait for so many `seconds`."""

    def __init__(self, decoders: int = 2, waiting: int = 6, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(decoders + waiting)
        self._decoders = threading.BoundedSemaphore(decoders)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, Fraction], Frame] = OrderedDict()

    def frame(self, footage: Footage, pts: Fraction) -> Frame:
        """The frame on screen at a time: exactly that frame where it is a PTS. `TimeoutError`: too
        many are being cut; later. `FootageError`: it cannot be decoded any more."""
        key = (footage.sha256, pts)
        if (known := self._look_up(key)) is not None:
            return known
        if not self._places.acquire(blocking=False):
            raise TimeoutError(Message("too many frames are being cut at once"))
        try:
            with self._decoder():
                # Whoever had the decoder before may have cut the same frame.
                if (known := self._look_up(key)) is not None:
                    return known
                found = _cut(footage, pts)
        finally:
            self._places.release()
        with self._lock:
            self._kept[key] = found
            while sum(one.image.nbytes for one in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return found

    def _look_up(self, key: tuple[str, Fraction]) -> Frame | None:
        """The frame, if it is one of those used last."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def jpeg(
        self, footage: Footage, pts: Fraction, width: int | None = None
    ) -> tuple[bytes, Fraction]:
        """The frame as JPEG, no wider than `width`, and its own exact time; as `frame`."""
        frame = self.frame(footage, pts)
        picture = Image.fromarray(frame.image)
        if width is not None and width < picture.width:
            height = max(1, round(picture.height * width / picture.width))
            picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = BytesIO()
        picture.save(out, "JPEG", quality=JPEG_QUALITY if width is None else 85)
        return out.getvalue(), frame.pts

    def frames(self, footage: Footage, times: Sequence[Fraction]) -> list[Frame]:
        """The frames at these times, sorted; as `frame`."""
        with self._decoder(), Decoder(footage, LIMITS) as decoder:
            return list(decoder.at(times))

    def excerpt(self, footage: Footage, times: Sequence[Fraction], words: Sequence[str]) -> bytes:
        """The frames at these times, sorted, as MP4 with words below each; as `frame`."""
        with self._decoder(), Decoder(footage, LIMITS) as decoder:
            return encode_excerpt(((one.pts, one.image) for one in decoder.at(times)), words)

    @contextmanager
    def _decoder(self) -> Iterator[None]:
        if not self._decoders.acquire(timeout=self._seconds):
            raise TimeoutError(Message("no decoder has become free in time"))
        try:
            yield
        finally:
            self._decoders.release()


def _cut(footage: Footage, pts: Fraction) -> Frame:
    with Decoder(footage, LIMITS) as decoder:
        for frame in decoder.at([pts]):
            return frame
    raise FootageUnreadable.saying(
        "footage %(sha256)s: nothing can be decoded at %(pts)s s; choose another time",
        sha256=footage.sha256[:12],
        pts=f"{float(pts):.3f}",
    )


Way = Literal["unaltered", "enhanced"]

CUT_OFF = (1, 1)  # percent of the darkest and brightest pixels that stretching may lose
SHARPEN = ImageFilter.UnsharpMask(radius=2, percent=80, threshold=2)


def crop(picture: Picture, box: Box, way: Way) -> bytes:
    """The box cut out of a frame, as PNG, both ways of one size; `UsageError`: it lies outside.

    `unaltered`: each pixel repeated a whole number of times. `enhanced`: enlarged by Lanczos'
    filter, its contrast stretched, mildly sharpened.
    """
    height, width = picture.shape[:2]
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    right, bottom = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if left >= right or top >= bottom:
        raise UsageError.saying(
            "box: nothing of it lies in the frame of %(width)s x %(height)s pixels",
            width=width,
            height=height,
        )
    cut = Image.fromarray(picture[top:bottom, left:right])
    made = enlarge(cut)
    if way == "enhanced":
        large = cut.resize(made.size, Image.Resampling.LANCZOS)
        made = ImageOps.autocontrast(large, cutoff=CUT_OFF, preserve_tone=True).filter(SHARPEN)
    out = BytesIO()
    # Somebody waits for it: a tenth larger, it comes in a third of the time.
    made.save(out, "PNG", compress_level=2)
    return out.getvalue()
