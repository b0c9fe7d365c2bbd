"""Films of photographs with a caption: where it stands, when, and how the table counts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench import captions
from bench.captions import STYLES, Told, frames, table
from datasets.annotations import Photograph, parse_photograph
from detector.types import Picture

SIZE, TAKE = (640, 360), 6


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films as the benchmark's, of a quarter of the size and a fifth of the length."""
    monkeypatch.setattr(captions, "SIZE", SIZE)
    monkeypatch.setattr(captions, "TAKE", TAKE)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[Photograph]:
    """A green and a blue picture, a machine in the middle of each."""
    folder = tmp_path_factory.mktemp("val")
    (folder / "images").mkdir()
    made = []
    for name, colour in (("green", (30, 120, 30)), ("blue", (30, 30, 120))):
        Image.new("RGB", (640, 480), colour).save(folder / "images" / f"{name}.jpg")
        machine = {"box": [100, 100, 540, 400], "cnc": True, "kind": "lathe", "builder": None}
        values = {
            "image": f"images/{name}.jpg",
            "source": "drawn",
            "scene": "shopfloor",
            "width": 640,
            "height": 480,
            "machines": [{**machine, "by": None, "truncated": False}],
            "marks": [],
            "controls": [],
            "concealed": [],
        }
        made.append(parse_photograph(values, folder, name))
    return made


def differs(a: Picture, b: Picture) -> NDArray[np.bool_]:
    """Where two pictures differ by more than noise."""
    return np.asarray(cv2.absdiff(a, b).max(axis=2) > 40)


@pytest.mark.parametrize("style", STYLES)
def test_a_caption_stands_over_both_takes_at_one_place(pair: list[Photograph], style: str) -> None:
    bare = [picture for _, picture in frames(pair, "two takes", None, 0)]
    drawn = [picture for _, picture in frames(pair, "two takes", style, 0)]
    assert len(bare) == len(drawn) == 2 * TAKE
    first, last = (differs(drawn[n], bare[n]) for n in (0, -1))
    assert first.shape == SIZE[::-1] and first.any() and (first == last).mean() > 0.999
    assert differs(bare[0], bare[-1]).all()


@pytest.mark.parametrize(("number", "stays"), [(0, True), (4, False)])
def test_over_one_take_it_comes_and_in_every_other_film_goes(
    pair: list[Photograph], number: int, stays: bool
) -> None:
    pictures = [picture for _, picture in frames(pair, "one take", "bar", number)]
    there = [bool(differs(picture, pictures[0]).any()) for picture in pictures]
    assert there == [False] * (TAKE // 2) + [True] * TAKE + [stays] * (TAKE // 2)


def test_each_kind_of_film_and_caption_is_a_row() -> None:
    rows = table({("two takes", "bar"): Told(4, 1, 2, 3), ("one take", "plain"): Told(2)})
    assert rows[2:] == [
        "| one take | plain | 2 | 0 | 0 | 0 |",
        "| two takes | bar | 4 | 1 | 2 | 3 |",
    ]
