"""COCO files of other tools come in with known defaults, or are refused by file, entry, field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets.errors import DataError, UsageError
from datasets.exchange.conversion import export_data, import_data
from datasets.photographs.annotations import Photograph
from datasets.photographs.writing import read_splits
from tests.datasets.sets import HEIGHT, JSON, WIDTH, Line, draw, two_splits


def coco(**changed: Any) -> Line:
    """A file as another tool writes it: ids with holes, no attributes of ours."""
    return {
        "images": [
            {"id": 70, "file_name": "a.png", "width": WIDTH, "height": HEIGHT},
            {"id": 9, "file_name": "b.png", "width": WIDTH, "height": HEIGHT},
        ],
        "categories": [{"id": 5, "name": "CNC_Machine"}, {"id": 2, "name": "logo"}],
        "annotations": [
            {"id": 31, "image_id": 70, "category_id": 5, "bbox": [4, 5, 20.5, 30]},
            {"id": 8, "image_id": 70, "category_id": 2, "bbox": [6, 7, 8, 3], "iscrowd": 0},
        ],
    } | changed


def annotation(**changed: Any) -> Line:
    own = {"id": 31, "image_id": 70, "category_id": 5, "bbox": [4, 5, 20, 30]} | changed
    return coco(annotations=[own])


def write(folder: Path, values: Any, name: str = "export.json") -> Path:
    for picture in ("a.png", "b.png"):
        draw(folder / picture)
    file = folder / name
    file.write_text(json.dumps(values), "utf-8")
    return file


def bring(tmp_path: Path, values: Any, **more: Any) -> tuple[Photograph, ...]:
    out = tmp_path / "out"
    import_data(write(tmp_path / "in", values), "coco", out, **more)
    return read_splits(out)["train"]


def test_what_is_not_said_gets_the_defaults(tmp_path: Path) -> None:
    first, second = bring(tmp_path, coco())
    assert (first.image, first.scene, first.source) == ("images/a.png", "shopfloor", "export")
    [machine], [mark] = first.machines, first.marks
    assert machine.box == (4, 5, 24.5, 35)
    assert (machine.cnc, machine.kind, machine.builder) == (None, "other", None)
    assert (machine.by, machine.truncated) == (None, False)
    assert (mark.text, mark.role, mark.of) == ("", "builder", None)
    assert (mark.legible, mark.id) == (False, None)
    assert (second.image, second.scene, second.machines) == ("images/b.png", "negative", ())


def test_attributes_as_tools_guess_their_types(tmp_path: Path) -> None:
    """Datumaro and CVAT make numbers and truth values of what looks like them."""
    said = {
        "number": "0", "cnc": "True", "kind": "lathe", "builder": "haas", "by": "wordmark",
        "truncated": "false", "occluded": True,
    }  # fmt: skip
    mark = {"text": 500, "role": "series", "of": 0, "legible": True, "id": ""}
    values = coco()
    values["annotations"][0]["attributes"] = said
    values["annotations"][1]["attributes"] = mark
    first, _ = bring(tmp_path, values)
    assert first.machines[0].cnc is True and first.machines[0].truncated is False
    assert first.machines[0].more == {}
    assert (first.marks[0].text, first.marks[0].of, first.marks[0].id) == ("500", 0, None)


def test_categories_that_are_kinds_are_machines_of_that_kind(tmp_path: Path) -> None:
    categories = [{"id": 5, "name": "Machining Centre"}, {"id": 2, "name": "control panel"}]
    first, _ = bring(tmp_path, coco(categories=categories))
    assert first.machines[0].kind == "machining-centre" and len(first.controls) == 1


def test_categories_are_named_or_left_out_by_the_user(tmp_path: Path) -> None:
    categories = [{"id": 5, "name": "Fräse"}, {"id": 2, "name": "forklift"}]
    first, _ = bring(
        tmp_path, coco(categories=categories), classes={"fräse": "machine", "forklift": "none"}
    )
    assert len(first.machines) == 1 and first.marks == ()


def test_a_box_past_the_edge_is_cut_there(tmp_path: Path) -> None:
    first, _ = bring(tmp_path, annotation(bbox=[-5, 10, 500, 20]))
    assert first.machines[0].box == (0, 10, WIDTH, 30)


def test_a_box_moved_in_another_tool_wins_over_the_exact_corners(tmp_path: Path) -> None:
    exact = [4.00000001, 5, 24, 35]
    same = annotation(bbox=[4.00000001, 5, 20, 30], attributes={"corners": exact})
    first, _ = bring(tmp_path / "same", same)
    assert first.machines[0].box == tuple(exact)
    moved = annotation(bbox=[14, 5, 20, 30], attributes={"corners": exact})
    first, _ = bring(tmp_path / "moved", moved)
    assert first.machines[0].box == (14, 5, 34, 35)


def test_a_box_that_cvat_turned_gives_the_upright_box_round_it(tmp_path: Path) -> None:
    turn = {"rotation": 90.0, "occluded": False}
    first, _ = bring(tmp_path / "foreign", annotation(bbox=[10, 20, 30, 10], attributes=turn))
    assert first.machines[0].box == pytest.approx((20, 10, 30, 40))
    # Turned where it stood: our own corners are as exact before the turn as they were.
    own = turn | {"corners": [4.00000001, 20, 24, 30]}
    values = annotation(bbox=[4.00000001, 20, 20, 10], attributes=own)
    first, _ = bring(tmp_path / "own", values)
    assert first.machines[0].box == pytest.approx((9, 15, 19, 35))


def test_marks_follow_their_machine_when_another_is_added_or_taken_away(tmp_path: Path) -> None:
    data = two_splits(tmp_path / "data")
    export_data(data, "coco", tmp_path / "there")
    file = tmp_path / "there/annotations/instances_val.json"
    values = json.loads(file.read_text("utf-8"))
    [lost] = [a for a in values["annotations"] if a["attributes"].get("number") == 0]
    [kept] = [a for a in values["annotations"] if a["attributes"].get("text") == "沈阳机床"]
    rest = [a for a in values["annotations"] if a["attributes"].get("of") != 0 and a is not lost]
    new = {"id": 99, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}
    file.write_text(json.dumps(values | {"annotations": [new, *rest]}), "utf-8")
    import_data(tmp_path / "there", "coco", tmp_path / "back")
    [photograph] = read_splits(tmp_path / "back")["val"]
    assert kept["attributes"]["of"] == 1
    owner = next(m.of for m in photograph.marks if m.text == "沈阳机床")
    assert owner == 1 and photograph.machines[0].box == (1, 1, 6, 6)
    file.write_text(json.dumps(values | {"annotations": [kept]}), "utf-8")
    with pytest.raises(DataError, match="of: no machine of the picture has the number 1"):
        import_data(tmp_path / "there", "coco", tmp_path / "again")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (coco(images="none"), "images: "),
        (coco(categories=[{"name": "machine"}]), r"categories\.0\.id: "),
        (coco(categories=[{"id": 5, "name": "forklift"}, {"id": 2, "name": "logo"}]),
         "annotation 31: category 'forklift' is none of machine"),
        (coco(images=[{"id": 70, "file_name": "a.png"}] * 2), r"images\.1\.id: 70 is there"),
        (coco(images=[{"id": 70}]), r"images\.0\.file_name: "),
        (coco(images=[{"id": 70, "file_name": "a.png", "width": "64", "height": 48}]),
         r"images\.0\.width"),
        (coco(images=[{"id": 70, "file_name": "a.png", "width": 48, "height": 64}], annotations=[]),
         "image 70: a.png is 64x48, but is said to be 48x64"),
        (coco(images=[{"id": 70, "file_name": "lost.png"}], annotations=[]),
         "image 70: there is no picture 'lost.png' in "),
        (annotation(image_id=1), "annotation 31: image_id, category_id: there is no such"),
        (annotation(category_id=[5]), r"annotations\.0\.category_id"),
        (annotation(bbox=[1, 2, 3]), r"annotations\.0\.bbox"),
        (annotation(bbox=[1, 2, 3, 10**400]), r"annotations\.0\.bbox"),
        (annotation(bbox=[1, 2, 0, 4]), r"annotations\.0\.bbox"),
        (annotation(bbox=None), r"annotations\.0\.bbox"),
        (coco(annotations=annotation()["annotations"] * 2), r"annotations\.1\.id: 31 is there"),
        (annotation(bbox=[100, 2, 5, 4]), "annotation 31: box: nothing of .* is in the picture"),
        (annotation(attributes={"rotation": "left"}), "annotation 31: corners, rotation: numbers"),
        (annotation(attributes={"rotation": float("nan")}), "annotation 31: corners, rotation: "),
        (annotation(iscrowd=1), "annotation 31: iscrowd: "),
        (annotation(attributes=["x"]), r"annotations\.0\.attributes"),
        (annotation(attributes={"truncated": "perhaps"}), "annotation 31: truncated: 'perhaps'"),
        (annotation(attributes={"number": "one"}), "annotation 31: number: 'one'"),
        (annotation(attributes={"more": "{"}), "annotation 31: more: not JSON"),
        (annotation(attributes={"by": "smell"}), "image 70: machines.0.by: "),
        ([], ".*is this a COCO file"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named(tmp_path: Path, values: Any, told: str) -> None:
    with pytest.raises(DataError, match=rf"export\.json: {told}"):
        bring(tmp_path, values)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/secret.png", "a/../../secret.png", "..\\secret.png",
             "C:\\secret.png", "", "a\0.png"]
)  # fmt: skip
def test_no_picture_is_taken_from_outside(tmp_path: Path, name: str) -> None:
    draw(tmp_path / "secret.png")
    values = coco(images=[{"id": 70, "file_name": name}], annotations=[])
    with pytest.raises(DataError, match="leaves the data set's folder"):
        bring(tmp_path, values)


def test_windows_paths_lead_to_pictures(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "hall" / "c.png")
    values = coco(images=[{"id": 70, "file_name": "hall\\c.png"}])
    [photograph] = bring(tmp_path, values)
    assert photograph.image == "images/hall/c.png"


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "c.png").write_text("root:x:0:0")
    values = coco(images=[{"id": 70, "file_name": "c.png"}], annotations=[])
    with pytest.raises(DataError, match=r"c\.png: it cannot be read as a picture"):
        bring(tmp_path, values)


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("said", [True, False], ids=["size said", "no size said"])
def test_a_picture_stored_turned_is_refused_with_the_reason(
    tmp_path: Path, orientation: int, said: bool
) -> None:
    turned = Image.Exif()
    turned[0x0112] = orientation
    (tmp_path / "in").mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "in" / "c.jpg", exif=turned)
    image: Line = {"id": 70, "file_name": "c.jpg"}
    if said:
        upright = (WIDTH, HEIGHT) if orientation == 3 else (HEIGHT, WIDTH)
        image |= {"width": upright[0], "height": upright[1]}
    told = r"export\.json: image 70: c\.jpg: it is stored turned \(EXIF\): save it upright"
    with pytest.raises(DataError, match=told):
        bring(tmp_path, coco(images=[image], annotations=[]))


def test_two_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    images = [{"id": id, "file_name": "a.png"} for id in (70, 9)]
    with pytest.raises(DataError, match=r"export\.json: images/a\.png is there twice"):
        bring(tmp_path, coco(images=images))


def test_roboflow_folders_and_coco_years_are_splits(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        write(tmp_path / "robo" / split, coco(), "_annotations.coco.json")
    import_data(tmp_path / "robo", "coco", tmp_path / "one")
    assert {s: p[0].source for s, p in read_splits(tmp_path / "one").items()} == {
        "train": "robo/train", "val": "robo/val",
    }  # fmt: skip
    for picture in ("a.png", "b.png"):
        draw(tmp_path / "years" / "val2017" / picture)
    file = tmp_path / "years" / "annotations" / "instances_val2017.json"
    file.parent.mkdir()
    file.write_text(json.dumps(coco()), "utf-8")
    import_data(file, "coco", tmp_path / "two")
    assert list(read_splits(tmp_path / "two")) == ["val"]


def test_one_source_given_for_several_splits_is_refused(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        write(tmp_path / "robo" / split, coco(), "_annotations.coco.json")
    with pytest.raises(DataError, match="source 'hall' is in train and in val"):
        import_data(tmp_path / "robo", "coco", tmp_path / "out", source="hall")
    assert not (tmp_path / "out").exists()


def test_a_split_is_added_to_a_set_and_never_replaced(tmp_path: Path) -> None:
    file = write(tmp_path / "in", coco())
    import_data(file, "coco", tmp_path / "out", source="one")
    with pytest.raises(UsageError, match=r"train: holds .* already"):
        import_data(file, "coco", tmp_path / "out", source="two")
    with pytest.raises(DataError, match="source 'one' is in train and in val"):
        import_data(file, "coco", tmp_path / "out", source="one", split="val")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["train"]
    import_data(file, "coco", tmp_path / "out", source="two", split="val")
    assert list(read_splits(tmp_path / "out")) == ["train", "val"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["train", "val"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"images": 1e999}', "\x00"])
def test_what_is_no_coco_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "export.json"
    file.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"export\.json"):
        import_data(file, "coco", tmp_path / "out")


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no COCO file in it"):
        import_data(tmp_path, "coco", tmp_path / "out")
    with pytest.raises(UsageError, match="no such file or folder"):
        import_data(tmp_path / "nowhere", "coco", tmp_path / "out")


@given(entry=st.dictionaries(st.sampled_from(
    ["id", "image_id", "category_id", "bbox", "segmentation", "attributes", "iscrowd"]
), JSON | st.sampled_from([70, 5, 31])))  # fmt: skip
def test_any_annotation_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, entry: Line
) -> None:
    tmp_path = tmp_path_factory.mktemp("coco")
    try:
        bring(tmp_path, coco(annotations=[entry]))
    except DataError as error:
        assert "export.json" in str(error)
