"""Whether something lies at a path; no, too, where that cannot be told.

`Path.exists`, `is_file` and `is_dir` raise where a folder may not be searched, where a disk has
gone or where a name is too long. Paths that people give are asked about with these instead.
"""

from __future__ import annotations

from os.path import exists, isdir, isfile
from pathlib import Path

__all__ = ["exists", "isdir", "isfile", "why_missing"]


def why_missing(path: Path) -> str | None:
    """Why there is nothing to be had at a path, in words; None where something lies there."""
    try:
        path.stat()
    except (FileNotFoundError, ValueError):
        return "no such file"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None
