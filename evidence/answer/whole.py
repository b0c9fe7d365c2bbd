"""Whether a package is what it was when it was made, and if not, where."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from datasets.errors import PackageDamaged, UsageError
from datasets.there import isdir, isfile

RESPONSE = "timestamp/tagmanifest-sha256.tsr"
"""The one file, in the bag, that came after it was closed."""

MANIFEST = "manifest-sha256.txt"
TAGS = "tagmanifest-sha256.txt"
_MOST_TOLD = 20


def check_whole(package: Path) -> None:
    """Compares every file with the bag's manifests (RFC 8493).

    Raises:
        UsageError: it is no package.
        PackageDamaged: files altered, gone or added; the message names them.
    """
    if not isfile(package / "bagit.txt"):
        raise UsageError(f"{package}: no package; `nameplate answer CASE --package DIR` makes one")
    damage = sorted(set(_damage(package)))
    if damage:
        more = len(damage) - _MOST_TOLD
        told = "; ".join(damage[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise PackageDamaged(f"{package}: not what it was: {told}")


def _damage(package: Path) -> Iterator[str]:
    """A line for each file that is not as the manifests say (RFC 8493, 3)."""
    listed: dict[str, str] = {}
    unread = False
    for name in (TAGS, MANIFEST):
        try:
            listed |= _read_manifest(package / name)
        except FileNotFoundError:
            unread = True
            yield f"{name} is gone"
        except (OSError, ValueError) as error:
            unread = True
            yield f"{name} makes no sense ({error})"
    if unread:
        return  # what it listed would all seem to have been added
    for name, digest in listed.items():
        file = package / name
        if not isfile(file) or file.is_symlink():
            yield f"{name} is gone"
        elif _sha256(file) != digest:
            yield f"{name} was altered"
    for file in package.rglob("*"):
        name = file.relative_to(package).as_posix()
        may_be = (isdir(file) or name in (TAGS, RESPONSE)) and not file.is_symlink()
        if name not in listed and not may_be:
            yield f"{name} was added"


def _read_manifest(file: Path) -> dict[str, str]:
    """
    Raises:
        ValueError: a line that is none, or that names a file elsewhere.
    """
    found = {}
    for line in file.read_text("utf-8").splitlines():
        digest, _, name = line.partition(" ")
        name = name.strip()
        if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"line {line[:100]!r}")
        found[name] = digest
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def stays_here() -> Iterator[None]:
    """The bag's maker changes the working directory, and its errors leave it there."""
    here = Path.cwd()
    try:
        yield
    finally:
        os.chdir(here)
