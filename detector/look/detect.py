"""Machines, wordmarks and controls in pictures, found by a YOLO network under OpenVINO.

Where it sees a machine a second network is asked whether that is a vehicle
(`detector.look.vehicles`).

Pictures are letterboxed to a rectangle that fits them, not to a square: 640 x 384 for
16:9 is 40 % less to compute than 640 x 640. One network compiled with open sizes serves
every shape; compiling one for each shape was measured 6-12 % faster a picture but costs
0.4 s a shape, and folders of stills have many.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import grown, holding, suppress
from detector.look.bars import within_bars
from detector.look.model_files import PACKAGED, load_network
from detector.look.vehicles import SURE_VEHICLE, VEHICLES, load_vehicles, without_vehicles
from detector.settings import Detecting
from detector.types import CLASSES, MACHINE, WORDMARK, Box, Detections, Picture

STRIDE = 32
"""Coarsest stride of YOLO's three heads (8, 16, 32): sides of the input are multiples of it."""

PADDING = 114
"""The grey of the letterbox, as Ultralytics trains with (`LetterBox.padding_value`)."""

MOST_CANDIDATES = 600
"""Surest boxes that enter suppression: bounds its cost on pictures full of texture."""

CLOSER_MARGIN = 0.08
"""Share of a machine's box added on each side when looking closer: signs stick out."""

CLOSER_LEAST, CLOSER_MOST = 640, 1280
"""Longer side of a closer look's input, pixels: marks need more of them than machines do."""

CLOSER_ENLARGED = 3.0
"""Most a crop is enlarged: beyond it pixels are spread out and nothing new is seen."""


FAINT_MARK = 0.1
"""Confidence of a wordmark for which a machine is looked for that is less sure: in a whole frame
most marks are small, and are seen surely only when looking closer."""

_Floors = NDArray[np.float32]
_Said = NDArray[np.float32]
"""What a network says of a picture, (4 + classes, n): centre x, y, width and height of each place,
in pixels of the input, then scores."""

_VEHICLES: _Floors = np.full(len(VEHICLES), SURE_VEHICLE, np.float32)

IN_FLIGHT = 8
"""Pictures that may be on their way through a network at a time."""


_Cut = tuple[Picture, tuple[int, int]]
"""Part of a picture, and where its corner lies in it."""


class _Run:
    """A picture on its way through a network, until it is asked what that says."""

    def __init__(self, request: Any, boxed: Picture) -> None:
        self._request = request
        self._said: _Said | None = None
        request.start_async({0: boxed[None]})

    def said(self) -> _Said:
        """What the network says; waits for it."""
        if self._said is None:
            self._request.wait()
            self._said = self._request.get_output_tensor().data[0].copy()
        return self._said


class _Network:
    """A compiled network, for some pictures at a time."""

    def __init__(self, compiled: Any) -> None:
        self._requests = [compiled.create_infer_request() for _ in range(IN_FLIGHT)]
        self._runs: list[_Run | None] = [None] * IN_FLIGHT
        self._next = 0

    def start(self, boxed: Picture) -> _Run:
        # Requests are waited for, oldest first: OpenVINO's own queue calls back into Python
        # from its threads, and was seen to abort the process when dropped just after.
        place = self._next
        self._next = (place + 1) % IN_FLIGHT
        before = self._runs[place]
        if before is not None:
            before.said()
        run = _Run(self._requests[place], boxed)
        self._runs[place] = run
        return run


class _Look:
    """A picture that is looked at. `corner`: where it lies in the frame that its boxes are told
    in."""

    def __init__(self, cut: _Cut, side: int, network: _Network) -> None:
        picture, self.corner = cut
        self.shape = picture.shape
        self.boxed, self.scale, self.offset = letterbox(picture, side)
        self.run = network.start(self.boxed)


