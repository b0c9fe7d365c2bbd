"""Frames looked at in batches: while one is in the network another one fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detector.look.detector import PendingDetections
from detector.types import Detections, Frame, Picture

BATCH = 8
"""Pictures handed to the detector together, at most."""

BATCH_PIXELS = 20_000_000
"""Pixels held before a batch is handed over, whatever its length: 60 MB of RGB. Another batch
is being looked at meanwhile."""


@dataclass(slots=True)
class Waiting:
    """A frame before it is looked at. `fresh`: it shows something new; `cut`: another scene than
    the one before, where that was asked."""

    frame: Frame
    fresh: bool
    cut: bool = False


class Batches:
    """Has frames looked at; in one that is not fresh is what was found in the one before.

    begin: has pictures looked at, as `Detector.begin`.
    """

    def __init__(self, begin: Callable[[Sequence[Picture]], PendingDetections]) -> None:
        self._begin = begin
        self._looked_at: tuple[Sequence[Waiting], PendingDetections] = (), begin(())
        self._last = Detections.none()

    def hand_over(self, batch: Sequence[Waiting]) -> list[tuple[Waiting, Detections]]:
        """Has a batch looked at; what is in the one handed over before, for which it waits."""
        before, pending = self._looked_at
        fresh = iter(pending.result())
        self._looked_at = batch, self._begin([one.frame.image for one in batch if one.fresh])
        found = []
        for one in before:
            if one.fresh:
                self._last = next(fresh)
            found.append((one, self._last))
        return found
