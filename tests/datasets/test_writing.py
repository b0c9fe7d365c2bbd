"""A split is written whole or not at all, and its labels follow from its annotations."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given

from datasets.errors import DataError, UsageError
from datasets.files import STALE_SECONDS, new_folder
from datasets.photographs.annotations import Photograph, read_photographs
from datasets.photographs.splits import fill_split, labels_of
from tests.datasets.sets import dumped, files, line, lines, mark, photograph, two_splits, write_data

ROOT = Path(__file__).parents[2]


def write_photographs(folder: Path, photographs: Sequence[Photograph]) -> None:
    with new_folder(folder) as partial:
        fill_split(partial, [(one, one.path) for one in photographs], link=False)


def test_what_is_written_reads_the_same(tmp_path):
    data = two_splits(tmp_path / "data")
    write_photographs(tmp_path / "copy" / "train", read_photographs(data / "train"))
    assert dumped(tmp_path / "copy")["train"] == dumped(data)["train"]
    assert files(tmp_path / "copy/train/images") == files(data / "train/images")


def test_unknown_fields_are_kept(tmp_path):
    values = line(machines=[], marks=[mark(of=None, seen="by two")], controls=[], note="gate 3")
    data = write_data(tmp_path / "data", {"train": [values]})
    write_photographs(tmp_path / "copy" / "train", read_photographs(data / "train"))
    [copied] = read_photographs(tmp_path / "copy" / "train")
    assert copied.more == {"note": "gate 3", "origin": {"sha256": "ab", "n": 3}}
    assert copied.marks[0].more == {"seen": "by two"}


@pytest.mark.parametrize(
    ("role", "labelled"),
    [
        ("builder", True), ("series", True), ("control", True), ("dealer", False),
        ("plant", False), ("safety", False), ("overlay", False), ("other", False),
    ],
)  # fmt: skip
def test_only_marks_that_tell_of_the_machine_are_labelled(role, labelled):
    values = line(machines=[], controls=[], marks=[mark(role=role, of=None)])
    assert len(labels_of(photograph(values))) == labelled


@given(values=lines())
def test_labels_stay_inside_the_picture(values):
    described = photograph(values)
    for label in labels_of(described):
        for centre, side in ((label.cx, label.w), (label.cy, label.h)):
            assert centre - side / 2 >= -1e-4 and centre + side / 2 <= 1 + 1e-4


def test_pictures_that_would_share_a_label_file_are_refused(tmp_path):
    data = write_data(tmp_path / "data", {"train": [line("a.png"), line("a.jpg")]})
    with pytest.raises(DataError, match=r"a\.png and images/a\.jpg would share a\.txt"):
        write_photographs(tmp_path / "copy", read_photographs(data / "train"))
    assert not (tmp_path / "copy").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    data = two_splits(tmp_path / "data")
    target = tmp_path / "copy"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds notes\.txt already"):
        write_photographs(target, read_photographs(data / "train"))
    assert files(target) == {"notes.txt": b"mine"}


def test_a_lost_picture_leaves_nothing_half_written(tmp_path):
    data = two_splits(tmp_path / "data")
    photographs = read_photographs(data / "train")
    (data / "train/images/n.png").unlink()
    with pytest.raises(DataError, match=r"n\.png: it cannot be read"):
        write_photographs(tmp_path / "copy", photographs)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_a_killed_run_left_goes_with_the_next(tmp_path):
    data = two_splits(tmp_path / "data")
    old, fresh = tmp_path / ".copy.00000000.partial", tmp_path / ".copy.11111111.partial"
    mine = tmp_path / ".copy.mine.partial"
    for folder in (old, fresh, mine):
        folder.mkdir()
        then = folder.stat().st_mtime - (0 if folder is fresh else STALE_SECONDS + 1)
        os.utime(folder, (then, then))
    write_photographs(tmp_path / "copy", read_photographs(data / "train"))
    assert not old.exists() and fresh.exists() and mine.exists()


def test_half_a_character_is_refused_by_name(tmp_path):
    data = two_splits(tmp_path / "data")
    file = data / "val" / "annotations.jsonl"
    file.write_text(file.read_text("utf-8").replace("by the gate", "by \\ud800"), "utf-8")
    with pytest.raises(DataError, match="half a character"):
        write_photographs(tmp_path / "copy", read_photographs(data / "val"))
    assert not (tmp_path / "copy").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    """A child whose files may not grow past a limit: the write itself fails, as on a full disk."""
    data = two_splits(tmp_path / "data")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from datasets.photographs.annotations import read_photographs\n"
        "from datasets.errors import ResultError\n"
        "from datasets.files import new_folder\n"
        "from datasets.photographs.splits import fill_split\n"
        "try:\n"
        "    with new_folder(Path(sys.argv[2])) as partial:\n"
        "        photographs = read_photographs(Path(sys.argv[1]))\n"
        "        fill_split(partial, [(one, one.path) for one in photographs], link=False)\n"
        "except ResultError as error:\n"
        "    sys.exit(str(error))\n"
    )

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, str(data / "train"), str(tmp_path / "copy")],
        cwd=ROOT,
        preexec_fn=limited,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert f"{tmp_path / 'copy'}: it could not be written (File too large)" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
