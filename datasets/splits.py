"""Splits kept apart by source: what a model is measured on comes from nowhere it learned from.

Photographs of one source show the same machines, halls and cameras; a model that learned some
of them is measured too well on the others.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.annotations import ANNOTATIONS, Photograph, read_photographs
from datasets.errors import DataError, UsageError


def find_splits(data: Path) -> dict[str, Path]:
    """The splits of a data set by name, train first, then in the order of their names.

    Raises:
        UsageError: no such folder, or no split in it.
    """
    if not data.is_dir():
        raise UsageError(f"{data}: no such folder")
    found = sorted(
        (file.parent for file in data.glob(f"*/{ANNOTATIONS}")),
        key=lambda folder: (folder.name != "train", folder.name),
    )
    # An unfinished split of a run that goes on beside this one.
    found = [folder for folder in found if not folder.name.startswith(".")]
    if not found:
        one = (data / ANNOTATIONS).is_file()
        hint = f"; it is a split itself: give the folder above, {data.parent}" if one else ""
        raise UsageError(f"{data}: no split in it (such as train/{ANNOTATIONS}){hint}")
    return {folder.name: folder for folder in found}


def read_splits(data: Path, only: str | None = None) -> dict[str, tuple[Photograph, ...]]:
    """Every split of a data set read, or the one of that name.

    Raises:
        UsageError: no such folder or split.
        DataError: something in it is wrong, named with file, line and field.
    """
    folders = find_splits(data)
    if only is not None:
        if only not in folders:
            raise UsageError(f"{data}: no split {only!r} in it; there is {', '.join(folders)}")
        folders = {only: folders[only]}
    return {name: read_photographs(folder) for name, folder in folders.items()}


def source_key(source: str) -> str:
    """What tells a source from others: `Plant 12` and `plant 12 ` are one, and so is what looks
    the same, as ü in one character and in two (a folder's name on a Mac)."""
    return unicodedata.normalize("NFC", source.strip().casefold())


def shared_sources(splits: Mapping[str, Sequence[Photograph]]) -> dict[str, tuple[str, ...]]:
    """Sources, and footage, of which pictures stand in more than one split, with those splits.

    Case and outer spaces make no difference: `Plant 12` and `plant 12` are one source. Footage is
    known by its hash, whatever source its frames are said to be of.
    """
    places: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for split, photographs in splits.items():
        for photograph in photographs:
            key = "source", source_key(photograph.source)
            places[key].setdefault(split, f"source {photograph.source!r}")
            if (footage := photograph.footage) is not None:
                places["footage", footage].setdefault(split, f"footage {footage[:12]}")
    return {next(iter(where.values())): tuple(where) for where in places.values() if len(where) > 1}


def check_apart(data: Path, splits: Mapping[str, Sequence[Photograph]]) -> None:
    """Whether no source, and no footage, stands on two sides of a split.

    Raises:
        DataError: one does; the message names it, the splits, and what to do.
    """
    shared = shared_sources(splits)
    if shared:
        raise DataError(f"{data}: {tell_shared(shared)}")


def tell_shared(shared: Mapping[str, Sequence[str]]) -> str:
    """What is wrong with what `shared_sources` found, in words; `shared` is not empty."""
    first, where = next(iter(shared.items()))
    others = f" (and {len(shared) - 1} more)" if len(shared) > 1 else ""
    return (
        f"{first} is in {' and in '.join(where)}{others}; "
        "put all pictures of a source, and of one footage, into one split"
    )
