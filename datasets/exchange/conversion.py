"""Data sets to and from other tools' formats, whole or not at all, split by source."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import Literal

from datasets.errors import DataError, UsageError
from datasets.exchange.coco import read_coco, write_coco
from datasets.exchange.cvat import read_cvat, write_cvat
from datasets.exchange.incoming import Brought, ImportOptions
from datasets.exchange.yolo import lost_in_yolo, read_yolo, write_yolo
from datasets.files import Exporter, check_free, new_folder, staging, writing_errors
from datasets.photographs.annotations import ANNOTATIONS, Photograph
from datasets.photographs.writing import check_apart, check_names, fill_split, read_splits

Format = Literal["yolo", "coco", "cvat"]
FORMATS: tuple[Format, ...] = ("yolo", "coco", "cvat")

Splits = Mapping[str, Sequence[Photograph]]
_WRITERS: dict[Format, Callable[..., None]] = {
    "yolo": write_yolo,
    "coco": write_coco,
    "cvat": write_cvat,
}
_READERS: dict[Format, Callable[[Path, ImportOptions], Brought]] = {
    "yolo": read_yolo,
    "coco": read_coco,
    "cvat": read_cvat,
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
    replace: bool = False,
    seal: Callable[[Path], None] | None = None,
) -> tuple[Counts, dict[str, int]]:
    """Writes a data set in another format; pictures are copied or linked, never altered.

    Args:
        data: holds splits, as `datasets.photographs.annotations` says.
        to: the format.
        out: the folder to write; must not be there, or be empty.
        link: symbolic links to the pictures instead of copies.
        replace: what an earlier export wrote to `out` goes, once this one is whole.
        seal: called with the folder when everything is in it, before it takes its place.

    Returns:
        Pictures by split, and what the format has no place for, by name.

    Raises:
        UsageError: no data set, or something at `out`.
        DataError: the data set is wrong, or a source stands in two splits.
        ResultError: `out` cannot be written; it is as before.
    """
    ours = (lambda name: True) if replace else (lambda name: False)
    check_free(out, ours)
    splits = read_splits(data)
    check_apart(data, splits)
    with new_folder(out, ours) as folder:
        exporter_of(to, link)(folder, splits)
        if seal is not None:
            seal(folder)
    everything = [photograph for split in splits.values() for photograph in split]
    lost = lost_in_yolo(everything) if to == "yolo" else {}
    return {split: len(photographs) for split, photographs in splits.items()}, lost


def import_data(
    path: Path,
    format: Format,
    out: Path,
    *,
    source: str | None = None,
    split: str | None = None,
    images: Path | None = None,
    classes: Mapping[str, str] | None = None,
    link: bool = False,
) -> Counts:
    """Reads another tool's data set and adds its splits to the data set at `out`.

    Args:
        path: file or folder, as the format's reader says.
        format: what it is.
        out: a data set, or a folder to become one; a split of the same name must not be there.
        source: of pictures whose file names none; by default the name of `path`, and where
            the file has several splits, one for each: nobody knows whether they share any.
        split: for all pictures; by default what the file says, else train.
        images: the folder of pictures; by default looked for beside the file.
        classes: what categories are, see `formats.classes.parse_classes`.
        link: symbolic links to the pictures instead of copies.

    Returns:
        Pictures by split.

    Raises:
        UsageError: nothing at `path`, or the split is at `out` already.
        DataError: the file is wrong, has a picture in two splits, or a source would stand in two
            of `out`.
        ResultError: `out` cannot be written.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    wish = ImportOptions(source or path.resolve().stem, split, images, classes or {})
    brought = _READERS[format](path, wish)
    if source is None and len(brought) > 1:
        brought = _READERS[format](path, changed(wish, per_split=True))
    brought = {split: pictures for split, pictures in brought.items() if pictures}
    if not brought:
        raise DataError(f"{path}: it names no picture")
    _check_pictures(path, brought)
    for split in brought:
        check_free(out / split)
    there = read_splits(out) if any(out.glob(f"*/{ANNOTATIONS}")) else {}
    new = {split: tuple(p for p, _ in pictures) for split, pictures in brought.items()}
    check_apart(out, there | new)
    if not there and not (out.is_dir() and any(out.iterdir())):
        with new_folder(out) as folder:
            for split, pictures in brought.items():
                (folder / split).mkdir()
                fill_split(folder / split, pictures, link)
    else:
        _add_splits(out, brought, link)
    return {split: len(pictures) for split, pictures in brought.items()}


def _check_pictures(path: Path, brought: Brought) -> None:
    """Whether each picture has files of its own, and is in one split only.

    Raises:
        DataError: it is not so; the message begins with `path`.
    """
    places: dict[Path, str] = {}
    for split, pictures in brought.items():
        try:
            check_names([photograph for photograph, _ in pictures])
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        for _, picture in pictures:
            if places.setdefault(picture.resolve(), split) != split:
                raise DataError(
                    f"{path}: {picture} is in {places[picture.resolve()]} and in {split}; "
                    "what is learnt from must not be measured on: keep it in one"
                )


def _add_splits(out: Path, brought: Brought, link: bool) -> None:
    """All new splits are written beside before the first takes its place."""
    added: list[Path] = []
    with writing_errors(out), staging(out, "import") as folder:
        for split, pictures in brought.items():
            (folder / split).mkdir()
            fill_split(folder / split, pictures, link)
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