class Pending:
    """Pictures handed to a detector, whose detections can be had later."""

    def __init__(
        self,
        detector: Detector,
        looks: Sequence[_Look],
        floors: _Floors,
        vehicles: _Network | None = None,
    ) -> None:
        """`vehicles`: asked where a machine is seen, if given."""
        self._detector = detector
        self._looks = looks
        self._floors = floors
        self._vehicles = vehicles

    def result(self) -> list[Detections]:
        """What is in each picture; waits until all have been looked at."""
        found = []
        for look in self._looks:
            one = self._detector._decoded(look, look.run.said(), self._floors)
            asked = self._vehicles if MACHINE in one.class_id else None
            found.append((look, one, None if asked is None else asked.start(look.boxed)))
        return [
            one if run is None else without_vehicles(one, self._seen(look, run))
            for look, one, run in found
        ]

    def _seen(self, look: _Look, run: _Run) -> Detections:
        """The vehicles in a picture."""
        return _boxes(look, run.said(), _VEHICLES, self._detector.settings.overlap)


class Detector:
    """A model, loaded once and used for any number of pictures, from one thread.

    Args:
        folder: of the model; the packaged one if None.
        settings: thresholds and the size of the input.
        threads: threads of inference; as many as there are cores if None. What is found
            does not depend on it.

    Raises:
        ModelError: a file is missing, damaged or not the one whose hash `model.json` names,
            or the model knows other classes; or the network that knows vehicles is not as it was
            installed.
    """

    def __init__(
        self,
        folder: Path | None = None,
        settings: Detecting | None = None,
        threads: int | None = None,
    ) -> None:
        settings = settings or Detecting()
        self.folder = folder or PACKAGED
        self.settings = settings
        self.digest, compiled = load_network(self.folder, threads)
        self._network = _Network(compiled)
        self._vehicles = _Network(load_vehicles(threads))
        self._floors = np.array(
            [
                settings.confidence if index == MACHINE else settings.mark_confidence
                for index in range(len(CLASSES))
            ],
            np.float32,
        )
        self._faint = self._floors.copy()
        self._faint[MACHINE] = settings.bearing_confidence
        self._faint[WORDMARK] = FAINT_MARK

    def detect(self, pictures: Sequence[Picture], least: float | None = None) -> list[Detections]:
        """What is in each picture, surest first, boxes in that picture's pixels.

        A machine below the least confidence, but not below `settings.bearing_confidence`, is there
        too where it is the surest around a wordmark, be it faint, that stands on no machine.

        A vehicle is none (`detector.look.vehicles`).

        Pictures run side by side on the cores there are; hand over several at a time.

        Args:
            pictures: each (height, width, 3); sizes may differ.
            least: confidence asked of a machine instead of the settings' own.
        """
        return self.begin(pictures, least).result()

    def begin(
        self, pictures: Sequence[Picture], least: float | None = None, side: int | None = None
    ) -> Pending:
        """The same, but only begun: there is time for something else before the result.

        Beyond `IN_FLIGHT` pictures on their way it waits for the oldest.

        Args:
            side: longer side fed to the network, pixels, instead of the settings' own.
        """
        cuts = [_within_bars(picture) for picture in pictures]
        sides = [side or self.settings.image_size] * len(pictures)
        floors = self._floors.copy()
        if least is not None:
            floors[MACHINE] = least
        return Pending(self, self._looks(cuts, sides), floors, self._vehicles)

    def look_closer(self, picture: Picture, box: Box) -> Detections:
        """Looks again at one machine, enlarged, for marks too small in the whole frame.

        Args:
            picture: the whole frame, (height, width, 3).
            box: the machine, in pixels of the frame.

        Returns:
            Detections of every class within the box and a margin, in pixels of the frame.
        """
        left, top, right, bottom = grown(box, CLOSER_MARGIN, picture)
        crop = picture[top:bottom, left:right]
        if crop.size == 0:
            return Detections.none()
        longer = max(crop.shape[:2])
        side = min(max(longer, CLOSER_LEAST), CLOSER_MOST, round(CLOSER_ENLARGED * longer))
        looks = self._looks([(crop, (left, top))], [side])
        (found,) = Pending(self, looks, self._floors).result()
        return found

    def _looks(self, cuts: Sequence[_Cut], sides: Sequence[int]) -> list[_Look]:
        return [_Look(cut, side, self._network) for cut, side in zip(cuts, sides, strict=True)]

    def _decoded(self, look: _Look, said: _Said, floors: _Floors) -> Detections:
        found = _boxes(look, said, np.minimum(floors, self._faint), self.settings.overlap)
        sure = found.confidence >= floors[found.class_id]
        return found.where(sure | bearing(found, sure))


