"""Machines, wordmarks and controls in pictures, found by a YOLO network under OpenVINO.

A picture that shows a hall is looked at twice, the second time with more pixels: far machines are
small. The first look tells whether it shows one.

Pictures are letterboxed to a rectangle that fits them: 640 x 384 for 16:9 is 40 % less to compute
than 640 x 640. One network compiled with open sizes serves every shape. One compiled for each shape
is 6-12 % faster a picture. But it costs 0.4 s a shape, and folders of stills have many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import grown, holding, iou, shrink, suppress
from detector.inference import PROCESSOR, Engine, Session
from detector.look.bars import within_bars
from detector.look.model_files import PACKAGED, load_network
from detector.settings import Detecting
from detector.types import CLASSES, MACHINE, MANUAL, WORDMARK, Box, Detections, Picture

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
"""Confidence of a wordmark for which a less sure machine is looked for: most are small."""

_Floors = NDArray[np.float32]

HALL_SCALE = 0.8
"""Scale of the first look above which a second one has nothing more to see."""
HALL_MACHINE, HALL_MACHINES = 0.2, 2
"""A hall shows so many machines whose shorter side is below that share of the picture's longer."""

SAME_THING = 0.55
"""Intersection over union of two boxes on one thing, in the picture and in its mirror image."""

_Cut = tuple[Picture, tuple[int, int]]
"""Part of a picture, and where its corner lies in it."""


class _Look:
    """A picture that is looked at. `corner`: where it lies in the frame of the boxes."""

    def __init__(self, cut: _Cut, side: int, session: Session) -> None:
        self.cut = cut
        picture, self.corner = cut
        self.shape = picture.shape
        boxed, self.scale, self._offset = letterbox(picture, side)
        self._outputs = session.start(boxed[None])

    def found(self, floors: _Floors, overlap: float) -> Detections:
        """What the network sees, in pixels of the frame, from the least confidence of each class.

        The network gives (4 + classes, n): centre x, y, width and height of each place, in pixels
        of the input, then scores.
        """
        output = self._outputs()[0][0]
        scores = output[4:]
        class_id = scores.argmax(0)
        confidence = scores.max(0)
        candidates = np.flatnonzero(confidence >= floors[class_id])
        if len(candidates) > MOST_CANDIDATES:
            surest = np.argsort(-confidence[candidates], kind="stable")[:MOST_CANDIDATES]
            candidates = candidates[surest]
        centre, half = output[:2, candidates].T, output[2:4, candidates].T / 2
        xyxy = np.concatenate([centre - half, centre + half], axis=1)
        xyxy = (xyxy - np.array(2 * self._offset, np.float32)) / np.float32(self.scale)
        rows, columns = self.shape[:2]
        xyxy = np.clip(xyxy, 0, np.array([columns, rows, columns, rows], np.float32))
        xyxy += np.array(2 * self.corner, np.float32)
        found = Detections(
            xyxy.astype(np.float32),
            confidence[candidates].astype(np.float32),
            class_id[candidates].astype(np.int64),
        )
        return suppressed(found.where((xyxy[:, 2:] - xyxy[:, :2] >= 1).all(1)), overlap)


class Pending:
    """Pictures handed to a detector, whose detections can be had later.

    second: longer side of a second look at a hall, pixels; None: one look only. mirrored: the same
    pictures, flipped, as they are looked at beside.
    """

    def __init__(
        self,
        detector: YoloDetector,
        looks: Sequence[_Look],
        floors: _Floors,
        second: int | None = None,
        mirrored: Pending | None = None,
    ) -> None:
        self._detector = detector
        self._looks = looks
        self._floors = floors
        self._second = second
        self._mirrored = mirrored

    def result(self) -> list[Detections]:
        """What is in each picture; waits until all have been looked at."""
        return [_counted(found, self._floors) for found in self._found()]

    def _found(self) -> list[Detections]:
        """The same with all that is faint."""
        overlap = self._detector.settings.overlap
        least = np.minimum(self._floors, self._detector._faint)
        whole = [look.found(least, overlap) for look in self._looks]
        again = {
            index: self._detector._look(look.cut, self._second)
            for index, look in enumerate(self._looks)
            if self._second is not None and shows_hall(whole[index], look.shape, look.scale)
        }
        for index, look in again.items():
            both = _joined(whole[index], look.found(least, overlap))
            whole[index] = suppressed(both, overlap)
        if self._mirrored is None:
            return whole
        both_ways = [
            merged(found, _flipped(again, look), overlap)
            for found, again, look in zip(whole, self._mirrored._found(), self._looks, strict=True)
        ]
        return [found.where(found.confidence >= least[found.class_id]) for found in both_ways]


