"""Lines read again in other shapes, where nobody is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from datasets.registry import load_registry
from detector.analyze import Analyst
from detector.examining.rereading import SHAPES, Rereader, open_in_mirror
from detector.look.legibility import LegibleView
from detector.name.match import matcher_of
from detector.read.line_reader import Line
from detector.read.reader import PaddleReader, script_of
from detector.types import Detections, Reading

AT = Fraction(1)
LINE = Line(np.zeros((20, 80, 3), np.uint8), (10.0, 10.0, 90.0, 30.0))


class Told(PaddleReader):
    """A reader that gives prepared texts, one line after the other."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.asked = 0

    def read_texts(self, lines: Sequence[Line]) -> list[tuple[str, float]]:
        first, self.asked = self.asked, self.asked + len(lines)
        return [(self.texts[n % len(self.texts)], 0.9) for n in range(first, self.asked)]


def reread(
    base: str, *said: str, lines: Sequence[Line] = (LINE,), overlay: bool = False
) -> tuple[str, int]:
    """What stands on a machine on which `base` was read, and how often lines were read again."""
    registry, reader = load_registry(), Told(*said)
    read = Reading(base, 0.8, (110.0, 60.0, 190.0, 80.0), AT, script_of(base), overlay=overlay)
    again = Rereader(reader, matcher_of(registry), registry, ("CN",))
    picture = np.zeros((200, 300, 3), np.uint8)
    box = (100.0, 50.0, 400.0, 250.0)
    view = LegibleView(AT, box, picture, (100, 50), 1.0, Detections.none(), 1.0)
    elsewhere = replace(read, pts=AT + 1, overlay=False)
    first, second = again.reread([read, elsewhere], lines, view)
    assert second == elsewhere
    return first.text, reader.asked


def test_what_three_shapes_agree_on_is_read():
    said = ["MEZAK", "Mazak", "MEZAK", "Mazak", "Mazak", "MEZAK", "x", "x", "x"]
    assert reread("MEZAQ", *said) == ("Mazak", 9)


@pytest.mark.parametrize(
    "said",
    [
        ["Mazak", "MEZAK", "MEZAK", "Mazak", *["x"] * 5],
        ["Mazak", "OKUMA", "Mazak", "OKUMA", "Mazak", *["x"] * 4],
        ["HEIDENHAIN"] * 9,
        ["INTEGREX"] * 9,
        ["MAZAK ПОСТАВИЛ СТАНКИ В РОССИЮ"] * 9,
    ],
    ids=["two", "a rival", "a control", "a model", "prose"],
)
def test_what_was_read_stays_where_too_few_agree_on_a_builders_mark(said):
    assert reread("QWERTZ", *said)[0] == "QWERTZ"


def test_a_line_of_which_the_first_three_shapes_say_no_mark_is_left():
    assert reread("QWERTZ", "x", "y", "z", *["Mazak"] * 6) == ("QWERTZ", 3)


def test_no_mark_of_an_origin_under_test_is_read_so():
    assert reread("BODR", *["BODOR"] * 9)[0] == "BODR"


@pytest.mark.parametrize("text", ["DANGER", "SPINDLE", "OKUMA", "VMC850 LATHE"])
def test_words_of_the_trade_and_marks_are_not_read_again(text):
    assert reread(text, *["ANGER"] * 9) == (text, 0)


def test_what_belongs_to_the_broadcast_is_not_read_again():
    assert reread("MEZAQ", *["Mazak"] * 9, overlay=True) == ("MEZAQ", 0)


def test_all_lines_of_a_place_are_asked_together():
    mark = replace(LINE, box=(12.0, 11.0, 88.0, 29.0))
    said = ["Mazak", "x", "x", "Mazak", "Mazak", *["x"] * 13]
    assert reread("MEZAQ", *said, lines=(LINE, mark)) == ("Mazak", 18)


def test_shapes_are_pictures_of_the_line():
    line = np.random.default_rng(1).integers(0, 255, (21, 77, 3), np.uint8)
    shaped = [shape(line) for shape in SHAPES]
    assert all(one.dtype == np.uint8 and one.ndim == 3 and min(one.shape[:2]) > 3 for one in shaped)
    assert all(one.shape != line.shape or (one != line).any() for one in shaped)


def test_a_mark_misread_on_a_photograph_is_known(shared):
    analysis = Analyst().analyze(shared / "data/train/images/m170.jpg")  # AMADA, read as MADA
    assert [one.attribution.leads[0].builder for one in analysis.sightings] == ["amada"]


@pytest.mark.parametrize(
    ("text", "score", "is_open"),
    [
        pytest.param("TURNING CENTER", 0.97, False, id="surely upright"),
        pytest.param("TURNING CENTER", 0.7, True, id="not sure"),
        pytest.param("OHAM", 0.99, True, id="MAHO in a mirror"),
        pytest.param("GN", 0.99, True, id="too short"),
    ],
)
def test_a_line_read_surely_upright_is_not_read_in_the_mirror(text, score, is_open):
    read = Reading(text, score, (110.0, 60.0, 190.0, 80.0), AT, "latin")
    picture, box = np.zeros((200, 300, 3), np.uint8), (100.0, 50.0, 400.0, 250.0)
    view = LegibleView(AT, box, picture, (100, 50), 1.0, Detections.none(), 1.0)
    assert open_in_mirror([LINE], view, [read]) == ([LINE] if is_open else [])
    assert open_in_mirror([LINE], view, [replace(read, pts=AT + 1)]) == [LINE]
