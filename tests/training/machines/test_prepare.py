"""A view of the data is made without touching the data."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.annotations import check_split
from datasets.errors import DataError
from tests.datasets.sets import line, machine, write_data
from training.machines.prepare import prepare
from training.vendor import open_ultralytics


def test_the_view_links_every_picture_with_its_label(made_data: Path, tmp_path: Path) -> None:
    made = prepare(made_data, tmp_path / "out")
    view = tmp_path / "out" / "view"
    assert made.yaml == view / "data.yaml"
    for split, count in (("train", 8), ("val", 4)):
        pictures = sorted((view / split / "images").iterdir())
        assert len(pictures) == count
        for picture in pictures:
            label = view / split / "labels" / f"{picture.stem}.txt"
            assert picture.resolve().parent == (made_data / split / "images").resolve()
            assert label.resolve().parent == (made_data / split / "labels").resolve()


def test_made_pictures_go_into_train_alone_and_are_counted_apart(
    made_data: Path, tmp_path: Path
) -> None:
    made = prepare(made_data, tmp_path / "out", synthetic=2, seed=3)
    view = tmp_path / "out" / "view"
    assert made.counts["train"]["pictures"] == 8
    assert made.counts["synthetic"]["pictures"] == 2
    assert len(list((view / "train" / "images").glob("synthetic-*.jpg"))) == 2
    assert not list((view / "val" / "images").glob("synthetic-*"))
    assert check_split(tmp_path / "out" / "synthetic")["pictures"] == 2


def test_the_hash_follows_the_data_and_nothing_else(made_data: Path, tmp_path: Path) -> None:
    first = prepare(made_data, tmp_path / "a").sha256
    moved = made_data.rename(tmp_path / "moved")
    assert prepare(moved, tmp_path / "b").sha256 == first
    label = moved / "val" / "labels" / "val0.txt"
    label.write_text(label.read_text("utf-8") + "\n", "utf-8")
    assert prepare(moved, tmp_path / "c").sha256 != first


def test_a_view_of_other_data_is_replaced(made_data: Path, tmp_path: Path) -> None:
    prepare(made_data, tmp_path / "out", synthetic=1)
    prepare(made_data, tmp_path / "out")
    assert len(list((tmp_path / "out" / "view" / "train" / "images").iterdir())) == 8


def test_a_source_on_both_sides_is_refused_by_name(made_data: Path, tmp_path: Path) -> None:
    file = made_data / "val" / "annotations.jsonl"
    text = file.read_text("utf-8")
    file.write_text(text.replace("made-val", "made-train", 1), "utf-8")
    told = re.escape("source 'made-train' is in train and in val; put all pictures of a source,")
    with pytest.raises(DataError, match=told):
        prepare(made_data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_of_one_name_in_two_folders_are_both_linked(
    made_data: Path, tmp_path: Path
) -> None:
    split = made_data / "train"
    for part in ("images", "labels"):
        (split / part / "hall").mkdir()
    (split / "images/train1.jpg").rename(split / "images/hall/train0.jpg")
    (split / "labels/train1.txt").rename(split / "labels/hall/train0.txt")
    file = split / "annotations.jsonl"
    text = file.read_text("utf-8")
    file.write_text(text.replace("images/train1.jpg", "images/hall/train0.jpg"), "utf-8")
    prepare(made_data, tmp_path / "out")
    view = tmp_path / "out" / "view" / "train"
    for name in ("train0", "hall/train0"):
        assert (view / f"images/{name}.jpg").samefile(split / f"images/{name}.jpg")
        assert (view / f"labels/{name}.txt").samefile(split / f"labels/{name}.txt")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        pytest.param("train/annotations.jsonl", r"train/annotations\.jsonl: ", id="annotations"),
        pytest.param("val/labels/val1.txt", r"val/labels/val1\.txt: ", id="labels"),
        pytest.param("train/images/train0.jpg", r"annotations\.jsonl:1: image: ", id="picture"),
    ],
)
def test_a_missing_file_is_named(made_data: Path, tmp_path: Path, broken: str, told: str) -> None:
    (made_data / broken).unlink()
    with pytest.raises(DataError, match=told):
        prepare(made_data, tmp_path / "out")


def test_a_picture_that_is_cut_short_is_refused_by_name(made_data: Path, tmp_path: Path) -> None:
    """The trainer would leave it out, and the run say that it learnt from it."""
    picture = made_data / "train/images/train0.jpg"
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"train: train0\.jpg: it is damaged or cut short"):
        prepare(made_data, tmp_path / "out")


def test_labels_that_say_something_else_than_the_annotations_are_refused(
    made_data: Path, tmp_path: Path
) -> None:
    """A box moved in annotations.jsonl alone would be measured by, and never learnt."""
    file = made_data / "train" / "annotations.jsonl"
    lines = [json.loads(text) for text in file.read_text("utf-8").splitlines()]
    x1, y1, x2, y2 = lines[3]["machines"][0]["box"]
    for changed in ({"box": [x1, y1, x2, y2 - 9]}, {"ignore": True}):
        moved = [dict(one) for one in lines]
        moved[3]["machines"] = [lines[3]["machines"][0] | changed]
        file.write_text("".join(json.dumps(one) + "\n" for one in moved), "utf-8")
        with pytest.raises(DataError, match=r"train3\.txt: machine: .*training learns the labels"):
            prepare(made_data, tmp_path / "out")


def test_several_data_sets_are_learnt_from_together(made_data: Path, tmp_path: Path) -> None:
    more = write_data(tmp_path / "more", {"train": [line("train0.png"), line("b.png")]})
    made = prepare((made_data, more), tmp_path / "out")
    view = tmp_path / "out" / "view"
    assert made.counts["train"]["pictures"] == 8 and made.counts["train2"]["pictures"] == 2
    names = {picture.name for picture in (view / "train" / "images").iterdir()}
    assert len(names) == 10 and "train2-train0.png" in names
    assert len(list((view / "train" / "labels").iterdir())) == 10
    assert prepare(made_data, tmp_path / "alone").sha256 != made.sha256


def test_a_source_learnt_from_in_one_set_and_held_back_in_another_is_refused(
    made_data: Path, tmp_path: Path
) -> None:
    more = write_data(tmp_path / "more", {"train": [line(source="made-val")]})
    with pytest.raises(DataError, match="source 'made-val' is in train and in val"):
        prepare((made_data, more), tmp_path / "out")


def test_a_source_that_is_measured_on_is_refused(made_data: Path, tmp_path: Path) -> None:
    unseen = write_data(tmp_path / "unseen", {"val": [line(source="made-train")]})
    with pytest.raises(DataError, match="'made-train' is learnt from as well"):
        prepare(made_data, tmp_path / "out", unseen=(unseen, "val"))
    prepare(made_data, tmp_path / "out", unseen=(made_data, "val"))


def test_a_builder_may_be_withheld_with_all_that_shows_its_machines(tmp_path: Path) -> None:
    others = [machine(builder="okuma"), machine(builder="x-mazak"), machine(builder="haas")]
    lines = [
        line(f"{n}.png", machines=[one], marks=[], controls=[]) for n, one in enumerate(others)
    ]
    both = line("both.png", machines=[machine(builder="haas"), machine()], marks=[], controls=[])
    held = line("held.png", source="hall 8")
    data = write_data(tmp_path / "data", {"train": [*lines, both], "val": [held]})
    made = prepare(data, tmp_path / "out", without=("mazak", "okuma"))
    view = tmp_path / "out" / "view"
    assert [one.name for one in (view / "train" / "images").iterdir()] == ["2.png"]
    assert [one.name for one in (view / "val" / "images").iterdir()] == ["held.png"]
    assert made.counts["train"]["withheld"] == 3
    assert made.sha256 != prepare(data, tmp_path / "all").sha256
    with pytest.raises(DataError, match="no picture shows a machine of hass, index"):
        prepare(data, tmp_path / "typo", without=("hass", "haas", "index"))


def test_one_set_at_least_holds_something_back(tmp_path: Path) -> None:
    one = write_data(tmp_path / "one", {"train": [line()]})
    two = write_data(tmp_path / "two", {"train": [line("b.png")]})
    with pytest.raises(DataError, match="no folder 'val', nor in any other"):
        prepare((one, two), tmp_path / "out")


def test_a_trainer_finds_the_labels_below_a_further_folder_called_images(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    open_ultralytics(tmp_path / "vendor")
    checks = import_module("ultralytics.data.utils")
    train = [line("images/a.png"), line("x/images/b.png")]
    data = write_data(tmp_path / "data", {"train": train, "val": [line(source="hall 9")]})
    prepare((data, write_data(tmp_path / "more", {"train": train})), tmp_path / "out")
    pictures = sorted(str(one) for one in (tmp_path / "out" / "view" / "train").rglob("*.png"))
    assert len(pictures) == 4
    for label in checks.img2label_paths(pictures):
        assert len(Path(label).read_text("utf-8").splitlines()) == 5


def test_what_nobody_judged_is_painted_over_in_the_view_alone(
    made_data: Path, tmp_path: Path
) -> None:
    machines = [
        machine(box=[4, 4, 20, 20]),
        machine(box=[10, 10, 60, 40], cnc=None, builder=None, by=None, ignore=True),
    ]
    judged = line(machines=machines, marks=[], controls=[], not_machines=[[40, 30, 50, 38]])
    more = write_data(tmp_path / "more", {"train": [judged]})
    before = (more / "train" / "images" / "a.png").read_bytes()
    made = prepare((made_data, more), tmp_path / "out")
    assert made.counts["train2"]["machine"] == 1
    view = tmp_path / "out" / "view" / "train"
    assert len((view / "labels" / "train2-a.txt").read_text().splitlines()) == 1
    with Image.open(view / "images" / "train2-a.png") as painted:
        picture = np.asarray(painted)
    with Image.open(more / "train" / "images" / "a.png") as stored:
        original = np.asarray(stored)
    grey = (picture == 114).all(axis=2)
    assert grey[25, 30] and grey[35, 59]
    # What is labelled, what a person says is no machine, and all around stay as they were.
    assert not grey[15, 15] and not grey[34, 45] and not grey[45, 30]
    assert (picture[~grey] == original[~grey]).all()
    assert (more / "train" / "images" / "a.png").read_bytes() == before
