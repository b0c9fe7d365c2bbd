"""A model goes on learning from what people judged, and is held against the old one.

On three drawn clips: the road is tested here, not how well anything is learnt.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from datasets.errors import DataError, ModelError
from datasets.registry import load_registry
from detector.detect import PACKAGED, model_digest
from detector.tested import read_comparison
from evidence.learning.export import export_judged
from evidence.learning.switch import check_switch
from evidence.store import Case
from tests.judged import fill
from tests.training.conftest import write_made_data
from training.contest import Contest, carry_comparison, contest
from training.export import export
from training.train import TrainResult, train
from training.vendor import open_torch, open_ultralytics

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ultralytics") is None,
        reason="training needs the extra nameplate[train]",
    ),
    # Torch and Ultralytics warn of their own ways; none of it is ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),
    pytest.mark.filterwarnings("ignore::UserWarning:torch"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ultralytics"),
]

SMALL = {"epochs": 1, "image_size": 64, "batch": 4, "threads": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judged")


@pytest.fixture(scope="module")
def start(folder: Path) -> Path:
    """An untrained YOLO11n, made here."""
    ultralytics = open_ultralytics(folder / "vendor")
    open_torch().manual_seed(0)
    ultralytics.YOLO("yolo11n.yaml").save(folder / "start.pt")
    return folder / "start.pt"


@pytest.fixture(scope="module")
def judged(folder: Path) -> Iterator[Path]:
    """The data set of a case that was judged."""
    with Case.new(folder / "case", "Plant 12") as case:
        fill(case, load_registry(), folder / "clips")
        yield export_judged(case, folder / "judged").data


@pytest.fixture(scope="module")
def fixed(folder: Path) -> Path:
    """Pictures that nothing learns from."""
    return write_made_data(folder / "fixed", {"val": 4})


@pytest.fixture(scope="module")
def trained(folder: Path, start: Path, judged: Path, fixed: Path) -> TrainResult:
    return train((judged,), start, folder / "run", validation=fixed, **SMALL)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ended(folder: Path, trained: TrainResult, fixed: Path) -> Contest:
    model = export(trained.weights, folder / "run" / "model", 64)
    return contest(model.folder, fixed, work=folder / "run" / "compared")


def test_verdicts_are_learnt_from(trained: TrainResult, judged: Path) -> None:
    facts = json.loads(trained.facts.read_text("utf-8"))
    # Two frames of the fair, one of which holds nothing, and one of the gate.
    assert facts["counts"]["train"] | {"control": 0} == {
        "pictures": 3, "negatives": 1, "machine": 3, "wordmark": 2, "control": 0,
    }  # fmt: skip
    assert trained.weights.is_file()


def test_own_data_and_verdicts_go_together(
    folder: Path, start: Path, judged: Path, tmp_path: Path
) -> None:
    own = write_made_data(tmp_path / "own", {"train": 4, "val": 4})
    result = train((own, judged), start, tmp_path / "run", **SMALL)  # type: ignore[arg-type]
    counts = json.loads(result.facts.read_text("utf-8"))["counts"]
    assert (counts["train"]["pictures"], counts["train2"]["pictures"]) == (4, 3)


def test_the_new_model_is_held_against_the_one_that_ships(ended: Contest, fixed: Path) -> None:
    record = json.loads(ended.file.read_text("utf-8"))
    assert record["verdict"] == ended.judgement
    assert record["old_model"] == model_digest(PACKAGED)
    assert record["new_model"] == model_digest(ended.file.parent)
    assert record["validation"] | {"data_sha256": ""} == {
        "data_sha256": "", "split": "val", "pictures": 4, "machines": 4, "sources": 1,
    }  # fmt: skip
    by_name = {row["of"]: row for row in record["differences"]}
    assert set(by_name["machines found (recall)"]) == {
        "of", "old", "new", "change", "low", "high", "cases", "sources",
    }  # fmt: skip


def test_nobody_switches_to_it_by_chance(ended: Contest) -> None:
    """Four pictures of one source say nothing for it."""
    folder = ended.file.parent
    assert ended.judgement in ("worse", "unclear")
    with pytest.raises(ModelError, match="--untested"):
        check_switch(folder / "no case", folder)
    check_switch(folder / "no case", folder, untested=True)


def test_the_comparison_goes_with_the_same_model_alone(
    ended: Contest, trained: TrainResult, tmp_path: Path
) -> None:
    again = export(trained.weights, tmp_path / "again", 64)
    assert carry_comparison(trained.weights, again.folder)
    assert read_comparison(again.folder) == read_comparison(ended.file.parent)
    shutil.copytree(PACKAGED, tmp_path / "other")
    assert not carry_comparison(trained.weights, tmp_path / "other")


def test_verdicts_on_footage_that_is_measured_on_are_refused(
    start: Path, judged: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="is learnt from as well"):
        train((judged,), start, tmp_path / "run", validation=judged, split="train", **SMALL)  # type: ignore[arg-type]
