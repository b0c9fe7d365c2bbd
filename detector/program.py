"""Which program looked: the version does not tell two apart that were changed in between.

What is found follows from the networks and from hundreds of rules. A claim that later rules no
longer make is told from a later one by this alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LOOKS = ("detector", "datasets")
"""The packages that say what is in footage."""


@cache
def program() -> str:
    """The version, and the first digits of a SHA-256 over all that looks: code, networks, data.

    It fits 32 characters, as `AnalysisRow.nameplate` does.
    """
    packages = Path(__file__).parents[1]
    return f"{version('nameplate')}+{digest_of(packages / name for name in _LOOKS)[:12]}"


def is_later(one: str, other: str) -> bool:
    """Whether one program (`program`) is of a later version than another. Of two of one version it
    cannot be told.

    >>> is_later("0.10.0+6789ab", "0.9.2+012345"), is_later("0.9.2+6789ab", "0.9.2+012345")
    (True, False)
    """
    its, others = (
        tuple(map(int, re.findall("[0-9]+", name.split("+")[0]))) for name in (one, other)
    )
    return its > others


def digest_of(folders: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of the files in some folders, in whatever order they are
    listed; but for what Python compiled of them."""
    whole = hashlib.sha256()
    for folder in folders:
        files = sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*"))
        for name, file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                whole.update(f"{folder.name}/{name} {content}\n".encode())
    return whole.hexdigest()
