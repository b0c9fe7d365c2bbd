"""A model that was not compared, or did not do well, is not used by chance."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from datasets.errors import ModelError
from detector.look.comparison import check_tested, read_comparison
from detector.look.model_files import PACKAGED, model_digest
from tests.judged import other_model


@pytest.fixture
def model(tmp_path) -> Path:
    return other_model(tmp_path / "model")


def say(model: Path, verdict: str, **more: object) -> None:
    values = {"version": 2, "verdict": verdict, "reasons": ["recall: -3.0 points"]}
    values |= {"new_model": model_digest(model), "old_model": model_digest(PACKAGED)} | more
    (model / "comparison.json").write_text(json.dumps(values), "utf-8")


def test_the_model_that_ships_may_be_used(tmp_path):
    check_tested(None)
    shutil.copytree(PACKAGED, tmp_path / "copy")
    check_tested(tmp_path / "copy")


@pytest.mark.parametrize("verdict", ["better", "no worse"])
def test_one_that_is_no_worse_may_be_used(model, verdict):
    say(model, verdict)
    check_tested(model)


@pytest.mark.parametrize("verdict", ["worse", "unclear", "BETTER", ""])
def test_any_other_is_refused_with_the_reason(model, verdict):
    say(model, verdict)
    with pytest.raises(ModelError, match=r"recall: -3\.0 points.*--untested"):
        check_tested(model)


def test_one_that_was_compared_with_a_model_nobody_uses_is_refused(model):
    say(model, "better", old_model="ab" * 32)
    with pytest.raises(ModelError, match="not in use"):
        check_tested(model)
    check_tested(model, known={"ab" * 32})


def test_one_that_is_in_use_already_may_go_on(model):
    check_tested(model, known={model_digest(model)})


def test_one_that_nobody_compared_is_refused(model):
    assert read_comparison(model) is None
    with pytest.raises(ModelError, match="nobody has compared"):
        check_tested(model)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("{", "not JSON", id="damaged"),
        pytest.param("[]", "expected an object", id="another file"),
        pytest.param('{"version": 9}', "no comparison of this version", id="another version"),
        pytest.param('{"version": 1}', "compare the model again", id="by the rules of before"),
        pytest.param(
            '{"version": 2, "verdict": "better", "new_model": "00"}', "another model", id="borrowed"
        ),
    ],
)
def test_a_comparison_that_is_not_the_models_own_counts_for_nothing(model, text, complaint):
    (model / "comparison.json").write_text(text, "utf-8")
    with pytest.raises(ModelError, match=complaint):
        check_tested(model)
