"""Marks hidden on purpose: pixelated, or smeared though all around them is sharp.

A hidden mark is evidence: somebody minded. The detector sees no mark where one is hidden, so a
small network looks for the hiding itself. It gives each place, four
pixels wide, a chance that it was pixelated or smeared later. It learnt from photographs with parts
hidden by hand, and from others that are soft by nature. It hardly sees fine mosaics; their lattice
shows them (`detector.read.lattice`). A find counts if it lies on a machine, stays on it, and
nothing is read there. Tape and stickers leave nothing of the mark, and look like bare sheet metal.
docs/accuracy.md has what it finds.

    conceal_model/hidden.xml, hidden.bin   uint8 RGB (1, height, width, 3), both multiples of 32,
                                           to chances (1, height / 4, width / 4)
    conceal_model/hidden.json              a hash over both, and how they were trained
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import area, as_box, moved
from detector.inference import PROCESSOR, Engine, core, open_session
from detector.model_card import read_shipped
from detector.read.lattice import PART, Lattice
from detector.read.reader import overlap_of_smaller
from detector.types import CONTROL, Box, Detections, Picture, Reading

PACKAGED = Path(__file__).parents[1] / "conceal_model"
CELL = 4
"""Pixels of the network's input, each way, for one of its answers."""
LONGEST = 1280
"""Longer side of its input, pixels; larger pictures are made smaller."""
LEAST_HEIGHT = 16
"""Least height of a hidden place in the frame, pixels. A lower mark could not be read unhidden
either."""
SEEN, SURE = 0.5, 0.86
"""Chance from which a cell belongs to a hidden place, and the least mean of its cells. Chosen on
crops of `val` (docs/accuracy.md)."""
LIKELY = 0.7
"""Least mean of a place that fits a lattice as well (`detector.read.lattice.PART`). Chosen on the
same crops, without a false place."""
STILL = 0.4
"""Least mean chance of the same place in another view. On films of those photographs hidden marks
had 0.6 and more, heads that had walked on 0.1 and less."""
LARGEST = 0.3
"""Share of a machine that may be hidden: beyond it the whole is out of focus, or all glass."""
SHOWN = 0.5
"""Share of a place that a view must show to say anything of it."""
_STRIDE = 32
_READ = 0.3
"""Share of a place that a reading or a control must cover to be what stands there."""


class ConcealmentView(Protocol):
    """One frame in which a machine is well seen; `detector.look.legibility.LegibleView` is one."""

    @property
    def pts(self) -> Fraction: ...
    @property
    def picture(self) -> Picture: ...
    @property
    def offset(self) -> tuple[float, float]: ...
    @property
    def marks(self) -> Detections: ...
    @property
    def box_in_crop(self) -> Box: ...


class ConcealmentDetector:
    """Finds what is hidden on machines.

    engine: what it computes on. folder: where the network lies; the one that ships by default.
    Raises ModelError: the network is missing or damaged.
    """

    def __init__(self, engine: Engine = PROCESSOR, folder: Path = PACKAGED) -> None:
        _, digest = read_shipped(folder, "hidden", "the network for hidden marks")
        self._session = open_session(digest, lambda: _prepared(folder / "hidden.xml"), engine)

    def find(self, view: ConcealmentView, readings: Sequence[Reading]) -> list[Box]:
        """Boxes of what is hidden on a machine, in pixels of the frame.

        view: crop of a machine. Nothing on its controls counts as hidden: screens shine.
        readings: what was read in that frame; what was read is not hidden.
        """
        dx, dy = view.offset
        known = [r.box for r in readings if r.pts == view.pts and len(r.text) > 1]
        known += [as_box(row) for row in view.marks.of(CONTROL).xyxy]
        left, top, right, bottom = view.box_in_crop
        found: list[Box] = []
        for here in self.hidden(view.picture):
            x, y = (here[0] + here[2]) / 2, (here[1] + here[3]) / 2
            if not (left <= x <= right and top <= y <= bottom):
                continue
            if area(here) > LARGEST * area(view.box_in_crop):
                continue
            box = moved(here, dx, dy)
            if not any(overlap_of_smaller(box, other) >= _READ for other in known):
                found.append(box)
        return found

    def are_hidden(self, view: ConcealmentView, places: Sequence[Box]) -> list[bool | None]:
        """For each place of the frame: is it hidden in a view of it too?

        None if less than half of it is shown. A face that was made unreadable passes before the
        machine; a hidden mark stays on it.
        """
        if not places:
            return []
        (dx, dy), (rows, columns) = view.offset, view.picture.shape[:2]
        here = [moved(place, -dx, -dy) for place in places]
        chances, scale = self.chances(view.picture)
        lattice = Lattice(view.picture)
        said: list[bool | None] = []
        for place in here:
            if overlap_of_smaller(place, (0.0, 0.0, float(columns), float(rows))) < SHOWN:
                said.append(None)
                continue
            left, top, right, bottom = (max(0, int(v * scale / CELL)) for v in place)
            mean = float(chances[top : bottom + 1, left : right + 1].mean())
            said.append(mean >= STILL or lattice.highest(place) >= PART)
        return said

    def hidden(self, picture: Picture) -> list[Box]:
        """Boxes of all that looks hidden in a picture (height, width, 3), in its pixels."""
        lattice = Lattice(picture)
        found = lattice.mosaics()
        for box, chance in self._seen(picture):
            if chance >= SURE or lattice.highest(box) >= PART:
                found.append(box)
        kept: list[Box] = []
        for box in sorted(found, key=area, reverse=True):
            high = min(box[2] - box[0], box[3] - box[1]) >= LEAST_HEIGHT
            if high and not any(overlap_of_smaller(box, other) >= _READ for other in kept):
                kept.append(box)
        return kept

    def _seen(self, picture: Picture) -> list[tuple[Box, float]]:
        """What the network finds likely, and the mean chance of its cells."""
        chances, scale = self.chances(picture)
        cells = (chances >= SEEN).astype(np.uint8)
        count, places, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=4)
        found: list[tuple[Box, float]] = []
        for place in range(1, count):
            x, y, width, height, _ = (int(v) for v in stats[place])
            part = slice(y, y + height), slice(x, x + width)
            chance = float(chances[part][places[part] == place].mean())
            if chance >= LIKELY:
                x1, y1, x2, y2 = (CELL * v / scale for v in (x, y, x + width, y + height))
                box = x1, y1, min(x2, picture.shape[1]), min(y2, picture.shape[0])
                found.append((box, chance))
        return found

    def chances(self, picture: Picture) -> tuple[NDArray[np.float32], float]:
        """Chance of each cell to be hidden, (rows, columns) in 0..1, and the picture's scale."""
        rows, columns = picture.shape[:2]
        scale = min(1.0, LONGEST / max(rows, columns))
        new_rows, new_columns = max(1, round(rows * scale)), max(1, round(columns * scale))
        if scale < 1:
            small = cv2.resize(picture, (new_columns, new_rows), interpolation=cv2.INTER_AREA)
            picture = np.asarray(small, np.uint8)
        down, across = -new_rows % _STRIDE, -new_columns % _STRIDE
        fed = np.pad(picture, ((0, down), (0, across), (0, 0)), mode="edge")
        (answer,) = self._session.infer(fed[None])[0]
        return answer[: -(-new_rows // CELL), : -(-new_columns // CELL)], scale


def _prepared(file: Path) -> Any:
    import openvino as ov

    steps = ov.preprocess.PrePostProcessor(core().read_model(file))
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    return steps.build()
