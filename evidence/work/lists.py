"""Source lists: CSV of one's own, and what Bellingcat's auto-archiver wrote.

The columns are `path, url, publisher, published_at, plant, note`, in any order, or under the names
of `ALIASES`; any other column is kept as it is. Separated by commas, semicolons or tabs, in UTF-8
or UTF-16 with its mark. Paths are relative to the list's own folder.

A list of addresses alone, or a line with an address and no path, means the clip that yt-dlp fetched
from there: its `.info.json` is looked for beside the list and below.

Of auto-archiver 1.x it reads the CSV of `csv_db`, whose columns `status, metadata, media` hold
Python literals, and the JSON of `json_enricher`. A medium is found by its `urls`, `_key`, name or
hash. In an archive that was moved, the end of its path is looked for beside the list.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from itertools import chain
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from datasets.errors import UsageError
from datasets.files import isfile, straight, why_missing
from evidence.case.work_queue import FootageSource
from evidence.work.folders import Trouble, downloads, first_text, source_at, to_fetch

ALIASES: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "file", "filename", "file_name", "file_path", "footage", "clip", "video"),
    "origin_url": ("url", "link", "origin", "origin_url", "source", "source_url", "webpage_url"),
    "publisher": ("publisher", "published_by", "channel", "uploader", "author", "account"),
    "published": (
        *("published_at", "published", "published_on", "publication_date", "date"),
        *("upload_date", "uploaded_at", "timestamp"),
    ),
    "plant_claimed": ("plant", "plant_claimed", "factory", "works", "enterprise", "site"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks"),
}
"""By field of `FootageSource` the columns that tell it; the first is the one to write."""
_COLUMNS = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

MOST_LIST_BYTES = 1 << 30
MOST_CELL_BYTES = 64 << 20  # an auto-archiver row holds a post with all its comments in one cell


def read_rows(file: Path) -> Iterator[tuple[int, list[str] | Trouble]]:
    """The rows of a CSV file with their line numbers, the header first; empty ones left out.
    `UsageError`: the file cannot be read, or is in no encoding that is understood."""
    text = _text(file)
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    lines, before = io.StringIO(text, newline=""), 0
    limit = csv.field_size_limit(MOST_CELL_BYTES)
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            start, number = lines.tell(), before + reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, Trouble(f"{file}, line {number}: not CSV ({error}); the rest goes on")
                # A quote that nobody closed has taken in lines after it; read them again.
                lines.seek(start)
                lines.readline()
                before, reader = number, csv.reader(lines, delimiter=delimiter, strict=True)
                continue
            if any(cell.strip() for cell in row):
                yield number, row
    finally:
        csv.field_size_limit(limit)


def read_csv(file: Path) -> Iterator[FootageSource | Trouble]:
    """The lines of a list in CSV, of one's own or of auto-archiver's, word for word; paths are
    absolute.

    `UsageError`: it cannot be read, no column of paths or addresses, or a column twice.
    """
    rows = read_rows(file)
    header = next((row for _, row in rows if not isinstance(row, Trouble)), None)
    if header is None:
        raise UsageError(f"{file}: empty; the first line must name the columns")
    if _ADDRESS.match(header[0].strip()):
        rows, header = chain([(1, header)], rows), ["url"]
    names = None if tuple(header[:3]) == COLUMNS else _names(file, header)
    fetched = cache(lambda: downloads(file.parent))
    for number, row in rows:
        if isinstance(row, Trouble):
            yield row
        elif names is None:
            yield from _post(file, number, row)
        else:
            yield _listed(file, number, names, row, fetched)


def _listed(
    file: Path,
    number: int,
    names: Sequence[str],
    row: list[str],
    fetched: Callable[[], dict[str, Path]],
) -> FootageSource | Trouble:
    """What a line of one's own list names. fetched: gives the clips below it, by address."""
    if any(cell.strip() for cell in row[len(names) :]):
        return Trouble(
            f"{file}, line {number}: {len(row)} cells under {len(names)} columns; put text "
            "that holds the separator in quotes"
        )
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
    if not cells.get("path") and (url := cells.get("origin_url")):
        if url not in fetched():
            return Trouble(f"{file}, line {number}: {to_fetch(file.parent, url)}")
        cells["path"] = str(fetched()[url])
    said: dict[str, Any] = {name: cells.pop(name, "") or None for name in ALIASES}
    if said["path"] is None:
        return Trouble(f"{file}, line {number}: no path")
    path = Path(said["path"])
    with suppress(
        RuntimeError, ValueError
    ):  # a name that begins as somebody's home would is a name
        path = path.expanduser()
    path = straight(file.parent / path)
    if wrong := why_missing(path):
        return Trouble(f"{file}, line {number}: {path}: {wrong}; correct the path")
    rest = {name: cell for name, cell in cells.items() if cell}
    provenance = {"list": file.name, "line": number} | ({"columns": rest} if rest else {})
    return source_at(**said | {"path": path}, provenance=provenance)


def _names(file: Path, header: Sequence[str]) -> list[str]:
    """The columns by our names, where we have one."""
    plain = ["_".join(cell.strip().lower().replace("-", " ").split()) for cell in header]
    names = [_COLUMNS.get(name, name) for name in plain]
    if not {"path", "origin_url"} & {*names}:
        raise UsageError(
            f"{file}: no column named path or url among {', '.join(header)}; the first line "
            "must name the columns"
        )
    for name in ALIASES:
        if names.count(name) > 1:
            alike = [c for c, n in zip(header, names, strict=True) if n == name]
            raise UsageError(f"{file}: columns {', '.join(alike)} mean the same; keep one")
    # Of one's own columns two may bear one name, or none.
    counted = [(name, names[: n + 1].count(name)) for n, name in enumerate(names)]
    return [name if count == 1 else f"{name}_{count}" for name, count in counted]


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


