"""What was measured so far, kept beside the result while a run is under way.

A run over many pictures takes long and may be broken off. Each answer is appended as one line
of JSON; the same run begun again takes up what is there. It is the same run only if data,
model, settings, registry and the program itself are the same: the first line says so, and a journal
of another run is begun again. When a run is whole its journal is removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from datasets.errors import ResultError
from datasets.files import unwritten
from training.evaluate.report import program, write_text


class Journal:
    """Answers by key, each worked out once. Without a file it keeps nothing and everything is
    worked out.

    Args:
        file: where the answers lie; its folder is made if need be.
        run: what tells this run from others; written in the first line.

    Raises:
        ResultError: the file cannot be written.
    """

    def __init__(self, file: Path | None, run: Mapping[str, str]) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        if file is None:
            return
        head = json.dumps({**run, "program": program()}, sort_keys=True) + "\n"
        lines = _lines(file)
        whole = bool(lines) and lines[0] == head
        if whole:
            for line in lines[1:]:
                key, value = json.loads(line)
                self._known[key] = value
        # Written again even where it goes on: a line cut off by a crash ends here.
        write_text(file, "".join(lines) if whole else head)

    def __len__(self) -> int:
        return len(self._known)

    def ask(self, key: str, answer: Callable[[], Any]) -> Any:
        """The answer of before, or the one that `answer` works out now, plain JSON data.

        Raises:
            ResultError: it cannot be kept.
        """
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


def _lines(file: Path) -> list[str]:
    """The whole lines of a journal; none where there is none that can be read."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
    return [line + "\n" for line in text.split("\n")[:-1]]
