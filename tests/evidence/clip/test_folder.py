"""A results folder is whole or not there, and nobody's own files are lost."""

from __future__ import annotations

import csv
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from datasets.errors import FootageError, ResultError, ResultTaken
from datasets.exchange.outgoing import write_format
from datasets.files import STALE_SECONDS, Exporter
from datasets.photographs.splits import read_splits
from datasets.registry import Registry
from detector.types import Analysis, Observation
from evidence.clip.folder import check_writable, export_csv, export_json, folder_name, write_results
from evidence.clip.record import to_record
from tests.datasets.sets import two_splits
from tests.evidence.conftest import SCHEMA, lone_mark

ROOT = Path(__file__).parents[3]
RECORD = {"sightings.json", "sightings.csv", "report.html"}


def write(analysis: Analysis, registry: Registry, out: Path) -> Path:
    return write_results(analysis, to_record(analysis, registry), out)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_is_there(analysis, registry, tmp_path):
    folder = write(analysis, registry, tmp_path / "out")
    assert folder.name == f"цех №3-{analysis.footage.sha256[:8]}"
    stills = {f"stills/m{n}.jpg" for n in (1, 2, 3)} | {f"stills/m{n}-mark.png" for n in (1, 2, 3)}
    assert set(contents(folder)) == RECORD | stills
    record = json.loads((folder / "sightings.json").read_bytes())
    Draft202012Validator(SCHEMA).validate(record)
    for machine in record["machines"]:
        assert (folder / machine["still"]).is_file() and (folder / machine["mark"]).is_file()
    assert names(tmp_path / "out") == [folder.name]


def test_where_nothing_was_found_the_report_shows_frames(analysis, registry, tmp_path):
    folder = write(replace(analysis, sightings=()), registry, tmp_path)
    shown = (folder / "report.html").read_text("utf-8").split('class="strip"')[1]
    strip = re.findall(r"data:image/jpeg;base64,[^\"]+", shown)
    assert len(set(strip)) == len(strip) >= 8


def test_the_still_is_the_best_frame(analysis, registry, tmp_path):
    # Frame n of the clip is 12 n + 60 bright; the best one is at 1 s, frame 4.
    folder = write(analysis, registry, tmp_path)
    with Image.open(folder / "stills/m2.jpg") as still:
        assert abs(still.convert("L").getpixel((400, 30)) - 108) <= 4  # type: ignore[operator]


def test_a_mark_without_a_machine_is_pictured(analysis, registry, tmp_path):
    analysis = replace(analysis, lone_marks=(lone_mark(),))
    folder = write(analysis, registry, tmp_path)
    record = json.loads((folder / "sightings.json").read_bytes())
    Draft202012Validator(SCHEMA).validate(record)
    assert record["lone_marks"][0]["still"] == "stills/k1.jpg"
    # Frame n of the clip is 12 n + 60 bright; the mark is seen at 2 s, in frame 8.
    with Image.open(folder / "stills/k1.jpg") as still:
        assert abs(still.convert("L").getpixel((400, 30)) - 156) <= 4  # type: ignore[operator]
        assert still.height > 270  # a caption stands below
    # What an earlier run wrote is no foreign file.
    assert write(replace(analysis, lone_marks=()), registry, tmp_path) == folder
    assert not (folder / "stills/k1.jpg").exists()


def test_a_second_run_leaves_equal_results_untouched(analysis, registry, tmp_path):
    folder = write(analysis, registry, tmp_path)
    (folder / "my notes.txt").write_text("seen on 3 May")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write(analysis, registry, tmp_path) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_another_outcome_replaces_the_folder(analysis, registry, tmp_path):
    folder = write(analysis, registry, tmp_path)
    fewer = replace(analysis, sightings=analysis.sightings[:1], model_hash="cc" * 32)
    assert write(fewer, registry, tmp_path) == folder
    assert set(contents(folder)) == RECORD | {"stills/m1.jpg", "stills/m1-mark.png"}
    assert names(tmp_path) == [folder.name]


def test_files_of_others_are_never_replaced(analysis, registry, tmp_path):
    folder = write(analysis, registry, tmp_path)
    (folder / "stills/my crop.jpg").write_bytes(b"mine")
    before = contents(folder)
    with pytest.raises(ResultTaken, match="my crop"):
        write(replace(analysis, model_hash="cc" * 32), registry, tmp_path)
    assert contents(folder) == before
    assert names(tmp_path) == [folder.name]


def test_footage_that_vanished_leaves_no_folder(analysis, registry, tmp_path):
    gone = replace(analysis, footage=replace(analysis.footage, path=tmp_path / "gone.mp4"))
    with pytest.raises(FootageError):
        write(gone, registry, tmp_path / "out")
    assert names(tmp_path / "out") == []


