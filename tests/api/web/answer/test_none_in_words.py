"""The sentence "None", and numbers in the warnings, as Ukrainian and Russian have them."""

from __future__ import annotations

import pytest

from api.web.pages import catalogue
from datasets.messages import translate
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.question import By, Question
from evidence.answer.sentence import AnswerCounts, AnswerKind, say
from evidence.answer.share import AuditFrame, Frames, noticed
from tests.api.conftest import table

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
