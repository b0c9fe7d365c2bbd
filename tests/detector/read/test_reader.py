"""Text read off pictures, through the real reader."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.errors import ModelError
from datasets.fonts import font
from detector import inference
from detector.inference import Engine
from detector.read.line_reader import LineReader
from detector.read.reader import (
    PaddleReader,
    Reader,
    cut_marks,
    merge_readings,
    overlap_of_smaller,
    script_of,
)
from detector.settings import TextRecognition
from detector.types import Picture, Reading

AT = Fraction(7, 3)


@pytest.fixture(scope="module")
def reader() -> PaddleReader:
    return PaddleReader(TextRecognition())


def panel(*texts: tuple[str, int, int], size: tuple[int, int] = (640, 360)) -> Picture:
    """A grey panel with dark texts at (x, y)."""
    image = Image.new("RGB", size, (205, 207, 210))
    draw = ImageDraw.Draw(image)
    for text, x, y in texts:
        draw.text((x, y), text, font=font(36), fill=(25, 30, 60))
    return np.asarray(image)


def texts(readings: Sequence[Reading]) -> set[str]:
    return {reading.text for reading in readings}


def test_reads_vertical_han(reader):
    column = panel(*((c, 300, 60 + 44 * i) for i, c in enumerate("沈阳机床")))
    assert texts(reader.read(column, AT)) == {"沈阳机床"}
    lines = cut_marks(column, [(296.0, 62.0, 340.0, 240.0)])
    assert texts(reader.read_lines(lines, AT)) == {"沈阳机床"}


def test_vertical_han_in_the_mirror_is_read_flipped(reader):
    column = panel(*((c, 300, 60 + 44 * i) for i, c in enumerate("沈阳机床")))
    mirrored = np.ascontiguousarray(column[:, ::-1])
    assert texts(reader.read(mirrored, AT, mirrored=True)) == {"沈阳机床"}
    lines = cut_marks(mirrored, [(300.0, 62.0, 344.0, 240.0)])
    assert texts(reader.read_lines(lines, AT, mirrored=True)) == {"沈阳机床"}


@pytest.mark.parametrize("quarters", [1, 3], ids=["up", "down"])
def test_text_that_runs_up_or_down_a_machine_is_read(reader, quarters):
    turned = np.ascontiguousarray(np.rot90(panel(("VMX60SRT", 200, 150)), quarters))
    assert "VMX60SRT" in texts(reader.read(turned, AT))


def test_a_large_picture_is_shrunk_to_find_text_and_read_at_its_own_size():
    large = panel(("TRUMPF", 1500, 700), size=(1920, 1080))
    reader = PaddleReader(TextRecognition(longest_side=480))
    [line] = reader.find_lines(large)
    assert line.picture.shape[0] > 25  # letters 36 pixels high, found at 9
    [reading] = reader.read_lines([line], AT)
    assert reading.text == "TRUMPF" and abs(reading.box[0] - 1500) < 24


def test_reads_a_mark_at_a_given_box(reader):
    box = (198.0, 156.0, 330.0, 188.0)
    lines = cut_marks(panel(("OKUMA", 200, 148)), [box])
    [reading] = reader.read_lines(lines, AT, offset=(10.0, 20.0))
    assert reading.text == "OKUMA"
    assert reading.box == (208.0, 176.0, 340.0, 208.0)


def test_both_ways_give_one_reading_of_one_text(reader):
    picture = panel(("MAKINO", 200, 150))
    lines = reader.find_lines(picture) + cut_marks(picture, [(198.0, 158.0, 350.0, 190.0)])
    assert len(lines) == 2
    readings = reader.read_lines(lines, AT)
    assert [reading.text for reading in readings] == ["MAKINO"]


def test_boxes_off_the_picture_give_no_line():
    assert cut_marks(panel(), [(900.0, 900.0, 950.0, 920.0), (5.0, 5.0, 6.0, 6.0)]) == []


def test_wide_strips_and_slivers_are_read_or_passed_over(reader):
    strip = panel(("TAKISAWA", 400, 2), size=(1200, 56))
    assert texts(reader.read(strip, AT)) == {"TAKISAWA"}
    assert reader.read(strip[:, :3], AT) == []


def test_loading_asks_nothing_of_the_network(monkeypatch):
    def refuse(*args: object) -> None:
        raise AssertionError(f"a connection was tried: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(inference, "_loaded", {})
    assert texts(PaddleReader(TextRecognition()).read(panel(("DOOSAN", 100, 100)), AT)) == {
        "DOOSAN"
    }


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_a_reading_model_that_is_none_is_named(tmp_path, content):
    file = tmp_path / "reader.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"reader\.onnx"):
        LineReader(file)


def test_merging_keeps_the_surer_of_two_at_one_place():
    sure = Reading("MAZAK", 0.9, (0, 0, 100, 30), AT, "latin")
    unsure = Reading("MAZAX", 0.6, (5, 2, 90, 28), AT, "latin")
    apart = Reading("FANUC", 0.7, (200, 0, 260, 20), AT, "latin")
    later = Reading("MAZAX", 0.6, (5, 2, 90, 28), AT + 1, "latin")
    assert merge_readings([unsure, apart, sure, later]) == [sure, apart, later]


@pytest.mark.parametrize(
    ("text", "script"),
    [("DMTG 大连", "han"), ("16К20", "cyrillic"), ("16K20", "latin"), ("2000", "latin")],
)
def test_script_of_a_text(text, script):
    assert script_of(text) == script


def test_overlap_is_of_the_smaller_box():
    assert overlap_of_smaller((0, 0, 100, 100), (10, 10, 20, 20)) == 1.0
    assert overlap_of_smaller((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


MAKERS: dict[str, Callable[[], Reader]] = {
    "packaged": lambda: PaddleReader(TextRecognition()),
    "on ONNX Runtime": lambda: PaddleReader(TextRecognition(), Engine(1, "onnxruntime")),
}
AT = Fraction(7, 3)


@pytest.fixture(scope="module", params=MAKERS)
def each(request) -> Reader:
    if "ONNX" in request.param:
        pytest.importorskip("onnxruntime")
    return MAKERS[request.param]()


@pytest.mark.parametrize(
    ("text", "script"), [("MAZAK", "latin"), ("大连机床", "han"), ("VF-2", "latin")]
)
def test_text_is_read_where_it_stands_in_the_frame(each, text, script):
    picture = panel((text, 200, 150))
    [reading] = each.read(picture, AT, offset=(1000.0, 500.0))
    assert (reading.text, reading.script, reading.pts) == (text, script, AT)
    assert abs(reading.box[0] - 1200) < 12 and abs(reading.box[1] - 650) < 22
    assert 0.5 <= reading.score <= 1 and not reading.mirrored and not reading.overlay
    assert each.read(picture, AT, offset=(1000.0, 500.0)) == [reading]


def test_lines_found_first_and_read_later_say_the_same(each):
    picture = panel(("OKUMA", 100, 80), ("LB3000", 100, 180))
    lines = each.find_lines(picture)
    assert each.read_lines(lines, AT) == each.read(picture, AT)
    assert {text for text, _ in each.read_texts(lines)} == {"OKUMA", "LB3000"}


def test_a_mirrored_picture_is_read_flipped_and_placed_unflipped(each):
    mirrored = np.ascontiguousarray(panel(("HAAS", 60, 100))[:, ::-1])
    [reading] = each.read(mirrored, AT, mirrored=True)
    assert (reading.text, reading.mirrored) == ("HAAS", True)
    assert 640 - 60 - 12 < reading.box[2] < 640 - 60 + 12


def test_where_there_is_no_text_nothing_is_read(each):
    assert each.read(panel(), AT) == []
    assert each.read_lines([], AT) == []