class YoloDetector:
    """A model, loaded once and used for any number of pictures, from one thread.

    folder: of the model; the packaged one if None. settings: thresholds and the size of the input.
    engine: what it computes on.
    Raises ModelError: a file is missing, damaged or not the one whose hash `model.json` names, or
    the model knows other classes.
    """

    def __init__(
        self,
        folder: Path | None = None,
        settings: Detecting | None = None,
        engine: Engine = PROCESSOR,
    ) -> None:
        settings = settings or Detecting()
        self.folder = folder or PACKAGED
        self.settings = settings
        self.digest, self._session = load_network(self.folder, engine)
        self._floors = np.array(
            [
                settings.confidence if index in (MACHINE, MANUAL) else settings.mark_confidence
                for index in range(len(CLASSES))
            ],
            np.float32,
        )
        self._faint = self._floors.copy()
        self._faint[MACHINE] = settings.bearing_confidence
        self._faint[WORDMARK] = FAINT_MARK

    def detect(
        self, pictures: Sequence[Picture], least: float | None = None, *, still: bool = False
    ) -> list[Detections]:
        """What is in each picture, surest first, boxes in that picture's pixels.

        A machine between `settings.bearing_confidence` and the least confidence counts where it is
        the surest around a wordmark, even a faint one, on no other machine.

        Pictures run side by side on the cores there are; hand over several at a time.

        pictures: each (height, width, 3); sizes may differ. least: confidence asked of a machine
        instead of the settings' own. still: look at each mirrored as well, as at photographs.
        """
        return self.begin(pictures, least, still=still).result()

    def begin(
        self,
        pictures: Sequence[Picture],
        least: float | None = None,
        side: int | None = None,
        *,
        still: bool = False,
    ) -> Pending:
        """The same, but only begun: there is time for something else before the result.

        Beyond `IN_FLIGHT` pictures on their way it waits for the oldest.

        side: longer side fed to the network, pixels, instead of the settings' own. still: as for
        `detect`.
        """
        cuts = [_within_bars(picture) for picture in pictures]
        floors = self._floors.copy()
        if least is not None:
            floors[MACHINE] = least
        second = None if side else self.settings.hall_size
        side = side or self.settings.image_size
        looks = [self._look(cut, side) for cut in cuts]
        mirrored = None
        if still:
            flipped = [(np.ascontiguousarray(cut[:, ::-1]), corner) for cut, corner in cuts]
            mirrored = Pending(self, [self._look(cut, side) for cut in flipped], floors, second)
        return Pending(self, looks, floors, second, mirrored)

    def look_closer(self, picture: Picture, box: Box) -> Detections:
        """As `Detector.look_closer`: within the box and a margin, for small marks."""
        left, top, right, bottom = grown(box, CLOSER_MARGIN, picture)
        crop = picture[top:bottom, left:right]
        if crop.size == 0:
            return Detections.none()
        longer = max(crop.shape[:2])
        side = min(max(longer, CLOSER_LEAST), CLOSER_MOST, round(CLOSER_ENLARGED * longer))
        (found,) = Pending(self, [self._look((crop, (left, top)), side)], self._floors).result()
        return found

    def _look(self, cut: _Cut, side: int) -> _Look:
        return _Look(cut, side, self._session)


def _joined(first: Detections, second: Detections) -> Detections:
    columns = [(getattr(first, name), getattr(second, name)) for name in Detections.__slots__]
    return Detections(*map(np.concatenate, columns))


def _flipped(found: Detections, look: _Look) -> Detections:
    """What a look at the mirrored picture found, in the pixels of the picture itself."""
    xyxy = found.xyxy.copy()
    xyxy[:, [0, 2]] = 2 * look.corner[0] + look.shape[1] - found.xyxy[:, [2, 0]]
    return replace(found, xyxy=xyxy)


