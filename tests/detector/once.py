"""What the reader said of a picture, kept where tests look at one footage under many settings.

Most of an analysis is reading, and what is read of a picture depends on that picture alone.
What a setting changes comes of it afterwards. (`test_survey` compares whole surveys made without
this.) Whatever was not asked before the reader itself is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from detector.read.lines import LineFinder, LineReader
from detector.types import Picture

Said = dict[tuple[object, ...], Any]
"""What was said, by the question, the settings and the picture."""


@contextmanager
def read_once(said: Said) -> Iterator[None]:
    """Within it no picture in `said` is read again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineFinder, "find_quads", _kept(LineFinder.find_quads, said))
        patch.setattr(LineReader, "read", _kept(LineReader.read, said))
        yield


def _kept(ask: Callable[..., Any], said: Said) -> Callable[..., Any]:
    def asked(self: Any, picture: Picture, *how: bool) -> Any:
        digest = hashlib.sha256(np.ascontiguousarray(picture)).digest()
        key = (ask.__qualname__, getattr(self, "_cyrillic", None), picture.shape, digest)
        if key not in said:
            said[key] = ask(self, picture, *how)
        return said[key]

    return asked
