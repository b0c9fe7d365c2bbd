"""`look` draws every picture with its boxes and counts what there is, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from datasets.errors import DataError, UsageError
from datasets.look.draw import (
    CELL,
    CONCEALED,
    CONTROL,
    MACHINE,
    MARK,
    UNLABELLED,
    draw_data,
    draw_picture,
    draw_sheet,
    tallies_of,
)
from datasets.photographs.splits import read_splits
from tests.datasets.sets import Line, empty, files, line, machine, mark, two_splits, write_data

BIG: Line = {"width": 380, "height": 285}


def drawn(tmp_path: Path, **changed: Any) -> np.ndarray[Any, Any]:
    """One picture of the size of a cell, drawn: scale 1, so boxes lie where they are said to."""
    data = write_data(tmp_path / "data", {"train": [line(**BIG, **changed)]})
    [photograph] = read_splits(data)["train"]
    return np.asarray(draw_picture(photograph))


def has(pixel: Sequence[int], colour: str) -> bool:
    return tuple(int(v) for v in pixel) == ImageColor.getrgb(colour)


NOTHING: Line = {"machines": [], "marks": [], "controls": [], "concealed": []}
BOX = [100, 100, 200, 180]


@pytest.mark.parametrize(
    ("changed", "colour"),
    [
        ({"machines": [machine(box=BOX)]}, MACHINE),
        ({"marks": [mark(box=BOX, of=None)]}, MARK),
        ({"marks": [mark(box=BOX, of=None, role="overlay")]}, UNLABELLED),
        ({"controls": [{"box": BOX, "of": None}]}, CONTROL),
        ({"concealed": [BOX]}, CONCEALED),
    ],
    ids=["machine", "mark", "overlay", "control", "concealed"],
)
def test_each_class_is_boxed_in_its_colour_where_it_stands(tmp_path, changed, colour):
    picture = drawn(tmp_path, **(NOTHING | changed))
    for y, x in ((140, 100), (140, 200), (100, 150), (180, 150)):
        assert has(picture[y, x], colour)
    assert not has(picture[140, 150], colour) and not has(picture[140, 90], colour)


def test_what_is_known_is_written_by_the_box(tmp_path):
    named = drawn(tmp_path / "a", **(NOTHING | {"machines": [machine(box=BOX)]}))
    other = drawn(
        tmp_path / "b", **(NOTHING | {"machines": [machine(box=BOX, builder=None, by=None)]})
    )
    above = (slice(84, 99), slice(100, 200))
    assert (named[above] != other[above]).any()
    below = (slice(102, 250), slice(0, 380))
    assert (named[below] == other[below]).all()


def test_a_small_picture_is_shown_whole_and_a_large_one_made_smaller(tmp_path):
    values = [
        empty("small.png"),
        empty("wide.png", width=2000, height=500),
        empty("tall.png", width=100, height=2500),
    ]
    data = write_data(tmp_path, {"train": values})
    for photograph in read_splits(data)["train"]:
        assert draw_picture(photograph).size == CELL


def test_a_sheet_holds_its_pictures_four_in_a_row(tmp_path):
    data = write_data(tmp_path, {"train": [empty(f"{n}.png") for n in range(6)]})
    photographs = read_splits(data)["train"]
    one, row, two = (draw_sheet(photographs[:n]).size for n in (1, 4, 6))
    assert one[0] < row[0] == two[0] and one[1] == row[1] < two[1]


class Page(HTMLParser):
    """What a page refers to, and the words on it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_shows_every_sheet_and_needs_nothing_else(tmp_path):
    data = two_splits(tmp_path / "data")
    index = draw_data(data, tmp_path / "out", per_page=2)
    page = Page(index.read_text("utf-8"))
    named = {link for link in page.links if not link.startswith("#")}
    assert named == {name for name in files(tmp_path / "out") if name != "index.html"}
    assert named == {
        "look.css", "sheets/train-001.jpg", "sheets/train-002.jpg", "sheets/val-001.jpg",
    }  # fmt: skip
    assert "//" not in index.read_text("utf-8")
    for title in ("Pictures by scene", "Machines by builder", "Marks by role"):
        assert title in page.words
    for name in named - {"look.css"}:
        with Image.open(tmp_path / "out" / name) as sheet:
            assert sheet.format == "JPEG"


def test_what_the_data_set_says_is_text_and_no_markup(tmp_path):
    bad = "<script>alert(1)</script>&\"'"
    values = line(source=bad, machines=[machine(builder=f"x-{bad}")])
    data = write_data(tmp_path / "data", {"train": [values | {"marks": [], "controls": []}]})
    text = draw_data(data, tmp_path / "out").read_text("utf-8")
    assert "<script" not in text and "&lt;script&gt;" in text


def test_one_split_alone(tmp_path):
    data = two_splits(tmp_path / "data")
    draw_data(data, tmp_path / "out", only="val")
    assert {name for name in files(tmp_path / "out") if "/" in name} == {"sheets/val-001.jpg"}
    with pytest.raises(UsageError, match="no split 'test'"):
        draw_data(data, tmp_path / "other", only="test")


def test_a_source_on_both_sides_is_shown_as_wrong(tmp_path):
    data = write_data(tmp_path / "data", {"train": [line("a.png")], "val": [line("b.png")]})
    words = Page(draw_data(data, tmp_path / "out").read_text("utf-8")).words
    assert "Wrong: source 'hall 7' is in train and in val" in words


def test_a_second_look_replaces_the_first_and_nothing_else(tmp_path):
    data = two_splits(tmp_path / "data")
    out = tmp_path / "out"
    draw_data(data, out, per_page=1)
    draw_data(data, out)
    assert len(files(out)) == 4
    (out / "mine.txt").write_text("notes")
    before = files(out)
    with pytest.raises(UsageError, match=r"holds mine\.txt already"):
        draw_data(data, out)
    assert files(out) == before


def test_a_page_somebody_else_made_is_left_alone(tmp_path):
    data = two_splits(tmp_path / "data")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>mine")
    with pytest.raises(UsageError, match=r"holds index\.html already"):
        draw_data(data, tmp_path / "site")
    assert files(tmp_path / "site") == {"index.html": b"<p>mine"}


def test_a_damaged_picture_is_named_and_nothing_half_is_left(tmp_path):
    data = two_splits(tmp_path / "data")
    picture = data / "val" / "images" / "c.png"
    picture.write_bytes(picture.read_bytes()[:60])
    with pytest.raises(DataError, match=r"c\.png: it cannot be read as a picture"):
        draw_data(data, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_tallies_count_what_there_is(tmp_path):
    many = [line(f"{n}.png", machines=[machine(builder=f"x-{n:02d}")], marks=[], controls=[])
            for n in range(33)]  # fmt: skip
    data = write_data(tmp_path, {"train": many, "val": [line("c.png", source="hall 9")]})
    tallies = tallies_of(read_splits(data))
    assert tallies["Pictures by source"] == [("hall 7", [33, 0]), ("hall 9", [0, 1])]
    builders = dict(tallies["Machines by builder"])
    assert builders["5 others"] == [5, 0] and builders["mazak"] == [0, 1]


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_photographs_can_be_drawn(shared, split):
    photographs = read_splits(shared / "data", split)[split][:8]
    assert np.asarray(draw_sheet(photographs)).std() > 20
