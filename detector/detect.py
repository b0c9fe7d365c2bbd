"""Machines, wordmarks and controls in pictures, found by a YOLO network under OpenVINO.

The model is three files in one folder: `model.xml` and `model.bin` (OpenVINO's network,
sizes of the input left open) and `model.json`, as `nameplate export` writes it:

    {"classes": ["machine", "wordmark", "control"], "image_size": 640,
     "sha256": "...", "files": {"model.xml": "...", "model.bin": "..."}, ...}

Pictures are letterboxed to a rectangle that fits them, not to a square: 640 x 384 for
16:9 is 40 % less to compute than 640 x 640. One network compiled with open sizes serves
every shape; compiling one for each shape was measured 6-12 % faster a picture but costs
0.4 s a shape, and folders of stills have many.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError
from detector.bars import within_bars
from detector.boxes import grown, holding, suppress
from detector.settings import Detecting
from detector.types import CLASSES, MACHINE, WORDMARK, Box, Detections, Picture

PACKAGED = Path(__file__).parent / "model"
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

IN_FLIGHT = 8
"""Pictures that may be on their way through the network at a time."""


_Cut = tuple[Picture, tuple[int, int]]
"""Part of a picture, and where its corner lies in it."""


class _Run:
    """A picture on its way through the network, until its boxes are asked for. `corner`: where it
    lies in the frame that its boxes are told in."""

    def __init__(self, request: Any, picture: Picture, corner: tuple[int, int], side: int) -> None:
        self.corner = corner
        boxed, self.scale, self.offset = letterbox(picture, side)
        self.shape = picture.shape
        self._request = request
        self._raw: NDArray[np.float32] | None = None
        request.start_async({0: boxed[None]})

    def raw(self) -> NDArray[np.float32]:
        """What the network says, (4 + classes, n); waits for it."""
        if self._raw is None:
            self._request.wait()
            self._raw = self._request.get_output_tensor().data[0].copy()
        return self._raw


class Pending:
    """Pictures handed to a detector, whose detections can be had later."""

    def __init__(self, detector: Detector, runs: Sequence[_Run], floors: _Floors) -> None:
        self._detector = detector
        self._runs = runs
        self._floors = floors

    def result(self) -> list[Detections]:
        """What is in each picture; waits until all have been looked at."""
        return [self._detector._decoded(run, self._floors) for run in self._runs]


class Detector:
    """The network, loaded once and used for any number of pictures, from one thread.

    Args:
        folder: holds `model.xml`, `model.bin` and `model.json`; the packaged model if None.
        settings: thresholds and the size of the input.
        threads: threads of inference; as many as there are cores if None. What is found
            does not depend on it.

    Raises:
        ModelError: a file is missing, damaged or not the one whose hash `model.json` names,
            or the model knows other classes.
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
        self.digest = _checked(self.folder)
        network = _compiled(self.folder, self.digest, threads)
        self._requests = [network.create_infer_request() for _ in range(IN_FLIGHT)]
        self._runs: list[_Run | None] = [None] * IN_FLIGHT
        self._next = 0
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

    def detect(
        self, pictures: Sequence[Picture], least: float | None = None, side: int | None = None
    ) -> list[Detections]:
        """What is in each picture, surest first, boxes in that picture's pixels.

        A machine below the least confidence, but not below `settings.bearing_confidence`, is there
        too where it is the surest around a wordmark, be it faint, that stands on no machine.

        Pictures run side by side on the cores there are; hand over several at a time.

        Args:
            pictures: each (height, width, 3); sizes may differ.
            least: confidence asked of a machine instead of the settings' own.
            side: longer side fed to the network, pixels, instead of the settings' own.
        """
        return self.begin(pictures, least, side).result()

    def begin(
        self, pictures: Sequence[Picture], least: float | None = None, side: int | None = None
    ) -> Pending:
        """The same, but only begun: there is time for something else before the result.

        Beyond `IN_FLIGHT` pictures on their way it waits for the oldest.
        """
        cuts = [_within_bars(picture) for picture in pictures]
        return self._run(cuts, [side or self.settings.image_size] * len(pictures), least)

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
        (found,) = self._run([(crop, (left, top))], [side]).result()
        return found

    def _run(
        self, cuts: Sequence[_Cut], sides: Sequence[int], least: float | None = None
    ) -> Pending:
        floors = self._floors.copy()
        if least is not None:
            floors[MACHINE] = least
        runs = [self._start(cut, side) for cut, side in zip(cuts, sides, strict=True)]
        return Pending(self, runs, floors)

    def _start(self, cut: _Cut, side: int) -> _Run:
        # Requests are waited for, oldest first: OpenVINO's own queue calls back into Python
        # from its threads, and was seen to abort the process when dropped just after.
        place = self._next
        self._next = (place + 1) % IN_FLIGHT
        before = self._runs[place]
        if before is not None:
            before.raw()
        run = _Run(self._requests[place], *cut, side)
        self._runs[place] = run
        return run

    def _decoded(self, run: _Run, floors: _Floors) -> Detections:
        """Boxes from the network's (4 + classes, n): centre x, y, width, height, then scores."""
        raw, scale, offset = run.raw(), run.scale, run.offset
        scores = raw[4:]
        class_id = scores.argmax(0)
        confidence = scores.max(0)
        candidates = np.flatnonzero(confidence >= np.minimum(floors, self._faint)[class_id])
        if len(candidates) > MOST_CANDIDATES:
            surest = np.argsort(-confidence[candidates], kind="stable")[:MOST_CANDIDATES]
            candidates = candidates[surest]
        centre_x, centre_y, width, height = raw[:4, candidates]
        xyxy = np.stack(
            [
                centre_x - width / 2,
                centre_y - height / 2,
                centre_x + width / 2,
                centre_y + height / 2,
            ],
            axis=1,
        )
        xyxy = (xyxy - np.array([*offset, *offset], np.float32)) / np.float32(scale)
        rows, columns = run.shape[:2]
        xyxy = np.clip(xyxy, 0, np.array([columns, rows, columns, rows], np.float32))
        xyxy += np.array([*run.corner, *run.corner], np.float32)
        whole = np.flatnonzero((xyxy[:, 2:] - xyxy[:, :2] >= 1).all(1))
        candidates, xyxy = candidates[whole], xyxy[whole]
        kept = suppress(xyxy, confidence[candidates], class_id[candidates], self.settings.overlap)
        chosen = candidates[kept]
        found = Detections(
            xyxy[kept].astype(np.float32),
            confidence[chosen].astype(np.float32),
            class_id[chosen].astype(np.int64),
        )
        sure = found.confidence >= floors[found.class_id]
        return found.where(sure | bearing(found, sure))


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


