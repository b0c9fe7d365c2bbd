"""Pictures that FFmpeg decodes where Pillow does not: one frame, or the tiles of HEIC and AVIF.

Runs in the decoder process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, sqrt
from pathlib import Path

import av
import numpy as np

from detector.footage.frames import Upright, rgb_of, turn
from detector.footage.reasons import CUT_SHORT, SHRUNK
from detector.types import Picture

MOST_PIXELS = 200_000_000
"""Of a photograph, as telephones take them."""
_DEMUXERS = {
    "jpeg": "jpeg_pipe",
    "tiff": "tiff_pipe",
    "bmp": "bmp_pipe",
    "webp": "webp_pipe",
    "heic": "mov",
    "avif": "mov",
}
# The description of a picture's tiles, even of hundreds, fits into so much.
_BOXES_BYTES = 1 << 20
# Properties of a picture in boxes (ISO 23008-12, 6.5.3 and 6.5.10): its width and height, and its
# quarter turns counter-clockwise.
_ITEM = re.compile(rb"infe\x02.{7}(.{4})|infe\x03.{9}(.{4})", re.S)
_SIZE, _TURN = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.S), re.compile(rb"irot([\0-\3])")


@dataclass(frozen=True, slots=True)
class PictureTask:
    """A picture's file to be read: see `detector.footage.pictures.read_picture`.

    container: as in `detector.footage.sniff`.
    """

    path: Path
    container: str
    pixels: int
    tell: Callable[[str], None]
    beat: Callable[[], None]


def read_by_ffmpeg(task: PictureTask) -> Picture | None:
    """The upright picture, (height, width, 3) RGB; None where FFmpeg does not read it. Raises
    MemoryError: it needs more memory than there is."""
    demuxer = _DEMUXERS.get(task.container)
    if demuxer is None:
        return None
    options = {"protocol_whitelist": "file", "max_pixels": str(MOST_PIXELS)}
    try:
        named = _ends_of(task.path) if demuxer == "mov" else b""
        with av.open(f"file:{task.path}", format=demuxer, options=options) as opened:
            plan = _Plan.of(named, opened.streams.video, task.pixels)
            picture, whole = plan.decode(opened, task.beat)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return None
    if picture is None:
        return None
    if not whole:
        task.tell(CUT_SHORT)
    if plan.scale < 1:
        task.tell(SHRUNK)
    turned = _TURN.search(named)
    return turn(picture, turned[1][0]) if turned and plan.is_grid else picture


@dataclass(frozen=True, slots=True)
class _Plan:
    """The streams that make up a picture: one, or tiles row by row that just cover it."""

    width: int
    height: int
    tiles: Sequence[av.VideoStream]
    scale: float

    @classmethod
    def of(cls, named: bytes, streams: Sequence[av.VideoStream], pixels: int) -> _Plan:
        sizes = [(int.from_bytes(w), int.from_bytes(h)) for w, h in _SIZE.findall(named)]
        width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
        # An AVIF may hold one picture in several sizes.
        largest = max(streams, key=lambda stream: stream.width * stream.height)
        tiles: Sequence[av.VideoStream] = [largest]
        if largest.width * largest.height < width * height <= MOST_PIXELS:
            tiles = _tiles(width, height, streams) or tiles
        if len(tiles) == 1:
            width, height = largest.width, largest.height
        return cls(width, height, tiles, sqrt(min(1.0, pixels / max(1, width * height))))

    @property
    def is_grid(self) -> bool:
        return len(self.tiles) > 1

    def decode(
        self, opened: av.container.InputContainer, beat: Callable[[], None]
    ) -> tuple[Picture | None, bool]:
        """The picture, None where nothing of it is there; and whether all of it is."""
        missing = {tile.index: number for number, tile in enumerate(self.tiles)}
        picture, torn = None, False
        contexts: dict[bytes, av.VideoCodecContext] = {}
        for packet in _packets(opened, self.tiles):
            beat()
            frame = _frame_of(packet, contexts) if packet.stream.index in missing else None
            if frame is None:
                continue
            number = missing.pop(packet.stream.index)
            torn = torn or packet.is_corrupt or frame.is_corrupt
            if not self.is_grid:
                widest = max(1, int(frame.width * self.scale))
                upright = Upright(frame, Fraction(1))
                wide = widest if upright.quarters % 2 == 0 else int(frame.height * self.scale)
                picture = upright.picture(frame, Fraction(1), max(1, wide))
            else:
                picture = self._blank() if picture is None else picture
                self._put(picture, frame, number)
        return picture, not torn and not missing

    def _blank(self) -> Picture:
        return np.zeros((self._at(self.height), self._at(self.width), 3), np.uint8)

    def _at(self, place: int) -> int:
        return max(1, round(place * self.scale)) if place else 0

    def _put(self, picture: Picture, frame: av.VideoFrame, number: int) -> None:
        row, column = divmod(number, ceil(self.width / frame.width))
        left, top = self._at(column * frame.width), self._at(row * frame.height)
        right, bottom = self._at((column + 1) * frame.width), self._at((row + 1) * frame.height)
        tile = rgb_of(frame, right - left, bottom - top)
        place = picture[top:bottom, left:right]
        place[:] = tile[: place.shape[0], : place.shape[1]]


def _ends_of(path: Path) -> bytes:
    """The first and the last bytes of a file: one of them describes its pictures."""
    with path.open("rb") as file:
        first = file.read(_BOXES_BYTES)
        file.seek(max(len(first), path.stat().st_size - _BOXES_BYTES))
        return first + file.read()


def has_known_items(path: Path) -> bool:
    """True if the type of each item of a file of boxes is text (ISO 14496-12, 8.11.6)."""
    return all((two or three).isascii() for two, three in _ITEM.findall(_ends_of(path)))


def is_cut_short(path: Path) -> bool:
    """True for a file of boxes that ends before its last one does (ISO 14496-12, 4.2)."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4])
            if length == 1:
                length = int.from_bytes(head[8:])
            if length < 8:  # to the end of the file, or damaged
                return False
            at += length
    return at > size


def _tiles(width: int, height: int, streams: Sequence[av.VideoStream]) -> list[av.VideoStream]:
    """Of the streams those of one size that just cover a picture; none if there are no such."""
    groups: dict[tuple[int, int], list[av.VideoStream]] = {}
    for stream in sorted(streams, key=lambda stream: stream.id):
        groups.setdefault((max(1, stream.width), max(1, stream.height)), []).append(stream)
    for (across, down), group in groups.items():
        count = ceil(width / across) * ceil(height / down)
        if 1 < count <= len(group):
            return group[:count]
    return []


def _packets(
    opened: av.container.InputContainer, tiles: Sequence[av.VideoStream]
) -> Iterator[av.Packet]:
    """The packets of the tiles, as far as they can be read."""
    try:
        yield from opened.demux(*tiles)
    except MemoryError:
        raise
    except av.FFmpegError:
        return


def _frame_of(
    packet: av.Packet, contexts: dict[bytes, av.VideoCodecContext]
) -> av.VideoFrame | None:
    """The frame of one packet; None where it is damaged.

    contexts: decoders by what they were set up with. Of hundreds of tiles all share one: each
    holds a megabyte until the file is closed.
    """
    own = packet.stream.codec_context
    context = contexts.setdefault(own.extradata or b"", own)
    context.options = {"max_pixels": str(MOST_PIXELS)}
    try:
        frames = [*context.decode(packet), *context.decode(None)]
        context.flush_buffers()
        return next(iter(frames), None)
    except MemoryError:
        raise
    except av.FFmpegError:
        return None
