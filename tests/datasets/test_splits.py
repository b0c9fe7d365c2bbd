"""Splits: every fault is reported, sources stay apart, and one is written whole or not at all."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given

from datasets.errors import DataError, UsageError
from datasets.files import STALE_SECONDS, new_folder
from datasets.photographs.annotations import Photograph, Role, read_photographs
from datasets.photographs.splits import (
    check_apart,
    check_data,
    fill_split,
    find_splits,
    labels_of,
    read_splits,
)
from datasets.registry import load_registry
from tests.datasets.sets import (
    draw,
    dumped,
    files,
    line,
    lines,
    machine,
    mark,
    photograph,
    two_splits,
    write_data,
)

REGISTRY = load_registry()
CONTROL = {"box": [40, 4, 60, 20], "of": 0}


def test_a_sound_set_has_no_fault_and_is_counted(tmp_path):
    checked = check_data(two_splits(tmp_path), REGISTRY)
    assert checked.faults == ()
    assert checked.splits["train"] == {
        "pictures": 3, "negatives": 1, "machine": 4, "wordmark": 6, "control": 2,
        "concealed": 2, "sources": 1,
    }  # fmt: skip


def edit(old: str, new: str) -> Callable[[Path], None]:
    def change(data: Path) -> None:
        file = data / "val" / "annotations.jsonl"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    return change


def relabel(text: str) -> Callable[[Path], None]:
    return lambda data: (data / "val/labels/c.txt").write_text(text, "utf-8") and None


def same_picture(data: Path) -> None:
    shutil.copyfile(data / "train/images/a.png", data / "val/images/c.png")


def cut_short(picture: Path) -> None:
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])


FAULTS = [
    (edit("shopfloor", "beach"), "annotations.jsonl:1: scene: ", "a wrong field"),
    (edit("hall 9", " Hall 7"), "source 'hall 7' is in train and in val", "a shared source"),
    (same_picture, "train/images/a.png and val/images/c.png are the same picture", "a leak"),
    (edit('"builder": "mazak"', '"builder": "Mazak"'), "machines.0.builder: 'Mazak'", "a builder"),
    (edit('"id": "mazak"', '"id": "maz"'), "marks.0.id: 'maz' is not in the registry", "an id"),
    (lambda data: (data / "val/labels/c.txt").unlink(), "c.txt: it cannot be read", "no labels"),
    (relabel(""), "machine: no label for [4.0, 5.5, 40.1, 44.0]", "unlabelled"),
    (lambda data: draw(data / "val/images/c.png", (32, 24), 7), "is 32x24, but", "another size"),
    (lambda data: (data / "val/images/c.png").write_bytes(b"no"), "as a picture", "no picture"),
    (lambda data: (data / "val/images/c.png").unlink(), "there is no ", "a lost picture"),
    (lambda data: cut_short(data / "val/images/c.png"), "c.png: it is damaged or cut", "damaged"),
    (edit('"builder": "mazak"', '"builder": "ctl-fanuc"'), "is a control, it built", "a control"),
    (edit("shopfloor", "negative"), "scene: negative, but machines.0 is a CNC machine", "scene"),
    (edit('"cnc": true', '"cnc": true, "ignore": "true"'), "machines.0.ignore: true or", "ignore"),
    (edit("{", "\ufeff{"), "begins with a byte order mark", "BOM"),
    (lambda data: (data / "val/annotations.jsonl").write_bytes(b"\xff"), "not UTF-8", "bytes"),
]


@pytest.mark.parametrize(
    ("spoil", "told"), [pytest.param(spoil, told, id=id) for spoil, told, id in FAULTS]
)
def test_every_fault_is_told(tmp_path, spoil, told):
    data = two_splits(tmp_path)
    spoil(data)
    faults = check_data(data, REGISTRY).faults
    assert any(told in fault for fault in faults), faults
    assert all(str(data) in fault for fault in faults)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"machines": [machine(), machine()]}, "machines.1: the same box"),
        ({"marks": [mark(), mark(text="HANS LASER")]}, ""),
        ({"controls": [CONTROL, CONTROL]}, "controls.1: the same box"),
    ],
    ids=["machine", "two marks on one plate", "control"],
)
def test_a_box_labelled_twice_is_told(tmp_path, more, told):
    """Evaluation would call the second one missed, however good the detector."""
    only: dict[str, list[object]] = {"machines": [machine()], "marks": [], "controls": []}
    faults = check_data(write_data(tmp_path, {"train": [line(**only | more)]}), REGISTRY).faults
    assert [told in fault for fault in faults] == ([True] if told else []), faults


def test_concealed_marks_and_other_roles_may_be_labelled(tmp_path):
    values = line(machines=[], controls=[], marks=[], concealed=[[32, 12, 64, 36]])
    data = write_data(tmp_path, {"train": [values]})
    (data / "train/labels/a.txt").write_text("1 0.75 0.5 0.5 0.5\n")
    assert check_data(data, REGISTRY).faults == ()


def test_several_faults_are_all_told(tmp_path):
    lines = [line(f"{n}.png", machines=[machine(builder=f"no-{n}")], marks=[], controls=[])
             for n in range(3)]  # fmt: skip
    data = write_data(tmp_path, {"train": lines})
    with (data / "train" / "annotations.jsonl").open("a", encoding="utf-8") as file:
        file.write("{}\nnot JSON\n")
    faults = check_data(data, REGISTRY).faults
    assert len(faults) == 5


def test_the_registry_may_be_ones_own(tmp_path):
    lines = [line(machines=[machine(builder="x-acme")], marks=[], controls=[])]
    assert check_data(write_data(tmp_path, {"train": lines}), REGISTRY).faults == ()


def test_splits_are_found_train_first(tmp_path):
    data = write_data(tmp_path / "d", {"extra": [line()], "val": [line()], "train": [line()]})
    assert list(find_splits(data)) == ["train", "extra", "val"]
    with pytest.raises(UsageError, match="no split 'test' in it; there is train, extra, val"):
        read_splits(data, "test")
    with pytest.raises(UsageError, match=r"it is a split itself: give the folder above"):
        find_splits(data / "val")


def test_sources_apart_are_well_and_others_are_named(tmp_path):
    apart = {"train": [line("a.png")], "val": [line("b.png", source="hall 9")]}
    check_apart(tmp_path, read_splits(write_data(tmp_path / "well", apart)))
    mixed = apart | {"test": [line("c.png", source="HALL 7 "), line("d.png", source="hall 9")]}
    with pytest.raises(DataError, match=r"'hall 7' is in train and in test \(and 1 more"):
        check_apart(tmp_path, read_splits(write_data(tmp_path / "mixed", mixed)))


def test_sources_that_look_the_same_are_one(tmp_path):
    spelt = {
        "train": [line("a.png", source="Z\u00fcrich")],
        "val": [line("b.png", source="Zu\u0308rich")],
    }
    with pytest.raises(DataError, match="is in train and in val"):
        check_apart(tmp_path, read_splits(write_data(tmp_path, spelt)))


def test_footage_is_kept_apart_by_its_hash_whatever_its_source_is_called(tmp_path):
    frames = [
        line(f"{name}.png", source=name, origin={"footage": "ab" * 32, "pts": pts})
        for name, pts in (("a", "0"), ("b", "1/2"))
    ]
    data = write_data(tmp_path, {"train": frames[:1], "val": frames[1:]})
    told = "footage abababababab is in train and in val; put all pictures of a source, and of one"
    with pytest.raises(DataError, match=told):
        check_apart(data, read_splits(data))
    (fault,) = check_data(data, REGISTRY).faults
    assert told in fault


@pytest.mark.nightly
def test_the_labelled_photographs_have_no_fault(shared):
    assert check_data(shared / "data", REGISTRY).faults == ()


ROOT = Path(__file__).parents[2]


def write_photographs(folder: Path, photographs: Sequence[Photograph]) -> None:
    with new_folder(folder) as partial:
        fill_split(partial, [(one, one.path) for one in photographs], link=False)


def test_what_is_written_reads_the_same(tmp_path):
    data = two_splits(tmp_path / "data")
    write_photographs(tmp_path / "copy" / "train", read_photographs(data / "train"))
    assert dumped(tmp_path / "copy")["train"] == dumped(data)["train"]
    assert files(tmp_path / "copy/train/images") == files(data / "train/images")


@pytest.mark.parametrize("role", get_args(Role))
def test_only_marks_that_tell_of_the_machine_are_labelled(role):
    values = line(machines=[], controls=[], marks=[mark(role=role, of=None)])
    assert len(labels_of(photograph(values))) == (role in ("builder", "series", "control"))


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
        "import sys; from pathlib import Path\n"
        "from datasets.photographs.annotations import read_photographs\n"
        "from tests.datasets.test_splits import write_photographs\n"
        "write_photographs(Path(sys.argv[2]), read_photographs(Path(sys.argv[1])))\n"
    )

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, str(data / "train"), str(tmp_path / "copy")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=limited,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    told = f"ResultError: {tmp_path / 'copy'}: it could not be written (File too large)"
    assert told in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
