"""Pictures kept of a sighting: the frame it is best seen in, and the mark it rests on.

Taken while the frames pass by in the second pass, so that nothing is decoded again for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detector.types import Attribution, Box, Evidence, Picture, Sighting, Still

if TYPE_CHECKING:
    from detector.look.watch import Watched

JPEG_QUALITY = 92
"""Of the whole frame: a person can still read what the reader read, at a tenth of a PNG."""

MARK_MARGIN = 0.15
"""Of the mark's own size, shown around it."""


@dataclass(frozen=True, slots=True)
class MarkBox:
    """Where the mark a sighting rests on is seen: a box in the frame at `pts`."""

    pts: Fraction
    box: Box


def stills_of(sighting: Sighting, watched: Watched) -> Iterator[Still]:
    """The whole frame it is best seen in, and its mark where there is one.

    sighting: what was made of `watched`. watched: watched with its frames kept; without them there
    is only the mark.
    """
    if watched.frame is not None:
        yield Still(sighting.id, "best", sighting.best.pts, sighting.best.box, watched.frame)
    mark = find_mark(sighting)
    views = [view for view in watched.views if mark is not None and view.pts == mark.pts]
    if mark is not None and views:
        x, y = views[0].offset
        x1, y1, x2, y2 = mark.box
        crop = crop_mark(views[0].picture, (x1 - x, y1 - y, x2 - x, y2 - y))
        yield Still(sighting.id, "mark", mark.pts, mark.box, _encoded(crop, "PNG"))


def find_mark(sighting: Sighting) -> MarkBox | None:
    """The mark to show beside a sighting; None where nothing was read.

    First the wordmark or logo of the builder named, then its series. For an unknown builder the
    plate with the origin. Then the weightiest evidence, and last the reading with the best
    score; one letter alone is mostly none.
    """
    told = telling(sighting.attribution)
    if told is not None and told.pts is not None and told.box is not None:
        return MarkBox(told.pts, told.box)
    readings = [one for one in sighting.readings if not one.overlay and len(one.text) > 1]
    if readings:
        best = max(readings, key=lambda reading: reading.score)
        return MarkBox(best.pts, best.box)
    return None


def telling(said: Attribution) -> Evidence | None:
    """The evidence with a place that shows it best to a person; None without any."""
    placed = [
        part
        for part in said.evidence
        if part.pts is not None and part.box is not None and part.kind != "overlay"
    ]
    return max(placed, key=lambda part: (_tells(part, said), part.weight), default=None)


def _tells(part: Evidence, said: Attribution) -> int:
    """How plainly it shows a person who built the machine, or where. A name says more than a
    series, a plate more than another's code, whatever each weighs."""
    if said.builder is None:
        return int(part.kind == "plate" and said.origin is not None)
    if part.id != said.builder:
        return 0
    return {"wordmark": 2, "logo": 2, "series": 1}.get(part.kind, 0)


def crop_mark(image: Picture, box: Box) -> Image.Image:
    """The mark with a little around it, unaltered, at its own size.

    image: (height, width, 3) uint8 RGB. box: the mark, pixels; what lies outside the picture is
    left out.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    dx, dy = MARK_MARGIN * (x2 - x1), MARK_MARGIN * (y2 - y1)
    left = int(np.clip(np.floor(x1 - dx), 0, width - 1))
    top = int(np.clip(np.floor(y1 - dy), 0, height - 1))
    right = int(np.clip(np.ceil(x2 + dx), left + 1, width))
    bottom = int(np.clip(np.ceil(y2 + dy), top + 1, height))
    return Image.fromarray(image[top:bottom, left:right])


def encode_frame(image: Picture) -> bytes:
    """A whole frame, RGB (height, width, 3), as JPEG; the same bytes for the same pixels."""
    return _encoded(Image.fromarray(image), "JPEG", quality=JPEG_QUALITY)


def decode_frame(picture: bytes) -> Picture:
    """The frame in a JPEG of `encode_frame`, RGB (height, width, 3)."""
    return np.asarray(Image.open(BytesIO(picture)))


def _encoded(picture: Image.Image, form: str, **options: int) -> bytes:
    data = BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()
