"""Of what is the detector half sure in several sizes of the frame: of machines, or of other things?

python -m bench.sizes DATA [--least 0.1] [--smaller 3]

Every box from the least confidence on in the photographs of `val`, as the detector looks at frames,
held against the labels, and what it says of the same place in the larger looks of
`detector.examining.sizes`: the table of docs/accuracy.md on claims of China. With `--smaller` each
photograph lies, so many times smaller, on a blurred copy of itself, as machines in footage fill
little of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from bench import arguments
from datasets.annotations import Photograph, read_photographs, split_folder
from detector.boxes import Boxes, as_box, iou
from detector.examining.sizes import LARGER, SUREST, said_in_sizes, surest
from detector.look.detect import Detector
from detector.settings import Settings
from detector.types import MACHINE, Observation, Picture
from training.evaluate.evaluation import at_any_confidence, open_picture

_HIT = 0.5


def main() -> None:
    parser = arguments("bench.sizes", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--least", type=float, default=0.1)
    parser.add_argument("--smaller", type=float, default=1.0)
    given = parser.parse_args()
    settings = Settings().detecting
    detector = Detector(None, at_any_confidence(Settings()).detecting, 1)
    usual = settings.image_size
    sides = [usual, *(round(usual * times) for times in LARGER)]
    machines: list[list[float]] = []
    others: list[list[float]] = []
    for photograph in read_photographs(split_folder(given.data, "val")):
        picture, boxes = smaller(photograph, given.smaller)
        for is_machine, said in seen(detector, photograph, picture, boxes, given.least):
            if is_machine is not None:
                (machines if is_machine else others).append(said)
    print("\n".join(table(machines, others, sides, settings.bare)))


def smaller(photograph: Photograph, times: float) -> tuple[Picture, Boxes]:
    """The photograph, so many times smaller in a frame of its own size, and its machines there."""
    picture = open_picture(photograph)
    truth = np.array([one.box for one in photograph.machines], np.float32).reshape(-1, 4)
    if times <= 1:
        return picture, truth
    height, width = picture.shape[:2]
    size = (max(1, round(width / times)), max(1, round(height / times)))
    frame = np.asarray(cv2.GaussianBlur(picture, (0, 0), max(size) / 10), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    frame[top : top + size[1], left : left + size[0]] = shrunk
    return frame, truth / np.float32(times) + np.array([left, top, left, top], np.float32)


def seen(
    detector: Detector,
    photograph: Photograph,
    picture: Picture,
    truth: Boxes,
    least: float,
) -> Iterable[tuple[bool | None, list[float]]]:
    """Each box of the first size: whether it is a CNC machine's (None where that does not count),
    and how sure the detector is of it in each size."""
    found = detector.detect([picture], least)[0].of(MACHINE)
    counts = np.array([bool(one.cnc) and not one.ignore for one in photograph.machines], bool)
    for box, confidence in zip(found.xyxy, found.confidence, strict=True):
        said = said_in_sizes(
            detector, picture, Observation(Fraction(0), as_box(box), float(confidence))
        )
        on = iou(box[None], truth)[0] >= _HIT
        of = None if on.any() and not (on & counts).any() else bool(on.any())
        yield of, said


def table(
    machines: Sequence[Sequence[float]],
    others: Sequence[Sequence[float]],
    sides: Sequence[int],
    bound: float,
) -> list[str]:
    """Lines of a table: of how many boxes the detector is as sure as the bound, by size."""
    ways = [(f"{side} pixels", lambda said, n=n: said[n] >= bound) for n, side in enumerate(sides)]
    ways += [
        (f"the mean of the {SUREST} surest", lambda said: surest(said) >= bound),
        ("so, and not in the first", lambda said: said[0] < bound <= surest(said)),
    ]
    rows = [
        f"| half sure ({bound:g}) at | of {len(machines)} on machines | of {len(others)} on none |"
    ]
    rows.append("| --- | --- | --- |")
    for name, is_sure in ways:
        counts = [sum(map(is_sure, group)) for group in (machines, others)]
        rows.append(f"| {name} | {counts[0]} | {counts[1]} |")
    return rows


if __name__ == "__main__":
    main()
