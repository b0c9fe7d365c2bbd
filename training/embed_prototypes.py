"""Prototypes for the mark model: drawn, of logos, of photographs, and of what is no mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from datasets.annotations import Photograph
from datasets.letters import letters
from datasets.registry import Registry
from detector.read.logo_drawing import draw_prototypes, gathered
from detector.read.logo_files import Embedder, Prototypes, Vectors
from training.embed_cases import cases_of
from training.embed_cuts import Cut, can_draw, class_of, cut_box, random_boxes, read_grey, seeded
from training.embed_degrade import degrade
from training.embed_logos import read_logos
from training.embed_material import Tell

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
    of: Callable[[str], bool] = lambda builder: True,
) -> Prototypes:
    """Prototypes of logos and of marks in photographs, and of what is no builder's mark.

    Args:
        photographs: whose marks become prototypes, and whose other texts and surfaces stand
            for what is no mark.
        of: says of a builder whether its photographs may be used.
    """
    parts: list[Prototypes] = []
    for logo in read_logos(logos):
        emblem = logo.key.startswith("logo:")
        mark = "logo" if emblem else _spelt(registry, logo.builder, logo.key)
        vectors = _looks(embedder, [logo.cut], logo.file)
        parts.append(Prototypes.of(gathered(vectors, _MOST_LOGOS), logo.builder, mark, "logo"))
    parts += _photographed(embedder, registry, photographs, of, tell)
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
    of: Callable[[str], bool],
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
            if key and held and of(mark.id):
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
