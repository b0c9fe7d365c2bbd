"""What the reader said of a picture, kept where tests look at one footage under many settings.

Most of an analysis is reading, and what is read of a picture depends on that picture alone.
What a setting changes comes of it afterwards. (`test_survey` compares whole surveys made without
this.) Whatever was not asked before the reader itself is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from detector.read.line_reader import LineFinder, LineReader
from detector.types import Picture

Said = dict[tuple[object, ...], Any]
"""What was said, by the question, the settings and the picture."""


@contextmanager
def read_once(said: Said) -> Iterator[None]:
    """Within it no picture in `said` is read again."""
    find, read = LineFinder.find_quads, LineReader.read

    def find_quads(self: LineFinder, bgr: Picture, sparing: bool = False) -> Any:
        key = _key("lines", bgr)
        if key not in said:
            said[key] = find(self, bgr, sparing)
        return said[key]

    def read_lines(self: LineReader, lines: Iterable[Picture]) -> list[Any]:
        asked = [(_key("text", line), line) for line in lines]
        new = {key: line for key, line in asked if key not in said}
        said.update(zip(new, read(self, new.values()), strict=True))
        return [said[key] for key, _ in asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineFinder, "find_quads", find_quads)
        patch.setattr(LineReader, "read", read_lines)
        yield


def _key(what: str, picture: Picture) -> tuple[object, ...]:
    return what, picture.shape, hashlib.sha256(np.ascontiguousarray(picture)).digest()
