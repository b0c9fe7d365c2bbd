"""The words of the pages for looking, in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.web import words

SCRIPTS = ("footage.js", "timeline.js", "boxes.js", "enlarge.js", "machine.js")


@pytest.mark.parametrize("code", ["uk", "ru"])
def test_every_word_that_a_script_says_is_translated(code: str) -> None:
    said = words.said_by(("footage.js", "machine.js"), code)  # which import the others
    for name in SCRIPTS:
        content = (Path(words.__file__).parent / "static" / name).read_text("utf-8")
        for text in re.findall(r'\b_\("([^"]+)"', content):
            assert said[text] != text, f"{name}: {text}"
