"""Prototypes of marks: drawn from a wordmark's text, or from one picture of a logo.

Adding a builder takes no more than this. The drawings are the same on every machine: they use the
typefaces of the base install alone, and nothing random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from datasets.letters import letters
from datasets.maker.lettering import Lettering, draw_lettering
from detector.read.logo_files import Embedder, Grey, Prototypes, Vectors, fit, grey, scaled
from detector.types import Picture

# Heights of capitals in pixels, as marks stand in footage.
_HEIGHTS = (14, 24)
_INK, _GROUND = 60, 190
_CLOSE = 0.92
"""Cosine to a prototype from which it stands for a drawing."""
_MOST_OF_ONE = 4


def draw_prototypes(
    embedder: Embedder, owner: str, text: str, faces: Sequence[Path] = ()
) -> Prototypes:
    """Prototypes of a wordmark: the mean of its drawings, and the drawings that look different.

    It is drawn as written and, if that differs, in capitals and small letters.

    owner: the registry's id of the builder. text: the wordmark. faces: typefaces beside those of
    the base install; each must have every letter.
    """
    vectors: list[Vectors] = []
    for said in dict.fromkeys((text, text.title())):
        if letters(said) == letters(text):
            vectors.append(embedder.embed([fit(cut) for cut in _drawings(said, faces)]))
    return Prototypes.of(gathered(np.concatenate(vectors), _MOST_OF_ONE), owner, text, "drawn")


def logo_prototypes(embedder: Embedder, owner: str, picture: Picture) -> Prototypes:
    """Prototypes of a logo, from one picture of it on an even ground.

    owner: the registry's id of the builder. picture: RGB (height, width, 3), or RGBA (height,
    width, 4) with its cover.
    """
    vectors = embedder.embed([fit(cut) for cut in _logo_looks(picture)])
    return Prototypes.of(gathered(vectors, 2), owner, "logo", "logo")


def gathered(vectors: Vectors, most: int) -> Vectors:
    """Few unit vectors that stand for many: their mean, then those farthest from any so far.

    vectors: unit vectors (n, d), at least one. most: how many to return at most.
    """
    mean = vectors.mean(axis=0)
    kept = [mean / max(float(np.linalg.norm(mean)), 1e-6)]
    while len(kept) < most:
        nearest = (vectors @ np.stack(kept).T).max(axis=1)
        farthest = int(nearest.argmin())
        if nearest[farthest] >= _CLOSE:
            break
        group = vectors[vectors @ vectors[farthest] >= _CLOSE].mean(axis=0)
        kept.append(group / max(float(np.linalg.norm(group)), 1e-6))
    return np.stack(kept).astype(np.float32)


def _drawings(text: str, faces: Sequence[Path]) -> Iterator[Grey]:
    """Tidy drawings of a text, dark on light."""
    styles = [
        Lettering(ink=(0, 0, 0), serif=serif, weight=weight, shear=shear, stretch=stretch)
        for serif, weight, shear, stretch in (
            (False, 0.03, 0.0, 1.0),
            (False, 0.05, 0.2, 1.25),
            (False, 0.0, 0.0, 1.4),
            (True, 0.02, 0.0, 1.0),
        )
    ]
    styles += [Lettering(ink=(0, 0, 0), face=face, weight=0.01) for face in faces]
    for style in styles:
        cover = draw_lettering(text, style, 36)[..., 3]
        weight = np.pad(cover, max(2, cover.shape[0] // 9)).astype(np.float32) / 255
        inked = np.asarray(np.round(_GROUND + (_INK - _GROUND) * weight), np.uint8)
        for height in _HEIGHTS:
            yield scaled(inked, height / 36)


def _logo_looks(picture: Picture) -> Iterator[Grey]:
    """A logo at several sizes, leant a little either way."""
    if picture.ndim == 3 and picture.shape[2] == 4:
        weight = picture[..., 3:].astype(np.float32) / 255
        tone = grey(np.ascontiguousarray(picture[..., :3]))
        inner = tone[picture[..., 3] > 128]
        ground = 215.0 if not len(inner) or float(inner.mean()) < 128 else 40.0
        cut = np.asarray(np.round(ground + (tone - ground) * weight[..., 0]), np.uint8)
    else:
        cut = grey(picture)
    for height, lean in product((14, 22, 32), (-0.1, 0.0, 0.1)):
        rows, columns = cut.shape
        matrix = np.array([[1, -lean, max(0.0, lean * rows)], [0, 1, 0]], np.float64)
        leant = cv2.warpAffine(cut, matrix, (columns, rows), borderMode=cv2.BORDER_REPLICATE)
        yield scaled(np.asarray(leant, np.uint8), min(1.0, height / min(rows, columns)))