def merged(first: Detections, second: Detections, overlap: float) -> Detections:
    """What two looks of the same kind give: one box, the weighted mean, of those on one thing.

    The confidence of a machine is the mean of both looks, 0 where one does not see it; that of a
    mark the greater. On the fold of `train` left out, AP50 is 0.624 instead of 0.607, and 46 marks
    of 77 are seen instead of 43.
    """
    shared = iou(first.xyxy, second.xyxy)
    shared[first.class_id[:, None] != second.class_id[None, :]] = 0
    partner = {}
    for one in np.argsort(-first.confidence, kind="stable"):
        other = int(shared[one].argmax()) if len(second) else 0
        if len(second) and shared[one, other] >= SAME_THING:
            partner[int(one)] = other
            shared[:, other] = 0
    ones, others = [*partner], [*partner.values()]
    a, b = first.confidence[ones, None], second.confidence[others, None]
    found = _joined(first, second.where(~np.isin(np.arange(len(second)), others)))
    counted = np.isin(found.class_id, (MACHINE, MANUAL))
    confidence = np.where(counted, found.confidence / 2, found.confidence)
    xyxy = found.xyxy.copy()
    xyxy[ones] = (first.xyxy[ones] * a + second.xyxy[others] * b) / (a + b)
    confidence[ones] = np.where(counted[ones], (a + b)[:, 0] / 2, np.maximum(a, b)[:, 0])
    return suppressed(Detections(xyxy, confidence.astype(np.float32), found.class_id), overlap)


def _counted(found: Detections, floors: _Floors) -> Detections:
    sure = found.confidence >= floors[found.class_id]
    return found.where(sure | bearing(found, sure))


def shows_hall(found: Detections, shape: tuple[int, ...], scale: float) -> bool:
    """True if a picture shows several machines far away, and has more pixels to show them in.

    found: what a first look gave, faint machines among it. shape: of the picture. scale: at which
    it was looked at.
    """
    if scale > HALL_SCALE:
        return False
    machines = found.where((found.class_id == MACHINE) | (found.class_id == MANUAL)).xyxy
    sides = (machines[:, 2:] - machines[:, :2]).min(axis=1)
    return int((sides < HALL_MACHINE * max(shape[:2])).sum()) >= HALL_MACHINES


def suppressed(found: Detections, overlap: float) -> Detections:
    """Each thing once, surest first. A machine is either a CNC or a manual one, as the surest says.

    overlap: beyond it the less sure of two boxes of a class is the same thing again (IoU).
    """
    kinds = np.where(found.class_id == MANUAL, MACHINE, found.class_id)
    return found.where(suppress(found.xyxy, found.confidence, kinds, overlap))


def bearing(found: Detections, sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which machines are the surest around a wordmark that stands on no sure one.

    found: n boxes, faint wordmarks among them. sure: (n,) those that count in any case.
    Returns (n,), true for some of the machines that are not sure.
    """
    machines = (found.class_id == MACHINE) | (found.class_id == MANUAL)
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

    picture: (height, width, 3). side: what the longer side becomes, in pixels; rounded up to a
    multiple of 32.
    Returns the input, the scale applied, and (x, y) of the picture's corner in it: a point p of the
    picture stands at p * scale + (x, y).
    """
    rows, columns = picture.shape[:2]
    side = _up(side)
    scale = side / max(rows, columns)
    new_rows, new_columns = max(1, round(rows * scale)), max(1, round(columns * scale))
    size = new_columns, new_rows
    # Linear, as in training; below half size it would skip pixels, so areas are averaged.
    resized = shrink(picture, size) if scale < 0.5 else cv2.resize(picture, size)
    boxed = np.full((_up(new_rows), _up(new_columns), 3), PADDING, np.uint8)
    top, left = (boxed.shape[0] - new_rows) // 2, (boxed.shape[1] - new_columns) // 2
    boxed[top : top + new_rows, left : left + new_columns] = resized
    return boxed, scale, (left, top)


def _up(side: int) -> int:
    return -(-side // STRIDE) * STRIDE
