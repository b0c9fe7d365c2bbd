"""Our format to CVAT and back loses nothing; COCO has everything, YOLO classes and boxes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from datasets.exchange.conversion import export_data, import_data
from datasets.exchange.outgoing import FORMATS, to_coco
from datasets.photographs.annotations import read_labels
from datasets.photographs.splits import labels_of, read_splits
from tests.datasets.sets import dumped, files, line, lines, two_splits, write_data
from tests.datasets.sets import photograph as made


def there_and_back(root: Path, data: Path, link: bool = False) -> Path:
    export_data(data, "cvat", root / "there", link=link)
    import_data(root / "there", root / "back", link=link)
    return root / "back"


@given(first=lines("a.png"), second=lines("deep/b.png"))
@settings(max_examples=40)
def test_any_annotation_comes_back_whole(tmp_path_factory, first, second):
    root = tmp_path_factory.mktemp("trip")
    data = write_data(root / "data", {"train": [first, second]})
    back = there_and_back(root, data)
    assert dumped(back) == dumped(data)
    for photograph in read_splits(back)["train"]:
        wanted = [label.class_id for label in labels_of(photograph)]
        assert [label.class_id for label in read_labels(photograph.labels)] == wanted


def test_splits_pictures_and_folders_come_back(tmp_path):
    data = two_splits(tmp_path / "data")
    before = files(data)
    back = there_and_back(tmp_path, data)
    assert files(data) == before and dumped(back) == dumped(data)
    wanted = {name: content for name, content in before.items() if not name.endswith(".jsonl")}
    assert {n: c for n, c in files(back).items() if not n.endswith(".jsonl")} == wanted


def test_linked_pictures_are_the_originals(tmp_path):
    data = two_splits(tmp_path / "data")
    back = there_and_back(tmp_path, data, link=True)
    for picture in back.rglob("*.png"):
        assert picture.is_symlink() and picture.samefile(data / picture.relative_to(back))


def test_coco_has_every_box_with_its_fields():
    held = to_coco([made(line())])
    names = {one["id"]: one["name"] for one in held["categories"]}
    boxes = {names[one["category_id"]]: one["bbox"] for one in reversed(held["annotations"])}
    assert boxes["machine"] == [4.0, 5.5, 36.1, 38.5] and boxes["concealed"] == [50, 2, 10, 7]
    first, _, mark, *_ = (one["attributes"] for one in held["annotations"])
    assert (first["number"], first["builder"], mark["of"], mark["text"]) == (0, "mazak", 0, "MAZAK")
    assert held["images"][0]["source"] == "hall 7"


def test_yolo_has_every_labelled_box(tmp_path):
    data = two_splits(tmp_path / "data")
    export_data(data, "yolo", tmp_path / "there")
    for split, photographs in read_splits(data).items():
        for one in photographs:
            written = tmp_path / "there" / split / one.labels.relative_to(one.folder)
            assert written.read_bytes() == one.labels.read_bytes()
    assert "train: train/images" in (tmp_path / "there" / "data.yaml").read_text("utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_every_picture_goes_along(tmp_path, format):
    data = two_splits(tmp_path / "data")
    assert export_data(data, format, tmp_path / "there") == {"train": 3, "val": 1}
    assert len(list((tmp_path / "there").rglob("*.png"))) == 4


@pytest.mark.nightly
def test_the_photographs_make_the_trip_whole(shared, tmp_path):
    assert dumped(there_and_back(tmp_path, shared / "data", link=True)) == dumped(shared / "data")
