"""Source lists in CSV: which footage, and what is known of where it came from.

The columns are `path, url, publisher, published_at, plant, note`, in any order, under the
names of `ALIASES` too; any other column is kept as it is. Separated by commas, semicolons or
tabs, in UTF-8 or, with its mark, UTF-16. Paths are relative to the list's own folder.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import UsageError
from datasets.there import straight, why_missing
from evidence.sweep.folders import Trouble

ALIASES: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "file", "filename", "file_name", "file_path", "footage", "clip", "video"),
    "url": ("url", "link", "origin", "origin_url", "source", "source_url", "webpage_url"),
    "publisher": ("publisher", "published_by", "channel", "uploader", "author", "account"),
    "published_at": (
        *("published_at", "published", "published_on", "publication_date", "date"),
        *("upload_date", "uploaded_at", "timestamp"),
    ),
    "plant": ("plant", "plant_claimed", "factory", "works", "enterprise", "site"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks"),
}
_COLUMNS = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

_SAID = re.compile(r'"?sep=([,;\t])"?[,;\t]*\r?\n')
"""A first line that tells Excel what separates the columns, as some programs write it."""

_STRANGE = (
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://"), "an address; write the path alone"),
    (
        re.compile(r"[A-Za-z]:[\\/]|[^/]*\\"),
        "a path as Windows writes it; write it as this computer does, with / and without a drive, "
        "or from the list's folder on",
    ),
)
"""What a path that leads nowhere may be, and what to do about it."""

MOST_LIST_BYTES = 1 << 30
MOST_CELL_BYTES = 64 << 20
"""An auto-archiver row holds a post with all its comments in one cell."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One path of a list, absolute, with what the list says of it, word for word."""

    path: Path
    url: str | None = None
    publisher: str | None = None
    published: str | None = None
    plant: str | None = None
    note: str | None = None
    provenance: dict[str, Any] | None = None


def read_rows(file: Path) -> Iterator[tuple[int, list[str] | Trouble]]:
    """The rows of a CSV file with their line numbers, the header first; empty ones left out.

    Raises:
        UsageError: the file cannot be read, or is in no encoding that is understood.
    """
    text = _text(file)
    lines, delimiter, before = io.StringIO(text, newline=""), _delimiter(text), 0
    if said := _SAID.match(text):
        delimiter, before = said[1], 1
        lines.seek(said.end())
    with _large_cells():
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            start, number = lines.tell(), before + reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, Trouble(f"{file}, line {number}: not CSV ({error}); the rest goes on")
                # A quote that nobody closed has taken in lines after it; they are read anew.
                lines.seek(start)
                lines.readline()
                before, reader = number, csv.reader(lines, delimiter=delimiter, strict=True)
                continue
            if any(cell.strip() for cell in row):
                yield number, row


def read_list(
    file: Path, header: Sequence[str], rows: Iterator[tuple[int, list[str] | Trouble]]
) -> Iterator[Listed | Trouble]:
    """The lines of a source list whose header has been read.

    Raises:
        UsageError: no column of paths, or a column twice.
    """
    names = _names(file, header)
    for number, row in rows:
        if isinstance(row, Trouble):
            yield row
            continue
        if any(cell.strip() for cell in row[len(names) :]):
            yield Trouble(
                f"{file}, line {number}: {len(row)} cells under {len(names)} columns; put text "
                "that holds the separator in quotes"
            )
            continue
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
        yield _listed(file, number, cells)


def _listed(file: Path, number: int, cells: dict[str, str]) -> Listed | Trouble:
    said = {name: cells.pop(name, "") or None for name in ALIASES}
    if said["path"] is None:
        return Trouble(f"{file}, line {number}: no path")
    path = _at(file.parent, said["path"])
    if wrong := why_missing(path):
        todo = next(
            (hint for form, hint in _STRANGE if form.match(said["path"])), "correct the path"
        )
        return Trouble(f"{file}, line {number}: {path}: {wrong}; {todo}")
    rest = {name: cell for name, cell in cells.items() if cell}
    return Listed(
        path,
        said["url"],
        said["publisher"],
        said["published_at"],
        said["plant"],
        said["note"],
        {"list": file.name, "line": number, **({"columns": rest} if rest else {})},
    )


def _at(folder: Path, said: str) -> Path:
    """Where a list's path leads; a name that begins as somebody's home would is a name."""
    path = Path(said)
    with suppress(RuntimeError, ValueError):
        path = path.expanduser()
    return straight(folder / path)


def _names(file: Path, header: Sequence[str]) -> list[str]:
    """The columns by our names, where we have one."""
    plain = ["_".join(cell.strip().lower().replace("-", " ").split()) for cell in header]
    names = [_COLUMNS.get(name, name) for name in plain]
    if "path" not in names:
        raise UsageError(
            f"{file}: no column named path among {', '.join(header)}; the first line must name "
            "the columns"
        )
    for name in ALIASES:
        if names.count(name) > 1:
            alike = [c for c, n in zip(header, names, strict=True) if n == name]
            raise UsageError(f"{file}: columns {', '.join(alike)} mean the same; keep one")
    # Of one's own columns two may bear one name, or none.
    counts = [names[: n + 1].count(name) for n, name in enumerate(names)]
    return [
        name if count == 1 else f"{name}_{count}" for name, count in zip(names, counts, strict=True)
    ]


def _text(file: Path) -> str:
    try:
        size = file.stat().st_size
        if size > MOST_LIST_BYTES:
            raise UsageError(f"{file}: {size >> 20} MiB are no list; split it")
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); check the path") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{file}, line {line}: not UTF-8; save the list as CSV UTF-8") from error


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


@contextmanager
def _large_cells() -> Iterator[None]:
    before = csv.field_size_limit(MOST_CELL_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
