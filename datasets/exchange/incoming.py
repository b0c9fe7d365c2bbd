"""What is read from other tools: a wish, the splits, and where pictures lie."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from datasets.errors import DataError, UsageError
from datasets.photographs.annotations import Photograph
from datasets.photographs.pictures import check_size, picture_size

Brought = dict[str, list[tuple[Photograph, Path]]]
"""By split: the pictures with where each lies now."""

LARGEST_FILE = 1 << 30
"""Bytes of a foreign annotation file; it is read into memory whole."""

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
    "default": "train",
    "": "train",
}
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user said of an import.

    source: for pictures whose file names none. split: for all pictures; None for what the file
    says, else train. images: the folder of pictures; None to look beside the file. classes: what
    categories are, see `parts.parse_classes`. per_split: the source is not the user's word. Where a
    file of several splits names none, each split then has one of its own.
    """

    source: str
    split: str | None = None
    images: Path | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    per_split: bool = False

    def source_of(self, split: str) -> str:
        """The source of pictures in a split whose file names none."""
        return f"{self.source}/{split}" if self.per_split else self.source


def is_split_name(word: str) -> bool:
    """Whether a word can be the folder of a split: letters, digits, `.`, `_`, `-`."""
    return _SAFE.fullmatch(word) is not None


def named_split(word: str, wish: ImportOptions, where: str) -> str:
    """The split a word of another tool's stands for, where the word is there to say it.

    Raises:
        DataError: it cannot be a folder's name.

    Example:
        >>> named_split("Validation", ImportOptions("x"), "a.xml")
        'val'
    """
    if wish.split is not None:
        return wish.split
    plain = re.sub(r"^(train|val|test)(19|20)\d\d$", r"\1", word.strip().lower())
    split = _SPLITS.get(plain, word.strip())
    if not is_split_name(split):
        raise DataError(f"{where}: {word!r} cannot be the name of a split; give one with --split")
    return split


def guessed_split(word: str, wish: ImportOptions) -> str:
    """The split that a file's name speaks of, if it does; else train.

    Example:
        >>> options = ImportOptions("x")
        >>> guessed_split("hall-7_valid", options), guessed_split("hall-7", options)
        ('val', 'train')
    """
    if wish.split is not None:
        return wish.split
    parts = re.split(r"[^a-z]+", word.lower())
    return next((_SPLITS[part] for part in parts if part and part in _SPLITS), "train")


def read_text(file: Path) -> str:
    """A foreign file as text.

    Raises:
        DataError: it cannot be read, is not UTF-8, or is larger than `LARGEST_FILE`.
    """
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise DataError(f"{file}: larger than {LARGEST_FILE >> 30} GiB; split it")
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: it is not UTF-8 text (byte {error.start})") from error


def find_files(path: Path, format: str, *patterns: str) -> list[Path]:
    """The file itself, or the files of a folder by the first pattern that finds any.

    Raises:
        UsageError: none does.
    """
    if path.is_file():
        return [path]
    for pattern in patterns:
        if found := sorted(path.glob(pattern)):
            return found
    raise UsageError(f"{path}: no {format} file in it ({patterns[0]})")


def picture_of_size(
    picture: Path, width: int | None, height: int | None, where: str
) -> tuple[int, int]:
    """Width and height of a picture; where the file says them, checked.

    Raises:
        DataError: it is of another size, or stored turned.
    """
    size = picture_size(picture) if width is None or height is None else (width, height)
    check_size(picture, *size, where)
    return size


SHOWN = 4


def safe_name(name: str, where: str) -> str:
    """A path that a file gives, which must stay below the folder it is meant for.

    Raises:
        DataError: absolute, climbing (`..`), or no path at all.

    Example:
        >>> safe_name("hall/a.jpg", "a.json")
        'hall/a.jpg'
    """
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    climbs = ".." in path.parts or ".." in windows.parts
    if climbs or path.is_absolute() or windows.drive or not path.name or "\0" in name:
        raise DataError(
            f"{where}: {name!r} leaves the data set's folder; a path below it is wanted"
        )
    return path.as_posix()


def find_picture(name: str, folders: Sequence[Path], where: str) -> tuple[str, Path]:
    """The picture of that name in the first folder that holds it.

    Args:
        name: as the file gives it; backslashes count as slashes if nothing is found otherwise.
        folders: looked in, in this order.
        where: what a message begins with.

    Returns:
        The name it was found by, and its path.

    Raises:
        DataError: in none, or a name that leaves them.
    """
    spellings = [safe_name(name, where)]
    if "\\" in name:
        spellings.append(safe_name(name.replace("\\", "/"), where))
    for spelling in spellings:
        for folder in folders:
            if (folder / spelling).is_file():
                return spelling, folder / spelling
    looked = ", ".join(str(folder) for folder in folders[:SHOWN])
    raise DataError(
        f"{where}: there is no picture {name!r} in {looked}; put it there, or give the folder "
        "of pictures with --images"
    )
