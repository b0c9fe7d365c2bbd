"""The words of the pages for looking, in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2 as httpx
import pytest
from sqlalchemy import update

from api.web import words
from api.web.site import Site
from evidence.store import MachineRow

SCRIPTS = ("footage.js", "timeline.js", "boxes.js", "enlarge.js", "machine.js")


@pytest.mark.parametrize("code", ["uk", "ru"])
def test_every_word_that_a_script_says_is_translated(code: str) -> None:
    said = words.said_by(("footage.js", "machine.js"), code)  # which import the others
    for name in SCRIPTS:
        content = (Path(words.__file__).parent / "static" / name).read_text("utf-8")
        for text in re.findall(r'\b_\("([^"]+)"', content):
            assert said[text] != text, f"{name}: {text}"


def test_a_seller_is_called_one_in_the_reader_s_language(client: httpx.Client, site: Site) -> None:
    with site.session() as session, session.begin():
        session.execute(update(MachineRow).values(builder="smstroi-penza"))
    page = client.get("/", headers={"Cookie": "language=ru"}).text
    assert "шильдик продавца" in page and "seller" not in page
