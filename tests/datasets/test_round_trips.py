"""Our format to COCO or CVAT and back loses nothing; YOLO keeps classes and boxes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.exchange.coco import corners, sides
from datasets.exchange.conversion import FORMATS, Format, export_data, import_data
from datasets.photographs.annotations import read_labels
from datasets.photographs.writing import LABELLED_ROLES, labels_of, read_splits
from tests.datasets.sets import Line, dumped, empty, files, lines, two_splits, write_data

few = settings(max_examples=40)


def there_and_back(root: Path, data: Path, format: Format) -> Path:
    export_data(data, format, root / "there")
    import_data(root / "there", format, root / "back")
    return root / "back"


@pytest.mark.parametrize("format", ["coco", "cvat"])
@given(first=lines("a.png"), second=lines("deep/b.png"))
@few
def test_any_annotation_comes_back_whole(
    tmp_path_factory: pytest.TempPathFactory, format: Format, first: Line, second: Line
) -> None:
    root = tmp_path_factory.mktemp("trip")
    data = write_data(root / "data", {"train": [first, second]})
    assert dumped(there_and_back(root, data, format)) == dumped(data)


@given(values=lines())
@few
def test_yolo_brings_back_every_labelled_box(
    tmp_path_factory: pytest.TempPathFactory, values: Line
) -> None:
    root = tmp_path_factory.mktemp("trip")
    data = write_data(root / "data", {"train": [values]})
    [before] = read_splits(data)["train"]
    [after] = read_splits(there_and_back(root, data, "yolo"))["train"]
    labelled = [m.box for m in before.marks if m.role in LABELLED_ROLES and not m.ignore]
    for had, has in (
        ([m.box for m in before.machines if not m.ignore], [m.box for m in after.machines]),
        (labelled, [m.box for m in after.marks]),
        ([c.box for c in before.controls if not c.ignore], [c.box for c in after.controls]),
    ):
        assert len(has) == len(had)
        for one, other in zip(had, has, strict=True):
            # Cut at the edge, which a box may pass by a pixel; else to the sixth decimal.
            assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 1.001
    assert all(mark.text == "" and mark.of is None for mark in after.marks)
    had, has = read_labels(before.labels), read_labels(after.labels)
    assert [label.class_id for label in has] == [label.class_id for label in had]


@pytest.mark.parametrize("format", FORMATS)
def test_splits_pictures_and_folders_come_back(tmp_path: Path, format: Format) -> None:
    data = two_splits(tmp_path / "data")
    before = files(data)
    back = there_and_back(tmp_path, data, format)
    assert files(data) == before
    kept = (".png",) if format == "yolo" else (".png", ".txt")
    for suffix in kept:
        wanted = {name: content for name, content in before.items() if name.endswith(suffix)}
        assert {n: c for n, c in files(back).items() if n.endswith(suffix)} == wanted
    if format != "yolo":
        assert dumped(back) == dumped(data)


@given(low=st.integers(-9, 6000), side=st.integers(1, 6000))
def test_a_box_of_tenths_of_a_pixel_is_plain_coco(low: int, side: int) -> None:
    box = (low / 10, 0.1, (low + side) / 10, 300.7)
    assert corners(sides(box)) == box


@pytest.mark.parametrize("format", FORMATS)
def test_linked_pictures_are_the_originals(tmp_path: Path, format: Format) -> None:
    data = two_splits(tmp_path / "data")
    export_data(data, format, tmp_path / "there", link=True)
    import_data(tmp_path / "there", format, tmp_path / "back", link=True)
    for picture in (tmp_path / "back").rglob("*.png"):
        original = data / picture.relative_to(tmp_path / "back")
        assert picture.is_symlink() and picture.samefile(original)


def test_the_labels_follow_from_the_annotations(tmp_path: Path) -> None:
    data = two_splits(tmp_path / "data")
    back = there_and_back(tmp_path, data, "coco")
    for photographs in read_splits(back).values():
        for photograph in photographs:
            written = read_labels(photograph.labels)
            wanted = labels_of(photograph)
            assert [x.class_id for x in written] == [x.class_id for x in wanted]
            for one, other in zip(written, wanted, strict=True):
                assert abs(one.cx - other.cx) < 1e-6 and abs(one.h - other.h) < 1e-6


@pytest.mark.nightly
def test_the_photographs_make_both_trips_whole(shared: Path, tmp_path: Path) -> None:
    for format in ("coco", "cvat"):
        export_data(shared / "data", format, tmp_path / format / "there", link=True)
        import_data(tmp_path / format / "there", format, tmp_path / format / "back", link=True)
        assert dumped(tmp_path / format / "back") == dumped(shared / "data")


def test_a_set_of_pictures_with_nothing_in_them(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", {"train": [empty("a.png"), empty("b.png")]})
    for format in FORMATS:
        root = tmp_path / format
        back = dumped(there_and_back(root, data, format))
        assert [p["machines"] for p in back["train"]] == [(), ()]
        assert [p["scene"] for p in back["train"]] == ["negative", "negative"]