def _boxes(look: _Look, said: _Said, floors: _Floors, overlap: float) -> Detections:
    """What a network says of a picture, in pixels of the frame.

    Args:
        floors: (classes,), the least confidence of each.
        overlap: beyond it the less sure of two boxes of a class is the same thing again (IoU).
    """
    scores = said[4:]
    class_id = scores.argmax(0)
    confidence = scores.max(0)
    candidates = np.flatnonzero(confidence >= floors[class_id])
    if len(candidates) > MOST_CANDIDATES:
        surest = np.argsort(-confidence[candidates], kind="stable")[:MOST_CANDIDATES]
        candidates = candidates[surest]
    centre_x, centre_y, width, height = said[:4, candidates]
    xyxy = np.stack(
        [
            centre_x - width / 2,
            centre_y - height / 2,
            centre_x + width / 2,
            centre_y + height / 2,
        ],
        axis=1,
    )
    xyxy = (xyxy - np.array([*look.offset, *look.offset], np.float32)) / np.float32(look.scale)
    rows, columns = look.shape[:2]
    xyxy = np.clip(xyxy, 0, np.array([columns, rows, columns, rows], np.float32))
    xyxy += np.array([*look.corner, *look.corner], np.float32)
    whole = np.flatnonzero((xyxy[:, 2:] - xyxy[:, :2] >= 1).all(1))
    candidates, xyxy = candidates[whole], xyxy[whole]
    kept = suppress(xyxy, confidence[candidates], class_id[candidates], overlap)
    chosen = candidates[kept]
    return Detections(
        xyxy[kept].astype(np.float32),
        confidence[chosen].astype(np.float32),
        class_id[chosen].astype(np.int64),
    )


def bearing(found: Detections, sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which machines are the surest around a wordmark that stands on no sure one.

    Args:
        found: n boxes, faint wordmarks among them.
        sure: (n,) those that count in any case.

    Returns:
        (n,), true for some of the machines that are not sure.
    """
    machines = found.class_id == MACHINE
    surest = np.zeros(len(found), np.bool_)
    for mark in found.xyxy[found.class_id == WORDMARK]:
        around = np.flatnonzero(machines & holding(found.xyxy, mark))
        if len(around) and not sure[around].any():
            surest[around[found.confidence[around].argmax()]] = True
    return surest


def _within_bars(picture: Picture) -> _Cut:
    """What a clip in a frame of another shape shows: among black bars the network takes more for
    machines, and sees fewer marks."""
    left, top, right, bottom = within_bars(picture)
    return picture[top:bottom, left:right], (left, top)


def letterbox(picture: Picture, side: int) -> tuple[Picture, float, tuple[int, int]]:
    """Fits a picture into the network's input: scaled, its short side padded to a stride.

    Args:
        picture: (height, width, 3).
        side: what the longer side becomes, in pixels; rounded up to a multiple of 32.

    Returns:
        The input, the scale applied, and (x, y) of the picture's corner in it: a point p
        of the picture stands at p * scale + (x, y).
    """
    rows, columns = picture.shape[:2]
    side = _up(side)
    scale = side / max(rows, columns)
    new_rows, new_columns = max(1, round(rows * scale)), max(1, round(columns * scale))
    shrinking = scale < 0.5
    resized = cv2.resize(
        picture,
        (new_columns, new_rows),
        # Linear, as in training; below half size it would skip pixels, so areas are averaged.
        interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR,
    )
    boxed = np.full((_up(new_rows), _up(new_columns), 3), PADDING, np.uint8)
    top, left = (boxed.shape[0] - new_rows) // 2, (boxed.shape[1] - new_columns) // 2
    boxed[top : top + new_rows, left : left + new_columns] = resized
    return boxed, scale, (left, top)


def _up(side: int) -> int:
    return -(-side // STRIDE) * STRIDE
