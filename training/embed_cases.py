"""Cuts of labelled photographs with what is known of each: whose mark it is, or nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from datasets.annotations import Mark, Photograph
from datasets.errors import DataError
from datasets.letters import letters
from datasets.registry import Registry
from detector.types import Box, Picture
from training.embed_cuts import random_boxes, seeded

Group = Literal["builder", "firm", "text", "ground", "drawn"]
# The detector's boxes are off by about so much of a mark's height on each side.
_LOOSE = 0.12


@dataclass(frozen=True, slots=True)
class Case:
    """One cut and the truth about it.

    group: builder (legible, of the registry; `truth` is its id), firm (a builder outside the
    registry), text (anything else written), ground (nothing written),
    drawn (a drawing, degraded, of the wordmark of `truth`).
    """

    picture: Picture
    group: Group
    truth: str | None
    text: str
    source: str
    image: str
    box: Box


def read_rgb(photograph: Photograph) -> Picture:
    """A photograph, RGB (height, width, 3).

    Raises:
        DataError: it cannot be read.
    """
    picture = cv2.imread(str(photograph.path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{photograph.path}: cannot be read as a picture")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def cut(picture: Picture, box: Box) -> Picture | None:
    """What a box holds of a picture; None where that is under 4 pixels either way."""
    x1, y1, x2, y2 = (round(side) for side in box)
    held = picture[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
    return held if min(held.shape[:2]) >= 4 else None


def cases_of(
    photograph: Photograph, registry: Registry, *, looks: int = 1, grounds: int = 5
) -> Iterator[Case]:
    """The cases of one photograph.

    Left out: marks nobody can read, and texts of another role that hold a builder's name.

    Args:
        looks: boxes for each mark: the labelled one, then looser or tighter ones.
        grounds: random boxes beside the builders' marks.
    """
    rng = seeded(0, photograph.image)
    picture = read_rgb(photograph)
    names = _long_names(registry)

    def case(box: Box, group: Group, truth: str | None, text: str) -> Iterator[Case]:
        held = cut(picture, box)
        if held is not None:
            yield Case(held, group, truth, text, photograph.source, photograph.image, box)

    for mark in photograph.marks:
        group = _group(mark, registry, names)
        if group is None:
            continue
        truth = mark.id if group == "builder" else None
        for look in range(looks):
            box = _moved(mark.box, rng) if look else mark.box
            yield from case(box, group, truth, mark.text)
    for box in random_boxes(photograph, rng, grounds):
        yield from case(box, "ground", None, "")


def _long_names(registry: Registry) -> tuple[str, ...]:
    folded = {letters(mark.text) for entry in registry.builders for mark in entry.wordmarks}
    return tuple(sorted(name for name in folded if len(name) > 3))


def _group(mark: Mark, registry: Registry, names: tuple[str, ...]) -> Group | None:
    if mark.role == "builder":
        if not mark.legible or mark.id is None:
            return None
        return "builder" if mark.id in registry else "firm"
    folded = letters(mark.text)
    # A dealer's plate or a caption may name a builder: no case against recognising it.
    if mark.role != "control" and any(name in folded for name in names):
        return None
    return "text"


def _moved(box: Box, rng: np.random.Generator) -> Box:
    reach = _LOOSE * min(box[2] - box[0], box[3] - box[1])
    x1, y1, x2, y2 = (float(side) for side in np.array(box) + rng.uniform(-reach, reach, 4))
    return x1, y1, x2, y2
