"""What Bellingcat's auto-archiver wrote of where footage came from.

Two of its outputs are understood: the CSV of its `csv_db` module, with the columns `status,
metadata, media` that hold Python literals, and the JSON of its `json_enricher`, the same as an
object. A medium is found by where its `local_storage` module says it put it (`urls`, `_key`),
by its name, or by its hash, which that module takes for the name. An archive that has been
moved is still found: the end of the path is looked for beside the list.

Formats as in auto-archiver 1.x, `core/metadata.py`, `core/media.py`, `core/storage.py` and
`modules/{csv_db,json_enricher,local_storage,hash_enricher}`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from datasets.errors import UsageError
from datasets.there import isfile, straight
from evidence.sweep.folders import Trouble
from evidence.sweep.lists import MOST_CELL_BYTES, Listed

COLUMNS = ("status", "metadata", "media")

# What it makes of a post beside the post's own pictures.
_MADE = ("_final_media", "metadata_json", "screenshot", "cover", "thumbnail", "pdf", "wacz", "html")
# `filename_generator: static` names a file by so much of its hash (core/storage.py).
_HASH_IN_NAME = 24


def is_archiver(header: Sequence[str]) -> bool:
    """Whether these are the columns of a `csv_db` file."""
    return tuple(header[:3]) == COLUMNS


def read_archiver_rows(
    file: Path, rows: Iterator[tuple[int, list[str] | Trouble]]
) -> Iterator[Listed | Trouble]:
    """The media of a `csv_db` file whose header has been read."""
    for number, row in rows:
        if isinstance(row, Trouble):
            yield row
            continue
        try:
            status, metadata, media = row[0], _literal(row[1]), _literal(row[2])
            listed = list(_media(file, status, metadata, media))
        except (ValueError, IndexError) as error:
            yield Trouble(f"{file}, line {number}: not what auto-archiver writes ({error})")
            continue
        for one in listed:
            yield _at(one, f"{file}, line {number}")


def read_archiver_json(file: Path) -> Iterator[Listed | Trouble]:
    """The media of a `json_enricher` file; nothing where it is some other, sound JSON.

    Raises:
        UsageError: the file cannot be read.
    """
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
    try:
        listed = list(_media(file, data["status"], data["metadata"], data["media"]))
    except ValueError as error:
        yield Trouble(f"{file}: not what auto-archiver writes ({error})")
        return
    for one in listed:
        yield _at(one, str(file))


def _at(one: Listed | str, where: str) -> Listed | Trouble:
    return one if isinstance(one, Listed) else Trouble(f"{where}: {one}")


def _media(file: Path, status: Any, metadata: Any, media: Any) -> Iterator[Listed | str]:
    """Each clip and picture of one post; text for one that is not there."""
    if not isinstance(metadata, dict) or not isinstance(media, list):
        raise ValueError("metadata is no mapping, or media no list")
    for one in media:
        if not isinstance(one, dict):
            raise ValueError("a medium is no mapping")
        properties = one.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        if _is_made(one, properties):
            continue
        path = _find(file.parent, one, properties)
        if path is None:
            yield f"{one.get('filename') or 'a medium'}: not found beside the list"
            continue
        yield Listed(
            path,
            _said(metadata, "url"),
            _said(metadata, "uploader", "channel", "author", "uploader_id"),
            _said(metadata, "timestamp", "upload_date"),
            None,
            _said(metadata, "title"),
            {
                "list": file.name,
                "auto-archiver": {"status": status, "metadata": metadata, "media": one},
            },
        )


def _is_made(medium: dict[str, Any], properties: dict[str, Any]) -> bool:
    kind = str(medium.get("_mimetype") or "").partition("/")[0]
    name = str(properties.get("id") or "").lower()
    return (kind not in ("", "video", "image")) or name.startswith(_MADE)


def _find(folder: Path, medium: dict[str, Any], properties: dict[str, Any]) -> Path | None:
    """Where the medium lies: as said, or by the longest end of the path that is there."""
    name = str(medium.get("filename") or "")
    urls = medium.get("urls")
    said = [*(urls if isinstance(urls, list) else []), medium.get("_key"), medium.get("key"), name]
    digest = str(properties.get("hash") or "").rpartition(":")[2]
    if len(digest) >= _HASH_IN_NAME:
        said.append(digest[:_HASH_IN_NAME] + PurePosixPath(name).suffix)
    for text in said:
        found = _beside(folder, text) if isinstance(text, str) and text else None
        if found is not None:
            return found
    return None


def _beside(folder: Path, said: str) -> Path | None:
    if said.startswith("file://"):
        said = unquote(said.removeprefix("file://"))
    if "://" in said or "\0" in said:
        return None
    parts = [part for part in PurePosixPath(said).parts if part not in ("/", "..", ".")]
    tries = [Path(said)] if said.startswith("/") else []
    tries += [folder.joinpath(*parts[start:]) for start in range(len(parts))]
    return next((straight(one) for one in tries if isfile(one)), None)


def _said(metadata: dict[str, Any], *names: str) -> str | None:
    """The first of these that is there, as text."""
    values = (metadata.get(name) for name in names)
    return next((str(value).strip() for value in values if value not in (None, "")), None)


def _literal(text: str) -> Any:
    """The value of a Python expression as `csv_db` writes it, without running anything.

    Dates become ISO 8601; what is no literal stays as its text.

    Raises:
        ValueError: no expression.
    """
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
