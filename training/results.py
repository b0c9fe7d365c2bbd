"""What a run writes beside its model: results, what it was asked for, and answers it keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets.errors import DataError, ResultError, UsageError
from datasets.files import unwritten

ENGINES = ("nameplate", "openvino", "rapidocr", "av", "opencv-python-headless")


def as_json(values: object) -> str:
    """Plain data as the files of results hold it."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def write_text(file: Path, text: str) -> Path:
    """Writes a result, whole or not at all; its folder is made if need be. Raises ResultError: it
    cannot be written; what was there before is still there."""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        part.replace(file)
    except OSError as error:
        raise ResultError(unwritten(file, error)) from error
    return file


def keep_run(file: Path, asked: Mapping[str, Any]) -> None:
    """Writes what a run was asked for, or compares it with what the file holds. Raises UsageError:
    the run in that folder was begun with other values."""
    if not file.is_file():
        write_text(file, as_json(asked))
        return
    held = json.loads(file.read_text("utf-8"))
    changed = ", ".join(name for name in asked if held.get(name) != asked[name])
    if changed:
        raise UsageError(
            f"{file}: the run was begun with other values of {changed}; give the same, or another "
            "folder"
        )


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 over the hashes of files, in their order. Raises DataError: one cannot be read."""
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise DataError(f"{file}: it cannot be read ({error.strerror})") from error
    return digest.hexdigest()


@cache
def program() -> str:
    """The versions of what measures and is measured."""
    return ", ".join(f"{name} {version(name)}" for name in ENGINES)


class Journal:
    """Answers by key, each worked out once. Without a file it keeps nothing and everything is
    worked out.

    file: where the answers lie; its folder is made if need be. run: what tells this run from
    others; written in the first line.
    Raises ResultError: the file cannot be written.
    """

    def __init__(self, file: Path | None, run: Mapping[str, str]) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        if file is None:
            return
        head = json.dumps({**run, "program": program()}, sort_keys=True)
        # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
        lines = []
        with suppress(OSError, UnicodeDecodeError):
            lines = file.read_text("utf-8").split("\n")[:-1]
        if lines[:1] != [head]:
            lines = [head]
        self._known = dict(map(json.loads, lines[1:]))
        # Written again even where it goes on: a line cut off by a crash ends here.
        write_text(file, "".join(f"{line}\n" for line in lines))

    def ask(self, key: str, answer: Callable[[], Any]) -> Any:
        """The answer of before, or the one that `answer` works out now, plain JSON data. Raises
        ResultError: it cannot be kept."""
        if key in self._known:
            return self._known[key]
        value = answer()
        if self._file is not None:
            try:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([key, value], ensure_ascii=False) + "\n")
            except OSError as error:
                raise ResultError(unwritten(self._file, error)) from error
            self._known[key] = value
        return value
