"""Counting frames once, however often they are asked for, in a few bytes a frame."""

from __future__ import annotations

from array import array
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from detector.footage import reasons
from detector.types import Loss

# These tell of no frame that was asked for and did not come.
_OTHER = {
    *(reasons.FURTHER_PAGE, reasons.CLIP_BEHIND, reasons.FURTHER_STREAM, reasons.LEFT_OUT),
    *(reasons.FITTED, reasons.SHRUNK, reasons.CUT_SHORT),
}
# A reason names a kind of failure; a damaged clip gives few kinds, many times over.
_MOST_REASONS = 8


def _distinct(*keys: array[int]) -> NDArray[np.int64]:
    """The numbers of all of them, each once, sorted."""
    return np.unique(np.concatenate([np.asarray(some, np.int64) for some in keys]))


class Tally:
    """What was asked of the decoder, what came, and why the rest did not.

    A frame's key is its packet's PTS, or its DTS where the container gives no PTS.
    A recording that begins in an open group holds a few frames that refer to footage which
    is not there: they are asked for, do not come, and count as any loss does.
    """

    def __init__(self, declared: int | None) -> None:
        self.declared = declared
        self._held = array("q")
        self._asked = array("q")
        self._came = array("q")
        self.packets = 0
        self._missing = 0
        self._left_out = 0
        self._read_through = False
        self._reasons: Counter[str] = Counter()

    def packet(self, key: int | None) -> None:
        """A packet went by in a reading from the start; None for one that shows no frame."""
        self.packets += 1
        if key is not None:
            self._held.append(key)

    def held(self) -> NDArray[np.int64]:
        """Keys of the frames that went by, sorted."""
        return _distinct(self._held)

    def begin(self) -> None:
        """A reading from the start begins: it counts again what the container holds."""
        self.packets = 0

    def end(self, declared: int | None) -> None:
        """It reached the end: what is declared beyond what went by is missing."""
        self.declared = declared
        self._read_through = True
        self._missing = max(0, (declared or 0) - self.packets)
        self.set_reason(reasons.MISSING, self._missing)

    def leave_out(self, count: int) -> None:
        """So many frames are in the file that it does not show."""
        self._left_out = count
        self.set_reason(reasons.LEFT_OUT, count)

    def ask(self, key: int) -> None:
        self._asked.append(key)

    def came(self, key: int) -> None:
        self._came.append(key)

    def set_reason(self, text: str, count: int) -> None:
        if count:
            self._reasons[text] = count

    def reason(self, text: str) -> None:
        if text in self._reasons or len(self._reasons) < _MOST_REASONS:
            self._reasons[text] += 1

    def loss(self) -> Loss:
        came = _distinct(self._came)
        asked = _distinct(self._asked, self._came)
        held = _distinct(self._held, self._asked, self._came)
        declared = self.declared or 0
        told = self._reasons.copy()
        if len(asked) > len(came) and told.keys() <= _OTHER:
            told[reasons.UNSHOWN] = len(asked) - len(came)
        texts = tuple(
            text if count == 1 else reasons.LOST.fill(what=text, times=count)
            for text, count in sorted(told.items())
        )
        return Loss(
            expected=len(asked) + self._missing,
            decoded=len(came),
            total=max(len(held) + self._missing, 0 if self._read_through else declared)
            + self._left_out,
            reasons=texts,
        )
