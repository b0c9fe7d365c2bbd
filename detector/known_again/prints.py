"""Perceptual fingerprints of pictures, to find copies of footage.

A print is taken where the picture has changed since the last one of its shot. So the times follow
what is shown, not the keyframes of one encoding.

A copy may be cropped anywhere, put into bars, mirrored or captioned. Windows at fixed places would
miss it: 26 windows in a grid matched 89 % of crops of 5 to 30 %. A crop is the same in every frame,
so more frames do not help. The windows here stand around blobs of SIFT's scale space, and move and
grow with the picture. A dozen of them matched 96 % of such crops in each single frame. All figures
are of 250 photographs of shop floors, fairs and studios.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.footage.frames import thumbnail_size
from detector.types import Box, Frame, Picture, Print

WINDOW = np.dtype([("hash", "<u8"), ("x", "<u2"), ("y", "<u2"), ("side", "<u2")])
"""One window of a print: its hash, its middle and its side, in 1/`UNIT` of the picture's
longer side. The first window of a print is the whole picture: its middle tells the picture's
shape, its side is the shorter one."""
UNIT = 65535

FREQUENCIES = 8
"""Of 8 x 8 low frequencies the signs are the hash, as in the usual pHash, whose threshold is their
median: with 0 instead the hash of a mirrored window follows exactly (with the median, 4 bits of 64
were lost), and copies are found as often."""
SAMPLES = 32
"""A window is sampled 32 x 32 before its frequencies are taken, as in the usual pHash."""
MIRROR = np.uint64(int.from_bytes(b"\x55" * FREQUENCIES, "little"))
"""A hash with these bits turned is the hash of the mirrored window. Mirroring changes the
sign of every odd horizontal frequency, and every second bit of a row of eight stands for one."""
CHANGED = 8
"""Bits of 64 that must differ between the whole picture and the last print. A shift by 3 % of its
width changes 7, one by 4 % 10. Recompression changed 2 at most, new brightness 5."""
STILL = 2.0
"""Mean change in grey levels below which a frame is not even hashed; recompression with JPEG
of quality 20 changed 1.7 at most."""
FLAT = 6.0
"""Standard deviation of luma, in grey levels, under which a picture or a window shows
nothing; as in `detector/look/shots.py`."""
BUSY = 64.0
"""Standard deviation of luma, in grey levels, that counts as full of detail."""
REACH = 5.0
"""Side of a window over the diameter of its blob. 4 and 6 found fewer crops again."""
BANDS = (9.0, 14.0, 22.0, 36.0, 60.0)
"""Sides of windows in pixels of the thumbnail, in four bands, so that a picture scaled down
into bars still shares bands with the full one. A smaller window has no 8 x 8 frequencies."""
A_BAND = 8
"""Windows kept in each band at most, clearest first; with 6, 5 % fewer crops of 30 % matched."""
_COSINES = np.cos(
    np.pi / SAMPLES * np.outer(np.arange(FREQUENCIES), np.arange(SAMPLES) + 0.5)
).astype(np.float32)
"""The lowest rows of the discrete cosine transform (DCT-II)."""
BLOBS = cv2.SIFT.create(nOctaveLayers=3, contrastThreshold=0.01, edgeThreshold=20, sigma=1.6)
"""Lower contrast than SIFT's own 0.04, for thumbnails are smooth; 0.02 lost 2 % of crops."""
OFFSET = 0.25
"""OpenCV tells places in whole pixels' middles and, for doubling the picture first, a quarter
of a pixel to the right and below: measured on mirrored pictures, at every scale."""


