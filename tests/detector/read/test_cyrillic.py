"""Cyrillic, read by a head on the recogniser's network."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets.errors import ModelError
from datasets.fonts import font
from datasets.letters import fold
from detector.read.cyrillic import (
    PACKAGED,
    SHAPES,
    CyrillicHead,
    decode,
    is_believed,
    is_cyrillic,
    spell,
)
from detector.read.line_reader import MODELS, LineReader
from detector.read.reader import RECOGNITION, PaddleReader, cut_marks
from detector.settings import TextRecognition
from detector.types import Picture
from tests.tables import cases

AT = Fraction(1)


@pytest.fixture(scope="module")
def reader() -> PaddleReader:
    return PaddleReader(TextRecognition())


def plate(text: str, *, serif: bool = False, size: int = 30) -> Picture:
    """A text on a grey plate, dark."""
    type_ = font(size, serif=serif)
    left, top, right, bottom = type_.getbbox(text)
    image = Image.new("RGB", (int(right - left) + 60, int(bottom - top) + 60), (196, 199, 202))
    ImageDraw.Draw(image).text((30 - left, 30 - top), text, font=type_, fill=(28, 30, 44))
    return np.asarray(image)


@pytest.mark.parametrize(("text",), cases("letters", "cyrillic"))
@pytest.mark.parametrize("serif", [False, True], ids=["sans", "serif"])
def test_cyrillic_is_read(reader, text, serif):
    [reading] = reader.read(plate(text, serif=serif), AT)
    # Й and Ё lose their signs, small letters are read as capitals: marks are compared so.
    assert fold(reading.text) == fold(text)
    assert reading.script == "cyrillic" and reading.score >= TextRecognition().cyrillic


def test_a_cyrillic_mark_in_a_box_is_read(reader):
    picture = plate("ГОМЕЛЬ")
    box = (28.0, 28.0, picture.shape[1] - 28.0, picture.shape[0] - 28.0)
    [reading] = reader.read_lines(cut_marks(picture, [box]), AT)
    assert reading.text == "ГОМЕЛЬ"


@pytest.mark.parametrize(("text",), cases("letters", "others"))
@pytest.mark.parametrize("serif", [False, True], ids=["sans", "serif"])
def test_latin_and_han_are_read_as_they_were(reader, text, serif):
    without = PaddleReader(TextRecognition(cyrillic=1.0))
    picture = plate(text, serif=serif)
    assert [r.text for r in reader.read(picture, AT)] == [r.text for r in without.read(picture, AT)]


@pytest.mark.parametrize("text", ["MAZAK", "NAKAMURA", "DANOBAT", "VIPER", "SIEMENS"])
def test_latin_in_the_mirror_is_not_taken_for_cyrillic(reader, text):
    mirrored = np.ascontiguousarray(plate(text)[:, ::-1])
    assert all(reading.script != "cyrillic" for reading in reader.read(mirrored, AT))


@pytest.mark.parametrize(("shapes", "is_one"), cases("letters", "words"))
def test_only_whole_words_that_can_be_cyrillic_are(shapes, is_one):
    assert is_cyrillic(shapes) is (is_one == "yes")


@pytest.mark.parametrize(("shapes", "written"), cases("letters", "spelled"))
def test_shapes_are_spelled_in_their_words_script(shapes, written):
    assert spell(shapes) == written
    assert fold(written) == shapes


@pytest.mark.parametrize(
    ("shapes", "sure", "text", "text_sure", "believed"), cases("letters", "believed")
)
def test_the_surer_is_believed_and_a_space_is_no_reading(shapes, sure, text, text_sure, believed):
    said = is_believed(shapes, float(sure), text, float(text_sure))
    assert said is (believed == "yes")


def test_repeats_and_nones_are_left_out():
    chances = np.zeros((5, len(SHAPES) + 1), np.float32)
    for step, shape in enumerate(["Ж", "Ж", None, "Ж", "A"]):
        chances[step, 0 if shape is None else SHAPES.index(shape) + 1] = 0.5 + step / 10
    text, sure = decode(chances, ("", *SHAPES))
    assert text == "ЖЖA" and sure == pytest.approx((0.5 + 0.8 + 0.9) / 3)
    assert decode(np.eye(1, len(SHAPES) + 1, dtype=np.float32), ("", *SHAPES)) == ("", 0.0)


def test_a_head_of_another_recogniser_is_refused():
    with pytest.raises(ModelError, match="belongs to another recogniser"):
        CyrillicHead("0" * 64)


@pytest.mark.parametrize("damage", ["missing", "cut", "no card"])
def test_a_damaged_head_is_named(tmp_path, damage):
    folder = tmp_path / "head"
    shutil.copytree(PACKAGED, folder)
    recogniser = json.loads((folder / "head.json").read_text("utf-8"))["recogniser"]
    if damage == "missing":
        (folder / "head.bin").unlink()
    elif damage == "cut":
        (folder / "head.bin").write_bytes((folder / "head.bin").read_bytes()[:-100])
    else:
        (folder / "head.json").write_text("[]", "utf-8")
    with pytest.raises(ModelError, match="head"):
        CyrillicHead(recogniser, folder=folder)


def test_the_head_that_ships_belongs_to_the_installed_recogniser():
    card = json.loads((PACKAGED / "head.json").read_text("utf-8"))
    assert LineReader(MODELS / RECOGNITION).sha256 == card["recogniser"]
