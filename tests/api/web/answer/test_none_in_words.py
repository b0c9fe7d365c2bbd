"""The sentence "None", and numbers in the warnings, as Ukrainian and Russian have them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.web.words import catalogue
from datasets.messages import translate
from datasets.registry import load_registry
from evidence.answer.answer import answer
from evidence.answer.estimators.detectable import noticed
from evidence.answer.estimators.missed import Frame, Frames
from evidence.answer.question import By, Question
from evidence.answer.sentence import Counts, Kind, say

NONE = Counts(
    machines=100, different=100, confirmed=0, least=0, plants=0, probable=0, unknown=0,
    waiting=0, judged=40,
)  # fmt: skip
WELL = noticed([10] * 20, 45, 50)


def sentence(code: str, counts: Counts, by: By = "origin", value: str = "CN") -> str:
    question = Question(by, value)
    said = say(question.in_a_word(load_registry()), counts, WELL, by, question.which())
    assert said.kind is Kind.NONE
    return translate(said.sentence, code, catalogue(code)).partition(";")[0]


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
    assert sentence("uk", NONE, by, value) == f"Жодного верстата {uk} серед 100 верстатів"
    assert sentence("ru", NONE, by, value) == f"Ни одного станка {ru} среди 100 станков"


@pytest.mark.parametrize(
    ("counts", "uk", "ru"),
    [
        ({"machines": 21, "different": 21}, "серед 21 верстата", "среди 21 станка"),
        ({"machines": 22, "different": 22}, "серед 22 верстатів", "среди 22 станков"),
        ({"unknown": 5}, "серед 100 верстатів (з них із невідомим виробником — 5)",
         "среди 100 станков (из них с неизвестным производителем — 5)"),
        ({"different": 60}, "серед щонайменше 60 верстатів, напевно різних (полічено 100)",
         "среди по меньшей мере 60 станков, заведомо разных (сосчитано 100)"),
    ],
)  # fmt: skip
def test_among_how_many_is_in_the_case_that_the_word_asks_for(
    counts: dict[str, int], uk: str, ru: str
) -> None:
    found = replace(NONE, **counts)
    assert sentence("uk", found) == f"Жодного верстата китайського виробника {uk}"
    assert sentence("ru", found) == f"Ни одного станка китайского производителя {ru}"


@pytest.mark.parametrize(
    ("judged", "en", "uk", "ru"),
    [
        (7, "1 of 8 drawn frames waits for reviewers",
         "1 з 8 вибраних кадрів чекає на перевірку", "1 из 8 выбранных кадров ждёт проверки"),
        (6, "2 of 8 drawn frames wait for reviewers",
         "2 з 8 вибраних кадрів чекають на перевірку", "2 из 8 выбранных кадров ждут проверки"),
    ],
)  # fmt: skip
def test_one_frame_waits_and_two_wait(judged: int, en: str, uk: str, ru: str) -> None:
    frame = Frame("Plant 1", 1.0, 0.5, False)
    frames = Frames(judged=(frame,) * judged, drawn=8, found=1.0, unseen=8.0)
    found = answer(Question(), [], load_registry(), "Chinese", frames=frames)
    (warning,) = [one for one in found.warnings if "drawn frames" in one]
    assert warning == en
    assert translate(warning, "uk", catalogue("uk")) == uk
    assert translate(warning, "ru", catalogue("ru")) == ru
