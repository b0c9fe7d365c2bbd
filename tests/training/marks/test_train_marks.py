"""The mark embedder's training: stopped, gone on with, exported and loaded. On made pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import DataError, ModelError, UsageError
from datasets.letters import letters
from datasets.photographs.annotations import AnnotatedMark, read_photographs
from datasets.registry import Registry, load_registry
from detector.inference import Engine
from detector.read.logos import Recogniser
from tests.datasets.sets import line, machine
from tests.training.conftest import NEEDS_TORCH
from training.marks.export import export_marks, redraw
from training.marks.material import gather
from training.marks.prototypes import cases_of
from training.marks.train import MarkResult, train_marks

pytestmark = NEEDS_TORCH

SMALL = {"steps": 4, "batch": 16, "drawings": 2, "others": 6}
BUILDERS = ("mazak", "sodick", "bfw", "dmtg")


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Four builders: a small registry draws in a second."""
    return Registry([load_registry().get(id) for id in BUILDERS])


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Six noisy pictures, each with a bright box called MAZAK and one called VF-2."""
    data = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    (data / "train" / "images").mkdir(parents=True)
    lines = []
    for number in range(6):
        picture = rng.integers(0, 90, (160, 200, 3), dtype=np.uint8)
        picture[20:40, 30:110] = 220
        picture[80:100, 30:90] = 180
        name = f"images/{number}.jpg"
        Image.fromarray(picture).save(data / "train" / name)
        common = {"of": 0, "legible": True}
        marks = [
            {**common, "box": [30, 20, 110, 40], "text": "MAZAK", "role": "builder", "id": "mazak"},
            {**common, "box": [30, 80, 90, 100], "text": "VF-2", "role": "series", "id": None},
        ]
        values = line(
            f"{number}.jpg", width=200, height=160, scene="studio", source=f"made/{number}",
            machines=[machine(box=[5, 5, 190, 150], by=None)], marks=marks, controls=[],
            concealed=[],
        )  # fmt: skip
        lines.append(json.dumps(values) + "\n")
    (data / "train" / "annotations.jsonl").write_text("".join(lines), "utf-8")
    return data


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data, registry) -> MarkResult:
    return train_marks(data, tmp_path_factory.mktemp("whole"), registry=registry, **SMALL)


def test_a_run_stopped_and_gone_on_with_gives_the_same_weights(tmp_path, data, registry, finished):
    def stop(stage: str, done: int, total: int) -> None:
        if stage.startswith("learning") and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_marks(data, tmp_path, registry=registry, progress=stop, **SMALL)
    assert not (tmp_path / "training.json").exists()
    stages: list[str] = []
    gone_on = train_marks(
        data, tmp_path, registry=registry, progress=lambda s, d, t: stages.append(s), **SMALL
    )
    assert sum(stage.startswith("learning") for stage in stages) == 2
    assert gone_on.loss == finished.loss
    import torch

    one = torch.load(gone_on.weights, weights_only=True)
    other = torch.load(finished.weights, weights_only=True)
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_finished_run_is_not_done_again_nor_with_other_values(data, registry, finished):
    def never(stage: str, done: int, total: int) -> None:
        raise AssertionError(stage)

    out = finished.weights.parent
    again = train_marks(data, out, registry=registry, progress=never, **SMALL)
    assert again.weights == finished.weights
    with pytest.raises(UsageError, match=r"run\.json.*seed"):
        train_marks(data, finished.weights.parent, registry=registry, **{**SMALL, "seed": 5})


def test_a_run_is_not_gone_on_with_on_other_pictures_or_logos(tmp_path, data, registry, finished):
    """A logo put into the folder of logos would be in the model's card and not in its network."""
    other = Path(shutil.copytree(data, tmp_path / "other"))
    Image.new("RGB", (200, 160), (90, 120, 60)).save(other / "train" / "images" / "3.jpg")
    with pytest.raises(UsageError, match="other values of data_sha256;"):
        train_marks(other, finished.weights.parent, registry=registry, **SMALL)
    logos = tmp_path / "logos"
    logos.mkdir()
    (logos / "logos.csv").write_text("file,builder,brand\na.png,mazak,MAZAK\n", "utf-8")

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    def begin() -> None:
        train_marks(data, tmp_path / "run", registry=registry, logos=logos, progress=stop, **SMALL)

    Image.new("RGB", (80, 30), (200, 200, 200)).save(logos / "a.png")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            begin()
    Image.new("RGB", (80, 30), (200, 20, 20)).save(logos / "a.png")
    with pytest.raises(UsageError, match="other values of logos_sha256;"):
        begin()


