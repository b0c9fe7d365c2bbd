"""Labelled pictures as footage would show them, to measure what is found in them then."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from datasets.photographs.annotations import AnnotatedMachine, AnnotatedMark, Photograph
from detector.types import Picture
from training.machines.views import Labelled, dimmed, recompressed, shaken, stood_before

Chance = np.random.Generator
PERSON = "a person in front"


def _lines(count: int) -> Callable[[Picture, Chance], Picture]:
    def shrunk(picture: Picture, rng: Chance) -> Picture:
        scale = count / picture.shape[0]
        if scale >= 1:
            return picture
        size = (max(1, round(picture.shape[1] * scale)), count)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    return shrunk


CONDITIONS: Mapping[str, Callable[[Picture, Chance], Picture]] = {
    "480 lines": _lines(480),
    "360 lines": _lines(360),
    "recompressed": lambda picture, rng: recompressed(picture, 20),
    "motion blur": lambda picture, rng: shaken(
        picture, max(3, max(picture.shape) // 100), rng.uniform(0, np.pi)
    ),
    "dim light": lambda picture, rng: dimmed(picture, 1.8, 0.6, rng),
    PERSON: lambda picture, rng: picture,
}
"""How a picture is changed. JPEG of quality 20; a blur of a hundredth of the longer side."""


def seen_through(name: str, picture: Picture, photograph: Photograph) -> tuple[Picture, Photograph]:
    """The picture in a condition, the same each time, and its labels.

    Boxes stay in pixels of the picture as stored. Machines and marks that are hidden are ignored.
    """
    rng = np.random.default_rng(zlib.crc32(f"{name} {photograph.image}".encode()))
    changed = CONDITIONS[name](picture, rng)
    if name != PERSON:
        return changed, photograph
    labelled: list[AnnotatedMachine | AnnotatedMark] = [*photograph.machines, *photograph.marks]
    before = Labelled(
        np.array([one.box for one in labelled], np.float32).reshape(-1, 4), np.arange(len(labelled))
    )
    # Upright, and of the picture's own tones: a stand-in for somebody walking by.
    changed, after = stood_before((picture, before), picture[:, ::-1], rng)
    shown = [
        one.model_copy(update={"ignore": True}) if hidden else one
        for one, hidden in zip(labelled, after.classes < 0, strict=True)
    ]
    count = len(photograph.machines)
    parts = {"machines": tuple(shown[:count]), "marks": tuple(shown[count:])}
    return changed, photograph.model_copy(update=parts)
