"""Prototypes for the mark model: drawn, of logos, of photographs, and of what is no mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from datasets.errors import DataError
from datasets.letters import letters
from datasets.photographs.annotations import AnnotatedMark, Photograph
from datasets.registry import Registry
from detector.read.logo_drawing import draw_prototypes, gathered
from detector.read.logo_files import Embedder, Prototypes, Vectors
from detector.types import Box, Picture
from training.marks.cuts import (
    Cut,
    can_draw,
    class_of,
    cut_box,
    degrade,
    random_boxes,
    read_grey,
    seeded,
)
from training.marks.material import Tell, read_logos

_LOOKS = 6
_MOST_PHOTOS, _MOST_LOGOS = 6, 2
_MOST_GROUNDS = 700
# Further typefaces a wordmark is drawn in, taken at even steps from those given.
_FACES = 4


def drawn_marks(
    embedder: Embedder, registry: Registry, faces: Sequence[Path], tell: Tell
) -> Prototypes:
    """Prototypes of every wordmark of the registry, drawn in a few of the typefaces."""
    chosen = list(faces[:: max(1, len(faces) // _FACES)][:_FACES])
    parts: list[Prototypes] = []
    for done, entry in enumerate(registry):
        tell("drawing prototypes", done, len(registry))
        for mark in entry.wordmarks:
            fitting = [f for f in chosen if can_draw(f, mark.text)]
            parts.append(draw_prototypes(embedder, entry.id, mark.text, fitting))
    return parts[0].joined(parts[1:])


def seen_marks(
    embedder: Embedder,
    registry: Registry,
    photographs: Sequence[Photograph],
    *,
    logos: Path | None,
    tell: Tell,
) -> Prototypes:
    """Prototypes of logos and of marks in photographs, and of what is no builder's mark.

    Args:
        photographs: whose marks become prototypes, and whose other texts and surfaces stand
            for what is no mark.
    """
    parts: list[Prototypes] = []
    for logo in read_logos(logos):
        emblem = logo.key.startswith("logo:")
        mark = "logo" if emblem else _spelt(registry, logo.builder, logo.key)
        vectors = _looks(embedder, [logo.cut], logo.file)
        parts.append(Prototypes.of(gathered(vectors, _MOST_LOGOS), logo.builder, mark, "logo"))
    parts += _photographed(embedder, registry, photographs, tell)
    return _nobodys(embedder, registry, photographs).joined(parts)


def _looks(embedder: Embedder, cuts: Sequence[Cut], name: str) -> Vectors:
    """Vectors (n, d): each cut looked at a few times, gently degraded; the same each time."""
    rng = seeded(0, name)
    pictures = [degrade(cut, rng, (), 0.5) for cut in cuts for _ in range(_LOOKS)]
    vectors = embedder.embed(pictures).reshape(len(cuts), _LOOKS, -1)
    if len(cuts) == 1:
        return np.asarray(vectors[0], np.float32)
    means = vectors.mean(axis=1)
    unit: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    return unit


def _photographed(
    embedder: Embedder,
    registry: Registry,
    photographs: Sequence[Photograph],
    tell: Tell,
) -> list[Prototypes]:
    cuts: dict[tuple[str, str], list[Cut]] = {}
    for done, photograph in enumerate(photographs):
        tell("cutting photographs", done, len(photographs))
        picture = read_grey(photograph)
        for mark in photograph.marks:
            if mark.role != "builder" or not mark.legible or not mark.id:
                continue
            key = class_of(mark, registry)
            held = cut_box(picture, mark.box)
            if key and held:
                cuts.setdefault((mark.id, key), []).append(held)
    parts = []
    for (owner, key), held_cuts in cuts.items():
        vectors = gathered(_looks(embedder, held_cuts, owner + key), _MOST_PHOTOS)
        mark_name = "logo" if key.startswith("logo:") else _spelt(registry, owner, key)
        parts.append(Prototypes.of(vectors, owner, mark_name, "photo"))
    return parts


def _spelt(registry: Registry, owner: str, key: str) -> str:
    if owner in registry:
        for mark in registry.get(owner).wordmarks:
            if letters(mark.text) == key:
                return mark.text
    return key


def _nobodys(
    embedder: Embedder, registry: Registry, photographs: Sequence[Photograph]
) -> Prototypes:
    """Other texts, each once, and random surfaces, a bounded number of them."""
    texts, grounds = [], []
    for photograph in photographs:
        picture = read_grey(photograph)
        for case in cases_of(photograph, registry, grounds=0):
            if case.group == "text":
                held = cut_box(picture, case.box)
                texts += [held] if held else []
        rng = seeded(0, photograph.image)
        for box in random_boxes(photograph, rng, 2):
            held = cut_box(picture, box)
            grounds += [held] if held else []
    step = max(1, len(grounds) // _MOST_GROUNDS)
    vectors = [_looks(embedder, [held], "nobody")[:2].mean(axis=0) for held in texts]
    vectors += [_looks(embedder, [held], "nobody")[0] for held in grounds[::step]]
    if not vectors:
        return Prototypes.of(np.empty((0, embedder.dimensions), np.float32), "", "", "photo")
    stacked = np.stack(vectors)
    stacked /= np.maximum(np.linalg.norm(stacked, axis=1, keepdims=True), 1e-6)
    return Prototypes.of(stacked.astype(np.float32), "", "", "photo")


Group = Literal["builder", "firm", "text", "ground"]
# The detector's boxes are off by about so much of a mark's height on each side.
_LOOSE = 0.12


@dataclass(frozen=True, slots=True)
class MarkCase:
    """One cut and the truth about it.

    group: a `builder` is legible and in the registry, and `truth` is its id. A `firm` is a builder
    outside the registry. A `text` is anything else written, on a `ground` nothing is written.
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
) -> Iterator[MarkCase]:
    """The cases of one photograph.

    Left out: marks nobody can read, and texts of another role that hold a builder's name.

    Args:
        looks: boxes for each mark: the labelled one, then looser or tighter ones.
        grounds: random boxes beside the builders' marks.
    """
    rng = seeded(0, photograph.image)
    picture = read_rgb(photograph)
    names = _long_names(registry)

    def case(box: Box, group: Group, truth: str | None, text: str) -> Iterator[MarkCase]:
        held = cut(picture, box)
        if held is not None:
            yield MarkCase(held, group, truth, text, photograph.source, photograph.image, box)

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


def _group(mark: AnnotatedMark, registry: Registry, names: tuple[str, ...]) -> Group | None:
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