def model_digest(folder: Path | None = None) -> str:
    """The hash by which a model is known, without loading it; of the packaged one if None.

    Raises:
        ModelError: a file is missing, damaged, or of another model than its card names.
    """
    return _checked(folder or PACKAGED)


def _checked(folder: Path) -> str:
    """The model's hash, once its files are those that its card names.

    The digest is the SHA-256 over the bytes of `model.xml`, then of `model.bin`.
    """
    card = _card(folder)
    classes = card.get("classes")
    if not isinstance(classes, list) or tuple(classes) != CLASSES:
        raise ModelError(
            f"{folder / 'model.json'}: expected the classes {list(CLASSES)}, got {classes}; "
            "use a model trained on these (`nameplate train`, `nameplate export`)"
        )
    named = card.get("files")
    both = hashlib.sha256()
    for name in ("model.xml", "model.bin"):
        content = _bytes(folder / name)
        both.update(content)
        got = hashlib.sha256(content).hexdigest()
        expected = named.get(name) if isinstance(named, dict) else None
        if got != expected:
            raise ModelError(
                f"{folder / name}: its SHA-256 is {got}, model.json names {expected}; "
                "the file is damaged or was exchanged: export or install the model again"
            )
    return both.hexdigest()


def _card(folder: Path) -> dict[str, Any]:
    file = folder / "model.json"
    try:
        card = json.loads(_bytes(file))
    except ValueError as error:
        raise ModelError(f"{file}: not JSON ({error}); export the model again") from error
    if not isinstance(card, dict):
        raise ModelError(f"{file}: expected an object, got {type(card).__name__}")
    return card


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error.strerror}); a model is the folder that "
            "`nameplate export` writes: model.xml, model.bin, model.json"
        ) from error


@lru_cache(maxsize=2)
def _compiled(folder: Path, digest: str, threads: int | None) -> Any:
    """The network on the CPU, fed uint8 RGB (1, height, width, 3) of any size.

    Kept, since compiling takes a second: one network serves all detectors of a process.
    `digest` is that of the files, so that a model exchanged is compiled anew.

    `f32` holds on every processor: by default those with bfloat16 would compute with it,
    and the same footage would give other numbers there. THROUGHPUT with one request a
    stream took 25-35 % less time than LATENCY on two cores.
    """
    # To know a model by its digest takes no runtime.
    import openvino as ov

    core = ov.Core()
    try:
        network = core.read_model(folder / "model.xml", folder / "model.bin")
        open_sizes = all(network.input().partial_shape[axis].is_dynamic for axis in (2, 3))
    except (RuntimeError, IndexError) as error:
        raise ModelError(f"{folder / 'model.xml'}: OpenVINO cannot read it: {error}") from error
    if not open_sizes:
        raise ModelError(
            f"{folder / 'model.xml'}: takes pictures of one size only, "
            f"{network.input().partial_shape}; export it with open sizes (dynamic=True)"
        )
    steps = ov.preprocess.PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": "f32",
        # It would keep what it computed for every size it ever met, 3 MB each: half a gigabyte
        # within a hundred clips. Clips take no longer without it.
        "CPU_RUNTIME_CACHE_CAPACITY": 0,
        # Bound to one core it would wait for whatever else runs there, another worker's too.
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    return core.compile_model(steps.build(), "CPU", options)
