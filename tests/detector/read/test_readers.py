"""What every reader promises (`detector.read.reader.Reader`), asked of each there is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from detector.read.reader import PaddleReader, Reader
from detector.settings import TextRecognition
from tests.detector.read.test_reader import panel

MAKERS: dict[str, Callable[[], Reader]] = {"packaged": lambda: PaddleReader(TextRecognition())}
AT = Fraction(7, 3)


@pytest.fixture(scope="module", params=MAKERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    return MAKERS[request.param]()


@pytest.mark.parametrize(
    ("text", "script"), [("MAZAK", "latin"), ("大连机床", "han"), ("VF-2", "latin")]
)
def test_text_is_read_where_it_stands_in_the_frame(reader: Reader, text: str, script: str) -> None:
    picture = panel((text, 200, 150))
    [reading] = reader.read(picture, AT, offset=(1000.0, 500.0))
    assert (reading.text, reading.script, reading.pts) == (text, script, AT)
    assert abs(reading.box[0] - 1200) < 12 and abs(reading.box[1] - 650) < 22
    assert 0.5 <= reading.score <= 1 and not reading.mirrored and not reading.overlay
    assert reader.read(picture, AT, offset=(1000.0, 500.0)) == [reading]


def test_lines_found_first_and_read_later_say_the_same(reader: Reader) -> None:
    picture = panel(("OKUMA", 100, 80), ("LB3000", 100, 180))
    lines = reader.find_lines(picture)
    assert reader.read_lines(lines, AT) == reader.read(picture, AT)
    assert {reader.read_line(line.picture)[0] for line in lines} == {"OKUMA", "LB3000"}


def test_a_mirrored_picture_is_read_flipped_and_placed_unflipped(reader: Reader) -> None:
    mirrored = np.ascontiguousarray(panel(("HAAS", 60, 100))[:, ::-1])
    [reading] = reader.read(mirrored, AT, mirrored=True)
    assert (reading.text, reading.mirrored) == ("HAAS", True)
    assert 640 - 60 - 12 < reading.box[2] < 640 - 60 + 12


def test_where_there_is_no_text_nothing_is_read(reader: Reader) -> None:
    assert reader.read(panel(), AT) == []
    assert reader.read_lines([], AT) == []
