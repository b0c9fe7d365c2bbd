"""The answer over HTTP where nobody has judged anything yet."""

from __future__ import annotations

import re

import pytest

from tests.api.web.answer.test_answer import heading
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.test_report import OTHERS, OURS, linked


def test_a_case_that_was_never_looked_at(client):
    page = client.get("/answer")
    assert page.status_code == 200
    assert heading(page) == "The footage cannot tell, because nothing has been looked at yet."
    assert 'href="/upload"' in page.text
    told = client.get("/api/v1/answer")
    assert told.status_code == 400 and "nothing was looked at" in told.json()["error"]["message"]


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        (("mazak", None), "No answer yet: none of the 2 machines found has been reviewed."),
        (("mazak", None, "dmtg"), "No machine of Chinese make is confirmed yet, among 1 whose"),
    ],
    ids=["no claim", "a claim"],
)
def test_before_anybody_has_judged(client, build, claims, sentence):
    build(lambda b: [b.add("Plant 1", claim=claim) for claim in claims])
    page = client.get("/answer")
    assert heading(page).startswith(sentence)
    assert "0 verdicts" in page.text and "Last verdict" not in page.text


def test_names_that_mislead_are_shown_as_they_are(client, build):
    build(lambda b: b.add("<b>Plant\u202e1</b>", claim="mazak"))
    shown = re.sub(r"<input[^>]*>", "", client.get("/answer").text)
    assert "<b>Plant" not in shown and "\u202e" not in shown
    assert "&lt;b&gt;Plant" in shown
    refused = client.get("/answer", params={"plant": "another"}).text
    assert "\ufffd1&lt;/b&gt;" in refused
    assert "\u202e" not in re.sub(r"<input[^>]*>", "", refused)


def test_a_confirmed_machine_is_shown_as_people_judged_it(client, build):
    build(linked)
    page = client.get("/answer").text
    assert "machine of Chinese make confirmed in 1 plant, among" in page
    assert f"/api/v1/stills/{OURS}" in page and OTHERS not in page


def test_one_is_not_told_of_as_several(client, build):
    def one(b: Builder) -> None:
        linked(b)
        b.frame("Plant 1", "nothing")

    build(one)
    report, page = client.get("/api/v1/answer/report").text, client.get("/answer").text
    for told in (report, page):
        assert "1 machine of Chinese make confirmed in 1 plant, among 1 whose" in told
        assert "drawn at random: 1; judged: 1; of these" in told and "1 frames" not in told
