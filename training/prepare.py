"""A data set made ready for the trainer: a writable view of it, linked, checked and hashed.

Ultralytics writes caches beside the labels it reads; the data folder may be read-only and
is not ours to write to. So it gets a folder of links. Absolute paths stand only there.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from datasets.annotations import (
    CLASS_NAMES,
    Photograph,
    check_split,
    read_photographs,
    split_folder,
)
from datasets.maker.stills import write_stills
from datasets.splits import check_apart

SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A view the trainer may read and write.

    yaml: Ultralytics' data file; counts: by part (`train`, `val`, `synthetic`), what is in
    it; sha256: over the names, pictures and labels of every part, in order.
    """

    yaml: Path
    counts: dict[str, dict[str, int]]
    sha256: str


def prepare(data: Path, out: Path, *, synthetic: int = 0, seed: int = 0) -> Prepared:
    """Checks `data` and links it below `out`, with `synthetic` made pictures added to train.

    Args:
        data: holds `train/` and `val/`, each laid out as `datasets.annotations` says.
        out: written: `out/view`, and `out/synthetic` where pictures are made.
        synthetic: how many pictures to make and train on besides.
        seed: of the made pictures.

    Raises:
        DataError: something is missing or wrong, named with file, line and field; or a source
            stands in train and in val, and what is measured on val would be too good.
    """
    folders = {split: split_folder(data, split) for split in SPLITS}
    check_apart(data, {split: read_photographs(folder) for split, folder in folders.items()})
    if synthetic:
        folders["synthetic"] = _make_stills(out / "synthetic", synthetic, seed)
    counts = {part: dict(check_split(folder)) for part, folder in folders.items()}

    view = out / "view"
    shutil.rmtree(view, ignore_errors=True)
    digest = hashlib.sha256()
    for part, folder in folders.items():
        split = part if part in SPLITS else "train"
        prefix = "" if part in SPLITS else f"{part}-"
        for photograph in read_photographs(folder):
            _link(photograph, view / split, prefix)
            digest.update(f"{part}/{photograph.image}\0".encode())
            digest.update(hashlib.sha256(photograph.path.read_bytes()).digest())
            digest.update(hashlib.sha256(photograph.labels.read_bytes()).digest())

    yaml = view / "data.yaml"
    names = ", ".join(f"{i}: {name}" for i, name in enumerate(CLASS_NAMES))
    yaml.write_text(
        f"path: {view.resolve()}\ntrain: train/images\nval: val/images\nnames: {{{names}}}\n",
        "utf-8",
    )
    return Prepared(yaml, counts, digest.hexdigest())


def _link(photograph: Photograph, split: Path, prefix: str) -> None:
    # Folders below images/ are kept: two pictures of one name may lie in two of them.
    picture = split / photograph.image
    labels = (split / "labels" / picture.relative_to(split / "images")).with_suffix(".txt")
    for link, target in (
        (picture.with_name(prefix + picture.name), photograph.path),
        (labels.with_name(prefix + labels.name), photograph.labels),
    ):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target.resolve())


def _make_stills(folder: Path, count: int, seed: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    write_stills(folder, count, seed)
    return folder
