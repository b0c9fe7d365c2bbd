"""Frames of footage by their time: cut by the limited decoder, few at once, and kept a while.

The footage is not trusted, so it is decoded in a process of its own (`detector.Decoder`); the
bounds here keep many who look at once from starting many of those.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from fractions import Fraction
from io import BytesIO
from typing import Generic, TypeVar

from PIL import Image

from datasets.errors import FootageUnreadable
from datasets.messages import Message
from detector.footage.decoder import Decoder
from detector.look.stills import JPEG_QUALITY
from detector.settings import Decoding
from detector.types import Footage, Frame

LIMITS = Decoding(cpu_seconds=60, wall_seconds=30, stall_seconds=15)
"""Of one cut: a person waits for it."""

MIB = 1 << 20
RAW, JPEGS = 48 * MIB, 32 * MIB
"""Bytes kept of frames as decoded, and as JPEG."""
T = TypeVar("T")


class Kept(Generic[T]):
    """What was used last, up to so many bytes of it."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes = most_bytes, 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[int, T]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """What was kept under the key."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][1]

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keeps a value; those not used for longest give way to it."""
        with self._lock:
            if key in self._kept:
                self._bytes -= self._kept.pop(key)[0]
            if size > self._most:
                return
            self._kept[key] = (size, value)
            self._bytes += size
            while self._bytes > self._most:
                self._bytes -= self._kept.popitem(last=False)[1][0]


class FrameCutter:
    """Cuts frames out of footage.

    Args:
        decoders: processes at once. waiting: callers who may wait for one, and for how many
            `seconds`.
    """

    def __init__(
        self,
        decoders: int = 2,
        waiting: int = 6,
        seconds: float = 20.0,
    ) -> None:
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(decoders + waiting)
        self._decoders = threading.BoundedSemaphore(decoders)
        self._frames: Kept[Frame] = Kept(RAW)
        self._jpegs: Kept[tuple[bytes, Fraction]] = Kept(JPEGS)

    def frame(self, footage: Footage, pts: Fraction) -> Frame:
        """The frame on screen at a time: exactly that frame where it is a PTS.

        Raises:
            TimeoutError: too many are being cut; later.
            FootageError: it cannot be decoded any more.
        """
        key = (footage.sha256, pts)
        if (known := self._frames.get(key)) is not None:
            return known
        if not self._places.acquire(blocking=False):
            raise TimeoutError(Message("too many frames are being cut at once"))
        try:
            if not self._decoders.acquire(timeout=self._seconds):
                raise TimeoutError(Message("no decoder has become free in time"))
            try:
                # Whoever had the decoder before may have cut the same frame.
                if (known := self._frames.get(key)) is not None:
                    return known
                found = self._cut(footage, pts)
            finally:
                self._decoders.release()
        finally:
            self._places.release()
        self._frames.put(key, found, found.image.nbytes)
        return found

    def jpeg(
        self, footage: Footage, pts: Fraction, width: int | None = None
    ) -> tuple[bytes, Fraction]:
        """The frame as JPEG, no wider than `width`, and its own exact time.

        Raises:
            TimeoutError, FootageError: as `frame`.
        """
        key = (footage.sha256, pts, width)
        if (known := self._jpegs.get(key)) is not None:
            return known
        frame = self.frame(footage, pts)
        picture = Image.fromarray(frame.image)
        if width is not None and width < picture.width:
            height = max(1, round(picture.height * width / picture.width))
            picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = BytesIO()
        picture.save(out, "JPEG", quality=JPEG_QUALITY if width is None else 85)
        made = (out.getvalue(), frame.pts)
        self._jpegs.put(key, made, len(made[0]))
        return made

    def _cut(self, footage: Footage, pts: Fraction) -> Frame:
        with Decoder(footage, LIMITS) as decoder:
            for frame in decoder.at([pts]):
                return frame
        raise FootageUnreadable(
            Message(
                "footage %(sha256)s: nothing can be decoded at %(pts)s s; choose another time",
                sha256=footage.sha256[:12],
                pts=f"{float(pts):.3f}",
            )
        )
