"""From a decoded frame to an upright picture: deinterlaced, square pixels, turned as asked.

Runs in the decoder process.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

if TYPE_CHECKING:
    # The sizes below are asked for where nothing is decoded.
    import av
    from av.video.reformatter import VideoReformatter

THUMBNAIL_WIDTH = 64
# Anamorphic pixels in use lie between 1:2 and 2:1 (ITU-T H.264 table E-1 ends at 160:99 and
# 2:1). A ratio beyond this comes from a damaged header and would stretch the picture absurdly.
_EXTREME_ASPECT = 4
# Brightness levels, 0..255; between the noise of a broadcast and the edge of a moving thing.
_COMB = 12
# If this share of a frame alternates from line to line, two fields are woven, whatever it says. Of
# 14 progressive clips (287 frames) none reached a fifth of it; frames woven of moving pictures
# have fifty times as much. Every so many columns are looked at, and no frame of more lines than
# interlaced pictures have, of a kind whose first plane is brightness in bytes.
_WOVEN = 0.002
_EVERY = 3
MOST_LINES = 1088
_BRIGHTNESS_FIRST = frozenset(
    {"gray", "nv12", "yuv411p", "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p"}
)


def quarters_of(frame: av.VideoFrame) -> int:
    """Quarter turns counter-clockwise that bring a frame upright, 0..3. By the angle alone: a frame
    whose side data was asked for stays until Python collects it, 25 MB at 4K."""
    angle: float = frame.rotation
    # A matrix of zeros, as some recorders write, turns by no number.
    return round(angle / 90) % 4 if abs(angle) <= 360 else 0


def is_mirrored(frame: av.VideoFrame) -> bool:
    """Whether a display matrix (a b u c d, ISO 14496-12, 6.2.2) mirrors before it turns."""
    # Beside it may lie data of a type that PyAV does not know.
    with suppress(ValueError):
        for item in frame.side_data:
            if item.type.name == "DISPLAYMATRIX":
                a, b, _, c, d = np.frombuffer(bytes(item), np.int32)[:5].tolist()
                return bool(a * d < b * c)
    return False


def turn(stored: Picture, quarters: int) -> Picture:
    """The picture turned so many quarters counter-clockwise."""
    turned = np.rot90(stored, quarters)
    if turned.flags.c_contiguous:
        return turned
    # Colour by colour: whole pixels take NumPy four times as long.
    picture = np.empty(turned.shape, np.uint8)
    for colour in range(3):
        picture[..., colour] = turned[..., colour]
    return picture


class Upright:
    """Makes upright pictures of one clip's frames, all of one size.

    Frames whose size, turn or pixels change half-way are fitted into the first one's size,
    bars beside or above them, so that boxes of one footage share their pixels. `changed`: if
    other shapes have come.
    """

    def __init__(self, first: av.VideoFrame, sample_aspect: Fraction) -> None:
        self.quarters, self._mirrored = quarters_of(first), is_mirrored(first)
        usable = Fraction(1, _EXTREME_ASPECT) <= sample_aspect <= _EXTREME_ASPECT
        self.sample_aspect = sample_aspect if usable else Fraction(1)
        # Square pixels, before the turn.
        self._stored = (max(1, round(first.width * self.sample_aspect)), first.height)
        self._shape = (first.width, first.height, self.quarters, sample_aspect)
        self._others: dict[_Shape, Upright] = {}
        self._scalers: dict[tuple[int, int], VideoReformatter] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright pictures, pixels."""
        return self._oriented(self._stored)

    @property
    def changed(self) -> bool:
        return bool(self._others)

    def picture(
        self, frame: av.VideoFrame, sample_aspect: Fraction, widest: int | None = None
    ) -> Picture:
        """The upright picture, (height, width, 3); shrunk to be no wider than `widest`."""
        size = shrunk_size(*self.size, widest or self.size[0])
        other = self._other(frame, sample_aspect)
        return self._picture(frame, size) if other is None else other._fitted(frame, size)

    def thumbnail(self, frame: av.VideoFrame, sample_aspect: Fraction) -> Picture:
        """The upright picture, at most 64 pixels wide. Not deinterlaced: lines vanish anyway."""
        size, other = thumbnail_size(*self.size), self._other(frame, sample_aspect)
        if other is not None:
            return other._fitted(frame, size)
        return self._turned(self._rgb(frame, *self._oriented(size)))

    def _other(self, frame: av.VideoFrame, sample_aspect: Fraction) -> Upright | None:
        """What makes upright pictures of a frame that is not like the first."""
        shape = frame.width, frame.height, self._quarters(frame), sample_aspect
        if shape == self._shape:
            return None
        if shape not in self._others:
            self._others[shape] = Upright(frame, sample_aspect)
        return self._others[shape]

    def _quarters(self, frame: av.VideoFrame) -> int:
        """An angle of 0 means that nothing is said, as a rule."""
        same = frame.rotation == 0 and (frame.width, frame.height) == self._shape[:2]
        return self.quarters if same else quarters_of(frame)

    def _picture(self, frame: av.VideoFrame, size: tuple[int, int]) -> Picture:
        small = self._oriented(size)
        # Shrunk to two fifths of the lines, each is a mean of both fields.
        if 5 * small[1] > 2 * self._stored[1] and (frame.interlaced_frame or is_woven(frame)):
            whole = deinterlace(self._rgb(frame, *self._stored))
            if small == self._stored:
                return self._turned(whole)
            frame = type(frame).from_ndarray(whole, format="rgb24")
        return self._turned(self._rgb(frame, *small))

    def _fitted(self, frame: av.VideoFrame, size: tuple[int, int]) -> Picture:
        """The whole picture in one of that size, black where it does not reach."""
        scale = min(size[0] / self.size[0], size[1] / self.size[1])
        width, height = (
            min(most, max(1, round(side * scale)))
            for side, most in zip(self.size, size, strict=True)
        )
        picture = np.zeros((size[1], size[0], 3), np.uint8)
        top, left = (size[1] - height) // 2, (size[0] - width) // 2
        picture[top : top + height, left : left + width] = self._picture(frame, (width, height))
        return picture

    def _turned(self, stored: Picture) -> Picture:
        return turn(stored[::-1] if self._mirrored else stored, self.quarters)

    def _oriented(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height as stored of an upright picture's, or the other way round."""
        return (size[1], size[0]) if self.quarters % 2 else size

    def _rgb(self, frame: av.VideoFrame, width: int, height: int) -> Picture:
        # One for each of a few sizes. To set one up takes as long as a thumbnail,
        # and frames by themselves have a new one each.
        scaler = self._scalers.get((width, height))
        if scaler is None:
            scaler = self._scalers[width, height] = _scaler()
        return rgb_of(frame, width, height, scaler)


_Shape = tuple[int, int, int, Fraction]
"""Width and height as stored, the quarter turns, and the pixels' aspect."""


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the thumbnail of an upright picture."""
    return shrunk_size(width, height, THUMBNAIL_WIDTH)


def shrunk_size(width: int, height: int, widest: int) -> tuple[int, int]:
    """Width and height of a picture shrunk, in proportion, to be no wider than `widest`."""
    small = min(widest, width)
    return small, max(1, round(height * small / width))


def deinterlace(picture: Picture) -> Picture:
    """Take out the comb of two fields: (height, width, 3), lines of the picture as stored.

    The first field stays. A pixel of the second field is compared with the lines above and below
    it. Their mean replaces it if it differs from both in the same direction by more than `_COMB`.
    So it does its neighbours in the line. (The combing test of the classic "decomb" filters.)

    This needs no other frame, so a keyframe can be decoded alone. Where nothing moves both fields
    stay, and with them the fine print. FFmpeg's one purely spatial filter, estdif, took 50 ms for
    720x576; bwdif and yadif hand a lone frame through with its comb.
    """
    first = picture[0::2]
    second = picture[1::2]
    rows = len(second)
    above = first[:rows]
    below = np.concatenate([first[1 : rows + 1], above[-1:]])[:rows]
    # Green stands for brightness.
    middle = second[..., 1].astype(np.int32)
    up, down = above[..., 1] - middle, below[..., 1] - middle
    combed = up * down > _COMB**2
    spread = combed.copy()
    spread[:, 1:] |= combed[:, :-1]
    spread[:, :-1] |= combed[:, 1:]
    mean = ((above.astype(np.uint16) + below) >> 1).astype(np.uint8)
    result = picture.copy()
    result[1::2] = np.where(spread[..., None], mean, second)
    return result


def is_woven(frame: av.VideoFrame) -> bool:
    """True if a frame is woven of two fields; re-encoded ones often do not say so.

    Where something moves, five lines in a row are in turn brighter and darker than their neighbours
    by more than `_COMB`; hardly anything else is so fine.
    """
    if frame.format.name not in _BRIGHTNESS_FIRST or frame.height > MOST_LINES:
        return False
    plane = frame.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, abs(plane.line_size))
    step = np.diff(lines[: frame.height, : frame.width : _EVERY].astype(np.int16), axis=0)
    if len(step) < 4:
        return False
    # Eight to a byte: there are eight looks at each.
    up, down = np.packbits(step > _COMB, axis=1), np.packbits(step < -_COMB, axis=1)
    woven = up[:-3] & down[1:-2] & up[2:-1] & down[3:] | down[:-3] & up[1:-2] & down[2:-1] & up[3:]
    return bool(np.bitwise_count(woven).sum() / step[3:].size >= _WOVEN)


def rgb_of(
    frame: av.VideoFrame, width: int, height: int, scaler: VideoReformatter | None = None
) -> Picture:
    """A frame as it is stored, scaled: (height, width, 3) RGB."""
    if is_high_range(frame):
        return ordinary(frame, width, height)
    scaler = scaler or _scaler()
    rgb = scaler.reformat(frame, width=width, height=height, format="rgb24", threads=1)
    return np.asarray(rgb.to_ndarray(), np.uint8)


# `color_trc` and `color_primaries` of a frame, ITU-T H.273.
_PQ, _HLG, _BT2020 = 16, 18, 9
_WHITE = 203.0  # cd/m2, of a sheet of paper
_HLG_PEAK = 1000.0  # cd/m2, of the display HLG is made for; its gamma is 1.2
_GAMMA = 2.4
# Up to here of white light stays what it is; brighter is pressed between this and full.
_KNEE = 0.75
# Light beyond so many whites is as good as full; and steps of the table up to there.
_BRIGHTEST, _STEPS = 8.0, 1 << 16
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)


def _scaler() -> VideoReformatter:
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def is_high_range(frame: av.VideoFrame) -> bool:
    """Whether a frame says that it is in PQ or HLG."""
    return int(frame.color_trc) in (_PQ, _HLG)


def ordinary(frame: av.VideoFrame, width: int, height: int) -> Picture:
    """Such a frame as an ordinary RGB picture (height, width, 3) of that size."""
    deep = frame.reformat(width=width, height=height, format="rgb48le", threads=1).to_ndarray()
    light = _light_of(int(frame.color_trc))[deep]
    if int(frame.color_primaries) == _BT2020:
        light = light @ _TO_BT709.T
    steps = np.clip(light * (_STEPS / _BRIGHTEST), 0, _STEPS - 1).astype(np.uint16)
    picture: Picture = _levels()[steps]
    return picture


@lru_cache(maxsize=2)
def _light_of(transfer: int) -> NDArray[np.float32]:
    """Light of each 16-bit value, in whites."""
    value = np.linspace(0, 1, 1 << 16)
    if transfer == _PQ:
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = value ** (1 / m2)
        light = 10000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
        # The display's gamma goes by a colour's brightness; by each part of it greys are the same.
        light = _HLG_PEAK * scene**1.2
    return (light / _WHITE).astype(np.float32)


@lru_cache(maxsize=1)
def _levels() -> NDArray[np.uint8]:
    """The 8-bit value of each step of light."""
    light = (np.arange(_STEPS) + 0.5) * _BRIGHTEST / _STEPS
    left = 1 - _KNEE
    pressed = np.where(light <= _KNEE, light, 1 - left * np.exp(-(light - _KNEE) / left))
    return np.round(255 * pressed ** (1 / _GAMMA)).astype(np.uint8)
