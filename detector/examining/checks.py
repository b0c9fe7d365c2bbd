"""Whether a text stands on a machine, whole, and whether a machine is one."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from fractions import Fraction

import numpy as np

from detector.boxes import area, holds, iou, line_height
from detector.look.detector import Detector
from detector.look.legibility import LegibleView
from detector.screen.overlay import Frames
from detector.types import MACHINE, Box, Picture, Track

AT_EDGE = 0.25
"""Share of its height: text that ends nearer to an edge of its picture may be cut off."""

_EDGE, _BELOW_TOP = 2.86, 4.35
LEAST_CHANCE, LIKELY = 0.1, 0.5
"""Least probability of standing on a machine: to read a text for it, and to take it as its own."""


def is_cut(text: Box, view: LegibleView, within: float = AT_EDGE) -> bool:
    """True if a text ends within so much of its height of an edge of its picture."""
    height, width = view.picture.shape[:2]
    (left, top), near = view.offset, within * line_height(text)
    right, bottom = left + width, top + height
    return any(
        gap <= near for gap in (text[0] - left, text[1] - top, right - text[2], bottom - text[3])
    )


def chance_on(text: Box, machine: Box, others: Sequence[Box]) -> float:
    """Probability that a text stands on this machine, not on one before or behind it.

    A conditional logit over the machines whose boxes hold the text's middle. Marks stand high on
    machines, and seldom at a box's edge. It was fitted on the 32 marks of `train` that lie in
    several labelled boxes. Of sources left out it finds 27 right; the smallest box is right for 13.

    Returns:
        1 where no other box holds the text, also for a text in the margin of this one.
    """
    rivals = [other for other in others if holds(other, text)]
    if not rivals:
        return 1.0
    if not holds(machine, text):
        return 0.0
    boxes = [machine, *rivals]
    whole = max(box[3] for box in boxes) - min(box[1] for box in boxes)
    utilities = [_EDGE * _from_edge(text, box) - _BELOW_TOP * _below(text, box) / whole
                 for box in boxes]  # fmt: skip
    return 1.0 / sum(math.exp(one - utilities[0]) for one in utilities)


def _from_edge(text: Box, box: Box) -> float:
    """How far a text is from the box's nearest edge, in sides of the box; negative beyond it."""
    gaps = text[0] - box[0], text[1] - box[1], box[2] - text[2], box[3] - text[3]
    return float(min(gaps) / max(1.0, area(box)) ** 0.5)


def _below(text: Box, box: Box) -> float:
    return (text[1] + text[3]) / 2 - box[1]


LARGER = (Fraction(10, 7), Fraction(2))
"""Scales beside the usual frame: 640 and 896 pixels instead of 448."""

SUREST = 2
"""Sizes, of the three, whose mean counts: the surest ones."""

LEAST, ITSELF = 0.05, 0.5
"""Confidence from which a box of a larger look counts, and intersection over union from which it is
the machine's."""


def is_sure_in_sizes(
    detector: Detector, track: Track, times: Collection[Fraction], frames: Frames, bound: float
) -> bool:
    """True if in one of the frames at these times the detector is so sure of the machine.

    What looks like a machine in one size of the frame alone is more often none. One that is small
    in its frame may be sure only in a larger one. So the mean of its two surest sizes counts.
    Measured on the photographs of `val`, and on the same ones smaller: 282 of 339 boxes on machines
    pass, 255 with one look. Of 502 boxes on nothing 58 pass, 62 with one look (docs/accuracy.md).
    """
    seen = {one.pts: one for one in track.observations if one.pts in times}

    def mean_of_surest(frame: Picture, box: Box, confidence: float) -> float:
        usual = detector.settings.image_size
        looks = [detector.begin([frame], LEAST, round(usual * times)) for times in LARGER]
        confidences = [confidence]
        for look in looks:
            machines = look.result()[0].of(MACHINE)
            there = iou(np.array([box], np.float32), machines.xyxy)[0] >= ITSELF
            confidences.append(float(machines.confidence[there].max(initial=0.0)))
        return sum(sorted(confidences)[-SUREST:]) / SUREST

    return any(
        mean_of_surest(frame.image, seen[frame.pts].box, seen[frame.pts].confidence) >= bound
        for frame in frames(sorted(seen))
        if frame.pts in seen
    )
