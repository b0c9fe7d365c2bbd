"""Any source list: a folder, CSV of one's own, or what auto-archiver wrote."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from datasets.errors import UsageError
from datasets.files import isdir
from evidence.case.queue import FootageSource
from evidence.case.tables import CLAIMS
from evidence.spelling import HOW, read_date
from evidence.work.folders import Trouble, walk, with_info
from evidence.work.lists import (
    ALIASES,
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
        yield found if isinstance(found, Trouble) else with_info(found)
    if empty:
        yield Trouble(f"{path}: holds neither clips nor pictures; name another folder")


def read_sources(file: Path) -> Iterator[FootageSource | Trouble]:
    """The footage of a list, with its provenance; wrong lines as `Trouble`, by number.

    Of several lines about one footage the later one stands in all that it gives, and what it takes
    back is told. file: a CSV file, a JSON file of auto-archiver's, or a folder in which all of
    auto-archiver's JSON files are read. `UsageError`: the list cannot be used at all.
    """
    named = False
    claims = _Claims()
    for listed in _listed(file):
        named = True
        if isinstance(listed, Trouble):
            yield listed
            continue
        said, where = listed.published, _where(file, listed)
        published = None if said is None else read_date(said)
        if said is not None and published is None:
            yield Trouble(
                f"{where}: published {said!r} is no date and is not taken; a date known from "
                f"before stays. Write {HOW}",
                lost=False,
            )
        if said != published:  # the list's own words are kept as provenance
            words = (listed.provenance or {}) | {"published": said}
            listed = replace(listed, published=published, provenance=words)
        # A folder on a list means all that it holds.
        empty = True
        for found in walk(Path(listed.path)):
            empty = False
            if isinstance(found, FootageSource):
                of_line = replace(listed, path=found.path, size=found.size, mtime_ns=found.mtime_ns)
                for what in claims.taken_back(of_line, listed.path):
                    yield Trouble(f"{where}: {listed.path} {what}", lost=False)
                yield of_line
            else:
                yield found
        if empty:
            said_of = f"{where}: {listed.path}"
            yield Trouble(f"{said_of}: holds neither clips nor pictures; correct the path")
    if not named:
        yield Trouble(f"{file}: names no footage; name another list")


class _Claims:
    """What the lines so far say of each path: by claim the words, the line, and what it names."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, tuple[str, int, str]]] = defaultdict(dict)
        self._told: set[tuple[int, int]] = set()  # two lines each

    def taken_back(self, one: FootageSource, named: str) -> Iterator[str]:
        """What a line that names a path or a folder above it says otherwise than an earlier one.

        A line about a file after that of its folder is meant so. Posts have no lines.
        """
        number = (one.provenance or {}).get("line")
        if number is None:
            return
        said, others = self._said[one.path], defaultdict(list)
        for name in CLAIMS:
            if (new := getattr(one, name)) is None:
                continue
            words, line, at = said.get(name, (new, number, named))
            if words != new and len(named) <= len(at) and (line, number) not in self._told:
                others[line, at].append(ALIASES[name][0])
            said[name] = new, number, named
        for (line, at), names in others.items():
            self._told.add((line, number))
            yield (
                f"has another {', '.join(names)} than line {line} gives {at}; the later "
                "line stands. Keep one line, or put the line of a folder first"
            )


def _archived(folder: Path) -> Iterator[FootageSource | Trouble]:
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


def _where(file: Path, listed: FootageSource) -> str:
    """Where on a list it stands."""
    line = (listed.provenance or {}).get("line")
    return f"{file}, line {line}" if line else f"{file}: {Path(listed.path).name}"


def _listed(file: Path) -> Iterator[FootageSource | Trouble]:
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
