"""YOLO data sets of other tools come in with known defaults, or are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets.errors import DataError, UsageError
from datasets.exchange.conversion import export_data, import_data
from datasets.photographs.annotations import Photograph, read_labels
from datasets.photographs.writing import read_splits
from tests.datasets.sets import HEIGHT, WIDTH, draw, line, two_splits, write_data

HEAD = "train: images/train\nval:\nnames: [machine, logo, forklift]\n"


def write(folder: Path, label: str | None = "0 0.5 0.5 0.5 0.25\n", head: str = HEAD) -> Path:
    draw(folder / "images" / "train" / "a.png")
    if label is not None:
        (folder / "labels" / "train").mkdir(parents=True)
        (folder / "labels" / "train" / "a.txt").write_text(label, "utf-8")
    (folder / "data.yaml").write_text(head, "utf-8")
    return folder


def bring(tmp_path: Path, *given: str | None, **more: Any) -> Photograph:
    import_data(write(tmp_path / "in", *given), "yolo", tmp_path / "out", **more)
    [photograph] = read_splits(tmp_path / "out")["train"]
    return photograph


def test_what_is_not_said_gets_the_defaults(tmp_path: Path) -> None:
    brought = bring(tmp_path, "0 0.5 0.5 0.5 0.25\n\n1 .1 .1 .1 .1\n")
    assert (brought.image, brought.scene, brought.source) == ("images/a.png", "shopfloor", "in")
    assert brought.machines[0].box == (16, 18, 48, 30)
    assert (brought.marks[0].text, brought.marks[0].legible) == ("", False)


@pytest.mark.parametrize("label", [None, "", "\n"], ids=["no file", "empty", "a blank line"])
def test_a_picture_without_labels_is_a_negative(tmp_path: Path, label: str | None) -> None:
    brought = bring(tmp_path, label)
    assert (brought.scene, brought.machines) == ("negative", ())


def test_labels_that_belong_to_no_picture_are_not_lost_without_a_word(tmp_path: Path) -> None:
    """Every machine of the set would come in as background."""
    folder = write(tmp_path / "in", head=HEAD.replace("images/train", "pictures/train"))
    (folder / "images").rename(folder / "pictures")
    told = r"none of its 1 pictures has labels; .*pictures/train/a\.txt .*labels/train/a\.txt: put"
    with pytest.raises(DataError, match=told):
        import_data(folder, "yolo", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_labels_beside_the_pictures_are_not_lost_without_a_word(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", label=None)
    beside = folder / "images" / "train" / "a.txt"
    beside.write_text("0 0.5 0.5 0.5 0.25\n", "utf-8")
    with pytest.raises(DataError, match=r"none of its 1 pictures .* but there is .*train/a\.txt"):
        import_data(folder, "yolo", tmp_path / "out")


def test_a_labelled_picture_of_a_kind_that_is_not_read_is_named(tmp_path: Path) -> None:
    """Beside pictures that are read it would be left out, with all that it shows."""
    folder = write(tmp_path / "in")
    (folder / "images" / "train" / "b.gif").write_bytes(b"GIF89a")
    (folder / "labels" / "train" / "b.txt").write_text("0 0.5 0.5 0.5 0.25\n", "utf-8")
    with pytest.raises(DataError, match=r"train: .*b\.gif has labels, .* kind that is not read"):
        import_data(folder, "yolo", tmp_path / "out")


def test_negatives_come_in_beside_labels_of_other_pictures(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", label=None)
    (folder / "labels" / "val").mkdir(parents=True)
    for name in ("classes.txt", "val/b.txt"):
        (folder / "labels" / name).write_text("0 0.5 0.5 0.5 0.25\n", "utf-8")
    import_data(folder, "yolo", tmp_path / "out")
    [brought] = read_splits(tmp_path / "out")["train"]
    assert brought.scene == "negative"


@pytest.mark.parametrize(
    ("label", "box"),
    [
        ("0 0.25 0.25 0.75 0.25 0.5 0.75", (16, 12, 48, 36)),
        ("0 0.5 0 1 0.5 0.5 1 0 0.5", (0, 0, WIDTH, HEIGHT)),
        ("0 0 0.5 0.5 1", (0, 0, 16, HEIGHT)),
    ],
    ids=["polygon", "turned box", "past the edge"],
)
def test_shapes_give_the_upright_box_round_them(
    tmp_path: Path, label: str, box: tuple[float, ...]
) -> None:
    assert bring(tmp_path, label).machines[0].box == box


def test_classes_are_named_or_left_out_by_the_user(tmp_path: Path) -> None:
    brought = bring(tmp_path, "2 .5 .5 .1 .1\n0 .5 .5 .5 .5", classes={"forklift": "none"})
    assert len(brought.machines) == 1


@pytest.mark.parametrize(
    "head",
    [
        "train: train/images\nnames: {0: machine}",
        "path: .\ntrain: ./train/images\nnames: {0: machine}",
        "path: /somewhere/else\ntrain: ../train/images\nnames: ['machine']",
        "path: machines-3\ntrain: train/images\nnames: ['machine']",
        'path: C:\\sets\\machines\ntrain: train/images\nnames: ["machine"]',
        "train: [train/images]\nnames: {'0': machine}",
        "train: list.txt\nnames: [machine]",
    ],
    ids=["plain", "path .", "roboflow", "a trainer's path", "on Windows", "folders", "files"],
)
def test_layouts_of_other_tools(tmp_path: Path, head: str) -> None:
    folder = tmp_path / "in"
    draw(folder / "train" / "images" / "a.png")
    (folder / "train" / "labels").mkdir()
    (folder / "train" / "labels" / "a.txt").write_text("0 .5 .5 .5 .5")
    (folder / "list.txt").write_text("./train/images/a.png\n\n")
    (folder / "data.yaml").write_text(head)
    import_data(folder / "data.yaml", "yolo", tmp_path / "out")
    [photograph] = read_splits(tmp_path / "out")["train"]
    assert photograph.image == "images/a.png" and len(photograph.machines) == 1


def test_the_export_is_what_a_trainer_takes(tmp_path: Path) -> None:
    data = two_splits(tmp_path / "data")
    counts, lost = export_data(data, "yolo", tmp_path / "there")
    assert counts == {"train": 3, "val": 1}
    assert lost["texts"] == 9 and lost["concealed boxes"] == 3 and lost["unlabelled marks"] == 3
    head = yaml.safe_load((tmp_path / "there" / "data.yaml").read_text())
    assert head["names"] == {0: "machine", 1: "wordmark", 2: "control"}
    assert (head["train"], head["val"]) == ("train/images", "val/images")
    labels = read_labels(tmp_path / "there" / "train" / "labels" / "deep" / "b.txt")
    assert [label.class_id for label in labels] == [0, 0, 1, 1, 2]


def test_a_picture_stored_turned_is_refused_by_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "in")
    turned = Image.Exif()
    turned[0x0112] = 3
    Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "images" / "train" / "a.png", exif=turned)
    with pytest.raises(DataError, match=r"data\.yaml: a\.png: it is stored turned \(EXIF\)"):
        import_data(folder, "yolo", tmp_path / "out")


def test_pictures_below_a_further_folder_called_images_keep_their_labels(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", {"train": [line("images/a.png"), line("x/images/b.png")]})
    export_data(data, "yolo", tmp_path / "there")
    import_data(tmp_path / "there", "yolo", tmp_path / "back")
    back = read_splits(tmp_path / "back")["train"]
    assert [(one.image, len(one.machines)) for one in back] == [
        ("images/images/a.png", 2), ("images/x/images/b.png", 2),
    ]  # fmt: skip


def test_a_picture_in_two_splits_is_refused(tmp_path: Path) -> None:
    """As in many a tutorial's data file: what is learnt from would be measured on."""
    head = "train: images/train\nval: images/train\nnames: [machine]\n"
    folder = write(tmp_path / "in", head=head)
    with pytest.raises(DataError, match=r"in: .*a\.png is in train and in val"):
        import_data(folder, "yolo", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_picture_named_twice_is_told_with_the_file(tmp_path: Path) -> None:
    head = "train: [images/train, images/train]\nnames: [machine]\n"
    folder = write(tmp_path / "in", head=head)
    with pytest.raises(DataError, match=r"/in: images/a\.png is there twice"):
        import_data(folder, "yolo", tmp_path / "out")


def test_splits_without_sources_get_one_each(tmp_path: Path) -> None:
    export_data(two_splits(tmp_path / "data"), "yolo", tmp_path / "there")
    import_data(tmp_path / "there", "yolo", tmp_path / "back")
    sources = {s: {p.source for p in ps} for s, ps in read_splits(tmp_path / "back").items()}
    assert sources == {"train": {"there/train"}, "val": {"there/val"}}


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("3 .5 .5 .1 .1", r"a\.txt:1: class 3 has no name"),
        ("2 .5 .5 .1 .1", r"a\.txt:1: category 'forklift' is none of"),
        ("0 .5 .5 .1", r"a\.txt:1: 'class cx cy w h', or .* got 4 fields"),
        ("0 .5 .5 .1 .1 .9", r"a\.txt:1: .* got 6 fields \(predictions"),
        ("0 32 24 10 10", r"a\.txt:1: shares of the picture's sides are wanted, not pixels"),
        ("0 .5 .5 0 .1", r"a\.txt:1: no area in it"),
        ("0 .5 .5 nan .1", r"a\.txt:1: finite numbers"),
        ("machine .5 .5 .1 .1", r"a\.txt:1: .* in numbers is wanted"),
        ("0 1.2 .5 .1 .1", r"a\.txt:1: box: nothing of"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, label: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        bring(tmp_path, label)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("names: [machine]", "it names no folder of pictures"),
        ("train: images/train", "names: a list of class names"),
        ("train: images/train\nnames: {one: machine}", "names: invalid literal"),
        ("train: nowhere\nnames: [machine]", "train: there is no folder"),
        ("train: 7\nnames: [machine]", "train: a folder or a list of files is wanted, got int"),
        ("train: [[images/train]]\nnames: [machine]", "a list of files is wanted, got list"),
        ("train: images/train\nnames: [[machine]]", "names: each class is a text"),
        ("train: /etc\nnames: [machine]", "'/etc' leaves the data set's folder"),
        ("train: ../../in\nnames: [machine]", "leaves the data set's folder"),
        ("train: images/train\nkpt_shape: [2, 2]\nnames: [machine]", "kpt_shape: it holds points"),
        ("path: ../in\ntrain: images\nnames: [machine]", "leaves the data set's folder"),
        ("train: lost.txt\nnames: [machine]", "lost.txt: it cannot be read"),
        ("- a", "a YOLO data file gives names and folders"),
        ("a: [", "not YAML"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_a_wrong_data_file_is_named(tmp_path: Path, head: str, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        bring(tmp_path, "", head)
    assert str(tmp_path / "in") in str(caught.value)


def test_a_data_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    levels = "\n".join(
        f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" if n else "l0: &l0 [machine]"
        for n in range(12)
    )
    for use in ("train: images/train\nnames: [*l11]", "train: [*l11]\nnames: [machine]"):
        with pytest.raises(DataError, match=r"data\.yaml"):
            bring(tmp_path / str(len(use)), "", f"{levels}\n{use}")


def test_a_folder_without_a_data_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no YOLO file in it"):
        import_data(tmp_path, "yolo", tmp_path / "out")
    with pytest.raises(UsageError, match="--images is for COCO and CVAT"):
        import_data(write(tmp_path / "in"), "yolo", tmp_path / "out", images=tmp_path)


@given(st.text(max_size=40))
def test_any_label_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, label: str
) -> None:
    tmp_path = tmp_path_factory.mktemp("yolo")
    try:
        import_data(write(tmp_path / "in", label), "yolo", tmp_path / "out")
    except DataError as error:
        assert "a.txt" in str(error)
