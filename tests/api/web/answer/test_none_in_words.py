"""The sentence "None", and numbers in the warnings, as Ukrainian and Russian have them."""

from __future__ import annotations

import pytest

from api.web.words import catalogue
from datasets.messages import translate
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.estimators.missed import AuditFrame, Frames, noticed
from evidence.answer.question import By, Question
from evidence.answer.sentence import AnswerCounts, AnswerKind, say

NONE = AnswerCounts(
    machines=100, different=100, confirmed=0, least=0, plants=0, recordings=0, probable=0,
    identified=100, by_people=40, unidentified=0, unknown=0, judged=40,
)  # fmt: skip
WELL = noticed([10] * 20, [(9, 10)] * 20)


def sentence(code: str, counts: AnswerCounts, by: By = "origin", value: str = "CN") -> str:
    question = Question(by, value)
    said = say(question.in_a_word(load_registry()), counts, (), WELL, by=by)
    assert said.kind is AnswerKind.NONE
    return translate(said.sentence, code, catalogue(code)).partition(",")[0]


@pytest.mark.parametrize(
    ("by", "value", "uk", "ru"),
    [
        ("origin", "CN", "китайського виробника", "китайского производителя"),
        ("origin", "NO", "марки з країни Норвегія", "марки из страны Норвегия"),
        ("builder", "haas", "марки Haas", "марки Haas"),
        ("owner", "CN", "марки з власником у країні Китай", "марки с владельцем в стране Китай"),
        ("production", "CN", "марки з виробництвом у країні Китай",
         "марки с производством в стране Китай"),
    ],
)  # fmt: skip
def test_none_is_no_machine_among_machines(by: By, value: str, uk: str, ru: str) -> None:
    assert sentence("uk", NONE, by, value) == f"Жодного верстата {uk} не підтверджено"
    assert sentence("ru", NONE, by, value) == f"Ни один станок {ru} не подтверждён"


@pytest.mark.parametrize(
    ("judged", "en", "uk", "ru"),
    [
        (7, "1 frame drawn for the audit is not judged yet (7 of 8 are)",
         "1 кадр, відібраний для перевірки, ще не оцінено (оцінено 7 з 8)",
         "1 кадр, отобранный для проверки, ещё не оценён (оценено 7 из 8)"),
        (6, "2 frames drawn for the audit are not judged yet (6 of 8 are)",
         "2 кадри, відібрані для перевірки, ще не оцінено (оцінено 6 з 8)",
         "2 кадра, отобранные для проверки, ещё не оценены (оценено 6 из 8)"),
    ],
)  # fmt: skip
def test_one_frame_waits_and_two_wait(judged: int, en: str, uk: str, ru: str) -> None:
    frame = AuditFrame("Plant 1", 1.0, 0.5, False)
    frames = Frames(judged=(frame,) * judged, drawn=8, found=1.0, unseen=8.0)
    found = answer(Question(), [], load_registry(), "Chinese", frames=frames)
    (warning,) = [one for one in found.warnings if "drawn for the audit" in one]
    assert warning == en
    assert translate(warning, "uk", catalogue("uk")) == uk
    assert translate(warning, "ru", catalogue("ru")) == ru
