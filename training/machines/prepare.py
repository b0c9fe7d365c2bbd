"""Data sets made ready for the trainer: a writable view of them, linked, checked and hashed.

Ultralytics writes caches beside the labels it reads; the data folder may be read-only and
is not ours to write to. So it gets a folder of links. Absolute paths stand only there.

What is marked `ignore`, since nobody judged it, must be learnt neither as a machine nor as
background, and the trainer knows no such thing. In the view such boxes are painted grey, as the
letterbox is; where they overlap something labelled its pixels stay.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.annotations import (
    CLASS_NAMES,
    Box,
    Photograph,
    check_split,
    read_labels,
    read_photographs,
    split_folder,
)
from datasets.checking import compare_labels
from datasets.errors import DataError
from datasets.formats.yolo import label_file
from datasets.maker.stills import write_stills
from datasets.picture import check_whole
from datasets.registry import id_of_label
from datasets.splits import check_apart
from detector.look.detect import PADDING
from training.weights import check_unseen, traces_of

SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A view the trainer may read and write.

    yaml: Ultralytics' data file; counts: by part (`train`, `val`, `synthetic`), what is in
    it; sha256: over the names, pictures and labels of every part, in order; learnt: traces of
    what is learnt from (`training.weights`), but for made pictures.
    """

    yaml: Path
    counts: dict[str, dict[str, int]]
    sha256: str
    learnt: frozenset[str]


def prepare(
    data: Path | Sequence[Path],
    out: Path,
    *,
    synthetic: int = 0,
    seed: int = 0,
    unseen: tuple[Path, str] | None = None,
    without: Collection[str] = (),
) -> Prepared:
    """Checks `data` and links it below `out`, with `synthetic` made pictures added to train.

    Args:
        data: holds `train/` and `val/`, each laid out as `datasets.annotations` says; of several
            each holds `train/`, and one at least `val/`.
        out: written: `out/view`, and `out/synthetic` where pictures are made.
        synthetic: how many pictures to make and train on besides.
        seed: of the made pictures.
        unseen: a data set and a split of it, which are measured on and must not be learnt from.
        without: builders, by id, none of whose pictures is learnt from.

    Raises:
        DataError: something is missing or wrong, named with file, line and field; or labels say
            something else than the annotations; or a source stands in train and in val, and what
            is measured on val would be too good; or no picture shows a machine of a builder that
            is to be left out.
    """
    folders = _parts((data,) if isinstance(data, Path) else tuple(data))
    _check_apart(folders, unseen)
    if synthetic:
        folders["synthetic"] = _make_stills(out / "synthetic", synthetic, seed)
    counts = {part: dict(check_split(folder)) for part, folder in folders.items()}
    withheld = _Withheld(without)

    view = out / "view"
    shutil.rmtree(view, ignore_errors=True)
    digest = hashlib.sha256()
    learnt: list[Photograph] = []
    for part, folder in folders.items():
        split = "val" if part.startswith("val") else "train"
        prefix = "" if part in SPLITS else f"{part}-"
        for photograph in read_photographs(folder):
            if split == "train" and withheld.holds(photograph):
                counts[part]["withheld"] = counts[part].get("withheld", 0) + 1
                continue
            if part != "synthetic":
                _check_labels(photograph)
                # The trainer leaves one that is damaged out without a word.
                check_whole(photograph.path, str(folder))
                if split == "train":
                    learnt.append(photograph)
            _link(photograph, view / split, prefix)
            digest.update(f"{part}/{photograph.image}\0".encode())
            digest.update(hashlib.sha256(photograph.path.read_bytes()).digest())
            digest.update(hashlib.sha256(photograph.labels.read_bytes()).digest())
            for box in _ignored(photograph):
                digest.update(f"ignore {box}\0".encode())

    withheld.check(folders["train"])
    yaml = view / "data.yaml"
    names = ", ".join(f"{i}: {name}" for i, name in enumerate(CLASS_NAMES))
    yaml.write_text(
        f"path: {view.resolve()}\ntrain: train/images\nval: val/images\nnames: {{{names}}}\n",
        "utf-8",
    )
    return Prepared(yaml, counts, digest.hexdigest(), traces_of(learnt))


