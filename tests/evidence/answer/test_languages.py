"""A plant that some sources write in English and others in Russian is one plant of an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.registry import Registry
from evidence.answer.case import read_moment
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.spelling import PlantNames
from tests.evidence.answer.conftest import CHINESE, Ask, Builder, judge_all
from tests.evidence.answer.test_package import ON_SQLITE
from tests.evidence.answer.test_sources import also

ENGLISH, RUSSIAN = "Plant No. 9", "завод №9"


def fill(b: Builder) -> None:
    """Four machines of each plant, of one plant the half in each language."""
    for plant in (ENGLISH, RUSSIAN, "KnAAZ", "Завод № 99"):
        for builder in ("dmtg", "dmtg", "mazak", "mazak"):
            b.add(plant, claim=builder, outcome="accept")
    judge_all(b.session)


def test_it_is_counted_once_under_the_registrys_name(
    case: Case, registry: Registry, b: Builder, ask: Ask
) -> None:
    fill(b)
    found = ask()
    assert {(row.plant, row.machines) for row in found.plants} == {
        (ENGLISH, 8),
        ("KnAAZ", 4),
        ("Завод № 99", 4),
    }
    assert found.counts.plants == 3
    apart = ask(CHINESE, Registry(registry))
    assert apart.counts.plants == 4
    with case.session() as session:
        named = read_moment(session).plants(PlantNames(registry.plants))
    assert named == ("KnAAZ", ENGLISH, "Завод № 99")


@pytest.mark.parametrize("asked", [(RUSSIAN,), ("plant n9",), (ENGLISH, "Завод No. 9")])
def test_it_is_asked_for_in_any_language(b: Builder, ask: Ask, asked: tuple[str, ...]) -> None:
    fill(b)
    found = ask(Question(plants=asked))
    assert (found.counts.machines, found.question.plants) == (8, (ENGLISH,))


def test_sources_that_name_it_in_two_languages_agree(case: Case, b: Builder, ask: Ask) -> None:
    b.add(RUSSIAN, claim="dmtg", outcome="accept")
    b.write()
    also(case, 1, ENGLISH)
    found = ask()
    assert [(row.plant, row.stated) for row in found.plants] == [(ENGLISH, True)]
    assert found.caveat("plants_disagree") == 0


@ON_SQLITE
@pytest.mark.parametrize("known", [[("Works", "KnAAZ", "Завод № 99")], []], ids=["own", "none"])
def test_a_package_counts_plants_as_they_were_known_where_it_was_made(
    case: Case, registry: Registry, b: Builder, known: list[tuple[str, ...]], tmp_path: Path
) -> None:
    fill(b)
    b.write()
    registry = Registry(registry, known)
    asked = Question(plants=("Завод № 99",))
    for number, question in enumerate((Question(), asked)):
        write_package(case, question, registry, tmp_path / str(number))
        found, otherwise, *_ = recompute(tmp_path / str(number))
        assert otherwise == []
        assert found.counts.plants == (1 if number else 3 if known else 4)
        assert found.counts.machines == (16, 8 if known else 4)[number]
