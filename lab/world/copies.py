"""Clips cut together from parts of others, as others publish them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np

from datasets.errors import DataError
from datasets.maker.broadcast import Overlay, draw_overlay
from datasets.maker.canvas import Picture
from datasets.maker.encode import Encoding, Timed, encode

_BLUR = 0.03  # of the frame's longer side: what is left behind shows no edges


@dataclass(frozen=True, slots=True)
class ClipSegment:
    """A stretch of a clip and what is done to its picture.

    start, end: seconds of the source; end None is its own. crop: what is kept, as shares
    (x1, y1, x2, y2) of the picture. mirrored: left to right, after the crop. fill: share of
    the room in the new frame that the picture takes; bars: what fills the rest.
    """

    source: Path
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    mirrored: bool = False
    fill: float = 1.0
    bars: Literal["black", "blurred"] = "black"


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """Where a part came to lie.

    source: the clip. start, end: seconds of the source, of the first frame and the end of the
    last. at: seconds of the copy where it starts. place: (kx, tx, ky, ty). What lies at (x, y)
    of the source, in shares of width and height, lies at (kx x + tx, ky y + ty).
    """

    source: Path
    start: Fraction
    end: Fraction
    at: Fraction
    place: tuple[float, float, float, float]


def make_copy(
    path: Path, parts: Sequence[ClipSegment], how: Encoding, overlay: Overlay | None = None
) -> tuple[PlacedSegment, ...]:
    """Cut parts of clips together into a new one.

    Args:
        path: written over if it exists.
        parts: in their order; each is scaled into the new frame whole, its shape kept.
        how: the encoding, and with it the new frame's size and rate.
        overlay: a bug and a caption over all of it.

    Returns:
        Where each part lies.

    Raises:
        DataError: a source cannot be decoded, or the copy cannot be encoded; as for `encode`.
    """
    placed: list[PlacedSegment] = []

    def frames() -> Iterator[Timed]:
        number = 0
        for part in parts:
            first, shown, place = number, None, None
            for seconds, picture in _stretch(part):
                if shown is None:
                    shown = seconds
                    place = _place(part, picture.shape[1::-1], how.size)
                at = first + round((seconds - shown) * how.rate)
                if at >= number:
                    number = at + 1
                    yield at, _drawn(part, picture, how.size, overlay)
            if shown is None or place is None:
                raise DataError(f"{part.source}: no frame from {part.start} s on; choose another")
            length = (number - first) / how.rate
            placed.append(
                PlacedSegment(part.source, shown, shown + length, first / how.rate, place)
            )

    encode(path, frames(), how)
    return tuple(placed)


def _stretch(part: ClipSegment) -> Iterator[tuple[Fraction, Picture]]:
    """The frames of a part with their times in the source, from its container's start."""
    try:
        with av.open(str(part.source)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            begin = Fraction(container.start_time or 0, av.time_base)
            for frame in container.decode(stream):
                seconds = frame.pts * frame.time_base - begin
                if part.end is not None and seconds >= part.end:
                    return
                if seconds >= part.start:
                    yield seconds, frame.to_ndarray(format="rgb24")
    except (OSError, IndexError) as error:
        raise DataError(f"{part.source}: cannot be decoded ({error}); choose another") from error


def _place(
    part: ClipSegment, source: tuple[int, int], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = part.crop
    left, top, width, height = _room(part, source, size)
    kx, ky = width / (x2 - x1) / size[0], height / (y2 - y1) / size[1]
    tx, ty = left / size[0] - kx * x1, top / size[1] - ky * y1
    if part.mirrored:
        kx, tx = -kx, left / size[0] + kx * x2
    return kx, tx, ky, ty


def _room(
    part: ClipSegment, source: tuple[int, int], size: tuple[int, int]
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
    frame = _behind(part, kept, size)
    kept = cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA)
    frame[top : top + height, left : left + width] = kept
    if overlay is not None:
        draw_overlay(frame, overlay)
    return frame


def _behind(part: ClipSegment, kept: Picture, size: tuple[int, int]) -> Picture:
    """What the bars show: nothing, or the picture itself, enlarged over the frame and blurred."""
    if part.bars == "black":
        return np.zeros((size[1], size[0], 3), np.uint8)
    h, w = kept.shape[:2]
    scale = max(size[0] / w, size[1] / h)
    wide, high = min(w, round(size[0] / scale)), min(h, round(size[1] / scale))
    left, top = (w - wide) // 2, (h - high) // 2
    cut = np.ascontiguousarray(kept[top : top + high, left : left + wide])
    large = cv2.resize(cut, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), _BLUR * max(size)), np.uint8)
