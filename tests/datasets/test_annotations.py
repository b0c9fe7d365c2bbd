"""A data set is read whole or refused with file, line and field."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets.errors import DataError
from datasets.photographs.annotations import read_labels, read_photographs, split_folder
from tests.datasets.sets import Line, draw, machine, mark
from tests.datasets.sets import line as made

MISSING = object()
MACHINE, MARK = machine(box=[10, 5, 90, 45]), mark(box=[20, 10, 40, 16])


def line(**changed: Any) -> Line:
    panel = {"box": [50, 20, 60, 30], "of": 0}
    parts = {"machines": [MACHINE], "marks": [MARK], "controls": [panel], "concealed": []}
    return made("a.jpg", width=100, height=50, **parts) | changed


def write_split(
    folder: Path, *lines: dict[str, Any] | str, label: str = "0 0.5 0.5 0.8 0.8\n"
) -> Path:
    draw(folder / "images" / "a.jpg", (100, 50))
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text(label, "utf-8")
    text = "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
    (folder / "annotations.jsonl").write_text(text, "utf-8")
    return folder


def test_a_line_is_read_with_its_boxes_and_owners(tmp_path):
    (photograph,) = read_photographs(write_split(tmp_path / "train", line()))
    assert photograph.path == tmp_path / "train" / "images" / "a.jpg"
    assert photograph.machines[0].box == (10, 5, 90, 45)
    assert [m.text for m in photograph.legible_builder_marks(0)] == ["MAZAK"]
    assert photograph.legible_builder_marks(1) == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({"scene": "beach"}, "scene: ", id="unknown scene"),
        pytest.param({"width": 0}, "width: ", id="width 0"),
        pytest.param({"width": MISSING}, "width: ", id="no width"),
        pytest.param({"marks": MISSING}, "marks: ", id="no marks"),
        pytest.param({"machines": [MACHINE | {"box": [9, 9, 1, 1]}]}, "machines.0.box: ", id="box"),
        pytest.param({"concealed": [[0, 0, 140, 9]]}, "concealed.0.box: ", id="box outside"),
        pytest.param({"machines": [MACHINE | {"cnc": "maybe"}]}, "machines.0.cnc: ", id="cnc"),
        pytest.param({"machines": [MACHINE | {"by": "smell"}]}, "machines.0.by: ", id="by"),
        pytest.param({"marks": [MARK | {"role": "poem"}]}, "marks.0.role: ", id="role"),
        pytest.param({"marks": [MARK | {"of": 1}]}, "marks.0.of: ", id="no such machine"),
        pytest.param({"controls": [{"box": [1, 1, 2, 2], "of": -1}]}, "controls.0.of: ", id="-1"),
        pytest.param({"concealed": [[0, 0, 0, 9]]}, "concealed.0: ", id="empty box"),
        pytest.param({"image": "../a.jpg"}, "image: ", id="outside the split"),
        pytest.param({"image": "/etc/passwd"}, "image: ", id="absolute"),
        pytest.param({"image": "images/b.jpg"}, "image: there is no ", id="no picture"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_line(tmp_path, changed, told):
    values = {name: value for name, value in line(**changed).items() if value is not MISSING}
    folder = write_split(tmp_path / "val", values)
    with pytest.raises(DataError) as caught:
        read_photographs(folder)
    assert str(caught.value).startswith(f"{folder / 'annotations.jsonl'}:1: {told}")


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_picture_that_is_stored_turned_is_refused_by_name(tmp_path, suffix, orientation):
    folder = write_split(tmp_path / "train", line(image=f"images/a.{suffix}"))
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (100, 50)).save(folder / "images" / f"a.{suffix}", exif=exif)
    if orientation in range(2, 9):
        told = rf"annotations\.jsonl:1: image: a\.{suffix}: it is stored turned \(EXIF\)"
        with pytest.raises(DataError, match=told):
            read_photographs(folder)
    else:
        assert len(read_photographs(folder)) == 1


def test_a_turn_that_a_png_tells_of_after_its_pixels_is_seen(tmp_path):
    folder = write_split(tmp_path / "train", line(image="images/a.png"))
    exif = Image.Exif()
    exif[0x0112] = 3
    chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    size, check = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
    content = draw(folder / "images" / "a.png", (100, 50)).read_bytes()
    end = content.index(b"IEND") - 4
    content = content[:end] + size + chunk + check + content[end:]
    (folder / "images" / "a.png").write_bytes(content)
    with pytest.raises(DataError, match="it is stored turned"):
        read_photographs(folder)


@pytest.mark.parametrize("head", [b"", b"II*\0", b"MM\0*\0\0\0\x08\0\x01\x01\x12", b"\xff" * 20])
def test_exif_that_cannot_be_read_turns_nothing(tmp_path, head):
    folder = write_split(tmp_path / "train", line())
    exif = b"Exif\0\0" + head
    Image.new("RGB", (100, 50)).save(folder / "images" / "a.jpg", exif=exif)
    assert len(read_photographs(folder)) == 1


def test_the_same_picture_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match=r":2: image: images/a\.jpg is already on line 1"):
        read_photographs(write_split(tmp_path / "val", line(), line()))


@pytest.mark.parametrize("text", ["", "\n"], ids=["no line", "an empty line"])
def test_an_empty_file_is_refused(tmp_path, text):
    folder = write_split(tmp_path / "val")
    (folder / "annotations.jsonl").write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"annotations\.jsonl"):
        read_photographs(folder)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="no folder 'train'"):
        split_folder(tmp_path, "train")
    with pytest.raises(DataError, match=r"annotations\.jsonl: it cannot be read"):
        read_photographs(tmp_path)


@pytest.mark.parametrize(
    "label",
    ["3 .5 .5 .1 .1", "0 1.5 .5 .1 .1", "0 .5 .5 .1", "0 .5 .5 .1 0", "0 .95 .5 .2 .1",
     "0 nan .5 .2 .1", "x"],
)  # fmt: skip
def test_a_wrong_label_is_named_with_file_and_line(tmp_path, label):
    file = tmp_path / "a.txt"
    file.write_text(f"0 .5 .5 .1 .1\n{label}\n", "utf-8")
    with pytest.raises(DataError) as caught:
        read_labels(file)
    assert str(caught.value).startswith(f"{file}:2: a label is 'class cx cy w h'")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_by_name(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("split")
    (folder / "annotations.jsonl").write_text(text, "utf-8", newline="")
    (folder / "a.txt").write_text(text, "utf-8", newline="")
    with pytest.raises(DataError):
        read_photographs(folder)
    try:
        labels = read_labels(folder / "a.txt")
    except DataError as error:
        assert str(folder / "a.txt") in str(error)
    else:
        assert all(0 <= label.class_id < 3 for label in labels)