class _Withheld:
    """Builders whose pictures are left out, and which of them any picture showed."""

    def __init__(self, builders: Collection[str]) -> None:
        self._builders = frozenset(builders)
        self._seen: set[str] = set()

    def holds(self, photograph: Photograph) -> bool:
        labels = {machine.builder for machine in photograph.machines if machine.builder}
        shown = {id_of_label(label, self._builders) for label in labels} & self._builders
        self._seen |= shown
        return bool(shown)

    def check(self, folder: Path) -> None:
        """That each was shown somewhere: a misspelt one would have been learnt from."""
        missing = sorted(self._builders - self._seen)
        if missing:
            raise DataError(
                f"{folder}: no picture shows a machine of {', '.join(missing)}; give builders by "
                "the ids that the annotations have"
            )


def _parts(data: Sequence[Path]) -> dict[str, Path]:
    """By part, its folder: `train` and `val` of the first data set, `train2` ... of others."""
    folders: dict[str, Path] = {}
    for number, folder in enumerate(data, start=1):
        for split in SPLITS:
            # One of several need not hold anything back.
            if split == "train" or len(data) == 1 or (folder / split).is_dir():
                folders[split if number == 1 else f"{split}{number}"] = split_folder(folder, split)
    if not any(part.startswith("val") for part in folders):
        raise DataError(f"{data[0]}: no folder 'val', nor in any other of the data sets")
    return folders


def _check_apart(folders: Mapping[str, Path], unseen: tuple[Path, str] | None) -> None:
    learnt: list[Photograph] = []
    held: list[Photograph] = []
    for part, folder in folders.items():
        (held if part.startswith("val") else learnt).extend(read_photographs(folder))
    check_apart(folders["train"].parent, {"train": learnt, "val": held})
    if unseen is not None:
        check_unseen(learnt, *unseen)


def _check_labels(photograph: Photograph) -> None:
    """That a picture's label file says what its annotations say: the first is learnt, the other is
    what is measured by, and where only one was put right nobody would notice."""
    fault = next(compare_labels(photograph, read_labels(photograph.labels)), None)
    if fault is not None:
        raise DataError(
            f"{fault}; put right which of the two is wrong (nameplate datasets check tells all): "
            "training learns the labels"
        )


def _link(photograph: Photograph, split: Path, prefix: str) -> None:
    # Folders below images/ are kept: two pictures of one name may lie in two of them.
    picture = split / photograph.image
    picture = picture.with_name(prefix + picture.name)
    for link, target in ((picture, photograph.path), (label_file(picture), photograph.labels)):
        link.parent.mkdir(parents=True, exist_ok=True)
        if target == photograph.path and _ignored(photograph):
            _paint(photograph, link)
        else:
            link.symlink_to(target.resolve())


def _ignored(photograph: Photograph, ignore: bool = True) -> list[Box]:
    """The boxes that are to be ignored, or those that are not."""
    found = [one.box for one in photograph.machines if one.ignore is ignore]
    found += [one.box for one in photograph.marks if one.ignore is ignore]
    return found + [one.box for one in photograph.controls if one.ignore is ignore]


def _paint(photograph: Photograph, target: Path) -> None:
    """The picture with what is to be ignored painted over."""
    with Image.open(photograph.path) as stored:
        picture = np.asarray(stored.convert("RGB"))
    painted = picture.copy()
    for box in _ignored(photograph):
        painted[_pixels(box)] = PADDING
    kept = _ignored(photograph, ignore=False)
    # What a person said is no machine has to be seen, to be learnt as none.
    kept += [tuple(box) for box in photograph.more.get("not_machines", [])]
    for box in kept:
        painted[_pixels(box)] = picture[_pixels(box)]
    image = Image.fromarray(painted)
    if target.suffix.lower() in (".jpg", ".jpeg"):
        image.save(target, quality=95)
    else:
        image.save(target)


def _pixels(box: Sequence[float]) -> tuple[slice, slice]:
    x1, y1, x2, y2 = (max(0, round(value)) for value in box)
    return slice(y1, y2), slice(x1, x2)


def _make_stills(folder: Path, count: int, seed: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    write_stills(folder, count, seed)
    return folder
