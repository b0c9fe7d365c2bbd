"""A model goes on learning from what people judged, and is held against the old one.

On three drawn clips: the road is tested here, not how well anything is learnt.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import main
from datasets.errors import DataError, ModelError
from datasets.photographs.annotations import read_photographs
from datasets.registry import load_registry
from detector.look.comparison import read_comparison
from detector.look.model_files import PACKAGED, model_digest
from evidence.case.case import Case
from evidence.learn.export import export_judged
from evidence.learn.models import check_switch
from tests.judged import fill
from tests.training.conftest import NEEDS_TORCH, write_made_data
from training.evaluate.comparison import Contest, carry_comparison, contest
from training.evaluate.evaluation import JOURNAL
from training.export import export, quantize
from training.machines.train import Trained, train
from training.weights import learnt_by_weights, traces_of

pytestmark = [pytest.mark.nightly, *NEEDS_TORCH]

SMALL = {"samples": 36, "sides": (64,), "drawn": 2, "threads": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("judged")


@pytest.fixture(scope="module")
def judged(folder) -> Iterator[Path]:
    """The data set of a case that was judged."""
    with Case.new(folder / "case", "Plant 12") as case:
        fill(case, load_registry(), folder / "clips")
        yield export_judged(case, folder / "judged").data


@pytest.fixture(scope="module")
def fixed(folder) -> Path:
    """Pictures that nothing learns from."""
    return write_made_data(folder / "fixed", {"val": 2})


@pytest.fixture(scope="module")
def trained(folder, start, judged, fixed) -> Trained:
    return train((judged,), start, folder / "run", validation=fixed, **SMALL)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ended(folder, trained, fixed) -> Contest:
    model = export(trained.weights, folder / "run" / "model")
    return contest(model.folder, fixed, work=folder / "run" / "compared")


def test_verdicts_are_learnt_from(trained, judged):
    facts = json.loads(trained.facts.read_text("utf-8"))
    # Two frames of the fair, one empty, and one of the gate.
    assert facts["counts"]["train"] | {"control": 0} == {
        "pictures": 3, "negatives": 1, "machine": 3, "wordmark": 2, "control": 0,
        "manual machine": 0,
    }  # fmt: skip
    assert trained.weights.is_file()


def test_own_data_and_verdicts_go_together(folder, start, judged, tmp_path):
    own = write_made_data(tmp_path / "own", {"train": 4, "val": 4})
    result = train((own, judged), start, tmp_path / "run", **SMALL)  # type: ignore[arg-type]
    counts = json.loads(result.facts.read_text("utf-8"))["counts"]
    assert counts["train"]["pictures"] == 7


def test_the_new_model_is_held_against_the_one_that_ships(ended, fixed):
    record = json.loads(ended.file.read_text("utf-8"))
    assert record["verdict"] == ended.judgement
    assert record["old_model"] == model_digest(PACKAGED)
    assert record["new_model"] == model_digest(ended.file.parent)
    assert record["validation"] | {"data_sha256": ""} == {
        "data_sha256": "", "split": "val", "pictures": 2, "machines": 2, "sources": 1,
    }  # fmt: skip
    by_name = {row["of"]: row for row in record["differences"]}
    assert set(by_name["machines found (recall)"]) == {
        "of", "old", "new", "change", "low", "high", "cases", "sources",
    }  # fmt: skip


def test_a_comparison_broken_off_measures_nothing_twice(ended, fixed, tmp_path):
    model = Path(shutil.copytree(ended.file.parent, tmp_path / "model"))
    work = tmp_path / "compared"

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "new model, naming" and done == 1:
            raise KeyboardInterrupt

    def kept(word: str) -> int:
        return len((work / word / JOURNAL).read_text("utf-8").splitlines())

    with pytest.raises(KeyboardInterrupt):
        contest(model, fixed, work=work, progress=stop)
    # What the run is, and of each picture what was found and what was named.
    assert (kept("old"), kept("new")) == (1 + 2 + 2, 1 + 2 + 1)
    said = contest(model, fixed, work=work)
    assert said.comparison == ended.comparison
    assert not list(work.rglob(JOURNAL))


def test_nobody_switches_to_it_by_chance(ended):
    """Two pictures of one source say nothing for it."""
    folder = ended.file.parent
    assert ended.judgement in ("worse", "unclear")
    with pytest.raises(ModelError, match="--untested"):
        check_switch(folder / "no case", folder)
    check_switch(folder / "no case", folder, untested=True)


def test_the_comparison_goes_with_the_same_model_alone(ended, trained, tmp_path):
    # Exported again it is the same to the last byte (`test_train`).
    bare = shutil.ignore_patterns(ended.file.name)
    again = Path(shutil.copytree(ended.file.parent, tmp_path / "again", ignore=bare))
    assert read_comparison(again) is None
    assert carry_comparison(trained.weights, again)
    assert read_comparison(again) == read_comparison(ended.file.parent)
    shutil.copytree(PACKAGED, tmp_path / "other")
    assert not carry_comparison(trained.weights, tmp_path / "other")


def test_a_model_is_never_measured_on_what_it_learnt_from(ended, judged, tmp_path, monkeypatch):
    """Not without --validation in training either, nor in integers, nor under another name."""
    model = ended.file.parent
    with pytest.raises(DataError, match=r"source '.*' is learnt from as well \(.*model\)"):
        contest(model, judged, "train", work=tmp_path / "work")
    # Here only its record is asked for; what becomes of the network, `test_train` tells.
    monkeypatch.setattr("training.export.in_integers", lambda network, photographs: network)
    quantize(model, judged, tmp_path / "small", 2)
    with pytest.raises(DataError, match="is learnt from as well"):
        contest(tmp_path / "small", judged, "train", work=tmp_path / "work")
    held = judged / "train" / "annotations.jsonl"
    renamed = [
        json.loads(text) | {"source": f"another {number}"}
        for number, text in enumerate(held.read_text("utf-8").splitlines())
    ]
    shutil.copytree(judged / "train", tmp_path / "other" / "val")
    text = "".join(json.dumps(one) + "\n" for one in renamed)
    (tmp_path / "other" / "val" / "annotations.jsonl").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"footage [0-9a-f]{12} is learnt from as well"):
        contest(model, tmp_path / "other", work=tmp_path / "work")
    # The old one is asked the same.
    shutil.copytree(PACKAGED, tmp_path / "new")
    with pytest.raises(DataError, match="is learnt from as well"):
        contest(tmp_path / "new", judged, "train", model, work=tmp_path / "work")


def test_what_weights_learnt_from_goes_on_to_those_that_start_from_them(
    trained, start, judged, tmp_path
):
    own = write_made_data(tmp_path / "own", {"train": 4, "val": 4})
    with pytest.raises(DataError, match=r"is learnt from as well \(.*model\.pt\)"):
        train(own, trained.weights, tmp_path / "a", validation=judged, split="train", **SMALL)  # type: ignore[arg-type]
    then = train(own, trained.weights, tmp_path / "b", **SMALL)  # type: ignore[arg-type]
    before, after = (
        set(json.loads(one.facts.read_text("utf-8"))["learnt"]) for one in (trained, then)
    )
    assert before == traces_of(read_photographs(judged / "train"))
    assert after == before | traces_of(read_photographs(own / "train"))
    assert learnt_by_weights(start, tmp_path / "vendor") == frozenset()


def test_weights_without_their_record_are_told_from_those_that_learnt_nothing(
    trained, fixed, tmp_path
):
    lost = tmp_path / "lost" / "model.pt"
    lost.parent.mkdir()
    shutil.copyfile(trained.weights, lost)
    assert learnt_by_weights(lost, tmp_path / "vendor") is None
    # Nor is the record of others theirs.
    facts = json.loads(trained.facts.read_text("utf-8")) | {"weights_sha256": "00"}
    (lost.parent / "training.json").write_text(json.dumps(facts), "utf-8")
    assert learnt_by_weights(lost, tmp_path / "vendor") is None
    (lost.parent / "training.json").write_text("{", "utf-8")
    with pytest.raises(ModelError, match=r"training\.json: cannot be read"):
        learnt_by_weights(lost, tmp_path / "vendor")
    (lost.parent / "training.json").unlink()
    own = write_made_data(tmp_path / "own", {"train": 4, "val": 4})
    then = train(own, lost, tmp_path / "b", **SMALL)  # type: ignore[arg-type]
    assert json.loads(then.facts.read_text("utf-8"))["learnt"] is None
    model = export(then.weights, tmp_path / "b" / "model").folder
    said = contest(model, fixed, work=tmp_path / "work")
    assert said.judgement == "unclear" and "nobody recorded" in said.reasons[0]


def test_that_a_comparison_must_be_unclear_is_said_before_training(
    trained, fixed, tmp_path, monkeypatch, capfd
):
    lost = Path(shutil.copyfile(trained.weights, tmp_path / "lost.pt"))
    monkeypatch.chdir(tmp_path)
    for start, told in ((lost, True), (trained.weights, False)):
        words = ["train", "no data", "--start", str(start), "--validation", str(fixed)]
        monkeypatch.setattr(sys, "argv", ["nameplate", *words])
        with pytest.raises(SystemExit):
            main()
        said = " ".join(capfd.readouterr().err.split())
        assert ("the comparison will be unclear" in said) is told and "no data" in said


def test_verdicts_on_footage_that_is_measured_on_are_refused(start, judged, tmp_path):
    with pytest.raises(DataError, match="is learnt from as well"):
        train((judged,), start, tmp_path / "run", validation=judged, split="train", **SMALL)  # type: ignore[arg-type]
