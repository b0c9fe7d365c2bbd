"""A case is looked at with a new model only where that was shown to be no worse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from datasets.errors import ModelError
from detector.look.model_files import PACKAGED, model_digest
from detector.settings import Settings
from evidence.case.summary import add_recipe
from evidence.learn.models import check_switch
from tests.judged import other_model
from tests.rows import act


def say(model: Path, old: str, verdict: str = "better") -> None:
    values = {"version": 2, "verdict": verdict, "old_model": old, "new_model": model_digest(model)}
    (model / "comparison.json").write_text(json.dumps(values), "utf-8")


def test_the_model_that_ships_needs_no_case(tmp_path):
    check_switch(tmp_path / "none", None)
    shutil.copytree(PACKAGED, tmp_path / "copy")
    check_switch(tmp_path / "none", tmp_path / "copy")


def test_a_model_is_compared_with_one_that_ships_or_that_the_case_knows(case, registry, tmp_path):
    model = other_model(tmp_path / "model")
    with pytest.raises(ModelError, match="nobody has compared"):
        check_switch(case.folder, model)
    say(model, model_digest(PACKAGED))
    check_switch(case.folder, model)
    check_switch(tmp_path / "new", model)
    say(model, "cd" * 32)
    with pytest.raises(ModelError, match="not in use"):
        check_switch(case.folder, model)
    act(case, add_recipe, "cd" * 32, Settings(), registry)
    check_switch(case.folder, model)


def test_whoever_says_so_takes_it_and_may_go_on_with_it(case, registry, tmp_path):
    model = other_model(tmp_path / "model")
    say(model, model_digest(PACKAGED), "worse")
    with pytest.raises(ModelError, match="worse"):
        check_switch(case.folder, model)
    check_switch(case.folder, model, untested=True)
    act(case, add_recipe, model_digest(model), Settings(), registry)
    check_switch(case.folder, model)
