"""The head for Cyrillic: what it learns from, and the road from typefaces to its files."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DataError, UsageError
from datasets.fonts import font_path
from datasets.registry import load_registry
from detector.read.cyrillic import OWN, CyrillicHead
from tests.training.conftest import write_made_data
from training.small import cyrillic
from training.small.cyrillic_lines import KINDS, Drawer, read_words, shapes_of

WORDS = ("ЗАВОД", "СТАНОК", "ЦЕХ", "ФРЕЗА", "ЩИТОК", "ЛИНИЯ", "ЮНОСТЬ", "ЭТАЖ")


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    file = tmp_path / "ru.dic"
    lines = [f"{word.lower()}/ABC" for word in WORDS]
    file.write_text("\n".join(["9", *lines, "x-ray", "я"]), "utf-8")
    return file


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Two families; one is kept aside."""
    names = [f"family-{n}" for n in range(40)]
    aside = next(name for name in names if cyrillic.is_kept_aside(name))
    learnt = next(name for name in names if not cyrillic.is_kept_aside(name))
    for name, serif in ((aside, True), (learnt, False)):
        (tmp_path / "faces" / name).mkdir(parents=True)
        source = font_path(serif=serif)
        shutil.copy(source, (tmp_path / "faces" / name / source.name).with_suffix(".ttf"))
    return tmp_path / "faces"


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("Сделано в КНР", "CДEЛAHO B KHP"),
        ("Ёлка Йод", "EЛKA ИOД"),
        ("沈阳 CNC", "□□ CNC"),
        ("ГОСТ 8-82", "ГOCT 8-82"),
        ("«ЗАПЧАСТИ»!", "3AПЧACTИ"),
        ("", ""),
    ],
)
def test_a_text_is_told_in_shapes(text: str, shapes: str) -> None:
    assert shapes_of(text) == shapes


def test_words_are_those_in_cyrillic(dictionary: Path) -> None:
    assert read_words([dictionary]) == [word.lower() for word in WORDS]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"3\nhouse\nyard"])
def test_what_is_no_dictionary_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "words.dic"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"words\.dic"):
        read_words([file])


def test_the_same_number_gives_the_same_line(faces: Path) -> None:
    families = [list(folder.iterdir()) for folder in sorted(faces.iterdir())]
    drawer = Drawer(WORDS, load_registry(), families)
    lines = [drawer.draw(1, n) for n in range(60)]
    again = drawer.draw(1, 7)
    assert (again.shapes, again.kind) == (lines[7].shapes, lines[7].kind)
    assert np.array_equal(again.picture, lines[7].picture)
    assert {line.kind for line in lines} == set(KINDS)
    for line in lines:
        assert line.picture.ndim == 3 and min(line.picture.shape[:2]) >= 4
        assert (line.kind == "not upright") == (not line.shapes)
    words = [line for line in lines if line.kind == "word"]
    assert all(any(c in OWN for c in line.shapes) or line.shapes == "CTAHOK" for line in words)


@pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None,
    reason="training needs the extra nameplate[train]",
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore::UserWarning:torch")
@pytest.mark.nightly
def test_a_run_leaves_a_head_and_goes_on_where_it_was(
    tmp_path: Path, faces: Path, dictionary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_made_data(tmp_path / "data", {"train": 2, "val": 2})
    out = tmp_path / "out"
    asked = [
        "cyrillic", str(data), str(out), "--faces", str(faces), "--words", str(dictionary),
        "--drawn", "70", "--measured", "20", "--epochs", "1",
    ]  # fmt: skip
    monkeypatch.setattr(cyrillic, "SHARD", 40)
    monkeypatch.setattr(sys, "argv", asked)
    cyrillic.main()
    card = json.loads((out / "head.json").read_text("utf-8"))
    assert sum(count["lines"] for count in card["measured"]["lines"].values()) >= 20
    head = CyrillicHead(card["recogniser"], 1, out)
    text, sure = head.read(np.zeros((30, cyrillic.SEEN), np.float32))
    assert isinstance(text, str) and 0 <= sure <= 1
    lines = cyrillic.read_seen(sorted((out / "lines").glob("drawn-*.npz")))
    assert len(lines) == 70 and lines[0].seen.shape[1] == cyrillic.SEEN

    drawn = out / "lines" / "drawn-001.npz"
    made = drawn.stat().st_mtime_ns
    before = (out / "head.bin").read_bytes()
    (out / "lines" / "drawn-000.npz").unlink()
    cyrillic.main()
    assert drawn.stat().st_mtime_ns == made
    assert (out / "head.bin").read_bytes() == before

    monkeypatch.setattr(sys, "argv", [*asked, "--seed", "1"])
    with pytest.raises(UsageError, match="begun with other values of seed"):
        cyrillic.main()