def test_a_source_that_is_measured_on_is_not_learnt_from(tmp_path, data, registry):
    other = Path(shutil.copytree(data, tmp_path / "other"))
    shutil.copytree(other / "train", other / "val")
    with pytest.raises(DataError, match="source 'made/0' is in train and in val"):
        train_marks(other, tmp_path / "run", registry=registry, **SMALL)
    assert not (tmp_path / "run").exists()


def test_the_model_exported_is_one_the_recogniser_loads(tmp_path, data, registry, finished):
    counts = json.loads(finished.facts.read_text("utf-8"))["counts"]
    assert counts["real"] > 0 and counts["backgrounds"] > 0
    exported = export_marks(finished, data, tmp_path, registry)
    assert exported.difference < 0.02
    recogniser = Recogniser(tmp_path, registry, engine=Engine(1))
    owners = set(recogniser.prototypes.owner)
    assert owners == {*BUILDERS, ""}
    assert {"drawn", "photo"} <= {kind for _, _, kind in recogniser.prototypes.names}


def test_the_marks_follow_a_registry_that_has_grown(
    tmp_path, data, registry, finished, monkeypatch
):
    export_marks(finished, data, tmp_path, registry)
    entries = {entry.id: entry for entry in registry}
    lost = entries.pop(BUILDERS[0])
    entries["okuma"] = load_registry().get("okuma")
    other = Registry(entries.values())
    redraw(tmp_path, other, data)
    monkeypatch.setattr("detector.read.logo_drawing.draw_prototypes", None)  # nothing is missing
    prototypes = Recogniser(tmp_path, other, engine=Engine(1)).prototypes
    assert {mark.text for mark in entries["okuma"].wordmarks} <= {
        mark for _, mark, _ in prototypes.names
    }
    assert lost.id not in prototypes.owner and "" in prototypes.owner
    card = json.loads((tmp_path / "marks.json").read_text("utf-8"))
    assert card["registry"] == other.digest
    assert sum(card["prototypes"].values()) == len(prototypes)


def test_export_of_damaged_weights_names_the_file(tmp_path, data, registry, finished):
    broken = tmp_path / "embedder.pt"
    broken.write_bytes(finished.weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"embedder\.pt"):
        export_marks(MarkResult(broken, finished.facts, 0.0), data, tmp_path / "out", registry)


@pytest.mark.parametrize("change", [{"steps": 0}, {"batch": 4}, {"drawings": 0}, {"others": -1}])
def test_numbers_out_of_range_are_refused(tmp_path, data, registry, change):
    with pytest.raises(UsageError):
        train_marks(data, tmp_path, registry=registry, **{**SMALL, **change})


def test_a_folder_of_logos_without_its_table_is_named(tmp_path, data, registry):
    with pytest.raises(DataError, match=r"logos\.csv"):
        train_marks(data, tmp_path / "run", registry=registry, logos=tmp_path, **SMALL)


def test_a_plate_that_names_a_builder_is_no_case_against_recognising_it(data, registry):
    photograph = read_photographs(data / "train")[0]
    dealers = AnnotatedMark(
        box=(30, 20, 110, 40), text="MAZAK SALES", role="dealer", of=0, legible=True, id=None
    )
    with_dealer = photograph.model_copy(update={"marks": (dealers, photograph.marks[1])})
    with_dealer._folder = data / "train"
    groups = [case.group for case in cases_of(with_dealer, registry, grounds=0)]
    assert groups == ["text"]


def test_every_builder_lends_its_texts():
    registry = load_registry()
    drawn, others = gather(registry, seed=0, others=300)
    marks = {letters(mark.text) for entry in registry for mark in entry.wordmarks}
    assert set(drawn) == marks and len(others) == 300 and not marks & others.keys()
