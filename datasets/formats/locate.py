"""Where the pictures of another tool's file lie; never outside the folders looked in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from datasets.errors import DataError

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
