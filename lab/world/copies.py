"""Clips copied as others publish them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay, draw_overlay
from datasets.maker.canvas import Picture
from datasets.maker.clip import Encoding, Timed, encode


@dataclass(frozen=True, slots=True)
class ClipSegment:
    """A clip from `start` on, in seconds, and what is done to its picture.

    crop: what is kept, as shares (x1, y1, x2, y2) of the picture. mirrored: left to right, after
    the crop. fill: share of the new frame that the picture takes.
    """

    source: Path
    start: Fraction = Fraction(0)
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    mirrored: bool = False
    fill: float = 1.0


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """Where a part came to lie.

    start, end: seconds of the source. place: (kx, tx, ky, ty). What lies at (x, y) of the source,
    in shares of width and height, lies at (kx x + tx, ky y + ty).
    """

    start: Fraction
    end: Fraction
    place: tuple[float, float, float, float]


def make_copy(
    path: Path, part: ClipSegment, how: Encoding, overlay: Overlay | None = None
) -> PlacedSegment:
    """Where the part lies in the copy that was encoded to `path`.

    part: scaled into the new frame whole, its shape kept, with black around it. overlay: a bug and
    a caption over all of it.
    Raises DataError: the source cannot be decoded, or the copy cannot be encoded.
    """
    placed: list[PlacedSegment] = []

    def frames() -> Iterator[Timed]:
        number, first, shape = 0, None, (0, 0)
        for seconds, picture in _stretch(part):
            first, shape = seconds if first is None else first, picture.shape[1::-1]
            at = round((seconds - first) * how.rate)
            if at >= number:
                number = at + 1
                yield at, _drawn(part, picture, how.size, overlay)
        if first is None:
            raise DataError(f"{part.source}: no frame from {part.start} s on; choose another")
        place = _place(part, shape, how.size)
        placed.append(PlacedSegment(first, first + number / how.rate, place))

    encode(path, frames(), how)
    return placed[0]


def _stretch(part: ClipSegment) -> Iterator[tuple[Fraction, Picture]]:
    """The frames of a part with their times in the source, from its container's start."""
    try:
        with av.open(str(part.source)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            begin = Fraction(container.start_time or 0, av.time_base)
            for frame in container.decode(stream):
                seconds = frame.pts * frame.time_base - begin
                if seconds >= part.start:
                    yield seconds, frame.to_ndarray(format="rgb24")
    except (OSError, IndexError) as error:
        raise DataError(f"{part.source}: cannot be decoded ({error}); choose another") from error


def _place(
    part: ClipSegment, source: tuple[int, ...], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = part.crop
    left, top, width, height = _room(part, source, size)
    kx, ky = width / (x2 - x1) / size[0], height / (y2 - y1) / size[1]
    tx, ty = left / size[0] - kx * x1, top / size[1] - ky * y1
    if part.mirrored:
        kx, tx = -kx, left / size[0] + kx * x2
    return kx, tx, ky, ty


def _room(
    part: ClipSegment, source: tuple[int, ...], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, width and height of the picture in the new frame, in pixels."""
    x1, y1, x2, y2 = part.crop
    wide, high = source[0] * (x2 - x1), source[1] * (y2 - y1)
    scale = part.fill * min(size[0] / wide, size[1] / high)
    width, height = (
        min(room, max(2, round(scale * side)))
        for side, room in zip((wide, high), size, strict=True)
    )
    return (size[0] - width) // 2, (size[1] - height) // 2, width, height


def _drawn(
    part: ClipSegment, picture: Picture, size: tuple[int, int], overlay: Overlay | None
) -> Picture:
    h, w = picture.shape[:2]
    x1, y1, x2, y2 = part.crop
    kept = picture[round(y1 * h) : round(y2 * h), round(x1 * w) : round(x2 * w)]
    kept = kept[:, ::-1] if part.mirrored else kept
    left, top, width, height = _room(part, (w, h), size)
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    kept = cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA)
    frame[top : top + height, left : left + width] = kept
    if overlay is not None:
        draw_overlay(frame, overlay)
    return frame
