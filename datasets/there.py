"""Whether something lies at a path; no, too, where that cannot be told.

`Path.exists`, `is_file` and `is_dir` raise where a folder may not be searched, where a disk has
gone or where a name is too long. Paths that people give are asked about with these instead.
"""

from __future__ import annotations

from os.path import exists, isdir, isfile, normpath
from pathlib import Path

from datasets.messages import Message

NOTHING = Message("no such file")
UNREADABLE = Message("cannot be read (%(why)s)")

__all__ = ["UNREADABLE", "exists", "isdir", "isfile", "straight", "why_missing"]


def straight(path: Path) -> Path:
    """A path made absolute and without `..`, so that one file is not known under two names; with
    it, where a link on the way makes it lead elsewhere.

    >>> straight(Path("/archive/lists/../2023/tour.mp4")).as_posix()
    '/archive/2023/tour.mp4'
    """
    path = path.absolute()
    if ".." not in path.parts:
        return path
    short = Path(normpath(path))
    try:
        return short if short.samefile(path) else path
    except (OSError, ValueError):
        return short if why_missing(path) else path


def why_missing(path: Path) -> str | None:
    """Why there is nothing to be had at a path, in words; None where something lies there."""
    try:
        path.stat()
    except (FileNotFoundError, ValueError):
        return NOTHING
    except OSError as error:
        return UNREADABLE.fill(why=error.strerror)
    return None
