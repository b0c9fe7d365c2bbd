"""Any source list: CSV of one's own, or what auto-archiver wrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from datasets.errors import UsageError
from datasets.there import isdir
from evidence.dates import HOW, read_date
from evidence.store.work import Source
from evidence.sweep.archiver import is_archiver, read_archiver_json, read_archiver_rows
from evidence.sweep.folders import Found, Trouble, walk
from evidence.sweep.lists import Listed, read_list, read_rows


def read_sources(file: Path) -> Iterator[Source | Trouble]:
    """The footage of a list, with its provenance; wrong lines as `Trouble`, by their number.

    Args:
        file: a CSV file, a JSON file of auto-archiver's, or a folder in which all of
            auto-archiver's JSON files are read.

    Raises:
        UsageError: the list cannot be used at all.
    """
    named = False
    for listed in _listed(file):
        named = True
        if isinstance(listed, Trouble):
            yield listed
            continue
        published = None
        if listed.published is not None:
            published = read_date(listed.published)
            if published is None:
                yield _undated(file, listed)
        said = partial(
            Source,
            origin_url=listed.url,
            publisher=listed.publisher,
            published=published,
            plant_claimed=listed.plant,
            note=listed.note,
            provenance=_with_words(listed, published),
        )
        # A folder on a list means all that it holds.
        empty = True
        for found in walk(listed.path):
            empty = False
            yield found if isinstance(found, Trouble) else to_source(found, said)
        if empty:
            said_of = f"{_where(file, listed)}: {listed.path}"
            yield Trouble(f"{said_of}: holds neither clips nor pictures; correct the path")
    if not named:
        yield Trouble(f"{file}: names no footage; name another list")


def to_source(found: Found, said: Callable[..., Source] = Source) -> Source | Trouble:
    """What was met in a folder, as a line of the list of work; `said`: with what is known of it."""
    try:
        return said(path=str(found.path), size=found.size, mtime_ns=found.mtime_ns)
    except UsageError as error:
        return Trouble(str(error))


def _archived(folder: Path) -> Iterator[Listed | Trouble]:
    """What all of auto-archiver's JSON files in a folder list."""
    unread: list[OSError] = []
    walked = os.walk(folder, onerror=unread.append)
    files = [Path(at, name) for at, _, names in walked for name in names if name.endswith(".json")]
    for error in unread:
        yield Trouble(f"{error.filename}: cannot be read ({error.strerror}); the rest goes on")
    for file in sorted(files):
        try:
            yield from read_archiver_json(file)
        except UsageError as error:
            yield Trouble(str(error))


def _undated(file: Path, listed: Listed) -> Trouble:
    return Trouble(
        f"{_where(file, listed)}: published {listed.published!r} is no date; the footage is taken "
        f"without it. Write {HOW}",
        lost=False,
    )


def _where(file: Path, listed: Listed) -> str:
    """Where on a list it stands."""
    line = (listed.provenance or {}).get("line")
    return f"{file}, line {line}" if line else f"{file}: {listed.path.name}"


def _with_words(listed: Listed, published: str | None) -> dict[str, Any] | None:
    """The provenance, with the list's own words where the date is kept in others."""
    if listed.published == published:
        return listed.provenance
    return {**(listed.provenance or {}), "published": listed.published}


def _listed(file: Path) -> Iterator[Listed | Trouble]:
    if isdir(file):
        yield from _archived(file)
    elif file.suffix.lower() == ".json":
        known = False
        for listed in read_archiver_json(file):
            known = True
            yield listed
        if not known:
            raise UsageError(
                f"{file}: not JSON as auto-archiver writes it; a list of your own is CSV"
            )
    else:
        rows = read_rows(file)
        header = next((row for _, row in rows if not isinstance(row, Trouble)), None)
        if header is None:
            raise UsageError(f"{file}: empty; the first line must name the columns")
        yield from (
            read_archiver_rows(file, rows) if is_archiver(header) else read_list(file, header, rows)
        )
