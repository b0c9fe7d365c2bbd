"""What every exporter promises (`datasets.files.Exporter`), asked of each there is."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.exchange.conversion import exporter_of
from datasets.files import Exporter
from datasets.photographs.writing import read_splits
from datasets.registry import Registry
from detector.types import Analysis
from evidence.clip.folder import export_csv, export_json
from evidence.clip.record import to_record
from tests.datasets.sets import two_splits

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
    "yolo": (exporter_of("yolo"), in_yolo),
    "coco": (exporter_of("coco"), in_coco),
    "cvat": (exporter_of("cvat"), in_cvat),
    "json": (export_json, in_json),
    "csv": (export_csv, in_csv),
}


@pytest.fixture(params=EXPORTERS)
def case(
    request: pytest.FixtureRequest, tmp_path: Path, analysis: Analysis, registry: Registry
) -> tuple[Exporter[Any], Callable[[Path], int], Any, int]:
    """An exporter, what counts the machines it wrote, its content, and the machines in that."""
    export, count = EXPORTERS[request.param]
    if request.param in SPLITS:
        splits = read_splits(two_splits(tmp_path / "data"))
        machines = [m for split in splits.values() for one in split for m in one.machines]
        return export, count, splits, len(machines)
    return export, count, to_record(analysis, registry), len(analysis.sightings)


def written(root: Path) -> dict[str, bytes]:
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


def test_all_machines_are_written_twice_in_the_same_bytes_and_into_the_folder_alone(
    case: tuple[Exporter[Any], Callable[[Path], int], Any, int], tmp_path: Path
) -> None:
    export, count, content, machines = case
    beside = written(tmp_path)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        export(folder, content)
    first, second = map(written, folders)
    assert first and first == second
    assert count(folders[0]) == machines > 0
    assert {
        n: c for n, c in written(tmp_path).items() if n.split("/")[0] not in ("one", "two")
    } == beside


def test_a_folder_that_cannot_be_written_is_an_error(
    case: tuple[Exporter[Any], Callable[[Path], int], Any, int], tmp_path: Path
) -> None:
    export, _, content, _ = case
    taken = tmp_path / "taken"
    taken.write_bytes(b"mine")
    with pytest.raises(OSError, match="taken"):
        export(taken, content)
    assert taken.read_bytes() == b"mine"