_ADDRESS = re.compile(r"https?://")

COLUMNS = ("status", "metadata", "media")

# What it makes of a post beside the post's own pictures.
_MADE = ("_final_media", "metadata_json", "screenshot", "cover", "thumbnail", "pdf", "wacz", "html")
_IN_A_POST: Mapping[str, tuple[str, ...]] = {
    "origin_url": ("url",),
    "publisher": ("uploader", "channel", "author", "uploader_id"),
    "published": ("timestamp", "upload_date"),
    "plant_claimed": (),
    "note": ("title",),
}
# `filename_generator: static` names a file by so much of its hash (core/storage.py).
_HASH_IN_NAME = 24


def _post(file: Path, number: int, row: list[str]) -> Iterator[FootageSource | Trouble]:
    """The media of one line of a `csv_db` file."""
    try:
        post = row[0], _literal(row[1]), _literal(row[2])
    except (ValueError, IndexError) as error:
        yield Trouble(f"{file}, line {number}: {_UNLIKE} ({error})")
        return
    yield from _media(file, f"{file}, line {number}", *post)


def read_archiver_json(file: Path) -> Iterator[FootageSource | Trouble]:
    """The media of a `json_enricher` file; nothing where it is some other, sound JSON.
    `UsageError`: the file cannot be read."""
    try:
        if file.stat().st_size > MOST_CELL_BYTES:
            return
        data = json.loads(file.read_bytes(), parse_constant=str)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError):
        yield Trouble(f"{file}: damaged, or no JSON; archive the post anew, or leave it out")
        return
    if not isinstance(data, dict) or not data.keys() >= set(COLUMNS):
        return
    yield from _media(file, str(file), data["status"], data["metadata"], data["media"])


_UNLIKE = "not what auto-archiver writes"


def _media(
    file: Path, where: str, status: Any, metadata: Any, media: Any
) -> Iterator[FootageSource | Trouble]:
    """Each clip and picture of one post."""
    media = media if isinstance(media, list) else [None]
    if not isinstance(metadata, dict) or not all(isinstance(one, dict) for one in media):
        yield Trouble(f"{where}: {_UNLIKE} (metadata is no mapping, or media no list of them)")
        return
    for one in media:
        properties = one.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        kind = str(one.get("_mimetype") or "").partition("/")[0]
        made = str(properties.get("id") or "").lower().startswith(_MADE)
        if made or kind not in ("", "video", "image"):
            continue
        path = _find(file.parent, one, properties)
        if path is None:
            name = one.get("filename") or "a medium"
            yield Trouble(f"{where}: {name}: not found beside the list")
            continue
        post = {"status": status, "metadata": metadata, "media": one}
        claims = {field: first_text(metadata, *names) for field, names in _IN_A_POST.items()}
        provenance = {"list": file.name, "auto-archiver": post}
        yield source_at(path, **claims, provenance=provenance)


def _find(folder: Path, medium: dict[str, Any], properties: dict[str, Any]) -> Path | None:
    """Where the medium lies: as said, or by the longest end of the path that is there."""
    name = str(medium.get("filename") or "")
    urls = medium.get("urls")
    said = [*(urls if isinstance(urls, list) else []), medium.get("_key"), medium.get("key"), name]
    digest = str(properties.get("hash") or "").rpartition(":")[2]
    if len(digest) >= _HASH_IN_NAME:
        said.append(digest[:_HASH_IN_NAME] + PurePosixPath(name).suffix)
    found = (_beside(folder, text) for text in said if isinstance(text, str) and text)
    return next((path for path in found if path is not None), None)


def _beside(folder: Path, said: str) -> Path | None:
    if said.startswith("file://"):
        said = unquote(said.removeprefix("file://"))
    if "://" in said or "\0" in said:
        return None
    parts = [part for part in PurePosixPath(said).parts if part not in ("/", "..", ".")]
    tries = [Path(said)] if said.startswith("/") else []
    tries += [folder.joinpath(*parts[start:]) for start in range(len(parts))]
    return next((straight(one) for one in tries if isfile(one)), None)


def _literal(text: str) -> Any:
    """The value of a Python expression as `csv_db` writes it, without running anything. Dates
    become ISO 8601; what is no literal stays as its text. `ValueError`: no expression."""
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(type(error).__name__) from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value) if isinstance(value, str | int | float | None):
            # JSON knows no infinity.
            return value if not isinstance(value, float) or isfinite(value) else str(value)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            pairs = zip(keys, values, strict=True)
            return {str(_value(key)): _value(value) for key, value in pairs if key is not None}
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return [_value(part) for part in parts]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=value)) if isinstance(
            value, int | float
        ):
            return -value
        case ast.Call(func=ast.Attribute(attr="datetime" | "date"), args=args, keywords=named):
            numbers = [_value(part) for part in args]
            if all(isinstance(number, int) for number in numbers):
                utc = any(ast.unparse(k.value).endswith("timezone.utc") for k in named)
                return datetime(*numbers).isoformat() + ("+00:00" if utc else "")
    return ast.unparse(node)
