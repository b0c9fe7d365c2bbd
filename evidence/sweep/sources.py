"""Any source list: CSV of one's own, or what auto-archiver wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets.errors import UsageError
from evidence.dates import HOW, read_date
from evidence.store.work import Source
from evidence.sweep.archiver import is_archiver, read_archiver_json, read_archiver_rows
from evidence.sweep.folders import Trouble, walk
from evidence.sweep.lists import Listed, read_list, read_rows


def read_sources(file: Path) -> Iterator[Source | Trouble]:
    """The footage of a list, with its provenance; wrong lines as `Trouble`, by their number.

    Args:
        file: a CSV file, a JSON file of auto-archiver's, or a folder in which all of
            auto-archiver's JSON files are read.

    Raises:
        UsageError: the list cannot be used at all.
    """
    for listed in _listed(file):
        if isinstance(listed, Trouble):
            yield listed
            continue
        published = None
        if listed.published is not None:
            published = read_date(listed.published)
            if published is None:
                yield _undated(file, listed)
        said = Source(
            str(listed.path),
            origin_url=listed.url,
            publisher=listed.publisher,
            published=published,
            plant_claimed=listed.plant,
            note=listed.note,
            provenance=_with_words(listed, published),
        )
        # A folder on a list means all that it holds.
        for found in walk(listed.path):
            if isinstance(found, Trouble):
                yield found
            else:
                yield replace(said, path=str(found.path), size=found.size, mtime_ns=found.mtime_ns)


def _undated(file: Path, listed: Listed) -> Trouble:
    line = (listed.provenance or {}).get("line")
    where = f"{file}, line {line}" if line else f"{file}: {listed.path.name}"
    return Trouble(
        f"{where}: published {listed.published!r} is no date; the footage is taken without it. "
        f"Write {HOW}"
    )


def _with_words(listed: Listed, published: str | None) -> dict[str, Any] | None:
    """The provenance, with the list's own words where the date is kept in others."""
    if listed.published == published:
        return listed.provenance
    return {**(listed.provenance or {}), "published": listed.published}


def _listed(file: Path) -> Iterator[Listed | Trouble]:
    if file.is_dir():
        for one in sorted(file.rglob("*.json")):
            yield from read_archiver_json(one)
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
