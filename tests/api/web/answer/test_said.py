"""What the answer says in words: where nobody has judged, of none, of frames without a machine."""

from __future__ import annotations

import re
from html import unescape

import pytest

from api.cli.answer import _shares
from api.web.pages import catalogue
from datasets.messages import translate
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.intervals import at_most
from evidence.answer.question import By, Question
from evidence.answer.sentence import AnswerCounts, AnswerKind, say
from evidence.answer.share import AuditFrame, Frames, noticed
from tests.api.conftest import table
from tests.api.web.answer.test_answer import heading
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import answer_case
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


NONE = AnswerCounts(
    machines=100, different=100, confirmed=0, least=0, plants=0, recordings=0, probable=0,
    identified=100, by_people=40, unidentified=0, unknown=0, judged=40,
)  # fmt: skip
WELL = noticed([10] * 20, [(9, 10)] * 20)


def sentence(code: str, counts: AnswerCounts, by: By = "origin", value: str = "CN") -> str:
    question = Question(by, value)
    said = say(question.kind(load_registry()), counts, (), WELL)
    assert said.kind is AnswerKind.NONE
    return translate(said.sentence, code, catalogue(code)).partition(",")[0]


@pytest.mark.parametrize(("by", "value", "uk", "ru"), table("none-in-words"))
def test_none_is_no_machine_among_machines(by, value, uk, ru):
    assert sentence("uk", NONE, by, value) == f"Жодного верстата {uk} не підтверджено"
    assert sentence("ru", NONE, by, value) == f"Ни один станок {ru} не подтверждён"


@pytest.mark.parametrize(
    ("judged", "en", "uk", "ru"),
    [
        (7, "frames drawn for the audit that are not judged yet: 1 of 8",
         "кадрів, відібраних для контролю і ще не оцінених: 1 з 8",
         "кадров, отобранных для контроля и ещё не оценённых: 1 из 8"),
    ],
)  # fmt: skip
def test_a_caveat_is_a_count(judged, en, uk, ru):
    frame = AuditFrame("Plant 1", 1.0, 0.5, False)
    frames = Frames(judged=(frame,) * judged, drawn=8, found=1.0, unseen=8.0)
    found = answer(Question(), [], load_registry(), frames=frames)
    (warning,) = [one for one in found.warnings if "drawn for the audit" in one]
    assert warning == en
    assert translate(warning, "uk", catalogue("uk")) == uk
    assert translate(warning, "ru", catalogue("ru")) == ru


CAVEAT = "too few that were shown briefly or beside one that was found"


@pytest.mark.parametrize("outcome", ["nothing", "missed"])
def test_of_frames_without_a_machine_the_upper_limit_leads(case, registry, client, build, outcome):
    def fill(b: Builder) -> None:
        for plant in range(12):
            b.add(f"Plant {plant}", claim="mazak", outcome="accept")
            b.frame(f"Plant {plant}", "nothing" if plant else outcome)

    build(fill)
    found, _, _ = answer_case(case, Question(), registry)
    assert found.missed.judged == 12 and found.missed.missed == (outcome == "missed")
    most = f"at most {at_most(found.missed.share.high)}"
    page = unescape(client.get("/answer").text)
    missed = page.partition('id="missed"')[2].partition("</section>")[0]
    report = unescape(client.get("/api/v1/answer/report").text)
    told = report.partition("What was missed")[2].partition("<h2>")[0]
    line = _shares(found)[1]
    assert most in line
    for text in (missed, told):
        assert CAVEAT in " ".join(text.split())
        assert (f"{most} of them" in text or f"frames, {most} of the machines" in text) == (
            outcome == "nothing"
        )
    if outcome == "nothing":
        for text in (missed, told, line.partition(";")[0]):
            assert " 0 %" not in text
