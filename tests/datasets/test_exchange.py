"""Our format to CVAT and back loses nothing; COCO has everything, YOLO classes and boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import DataError, UsageError
from datasets.exchange.conversion import export_data, import_data
from datasets.exchange.outgoing import FORMATS, to_coco
from datasets.photographs.annotations import Photograph, read_labels
from datasets.photographs.splits import labels_of, read_splits
from tests.datasets.sets import (
    HEIGHT,
    WIDTH,
    draw,
    dumped,
    files,
    line,
    lines,
    two_splits,
    write_data,
)
from tests.datasets.sets import photograph as made
from tests.tables import cases

BOX = (
    '<box label="machine" occluded="0" xtl="4.00" ytl="5.00" xbr="24.50" ybr="35.00" z_order="0"/>'
)


def document(*shapes: str, image: str = 'width="64" height="48"', name: str = "a.png") -> str:
    inner = "".join(shapes)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
        "<meta><job><id>7</id></job></meta>"
        f'<image id="41" name="{name}" {image}>{inner}</image></annotations>'
    )


def write(folder: Path, text: str) -> Path:
    draw(folder / "images" / "a.png")
    file = folder / "annotations.xml"
    file.write_text(text, "utf-8")
    return file


def bring(tmp_path: Path, text: str, **wish: Any) -> Photograph:
    import_data(write(tmp_path / "in", text), tmp_path / "out", **wish)
    [photograph] = next(iter(read_splits(tmp_path / "out").values()))
    return photograph


def test_what_is_not_said_gets_the_defaults(tmp_path):
    brought = bring(tmp_path, document(BOX, '<tag label="night" source="manual"/>', image=""))
    assert (brought.width, brought.height) == (WIDTH, HEIGHT)
    assert (brought.image, brought.scene, brought.source) == (
        "images/a.png", "shopfloor", "annotations/train",
    )  # fmt: skip
    [machine] = brought.machines
    assert machine.box == (4, 5, 24.5, 35)
    assert (machine.cnc, machine.kind, machine.builder, machine.by) == (None, "other", None, None)


def test_a_picture_without_boxes_is_a_negative(tmp_path):
    brought = bring(tmp_path, document(), source="hall 3")
    assert (brought.scene, brought.source, brought.machines) == ("negative", "hall 3", ())


def test_a_box_is_cut_at_the_edge(tmp_path):
    shape = '<box label="machine" xtl="-9" ytl="2" xbr="900" ybr="30" rotation="0.00"/>'
    [machine] = bring(tmp_path, document(shape)).machines
    assert machine.box == (0, 2, WIDTH, 30)


def test_subsets_are_splits(tmp_path):
    assert bring(tmp_path, document(image='subset="Validation"')).image == "images/a.png"
    assert list(read_splits(tmp_path / "out")) == ["val"]


def test_a_task_of_a_subset_is_a_split(tmp_path):
    """What CVAT exports of a task names its subset once; `default` says nothing."""
    export_data(two_splits(tmp_path / "data"), "cvat", tmp_path / "there")
    import_data(tmp_path / "there/val/annotations.xml", tmp_path / "one")
    assert list(read_splits(tmp_path / "one")) == ["val"]
    file = tmp_path / "there/val/annotations.xml"
    text = file.read_text("utf-8")
    assert text.count("<subset>val</subset>") == 1
    file.write_text(text.replace("<subset>val<", "<subset>default<"), "utf-8")
    import_data(tmp_path / "there", tmp_path / "two")
    assert list(read_splits(tmp_path / "two")) == ["train", "val"]


def test_the_export_is_what_a_task_of_cvat_takes(tmp_path):
    """Every label and attribute that is used is declared, once in the file and in labels.json."""
    export_data(two_splits(tmp_path / "data"), "cvat", tmp_path / "there")
    labels = json.loads((tmp_path / "there" / "labels.json").read_text("utf-8"))
    declared = {label["name"]: {a["name"]: a for a in label["attributes"]} for label in labels}
    root = ElementTree.parse(tmp_path / "there" / "train" / "annotations.xml").getroot()
    names = [label.findtext("name") for label in root.iter("label")]
    assert names == list(declared) and root.findtext("version") == "1.1"
    used = [*root.iter("box"), *root.iter("tag")]
    assert {shape.get("label") for shape in used} == set(declared)
    for shape in used:
        for attribute in shape.iter("attribute"):
            spec = declared[shape.get("label", "")][attribute.get("name", "")]
            if spec["input_type"] == "select":
                assert attribute.text in spec["values"]
            if spec["input_type"] == "checkbox":
                assert attribute.text in ("true", "false")


def test_text_that_xml_cannot_hold_is_refused_by_name(tmp_path):
    data = write_data(tmp_path / "data", {"train": [line(note="a\x07b")]})
    (data / "train" / "annotations.jsonl").write_text(json.dumps(line(source="bell \x07")), "utf-8")
    with pytest.raises(DataError, match=r"a\.png: XML cannot hold the character U\+0007"):
        export_data(data, "cvat", tmp_path / "there")
    assert not (tmp_path / "there").exists()


def attribute(name: str, value: str) -> str:
    return BOX.replace("/>", f'><attribute name="{name}">{value}</attribute></box>')


LARGE = ('width="64"', f'width="{"9" * 5000}"', "is said to be 999999999x48")


@pytest.mark.parametrize(("old", "new", "told"), [*cases("cvat", "wrong"), LARGE])
def test_a_wrong_entry_is_named(tmp_path, old, new, told):
    """A right document with a part replaced, or another document."""
    whole = document(BOX)
    assert old in whole
    with pytest.raises(DataError, match=told) as caught:
        bring(tmp_path, whole.replace(old, new, 1) if old else new)
    assert "annotations.xml" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_two_machines_of_one_number_own_no_mark(tmp_path):
    mark = attribute("of", "0").replace('"machine"', '"wordmark"')
    twice = attribute("number", "0")
    with pytest.raises(DataError, match="of: 2 machines have the number 0"):
        bring(tmp_path, document(twice, twice, mark))


LEVELS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(10)
)


@pytest.mark.parametrize(
    ("entities", "used"),
    [(LEVELS, "&l9;"), ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")],
    ids=["fills the memory", "reads a file"],
)
def test_a_file_with_entities_is_refused(tmp_path, entities, used):
    opened = f"<!DOCTYPE annotations [{entities}]><annotations>{used}"
    with pytest.raises(DataError, match=r"annotations\.xml: it declares a document type"):
        bring(tmp_path, document(BOX).replace("<annotations>", opened))


def test_a_folder_without_a_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no CVAT file in it \(annotations\.xml\)"):
        import_data(tmp_path, tmp_path / "out")


@given(st.text(max_size=40), st.sampled_from(["xtl", "label", "name", "width", "subset"]))
def test_any_value_is_read_or_refused_by_name(tmp_path_factory, value, field):
    tmp_path = tmp_path_factory.mktemp("cvat")
    root = ElementTree.fromstring(document(BOX).encode())
    for element in root.iter():
        if field in element.attrib:
            element.set(field, value)
    file = write(tmp_path / "in", "")
    file.write_bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))
    try:
        import_data(file, tmp_path / "out")
    except DataError as error:
        assert "annotations.xml" in str(error)


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
