"""Data sets to other tools' formats, and back from CVAT: whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from datasets.errors import DataError, UsageError
from datasets.exchange.incoming import ImportOptions, read_cvat
from datasets.exchange.outgoing import Splits, write_coco, write_cvat, write_yolo
from datasets.files import Exporter, check_free, new_folder, staging, writing_errors
from datasets.photographs.annotations import ANNOTATIONS
from datasets.photographs.writing import check_apart, fill_split, read_splits

Format = Literal["yolo", "coco", "cvat"]
FORMATS: tuple[Format, ...] = ("yolo", "coco", "cvat")

_WRITERS: dict[Format, Callable[..., None]] = {
    "yolo": write_yolo,
    "coco": write_coco,
    "cvat": write_cvat,
}

Counts = dict[str, int]
"""Pictures by split."""


def exporter_of(format: Format, link: bool = False) -> Exporter[Splits]:
    """Writes splits in a format, with the pictures copied or linked."""
    return partial(_WRITERS[format], link=link)


def export_data(
    data: Path,
    to: Format,
    out: Path,
    *,
    link: bool = False,
) -> Counts:
    """Writes a data set in another format; pictures are copied or linked, never altered.

    Args:
        data: holds splits, as `datasets.photographs.annotations` says.
        to: the format.
        out: the folder to write; must not be there, or be empty.
        link: symbolic links to the pictures instead of copies.

    Raises:
        UsageError: no data set, or something at `out`.
        DataError: the data set is wrong, or a source stands in two splits.
        ResultError: `out` cannot be written; it is as before.
    """
    check_free(out)
    splits = read_splits(data)
    check_apart(data, splits)
    with new_folder(out) as folder:
        exporter_of(to, link)(folder, splits)
    return {split: len(photographs) for split, photographs in splits.items()}


def import_data(
    path: Path, out: Path, wish: ImportOptions | None = None, *, link: bool = False
) -> Counts:
    """Reads a data set of CVAT and adds its splits to the data set at `out`.

    Args:
        path: file or folder, as `read_cvat` says.
        out: a data set, or a folder to become one; a split of the same name must not be there.
        wish: what the user said of it.
        link: symbolic links to the pictures instead of copies.

    Raises:
        UsageError: nothing at `path`, or the split is at `out` already.
        DataError: the file is wrong, or a source would stand in two splits of `out`.
        ResultError: `out` cannot be written.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    brought = read_cvat(path, wish or ImportOptions())
    if not brought:
        raise DataError(f"{path}: it names no picture")
    check_free(out, lambda name: True)
    for split in brought:
        check_free(out / split)
    there = read_splits(out) if any(out.glob(f"*/{ANNOTATIONS}")) else {}
    new = {split: tuple(p for p, _ in pictures) for split, pictures in brought.items()}
    check_apart(out, there | new)
    added: list[Path] = []
    # All are written beside before the first takes its place.
    with writing_errors(out), staging(out.parent, out.name) as folder:
        for split, pictures in brought.items():
            (folder / split).mkdir()
            fill_split(folder / split, pictures, link)
        out.mkdir(exist_ok=True)
        try:
            for split in brought:
                if (out / split).is_dir():
                    (out / split).rmdir()  # it was found empty
                (folder / split).rename(out / split)
                added.append(out / split)
        except BaseException:
            for done in added:
                shutil.rmtree(done, ignore_errors=True)
            raise
    return {split: len(pictures) for split, pictures in brought.items()}
