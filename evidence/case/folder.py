"""A case's folder: what lies in it, and files that are whole or not there."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datasets.errors import CaseDamaged, CaseExists, CaseMissing, CaseNewer, CaseUnwritable
from datasets.files import exists, isdir
from evidence.case.engine import FULL, UNWRITABLE

PARTIAL = ".partial"


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Writes a file so that after a crash or a power cut it is whole, or as it was before.

    Raises:
        CaseUnwritable: a full disk, no permission.
    """
    with writing_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(file, "wb", buffering=0) as out:
                rest = memoryview(content)
                while rest:
                    rest = rest[out.write(rest) :]
                os.fsync(out.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """What the system refuses, as an error that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CaseUnwritable(FULL.fill(path=path)) from error
        raise CaseUnwritable(UNWRITABLE.fill(path=path, why=error.strerror)) from error


FORMAT = 1
"""The version of `case.json` and of the folder's layout."""

_ID = re.compile("[0-9a-f]{32}")


def still_suffix(picture: bytes) -> str:
    """`jpg` or `png`, by how the bytes begin.

    >>> still_suffix(b"\\xff\\xd8\\xff")
    'jpg'
    """
    if picture.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if picture.startswith(b"\x89PNG"):
        return "png"
    raise ValueError(f"a still is JPEG or PNG, not {picture[:4]!r}")


def read_facts(folder: Path) -> dict[str, Any]:
    """What `case.json` says.

    Raises:
        CaseMissing: there is none.
        CaseNewer: it is of a format this version does not know.
        CaseDamaged: it cannot be understood.
    """
    path = folder / "case.json"
    try:
        facts = json.loads(path.read_bytes())
        for name, kind in (("format", int), ("id", str), ("name", str), ("database", str)):
            if not isinstance(facts[name], kind):
                raise TypeError(name)
        if not _ID.fullmatch(facts["id"]):  # which stands in the name of a cookie
            raise ValueError("id")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CaseMissing(
            f"{folder}: holds no case; name another folder, or make one: nameplate case new"
        ) from error
    except OSError as error:
        raise CaseMissing(
            f"{path}: cannot be read ({error.strerror}); check the permissions"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaseDamaged(f"{path}: not what Nameplate wrote; put a copy in its place") from error
    if facts["format"] > FORMAT:
        raise CaseNewer(newer(folder))
    return dict(facts)


def furnish(folder: Path, facts: dict[str, Any]) -> None:
    """Puts into a case's folder what is not its database."""
    (folder / "stills").mkdir(exist_ok=True)
    (folder / "lock").touch()
    content = json.dumps(facts, indent=2).encode() + b"\n"
    write_whole(folder / "case.json", content, mode=0o600)


def is_taken(folder: Path) -> bool:
    """Whether something lies there, even if it is only a file in the folder.

    Raises:
        CaseUnwritable: the folder may not be looked into.
    """
    with writing_errors(folder):
        return exists(folder) and (not isdir(folder) or any(folder.iterdir()))


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A hidden sibling of `folder` that takes its name when the block has ended well; its owner's
    alone.

    Raises:
        CaseExists: there is something at `folder` already.
        CaseUnwritable: a full disk, no permission.
    """
    _check_free(folder)
    with writing_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
        # Everything that was found lies in it, and by what people enter.
        partial.mkdir(0o700)
    try:
        with writing_errors(folder):
            yield partial
            flush_folder(partial)
            try:
                partial.rename(folder)
            except OSError:
                _check_free(folder)  # somebody else was first
                raise
            flush_folder(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_free(folder: Path) -> None:
    if is_taken(folder):
        raise CaseExists(f"{folder}: there is something already; name a folder that is not there")


def newer(folder: Path) -> str:
    return f"{folder}: written by a newer Nameplate; update this one to open it"
