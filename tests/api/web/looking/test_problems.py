"""A page says in plain words, in the reader's language, what goes wrong."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.web.app import create_app
from api.web.site import Limits

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("path", ["/nosuch", "/footage/zzz", "/machines/zzz"])
@pytest.mark.parametrize(
    ("code", "words"), [("en", "No such page"), ("uk", "Такої сторінки немає")]
)
def test_an_address_without_a_page(client, path, code, words):
    answer = client.get(path, headers={"Accept-Language": code})
    assert answer.status_code == 404
    assert words in answer.text
    assert "pattern" not in answer.text and "Not Found" not in answer.text


@pytest.mark.parametrize("path", ["/footage", "/machines", "/answer"])
@pytest.mark.parametrize(
    ("code", "words"),
    [("en", "give a year, a month or a day"), ("ru", "укажите год, месяц или день")],
)
def test_a_date_that_is_none(client, path, code, words):
    answer = client.get(path, params={"since": "soon"}, headers={"Accept-Language": code})
    assert answer.status_code == 422
    assert words in answer.text and "2024-05" in answer.text
    assert "[0-9]" not in answer.text


@pytest.mark.parametrize(
    ("code", "words"), [("uk", "цей сервер не називається"), ("ru", "этот сервер не называется")]
)
def test_why_a_page_is_refused(client, code, words):
    headers = {"Accept-Language": code, "Host": "elsewhere.example"}
    answer = client.get("/footage", headers=headers)
    assert answer.status_code == 400
    told = f"{words} 'elsewhere.example'"
    assert told in html.unescape(answer.text) and "call it by" not in answer.text


@pytest.mark.parametrize(
    ("code", "words"), [("uk", "на диску справи вільно 0;"), ("ru", "на диске дела свободно 0;")]
)
def test_a_full_disk_is_told_in_the_reader_s_language_and_to_a_program_in_english(
    site, code, words
):
    full = replace(site, limits=replace(Limits(), free_bytes=1 << 60))
    headers = {"Origin": "http://127.0.0.1", "Accept-Language": code}
    with TestClient(create_app(full), "http://127.0.0.1", headers=headers) as client:
        answer = client.post("/api/v1/uploads", json={"name": "цех, 1.mp4", "size": 1_048_576})
    error = answer.json()["error"]
    assert (answer.status_code, set(error)) == (507, {"kind", "message", "message_text"})
    assert error["message"].startswith("цех, 1.mp4: 1,048,576 bytes, and the disk of the case has")
    told = error["message_text"]
    assert told.startswith("цех, 1.mp4: ") and words in told and "1\N{NO-BREAK SPACE}048" in told


EARLIER = [
    ("uk", "проміжок закінчується (2020) раніше, ніж починається (2024)"),
    ("ru", "промежуток кончается (2020) раньше, чем начинается (2024)"),
]


@pytest.mark.parametrize(("code", "words"), EARLIER)
def test_a_question_that_makes_no_sense(client, code, words):
    asked = {"by": "origin", "country": "CN", "since": "2024", "until": "2020"}
    answer = client.get("/answer", params=asked, headers={"Accept-Language": code})
    assert answer.status_code == 400
    assert words in answer.text and "the period" not in answer.text


def test_a_program_is_told_field_by_field(client):
    answer = client.get("/api/v1/footage/zzz")
    assert answer.status_code == 422
    assert "[0-9a-f]" in answer.json()["error"]["fields"]["sha256"]
