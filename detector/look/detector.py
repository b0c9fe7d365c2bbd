"""What every detector of machines can do; `detector.look.detect.YoloDetector` is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from detector.settings import Detecting
from detector.types import Box, Detections, Picture


class PendingDetections(Protocol):
    """Pictures handed to a detector."""

    def result(self) -> list[Detections]:
        """What is in each picture; waits until all have been looked at."""


class Detector(Protocol):
    """Finds machines and marks in pictures, each (height, width, 3) RGB, of any sizes.

    Boxes are in pixels of the picture, the surest first. The same picture gives the same boxes,
    alone or among others. `tests/detector/look/test_detectors.py` holds every detector to this.
    """

    @property
    def digest(self) -> str:
        """SHA-256 of the model, in hexadecimal."""

    @property
    def settings(self) -> Detecting:
        """The thresholds."""

    def detect(
        self, pictures: Sequence[Picture], least: float | None = None, *, still: bool = False
    ) -> list[Detections]:
        """What is in each picture, in order.

        least: confidence asked of a machine instead of the settings' own. still: these are
        photographs: take the time to look twice.
        """

    def begin(
        self,
        pictures: Sequence[Picture],
        least: float | None = None,
        side: int | None = None,
        *,
        still: bool = False,
    ) -> PendingDetections:
        """The same, but only begun: there is time for something else before the result.

        side: longer side to look at, pixels, instead of the settings' own. still: as for `detect`.
        """

    def look_closer(self, picture: Picture, box: Box) -> Detections:
        """What is in a box of a picture, enlarged; none for a box off the picture."""
