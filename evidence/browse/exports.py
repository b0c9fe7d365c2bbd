"""What leaves a case for an article: a still with its facts below it, an excerpt with its clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.fonts import font
from detector.types import Box, Picture
from evidence.browse.search import name_footage
from evidence.case.places import places_of
from evidence.case.sighting_tables import SightingRow, StillRow
from evidence.case.tables import FootageRow, Item
from evidence.clip.stills import LEAST_EM, LETTERS_PER_SIDE, add_caption
from evidence.clip.tables import clock, printable
from evidence.review.standing import confirms

BEFORE, AFTER = Fraction(3), Fraction(5)  # seconds of an excerpt before and after its moment

EXCERPT_RATE = 12
EXCERPT_WIDTH = 1280
GAP = "   ·   "
BLOCKS = 4  # across and down, of what is hidden: no face and no line of text is left in so few


@dataclass(frozen=True)
class StillFacts:
    """What is printed below a still."""

    suffix: str
    builder: str | None  # as people settled it, else as the program read it
    settled: bool  # by people
    file: str
    sha256: str
    pts: float | None  # seconds into the clip, None for a photograph


def facts_of(session: Session, still: str) -> StillFacts | None:
    """The facts of a still that the case keeps, by its SHA-256; None: there is none."""
    row = session.execute(
        select(StillRow, SightingRow.key, SightingRow.builder, SightingRow.file, FootageRow.kind)
        .join(
            SightingRow,
            (SightingRow.analysis == StillRow.analysis) & (SightingRow.name == StillRow.sighting),
        )
        .join(FootageRow, FootageRow.sha256 == StillRow.footage)
        .where(StillRow.sha256 == still)
        .limit(1)
    ).first()
    if row is None:
        return None
    picture, key, builder, file, kind = row
    item = session.scalars(
        select(Item).where(Item.sighting == key, Item.state == "settled").limit(1)
    ).first()
    if item is not None:
        builder = item.builder if confirms(item.outcome, item.builder) else None
    name = name_footage(session, places_of(session, [picture.footage])).get(picture.footage, "")
    return StillFacts(
        suffix=picture.suffix,
        builder=builder,
        settled=item is not None,
        file=printable(f"{name}/{file}" if file else name),
        sha256=picture.footage,
        pts=float(picture.pts) if kind == "video" else None,
    )


def caption_still(picture: bytes, words: Sequence[str]) -> bytes:
    """The picture as JPEG, unaltered, with the words in a strip below it."""
    return _as_jpeg(Image.open(BytesIO(picture)).convert("RGB"), words)


def hide_parts(picture: Picture, boxes: Sequence[Box], words: Sequence[str]) -> bytes:
    """A frame as JPEG in which each box is a few flat blocks, with the words below it."""
    image = Image.fromarray(picture)
    for x1, y1, x2, y2 in boxes:
        place = (max(0, round(x1)), max(0, round(y1)), round(x2), round(y2))
        part = image.crop(place)
        if part.width > 0 and part.height > 0:
            flat = part.resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
            image.paste(flat.resize(part.size, Image.Resampling.NEAREST), place[:2])
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
            whole = _captioned(image, [clock(float(pts)), *words])
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
    _captioned(image, words).save(out, "JPEG", quality=92)
    return out.getvalue()


def _captioned(image: Image.Image, words: Sequence[str]) -> Image.Image:
    letters = font(max(LEAST_EM, round(min(image.size) / LETTERS_PER_SIDE)))
    return add_caption(image, GAP.join(words), letters)
