"""Prototypes for the mark model: drawn, of logos, of photographs, and of what is no mark."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from datasets.letters import letters
from datasets.photographs.annotations import AnnotatedMark, Photograph
from datasets.registry import Registry
from detector.read.logo_drawing import draw_prototypes, gathered
from detector.read.logo_files import Embedder, Prototypes, Vectors, unit
from detector.types import Box, Picture
from training.marks.cuts import (
    Cut,
    can_draw,
    class_of,
    cut_box,
    degrade,
    random_boxes,
    seeded,
)
from training.marks.material import Tell, read_logos
from training.pictures import read_photograph

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

    photographs: whose marks become prototypes, and whose other texts and surfaces stand for what is
    no mark.
    """

    def spelt(owner: str, key: str) -> str:
        marks = registry.get(owner).wordmarks if owner in registry else ()
        known = (mark.text for mark in marks if letters(mark.text) == key)
        return "logo" if key.startswith("logo:") else next(known, key)

    parts: list[Prototypes] = []
    for logo in read_logos(logos):
        vectors = gathered(_looks(embedder, [logo.cut], logo.file), _MOST_LOGOS)
        parts.append(Prototypes.of(vectors, logo.builder, spelt(logo.builder, logo.key), "logo"))
    cuts: dict[tuple[str, str], list[Cut]] = {}
    for done, photograph in enumerate(photographs):
        tell("cutting photographs", done, len(photographs))
        picture = read_photograph(photograph, grey=True)
        for mark in photograph.marks:
            if mark.role == "builder" and mark.legible and mark.id:
                key, held = class_of(mark, registry), cut_box(picture, mark.box)
                if key and held:
                    cuts.setdefault((mark.id, key), []).append(held)
    for (owner, key), held_cuts in cuts.items():
        vectors = gathered(_looks(embedder, held_cuts, owner + key), _MOST_PHOTOS)
        parts.append(Prototypes.of(vectors, owner, spelt(owner, key), "photo"))
    return _nobodys(embedder, registry, photographs).joined(parts)


def _looks(embedder: Embedder, cuts: Sequence[Cut], name: str) -> Vectors:
    """Vectors (n, d): each cut looked at a few times, gently degraded; the same each time."""
    rng = seeded(0, name)
    pictures = [degrade(cut, rng, (), 0.5) for cut in cuts for _ in range(_LOOKS)]
    vectors = embedder.embed(pictures).reshape(len(cuts), _LOOKS, -1)
    return np.asarray(vectors[0], np.float32) if len(cuts) == 1 else unit(vectors.mean(axis=1))


def _nobodys(
    embedder: Embedder, registry: Registry, photographs: Sequence[Photograph]
) -> Prototypes:
    """Other texts, each once, and random surfaces, a bounded number of them."""
    texts, grounds = [], []
    for photograph in photographs:
        picture = read_photograph(photograph, grey=True)
        cases = [c for c in cases_of(photograph, registry, grounds=0) if c.group == "text"]
        texts += [cut_box(picture, case.box) for case in cases]
        boxes = random_boxes(photograph, seeded(0, photograph.image), 2)
        grounds += [held for box in boxes if (held := cut_box(picture, box))]
    step = max(1, len(grounds) // _MOST_GROUNDS)
    looks = [_looks(embedder, [held], "nobody")[:2].mean(axis=0) for held in texts if held]
    looks += [_looks(embedder, [held], "nobody")[0] for held in grounds[::step]]
    vectors = unit(np.stack(looks)) if looks else np.empty((0, embedder.dimensions), np.float32)
    return Prototypes.of(vectors, "", "", "photo")


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


def cases_of(
    photograph: Photograph, registry: Registry, *, looks: int = 1, grounds: int = 5
) -> Iterator[MarkCase]:
    """The cases of one photograph.

    Left out: marks nobody can read, and texts of another role that hold a builder's name.

    looks: boxes for each mark: the labelled one, then looser or tighter ones. grounds: random boxes
    beside the builders' marks.
    """
    rng = seeded(0, photograph.image)
    picture = read_photograph(photograph)
    names = {letters(mark.text) for entry in registry.builders for mark in entry.wordmarks}
    names = {name for name in names if len(name) > 3}

    def case(box: Box, group: Group, truth: str | None, text: str) -> Iterator[MarkCase]:
        x1, y1, x2, y2 = (round(side) for side in box)
        held = picture[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
        if min(held.shape[:2]) >= 4:
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


def _group(mark: AnnotatedMark, registry: Registry, names: Collection[str]) -> Group | None:
    if mark.role == "builder":
        if not mark.legible or mark.id is None:
            return None
        return "builder" if mark.id in registry else "firm"
    folded = letters(mark.text)
    # A dealer's plate or a caption may name a builder: no case against recognising it.
    named = mark.role != "control" and any(name in folded for name in names)
    return None if named else "text"


def _moved(box: Box, rng: np.random.Generator) -> Box:
    reach = _LOOSE * min(box[2] - box[0], box[3] - box[1])
    x1, y1, x2, y2 = (float(side) for side in np.array(box) + rng.uniform(-reach, reach, 4))
    return x1, y1, x2, y2
