"""What an earlier version wrote is read by the rules under which it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from datasets.entry import Entry, Wordmark
from datasets.errors import SettingsError
from datasets.registry import Registry
from detector.settings import Settings, origins_under_test
from evidence.answer.case import answer_case
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.check import check_machines
from evidence.case.tables import Recipe
from evidence.review.judgement import test_context
from tests.evidence.answer.conftest import Builder, judge_all
from tests.evidence.answer.test_from_case import Build, ask


def one_confirmed(b: Builder) -> None:
    b.add("Plant 1", claim="dmtg", outcome="accept")
    judge_all(b.session)


@pytest.mark.parametrize(
    "said", [{"name": "Ac\u200bme"}, {"id": "x-acme"}], ids=["an invisible character", "an id"]
)
def test_a_builder_that_would_be_refused_now_keeps_no_package_from_being_read(
    case: Case, registry: Registry, build: Build, tmp_path: Path, said: dict[str, str]
) -> None:
    build(one_confirmed)
    own = Entry(
        id="acme", name="Acme", type="builder", origin="CN", confidence="low",
        wordmarks=(Wordmark(text="ACME", script="latin"),),
    ).model_copy(update=said)  # fmt: skip
    known = Registry([*registry, own], registry.plants)
    write_package(case, Question(), known, "Chinese", tmp_path / "package")
    assert recompute(tmp_path / "package").otherwise == []


def test_a_case_made_with_a_setting_that_is_out_of_bounds_now_is_asked_and_judged_all_the_same(
    case: Case, registry: Registry, build: Build
) -> None:
    build(one_confirmed)
    before = ask(case, registry)
    with case.session() as session, session.begin():
        for recipe in session.scalars(select(Recipe)):
            sweeping = recipe.values["sweeping"] | {"budget": 0.005, "margin": "-1"}
            recipe.values = recipe.values | {"sweeping": sweeping}
            with pytest.raises(SettingsError):
                Settings.parse(recipe.values)
    assert answer_case(case, Question(), registry, "Chinese")[0] == before
    with case.session() as session:
        assert test_context(session, registry).tested == ("CN",)
        assert list(check_machines(session)) == []


@pytest.mark.parametrize(
    "kept", [[], {"attributing": 3}, {"attributing": {"tested_origins": 3}}], ids=str
)
def test_settings_of_a_case_that_are_none_are_refused(kept: object) -> None:
    with pytest.raises(SettingsError):
        origins_under_test(kept)
