"""Files and folders: what lies at a path, and what is written, whole or not at all.

A folder is written as a hidden sibling, `.NAME.XXXXXXXX.partial`. It takes the folder's name once
it is complete.

`Path.exists` raises if a folder may not be searched, a disk has gone or a name is too long. So do
`is_file` and `is_dir`. `exists`, `isfile` and `isdir` return False instead.
"""

from __future__ import annotations

import errno
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os.path import exists, isdir, isfile, normpath
from pathlib import Path
from typing import Protocol, TypeVar

from datasets.errors import DataError, ResultError, UsageError
from datasets.messages import Message

Ours = Callable[[str], bool]
Content = TypeVar("Content", contravariant=True)
STALE_SECONDS = 3600  # pictures are copied in minutes; a folder this old has lost its writer


class Exporter(Protocol[Content]):
    """Writes content into a folder that is there and empty, and nothing beside it.

    The same content gives the same bytes. An `OSError` says that the folder cannot be written.
    `tests/evidence/clip/test_exporters.py` holds each exporter to this.
    """

    def __call__(self, folder: Path, content: Content, /) -> None: ...


def check_free(out: Path, ours: Ours = lambda name: False) -> None:
    """Checks that a folder may be written at `out`: nothing is there, or only what is `ours`.

    out: the folder to be written. ours: tells from a path below `out` whether an earlier run wrote
    it.
    Raises UsageError: somebody's files are there; the message names one.
    """
    if out.name in ("", ".."):
        raise UsageError(f"{out}: give --out a folder of its own, such as {out / 'new'}")
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{out}: there is something already; give another --out")
    if not out.is_dir():
        return
    with writing_errors(out):
        files = (path for path in out.rglob("*") if not path.is_dir())
        names = sorted(path.relative_to(out).as_posix() for path in files)
    if foreign := [name for name in names if not ours(name)]:
        do = "give another --out, or move that folder away"
        raise UsageError(f"{out}: holds {foreign[0]} already; {do}")


@contextmanager
def new_folder(out: Path, ours: Ours = lambda name: False) -> Iterator[Path]:
    """Gives a folder to fill, which becomes `out` when the block ends well.

    out: must not be there, be empty, or hold only files that are `ours`, which go. ours: as for
    `check_free`.
    Raises UsageError: somebody's files are there. ResultError: a full disk, no permission; `out` is
    as before.
    """
    check_free(out, ours)
    with writing_errors(out), staging(out.parent, out.name) as partial:
        yield partial
        if out.is_dir():
            take_place(partial, out)
        else:
            partial.rename(out)


def take_place(partial: Path, out: Path) -> None:
    """Gives a finished folder the name and place of another one, which goes. Raises OSError: it
    cannot take its place; `out` is as before."""
    aside = partial.with_suffix(".replaced")
    out.rename(aside)
    try:
        partial.rename(out)
    except OSError:
        aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def staging(parent: Path, name: str) -> Iterator[Path]:
    """Gives a hidden folder in `parent` to fill; it is gone when the block ends.

    What a killed run left under the same name goes, too, once it is `STALE_SECONDS` old.

    Raises OSError: the folder cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    left = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}\.(partial|replaced)")
    for path in parent.iterdir():
        if left.fullmatch(path.name) and time.time() - path.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
    partial = parent / f".{name}.{secrets.token_hex(4)}.partial"
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def writing_errors(out: Path) -> Iterator[None]:
    """Turns an OSError into one that names the folder. Raises ResultError: instead of any
    OSError."""
    try:
        yield
    except OSError as error:
        raise ResultError(unwritten(out, error, instead="give another --out")) from error


def unwritten(out: Path | str, error: OSError, what: str = "it", instead: str = "") -> str:
    """The message that `what` of a file or folder could not be written, and the remedy.

    instead: what else may be done.

    >>> unwritten("a.html", OSError(errno.ENOSPC, "No space left"), instead="name another")
    'a.html: it could not be written (No space left); free some space or name another'
    """
    reason = error.strerror or str(error)
    do = " or ".join(filter(None, (remedy(error), instead)))
    return f"{out}: {what} could not be written ({reason}); {do}"


def remedy(error: OSError) -> str:
    """What somebody can do about a file or folder that cannot be written to."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some space"
        case errno.ENOENT:
            return "make its folder first"
        case errno.EEXIST | errno.EISDIR | errno.ENOTDIR | errno.ENOTEMPTY:
            return "move away what is in its way"
        case _:
            return "check its permissions and the disk"


def place_picture(source: Path, target: Path, *, link: bool) -> None:
    """Puts a picture where it is wanted: a copy of its bytes, or a symbolic link to it. Raises
    DataError: the picture cannot be read. OSError: the target cannot be written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        target.symlink_to(source.resolve())
        return
    try:
        opened = source.open("rb")
    except OSError as error:
        raise DataError(f"{source}: it cannot be read ({error.strerror})") from error
    with opened, target.open("xb") as copy:
        shutil.copyfileobj(opened, copy, 1 << 20)


def write_text(file: Path, text: str) -> None:
    """UTF-8 text, its folders made. Raises DataError: half a character (a lone surrogate) is in it.
    OSError: the file cannot be written."""
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        bad = text[max(0, error.start - 30) : error.start]
        raise DataError(
            f"{file.name}: half a character (a lone surrogate) after {bad!r}; "
            "UTF-8 cannot hold it: correct the text in the annotations"
        ) from error
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


NO_FILE = Message("no such file")
UNREADABLE = Message("cannot be read (%(why)s)")

__all__ = ["UNREADABLE", "exists", "isdir", "isfile", "straight", "why_missing"]


def straight(path: Path) -> Path:
    """An absolute path without `..`, so that one file has one name.

    Where a link on the way makes `..` lead elsewhere, it stays.

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
        return NO_FILE
    except OSError as error:
        return UNREADABLE.fill(why=error.strerror)
    return None


def fill_page(page: Path, begin: str, end: str, text: str) -> str:
    """A page with a text between its marks, in place of what stood there; nothing is written.

    page: UTF-8. begin, end: whole lines with their ends; of each the first counts, `end` after
    `begin`.
    Raises UsageError: a mark is not there; the message says which.
    """
    before, found, rest = page.read_text("utf-8").partition(begin)
    if not found:
        raise UsageError(f"{page}: no line {begin.strip()!r}; name the page that has one")
    _, found, after = rest.partition(end)
    if not found:
        raise UsageError(
            f"{page}: no line {end.strip()!r} after {begin.strip()!r}; put it where what is made "
            "ends"
        )
    return f"{before}{begin}\n{text}\n{end}{after}"