class PrintCollector:
    """Told the pictures of one footage as they are decoded, keeps the prints of them."""

    def __init__(self) -> None:
        self._keyframes: list[Print] = []
        self._dense: list[Print] = []
        self._extents: dict[int, tuple[Fraction, Fraction]] = {}
        self._last: tuple[int | None, _Seen] | None = None

    def keyframe(self, frame: Frame) -> None:
        """A keyframe of the first pass; in time order."""
        rows, columns = frame.image.shape[:2]
        size = thumbnail_size(columns, rows)
        small = np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), np.uint8)
        if (found := self._offer(frame.pts, small, None)) is not None:
            self._keyframes.append(found)

    def dense(self, pts: Fraction, thumbnail: Picture, shot_index: int) -> None:
        """A densely decoded frame's thumbnail, RGB, at most 64 px wide, of shot `shot_index`."""
        first, _ = self._extents.get(shot_index, (pts, pts))
        self._extents[shot_index] = (first, pts)
        if (found := self._offer(pts, thumbnail, shot_index)) is not None:
            self._dense.append(found)

    def finish(self) -> tuple[Print, ...]:
        """The prints, in time order. Where a shot was decoded densely its keyframes add none."""
        extents = sorted(self._extents.values())

        def alone(pts: Fraction) -> bool:
            return not any(first <= pts <= last for first, last in extents)

        prints = [p for p in self._keyframes if alone(p.pts)] + self._dense
        return tuple(sorted(prints, key=lambda p: p.pts))

    def _offer(self, pts: Fraction, thumbnail: Picture, shot: int | None) -> Print | None:
        grey = np.asarray(cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY), np.uint8)
        before = self._last[1] if self._last is not None and self._last[0] == shot else None
        if before is not None and not before.moved(grey):
            return None
        seen = _Seen(grey, int(_hashes([_sampled(grey)])[0]))
        if before is not None and distance(before.whole, seen.whole) <= CHANGED:
            return None
        self._last = (shot, seen)
        detail = min(1.0, float(grey.std()) / BUSY)
        return Print(pts, shot, fingerprint(grey).tobytes(), detail)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The picture of the last print: its luma and the hash of the whole of it."""

    grey: NDArray[np.uint8]
    whole: int

    def moved(self, grey: NDArray[np.uint8]) -> bool:
        if grey.shape != self.grey.shape:
            return True
        return float(cv2.norm(self.grey, grey, cv2.NORM_L1)) >= STILL * grey.size


def fingerprint(grey: NDArray[np.uint8]) -> NDArray[np.void]:
    """The windows of a thumbnail's luma (height, width), as `WINDOW`; the whole picture first. A
    flat picture has no other."""
    rows, columns = grey.shape
    places = [(columns / 2, rows / 2, float(min(rows, columns)))]
    cuts = [_sampled(grey)]
    if float(grey.std()) >= FLAT:
        for x, y, side in _windows(grey):
            cut = _sampled(grey, (x - side / 2, y - side / 2, x + side / 2, y + side / 2))
            if float(cut.std()) >= FLAT:
                places.append((x, y, side))
                cuts.append(cut)
    windows = np.zeros(len(places), WINDOW)
    windows["hash"] = _hashes(cuts)
    scaled = np.rint(np.array(places) * (UNIT / max(rows, columns)))
    windows["x"], windows["y"], windows["side"] = scaled.T
    return windows


def unpack(hashes: bytes) -> NDArray[np.void]:
    """The windows of a print, `WINDOW` each, the whole picture first."""
    return np.frombuffer(hashes, WINDOW)


def distance(a: int, b: int) -> int:
    """Bits in which two hashes differ, 0..64; about 32 for unrelated pictures."""
    return (a ^ b).bit_count()


def _sampled(grey: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.float32]:
    """A window of a picture, or the whole of it."""
    small = (SAMPLES, SAMPLES)
    cut = Image.fromarray(grey).resize(small, Image.Resampling.BILINEAR, box=box)
    return np.asarray(cut, np.float32)


def _hashes(cuts: Sequence[NDArray[np.float32]]) -> NDArray[np.uint64]:
    """The signs of the low frequencies of each cut, row by row, the highest bit first."""
    stacked = np.stack(cuts)
    means = stacked.mean(axis=(1, 2))
    # Without its mean a flat cut has no frequencies at all, whatever is rounded.
    low = _COSINES @ (stacked - means[:, None, None]) @ _COSINES.T
    low[:, 0, 0] = means
    bits = np.packbits(low.reshape(len(cuts), -1) > 0, axis=1)
    return np.ascontiguousarray(bits).view("<u8").ravel()


def _windows(grey: NDArray[np.uint8]) -> Iterator[tuple[float, float, float]]:
    """Middle and side of each window that lies within the picture, clearest first."""
    rows, columns = grey.shape
    kept: list[tuple[float, float, float]] = []
    room = [A_BAND] * (len(BANDS) - 1)
    # Ties are broken by place: the order in which threads find blobs is not the same twice.
    blobs = sorted(BLOBS.detect(grey, None), key=lambda b: (-b.response, b.pt, b.size))
    for blob in blobs:
        side = blob.size * REACH
        x, y = blob.pt[0] + OFFSET, blob.pt[1] + OFFSET
        band = int(np.searchsorted(BANDS, side, side="right")) - 1
        if not 0 <= band < len(room) or not room[band]:
            continue
        if not (side / 2 <= x <= columns - side / 2 and side / 2 <= y <= rows - side / 2):
            continue
        if any(_alike((x, y, side), other) for other in kept):
            continue
        room[band] -= 1
        kept.append((x, y, side))
        yield x, y, side


def _alike(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    """Whether two windows are nearly the same: the one would add nothing to the other."""
    apart = abs(a[0] - b[0]) + abs(a[1] - b[1])
    return apart < 0.1 * a[2] and abs(a[2] - b[2]) < 0.15 * a[2]
