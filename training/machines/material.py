"""The labelled photographs as the detector learns them: views drawn by chance, batch by batch.

What is learnt as what:

    machine          `cnc` true
    manual machine   `cnc` false, and of a kind that is looked for
    nothing at all   presses, lasers, saws without a CNC: pictures without machines hold them too
    ignored          `cnc` null; other things without a CNC; marks of other roles
    surely nothing   what a reviewer said is no machine, even where it is ignored around it
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.photographs.annotations import Photograph
from datasets.photographs.pictures import check_whole
from datasets.photographs.splits import LABELLED_ROLES
from detector.types import CLASSES, CONTROL, MACHINE, MANUAL, WORDMARK, Picture
from training.machines.views import (
    Labelled,
    View,
    as_filmed,
    closer,
    coloured,
    mirrored,
    mosaic,
    part,
    quarters,
    stood_before,
    whole,
)
from training.pictures import read_picture, scale_within

NOTHING = len(CLASSES)
NOT_SOUGHT = frozenset({"press", "laser", "saw"})

LONGEST = 1280
"""Longer side at which a picture is kept, pixels."""
SIDES = (448, 576, 640, 768, 960)
SHAPES = ((1.0, 1.0), (0.75, 1.0), (0.75, 1.0), (1.0, 0.75))
"""Height and width of a view as shares of its longer side; four to three is the commonest."""
STRIDE = 32

NEGATIVES = 0.27
"""Share of views that are of pictures without machines."""
DRAWN = 0.08
"""Share of views that are of drawn pictures, where there are any. Drawn footage measures what
footage does to a picture, so the network has to know it."""


def labels_of(photograph: Photograph) -> Labelled:
    """The boxes of a picture, by what is learnt of each."""
    found: list[tuple[Sequence[float], int]] = []
    for machine in photograph.machines:
        unknown = machine.cnc is None or (machine.cnc is False and machine.kind == "other")
        if machine.ignore or unknown:
            found += [(machine.box, -1 - MACHINE), (machine.box, -1 - MANUAL)]
        elif machine.cnc:
            found.append((machine.box, MACHINE))
        elif machine.kind not in NOT_SOUGHT:
            found.append((machine.box, MANUAL))
    for mark in photograph.marks:
        known = mark.role in LABELLED_ROLES and not mark.ignore
        found.append((mark.box, WORDMARK if known else -1 - WORDMARK))
    found += [(box, -1 - WORDMARK) for box in photograph.concealed]
    found += [(c.box, -1 - CONTROL if c.ignore else CONTROL) for c in photograph.controls]
    found += [(box, NOTHING) for box in photograph.more.get("not_machines", [])]
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    return Labelled(boxes, np.array([kind for _, kind in found], np.int64))


def in_fold(source: str, folds: int, fold: int) -> bool:
    """Whether a source belongs to that fold, by a hash of its name."""
    return int(hashlib.sha256(source.encode()).hexdigest()[:8], 16) % folds == fold


@dataclass(frozen=True, slots=True)
class _Kept:
    file: Path
    labelled: Labelled

    @property
    def shows_something(self) -> bool:
        classes = self.labelled.classes
        return bool(((classes >= 0) & (classes < NOTHING)).any())

    def picture(self) -> Picture:
        return np.asarray(np.load(self.file, mmap_mode="r"))


class Material:
    """Photographs, decoded once into `folder`, and the batches that are drawn of them. Raises
    DataError: a picture is damaged, or there is none that shows anything."""

    def __init__(
        self,
        photographs: Sequence[Photograph],
        folder: Path,
        seed: int,
        sides: Sequence[int] = SIDES,
        drawn: Sequence[Photograph] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._seed, self._sides = seed, sides
        self._made = [_keep(photograph, folder) for photograph in drawn]
        kept = [_keep(photograph, folder) for photograph in photographs]
        self._with = [one for one in kept if one.shows_something]
        self._without = [one for one in kept if not one.shows_something]
        if not self._with:
            raise DataError("no picture shows a machine, a mark or a panel; add some that do")

    def batch(self, step: int, share: float) -> tuple[int, dict[str, Any]]:
        """The views of a step: their number, and pictures, boxes and what is ignored.

        share: of the run that is done; mosaics end in its last fifth.
        """
        rng = np.random.default_rng((self._seed, step))
        side = self._sides[int(rng.integers(len(self._sides)))]
        tall, wide = SHAPES[rng.integers(len(SHAPES))]
        size = tuple(max(STRIDE, round(side * s / STRIDE) * STRIDE) for s in (tall, wide))
        count = int(np.clip(round(16 * 640 * 640 * 0.8 / (size[0] * size[1])), 6, 36))
        views = [self._drawn((size[0], size[1]), share, rng) for _ in range(count)]
        return count, _collated(views, (size[0], size[1]))

    def _drawn(self, size: tuple[int, int], share: float, rng: np.random.Generator) -> View:
        if share < 0.8 and rng.random() < 0.4:
            at = (int(rng.uniform(0.3, 0.7) * size[1]), int(rng.uniform(0.3, 0.7) * size[0]))
            parts = [self._one((y2 - y1, x2 - x1), rng) for x1, y1, x2, y2 in quarters(size, at)]
            view = mosaic(parts, size, at)
        else:
            view = self._one(size, rng)
        if rng.random() < 0.15:
            others = self._without or self._with
            view = stood_before(view, others[rng.integers(len(others))].picture(), rng)
        picture = coloured(view[0], rng)
        if rng.random() < 0.35:
            picture = as_filmed(picture, rng)
        return picture, view[1]

    def _one(self, size: tuple[int, int], rng: np.random.Generator) -> View:
        if self._made and rng.random() < DRAWN:
            one = self._made[rng.integers(len(self._made))]
            way = (whole, part, closer)[rng.choice(3, p=(0.6, 0.2, 0.2))]
        elif self._without and rng.random() < NEGATIVES:
            one = self._without[rng.integers(len(self._without))]
            way = whole if rng.random() < 0.7 else part
        else:
            one = self._with[rng.integers(len(self._with))]
            way = (whole, part, closer)[rng.choice(3, p=(0.45, 0.35, 0.2))]
        view = way(one.picture(), one.labelled, size, rng)
        return mirrored(view) if rng.random() < (0.1 if way is closer else 0.5) else view


def _keep(photograph: Photograph, folder: Path) -> _Kept:
    # Pictures of two data sets may have one name.
    known = hashlib.sha256(str(photograph.path.resolve()).encode()).hexdigest()[:16]
    file = folder / f"{known}.npy"
    scale = scale_within(photograph.width, photograph.height, LONGEST)
    if not file.is_file():
        # OpenCV fills what is missing of one with grey, without a word.
        check_whole(photograph.path, str(photograph.folder))
        beside = file.with_suffix(".tmp.npy")
        np.save(beside, read_picture(photograph.path, LONGEST))
        beside.replace(file)
    return _Kept(file, labels_of(photograph).scaled(scale))


def _collated(views: Sequence[View], size: tuple[int, int]) -> dict[str, Any]:
    """Pictures (n, 3, h, w) of 0..255; boxes as Ultralytics' loss takes them; what is ignored."""
    import torch

    pictures = np.stack([picture for picture, _ in views])
    rows: list[NDArray[np.float32]] = []
    ignored: list[NDArray[np.float32]] = []
    for index, (_, labelled) in enumerate(views):
        place = np.full((len(labelled), 1), index, np.float32)
        known = (labelled.classes >= 0) & (labelled.classes < NOTHING)
        classes = labelled.classes[:, None].astype(np.float32)
        rows.append(np.concatenate([place, classes, labelled.boxes], axis=1)[known])
        # What is surely nothing comes last: it is heard where something around it is not.
        others = np.concatenate([place, -1 - classes, labelled.boxes], axis=1)[~known]
        ignored.append(others[np.argsort(others[:, 1] < 0, kind="stable")])
    labels = np.concatenate(rows)
    centre = (labels[:, 2:4] + labels[:, 4:6]) / 2
    sides = labels[:, 4:6] - labels[:, 2:4]
    scale = np.array([size[1], size[0]] * 2, np.float32)
    return {
        "img": torch.from_numpy(pictures).permute(0, 3, 1, 2),
        "batch_idx": torch.from_numpy(labels[:, 0].copy()),
        "cls": torch.from_numpy(labels[:, 1:2].copy()),
        "bboxes": torch.from_numpy(np.concatenate([centre, sides], axis=1) / scale),
        "ignored": torch.from_numpy(np.concatenate(ignored)),
    }