def test_a_machine_whose_frame_is_lost_is_reported_without_a_still(analysis, registry, tmp_path):
    lost = replace(analysis.sightings[1], best=Observation(Fraction(99), (1, 1, 9, 9), 0.5))
    bare = replace(lost, attribution=replace(lost.attribution, evidence=()))
    folder = write(replace(analysis, sightings=(bare,)), registry, tmp_path)
    record = json.loads((folder / "sightings.json").read_bytes())
    assert record["machines"][0]["still"] is None
    assert "could not be decoded again" in (folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize("limit", [2_000, 12_000], ids=["stills", "report"])
def test_a_full_disk_leaves_nothing_half_written(analysis, registry, tmp_path, limit):
    """A child whose files may not grow past a limit: the write itself fails, as on a full disk."""
    task = tmp_path / "task"
    task.write_bytes(pickle.dumps((analysis, to_record(analysis, registry), tmp_path / "out")))
    code = (
        "import pickle, sys\n"
        "from pathlib import Path\n"
        "from datasets.errors import ResultError\n"
        "from evidence.clip.folder import write_results\n"
        "try:\n"
        "    write_results(*pickle.loads(Path(sys.argv[1]).read_bytes()))\n"
        "except ResultError as error:\n"
        "    sys.exit(str(error))\n"
    )

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ended = subprocess.run(
        [sys.executable, "-B", "-c", code, str(task)],
        cwd=ROOT,
        preexec_fn=limited,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "could not be written (File too large)" in ended.stderr
    assert folder_name(analysis.footage.path, analysis.footage.sha256) in ended.stderr
    assert names(tmp_path / "out") == []


def test_a_killed_run_is_swept_up(analysis, registry, tmp_path):
    name = folder_name(analysis.footage.path, analysis.footage.sha256)
    old, fresh = tmp_path / f".{name}.00000000.partial", tmp_path / f".{name}.11111111.partial"
    for folder in (old, fresh):
        folder.mkdir()
    then = old.stat().st_mtime - STALE_SECONDS - 1
    os.utime(old, (then, then))
    write(analysis, registry, tmp_path)
    assert not old.exists() and fresh.exists()


def test_trying_a_folder_leaves_nothing_behind_and_names_a_file_in_the_way(tmp_path):
    check_writable(tmp_path / "out" / "deeper")
    check_writable(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ResultError, match="out/deeper: it could not be written"):
        check_writable(tmp_path / "out" / "deeper")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/clip.mp4", "clip-01234567"),
        ("clip.tar.mp4", "clip.tar-01234567"),
        (".mp4", "mp4-01234567"),
        ("-rf.mp4", "rf-01234567"),
        ("a\nb:c.mp4", "a_b_c-01234567"),
        ("я" * 120 + ".mp4", "я" * 50 + "-01234567"),
        ("...", "footage-01234567"),
    ],
)
def test_folder_names_are_safe(path, name):
    assert folder_name(Path("/data") / path, "0123456789abcdef") == name


SPLITS = ("yolo", "coco", "cvat")


def in_yolo(folder: Path) -> int:
    lines = (file.read_text("utf-8") for file in folder.glob("*/labels/**/*.txt"))
    return sum(line.startswith("0 ") for text in lines for line in text.splitlines())


def in_coco(folder: Path) -> int:
    found = [json.loads(file.read_bytes()) for file in folder.glob("annotations/*.json")]
    return sum(one["category_id"] == 1 for split in found for one in split["annotations"])


def in_cvat(folder: Path) -> int:
    found = [ElementTree.parse(file) for file in folder.glob("*/annotations.xml")]
    return sum(box.get("label") == "machine" for tree in found for box in tree.iter("box"))


def in_json(folder: Path) -> int:
    return len(json.loads((folder / "sightings.json").read_bytes())["machines"])


def in_csv(folder: Path) -> int:
    with (folder / "sightings.csv").open(encoding="utf-8-sig", newline="") as file:
        return len(list(csv.DictReader(file)))


EXPORTERS: dict[str, tuple[Exporter[Any], Callable[[Path], int]]] = {
    "yolo": (partial(write_format, format="yolo"), in_yolo),
    "coco": (partial(write_format, format="coco"), in_coco),
    "cvat": (partial(write_format, format="cvat"), in_cvat),
    "json": (export_json, in_json),
    "csv": (export_csv, in_csv),
}


@pytest.fixture(params=EXPORTERS)
def case(
    request, tmp_path, analysis, registry
) -> tuple[Exporter[Any], Callable[[Path], int], Any, int]:
    """An exporter, what counts the machines it wrote, its content, and the machines in that."""
    export, count = EXPORTERS[request.param]
    if request.param in SPLITS:
        splits = read_splits(two_splits(tmp_path / "data"))
        machines = [m for split in splits.values() for one in split for m in one.machines]
        return export, count, splits, len(machines)
    return export, count, to_record(analysis, registry), len(analysis.sightings)


def test_all_machines_are_written_twice_in_the_same_bytes_and_into_the_folder_alone(case, tmp_path):
    export, count, content, machines = case
    beside = contents(tmp_path)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        export(folder, content)
    first, second = map(contents, folders)
    assert first and first == second
    assert count(folders[0]) == machines > 0
    assert {
        n: c for n, c in contents(tmp_path).items() if n.split("/")[0] not in ("one", "two")
    } == beside


def test_a_folder_that_cannot_be_written_is_an_error(case, tmp_path):
    export, _, content, _ = case
    taken = tmp_path / "taken"
    taken.write_bytes(b"mine")
    with pytest.raises(OSError, match="taken"):
        export(taken, content)
    assert taken.read_bytes() == b"mine"
