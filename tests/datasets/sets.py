"""Small data sets for the tests of everything that reads or writes one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st
from PIL import Image

from datasets.photographs.annotations import By, Photograph, Role, Scene, parse_photograph
from datasets.photographs.splits import labels_of, read_splits, to_yolo

WIDTH, HEIGHT = 64, 48
Line = dict[str, Any]
# What text may hold in every format: no control characters but the white ones, no half characters.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]) | st.sampled_from("\t\n\r"))
IDS = st.none() | st.text("abcxyz-0123", min_size=1, max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
MORE = st.dictionaries(st.sampled_from(["note", "origin", "цех", "number"]), JSON, max_size=2)
# What nobody judged; `false` stands as seldom as it may, and comes back all the same.
PART = st.builds(lambda a, b: a | b, MORE, st.sampled_from([{}, {}, {"ignore": True},
                                                           {"ignore": False}]))  # fmt: skip


def machine(**changed: Any) -> Line:
    return {
        "box": [4, 5.5, 40.1, 44], "cnc": True, "kind": "lathe", "builder": "mazak",
        "by": "wordmark", "truncated": False,
    } | changed  # fmt: skip


def mark(**changed: Any) -> Line:
    return {
        "box": [8, 10, 20, 16], "text": "MAZAK", "role": "builder", "of": 0, "legible": True,
        "id": "mazak",
    } | changed  # fmt: skip


def line(name: str = "a.png", **changed: Any) -> Line:
    """One picture with everything in it."""
    return {
        "image": f"images/{name}", "width": WIDTH, "height": HEIGHT, "scene": "shopfloor",
        "source": "hall 7",
        "machines": [machine(), machine(box=[22, 5.5, 60, 44], builder=None, by=None, cnc=None)],
        "marks": [mark(), mark(text="沈阳机床", of=1, id=None),
                  mark(box=[2, 38, 14, 44], role="overlay", of=None)],
        "controls": [{"box": [30, 20, 38, 30], "of": 1}], "concealed": [[50, 2, 60, 9]],
        "note": "by the gate", "origin": {"sha256": "ab", "n": 3},
    } | changed  # fmt: skip


def empty(name: str = "n.png", **changed: Any) -> Line:
    """One picture with nothing in it."""
    nothing: Line = {"machines": [], "marks": [], "controls": [], "concealed": []}
    return line(name, scene="negative", **nothing) | changed


def draw(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT), shade: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, shade, 120)).save(path)
    return path


def write_data(data: Path, splits: Mapping[str, Iterable[Line]]) -> Path:
    """A data set on disk, each picture of a shade of its own."""
    shade = 0
    for split, lines in splits.items():
        folder = data / split
        folder.mkdir(parents=True)
        with (folder / "annotations.jsonl").open("w", encoding="utf-8") as file:
            for values in lines:
                shade += 1
                draw(folder / values["image"], (values["width"], values["height"]), shade)
                photograph = parse_photograph(values, folder, "test")
                photograph.labels.parent.mkdir(parents=True, exist_ok=True)
                photograph.labels.write_text(to_yolo(labels_of(photograph)), "utf-8")
                file.write(json.dumps(values, ensure_ascii=False) + "\n")
    return data


def two_splits(data: Path) -> Path:
    """Train and val from a source each, everything in them."""
    return write_data(
        data,
        {
            "train": [line("a.png"), line("deep/b.png"), empty()],
            "val": [line("c.png", source="hall 9")],
        },
    )


def dumped(data: Path) -> dict[str, list[Line]]:
    """Every field of every picture of a data set, to compare two by."""
    return {
        split: [photograph.model_dump() for photograph in photographs]
        for split, photographs in read_splits(data).items()
    }


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@st.composite
def boxes(draw_: st.DrawFn) -> list[float]:
    """Boxes as tools and people leave them: past the edge by a pixel, thin, of many decimals."""
    box = []
    for side in (WIDTH, HEIGHT):
        low = draw_(st.floats(-1, side - 0.01) | st.integers(0, side - 1))
        least = max(low, 0.0)
        high = draw_(st.floats(least, side + 1, exclude_min=True) | st.just(side))
        box.append((low, high))
    (x1, x2), (y1, y2) = box
    return [x1, y1, x2, y2]


@st.composite
def lines(draw_: st.DrawFn, name: str = "a.png") -> Line:
    """Any picture our format can describe."""
    machines = draw_(st.lists(_machines(), max_size=3))
    of = st.none() | st.integers(0, len(machines) - 1) if machines else st.none()
    marks = st.builds(
        lambda more, **own: more | own,
        PART, box=boxes(), text=TEXTS, role=st.sampled_from(get_args(Role)), of=of,
        legible=st.booleans(), id=IDS,
    )  # fmt: skip
    controls = st.builds(lambda more, **own: more | own, PART, box=boxes(), of=of)
    return draw_(MORE) | {
        "image": f"images/{name}", "width": WIDTH, "height": HEIGHT,
        "scene": draw_(st.sampled_from(get_args(Scene))),
        "source": draw_(TEXTS.filter(bool)), "machines": machines,
        "marks": draw_(st.lists(marks, max_size=3)),
        "controls": draw_(st.lists(controls, max_size=2)),
        "concealed": draw_(st.lists(boxes(), max_size=2)),
    }  # fmt: skip


def _machines() -> st.SearchStrategy[Line]:
    return st.builds(
        lambda more, **own: more | own,
        PART, box=boxes(), cnc=st.none() | st.booleans(), kind=TEXTS, builder=IDS,
        by=st.none() | st.sampled_from(get_args(By)), truncated=st.booleans(),
    )  # fmt: skip


def photograph(values: Line) -> Photograph:
    return parse_photograph(values, Path(), "test")
