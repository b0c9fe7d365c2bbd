"""All that the mark embedder learns from, in memory: cut-outs by class, and what is no mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.registry import Registry
from detector.read.logo_input import Grey
from training.embed_cuts import Cut, class_of, cut_box, draw, random_boxes, read_grey, seeded
from training.embed_degrade import degrade
from training.embed_logos import read_logos
from training.embed_texts import Texts, gather, is_held_out, is_tuning, touches

Tell = Callable[[str, int, int], None]

_BACKGROUNDS_EACH = 5
_MOST_GROUNDS = 600


@dataclass(slots=True)
class Material:
    """Cut-outs by class: drawn ones, those of logos, those of photographs; and backgrounds."""

    classes: list[str] = field(default_factory=list)
    drawn: dict[int, list[Cut]] = field(default_factory=dict)
    logos: dict[int, list[Cut]] = field(default_factory=dict)
    real: dict[int, list[Cut]] = field(default_factory=dict)
    backgrounds: list[Cut] = field(default_factory=list)
    grounds: list[Grey] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "classes": len(self.classes),
            "drawn": sum(map(len, self.drawn.values())),
            "logos": sum(map(len, self.logos.values())),
            "real": sum(map(len, self.real.values())),
            "backgrounds": len(self.backgrounds),
        }


def collect(
    data: Path,
    registry: Registry,
    *,
    logos: Path | None,
    faces: tuple[Path, ...],
    seed: int,
    drawings: int,
    others: int,
    hold_out: bool,
    tell: Tell,
) -> Material:
    """Draws the wordmarks and cuts the photographs of `data`/train; the same each time.

    Sources kept for tuning (`training.embed_texts`) are left out, and builders held out if
    `hold_out`.

    Args:
        drawings: of each wordmark; other texts get half as many.
        others: how many texts that are nobody's mark.
        tell: told the stage, what is done and how much there is.

    Raises:
        DataError: the data set or the logos are wrong.
    """
    texts = gather(registry, seed, others, hold_out=hold_out)
    material = Material()
    places: dict[str, int] = {}

    def place(key: str) -> int:
        if key not in places:
            places[key] = len(material.classes)
            material.classes.append(key)
        return places[key]

    _draw_all(material, texts, place, faces, seed, drawings, tell)
    for logo in read_logos(logos):
        kept_aside = hold_out and is_held_out(logo.builder)
        if not kept_aside and not touches(logo.key, texts.held_out):
            material.logos.setdefault(place(logo.key), []).append(logo.cut)
    everything = read_photographs(split_folder(data, "train"))
    photographs = [p for p in everything if not is_tuning(p.source)]
    for done, photograph in enumerate(photographs):
        tell("cutting photographs", done, len(photographs))
        _cut_all(material, photograph, registry, texts, place, seed, hold_out)
    step = max(1, len(material.backgrounds) // _MOST_GROUNDS)
    material.grounds = [cut.tone for cut in material.backgrounds[::step]]
    return material


def _draw_all(
    material: Material,
    texts: Texts,
    place: Callable[[str], int],
    faces: tuple[Path, ...],
    seed: int,
    drawings: int,
    tell: Tell,
) -> None:
    wanted = [(key, said, drawings) for key, said in texts.marks.items()]
    wanted += [(key, said, max(2, drawings // 2)) for key, said in texts.others.items()]
    for done, (key, said, count) in enumerate(wanted):
        tell("drawing marks", done, len(wanted))
        rng = seeded(seed, key)
        cuts = [draw(said[rng.integers(len(said))], rng, faces) for _ in range(count)]
        material.drawn[place(key)] = cuts


def _cut_all(
    material: Material,
    photograph: Photograph,
    registry: Registry,
    texts: Texts,
    place: Callable[[str], int],
    seed: int,
    hold_out: bool,
) -> None:
    picture = read_grey(photograph)
    for mark in photograph.marks:
        if not mark.legible or (hold_out and mark.id and is_held_out(mark.id)):
            continue
        key = class_of(mark, registry)
        if key is None or touches(key, texts.held_out):
            continue
        cut = cut_box(picture, mark.box)
        if cut is not None:
            material.real.setdefault(place(key), []).append(cut)
    rng = seeded(seed, photograph.image)
    for box in random_boxes(photograph, rng, _BACKGROUNDS_EACH):
        cut = cut_box(picture, box)
        if cut is not None:
            material.backgrounds.append(cut)


class Sampler:
    """Batches of one material; the batch of a step is the same however one came to it."""

    def __init__(self, material: Material, seed: int, batch: int) -> None:
        self._material = material
        self._seed = seed
        self.parts = {
            "real": batch // 4 if material.real else 0,
            "logos": batch // 16 if material.logos else 0,
            "backgrounds": batch // 8 if material.backgrounds else 0,
        }
        self.parts["drawn"] = batch - sum(self.parts.values())
        self._weights = {
            name: _shares(getattr(material, name)) for name in ("drawn", "logos", "real")
        }

    def looks(self, each: int) -> Iterator[Grey]:
        """For each class in order, so many degraded looks at it, (each, 32, 128)."""
        material = self._material
        for place in range(len(material.classes)):
            pools = (material.drawn, material.logos, material.real)
            cuts = [cut for pool in pools for cut in pool.get(place, ())]
            rng = np.random.default_rng([self._seed, 0, place])
            chosen = [cuts[rng.integers(len(cuts))] for _ in range(each)]
            yield np.stack([degrade(cut, rng, material.grounds) for cut in chosen])

    def batch(self, step: int) -> tuple[Grey, NDArray[np.int64]]:
        """Pictures (n, 32, 128) and their classes (n,); -1 is no mark at all."""
        rng = np.random.default_rng([self._seed, 1 + step])
        pictures, classes = [], []
        for name, count in self.parts.items():
            for _ in range(count):
                if name == "backgrounds":
                    pool, chosen = self._material.backgrounds, -1
                else:
                    keys, shares = self._weights[name]
                    chosen = int(keys[np.searchsorted(shares, rng.random() * shares[-1])])
                    pool = getattr(self._material, name)[chosen]
                cut = pool[rng.integers(len(pool))]
                pictures.append(degrade(cut, rng, self._material.grounds))
                classes.append(chosen)
        return np.stack(pictures), np.array(classes, np.int64)


def _shares(cuts: dict[int, list[Cut]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Classes and the running sum of their weights: the root of how many cuts each has."""
    keys = np.array(list(cuts), np.int64)
    return keys, np.cumsum(np.sqrt([len(cuts[key]) for key in cuts]))
