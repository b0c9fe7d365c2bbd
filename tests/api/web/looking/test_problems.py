"""What goes wrong with a page is said in plain words, in the reader's language."""

from __future__ import annotations

import httpx2 as httpx
import pytest


@pytest.fixture
def database() -> None:
    """What is said is not the database's doing."""


@pytest.mark.parametrize("path", ["/nosuch", "/footage/zzz", "/machines/zzz"])
@pytest.mark.parametrize(
    ("code", "words"), [("en", "No such page"), ("uk", "Такої сторінки немає")]
)
def test_an_address_without_a_page(client: httpx.Client, path: str, code: str, words: str) -> None:
    answer = client.get(path, headers={"Accept-Language": code})
    assert answer.status_code == 404
    assert words in answer.text
    assert "pattern" not in answer.text and "Not Found" not in answer.text


@pytest.mark.parametrize("path", ["/footage", "/machines", "/answer"])
@pytest.mark.parametrize(
    ("code", "words"),
    [("en", "give a year, a month or a day"), ("ru", "укажите год, месяц или день")],
)
def test_a_date_that_is_none(client: httpx.Client, path: str, code: str, words: str) -> None:
    answer = client.get(path, params={"since": "soon"}, headers={"Accept-Language": code})
    assert answer.status_code == 422
    assert words in answer.text and "2024-05" in answer.text
    assert "[0-9]" not in answer.text


def test_a_program_is_told_field_by_field(client: httpx.Client) -> None:
    answer = client.get("/api/v1/footage/zzz")
    assert answer.status_code == 422
    assert "[0-9a-f]" in answer.json()["error"]["fields"]["sha256"]
