"""Any source list: CSV of one's own, or what auto-archiver wrote."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from datasets.errors import UsageError
from datasets.files import isdir
from evidence.case.queue import FootageSource
from evidence.spelling import HOW, read_date
from evidence.work.folders import FoundFootage, Trouble, known_of, walk
from evidence.work.lists import (
    ALIASES,
    ListedFootage,
    is_archiver,
    read_archiver_json,
    read_archiver_rows,
    read_list,
    read_rows,
)


class SourceList(Protocol):
    """Lists the footage that a path names: `walk_sources` for folders, `read_sources` for lists.

    Each footage comes with its absolute path, size and time of change. What is wrong comes as
    `Trouble`, and the rest goes on. `tests/evidence/work/test_source_lists.py` holds each list to
    this.
    """

    def __call__(self, path: Path, /) -> Iterator[FootageSource | Trouble]: ...


def walk_sources(path: Path) -> Iterator[FootageSource | Trouble]:
    """The footage at a path, an absolute one to a file or a folder."""
    empty = True
    for found in walk(path):
        empty = False
        yield found if isinstance(found, Trouble) else to_source(found)
    if empty:
        yield Trouble(f"{path}: holds neither clips nor pictures; name another folder")


def read_sources(file: Path) -> Iterator[FootageSource | Trouble]:
    """The footage of a list, with its provenance; wrong lines as `Trouble`, by number.

    Of several lines about one footage the later one counts in all that it gives. The provenance is
    that of the later one, with earlier provenance that still counts under `earlier`. file: a CSV
    file, a JSON file of auto-archiver's, or a folder in which all of auto-archiver's JSON files are
    read. `UsageError`: the list cannot be used at all.
    """
    named = False
    rows: dict[Path, list[ListedFootage]] = defaultdict(list)
    for listed in _listed(file):
        named = True
        if isinstance(listed, Trouble):
            yield listed
            continue
        said = listed.claims["published"]
        published = None if said is None else read_date(said)
        if said is not None and published is None:
            yield Trouble(
                f"{_where(file, listed)}: published {said!r} is no date and is not taken; a date "
                f"known from before stays. Write {HOW}",
                lost=False,
            )
        if said != published:  # the list's own words are kept as provenance
            claims, words = listed.claims | {"published": published}, {"published": said}
            listed = replace(listed, claims=claims, provenance=listed.provenance | words)
        if listed.line is not None:
            rows[listed.path].append(listed)
        # A folder on a list means all that it holds.
        empty, told = True, set[int | None]()
        for found in walk(listed.path):
            empty = False
            if isinstance(found, Trouble):
                yield found
                continue
            yield from _contradicted(file, listed, found.path, rows, told)
            about = (one for at in (found.path, *found.path.parents) for one in rows.get(at, ()))
            together = sorted(about, key=lambda one: one.line or 0) or [listed]
            yield to_source(found, partial(FootageSource, **_joined(together)))
        if empty:
            said_of = f"{_where(file, listed)}: {listed.path}"
            yield Trouble(f"{said_of}: holds neither clips nor pictures; correct the path")
    if not named:
        yield Trouble(f"{file}: names no footage; name another list")


def _joined(rows: Sequence[ListedFootage]) -> dict[str, Any]:
    """What lines about the same footage say together, the last first."""
    claims: dict[str, Any] = {}
    standing: list[ListedFootage] = []
    for row in reversed(rows):
        new = {
            name: said
            for name, said in row.claims.items()
            if said is not None and name not in claims
        }
        if new or not standing:
            standing.append(row)
        claims |= new
    last, *earlier = standing
    provenance = last.provenance
    if earlier:
        provenance = provenance | {"earlier": [one.provenance for one in earlier]}
    return claims | {"provenance": provenance}


def _contradicted(
    file: Path,
    listed: ListedFootage,
    path: Path,
    rows: Mapping[Path, Sequence[ListedFootage]],
    told: set[int | None],
) -> Iterator[Trouble]:
    """The trouble that a line gives something else of `path` than an earlier line about it.

    A line about a file after that of its folder is meant so. `told`: lines reported already.
    """
    for at in (path, *path.parents):
        for one in rows.get(at, ()):
            names = ", ".join(
                ALIASES[name][0]
                for name, said in listed.claims.items()
                if None not in (said, one.claims[name]) and said != one.claims[name]
            )
            if names and one.line not in told:
                told.add(one.line)
                yield Trouble(
                    f"{_where(file, listed)}: {listed.path} has another {names} than line "
                    f"{one.line} gives {at}; the later line stands. Keep one line, or put the "
                    "line of a folder first",
                    lost=False,
                )
        if at == listed.path:
            return


def to_source(
    found: FoundFootage, said: Callable[..., FootageSource] = FootageSource
) -> FootageSource | Trouble:
    """What was met in a folder, as a line of the list of work; `said`: with what is known of it,
    else what yt-dlp wrote beside it."""
    if said is FootageSource:
        known = known_of(found.path)
        if "published" in known:
            known["published"] = read_date(known["published"])
        said = partial(FootageSource, **known)
    try:
        return said(path=str(found.path), size=found.size, mtime_ns=found.mtime_ns)
    except UsageError as error:
        return Trouble(str(error))


def _archived(folder: Path) -> Iterator[ListedFootage | Trouble]:
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


def _where(file: Path, listed: ListedFootage) -> str:
    """Where on a list it stands."""
    return f"{file}, line {listed.line}" if listed.line else f"{file}: {listed.path.name}"


def _listed(file: Path) -> Iterator[ListedFootage | Trouble]:
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
