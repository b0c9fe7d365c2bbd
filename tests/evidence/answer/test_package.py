"""An answer's package: whole, readable by others, and every number in it computed anew."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import polars
import pytest

from datasets.errors import CaseExists, UsageError
from datasets.registry import Registry
from evidence.answer.package import recompute, write_package
from evidence.answer.question import Question
from evidence.store import Case
from tests.evidence.answer.conftest import Builder


@pytest.fixture
def package(
    case: Case,
    registry: Registry,
    build: Callable[[Callable[[Builder], None]], object],
    tmp_path: Path,
) -> Path:
    def fill(b: Builder) -> None:
        for plant in range(12):
            b.add(f"Plant {plant}", claim="dmtg", outcome="accept", published="2023")
            b.add(f"Plant {plant}", claim="mazak", outcome="accept", chance=0.05)
            b.add(f"Plant {plant}", outcome="concealed")
        b.add("studio", claim="dmtg")
        for plant in range(12):
            b.frame(f"Plant {plant}", "nothing" if plant else "missed", views=2)

    build(fill)
    listed = tmp_path / "controls.csv"
    listed.write_text("path,builder\n/archive/37.mp4,dmtg\n", "utf-8")
    folder = tmp_path / "package"
    write_package(case, Question(), registry, "Chinese", folder, listed)
    return folder


def test_every_number_comes_out_the_same(package: Path) -> None:
    found, otherwise = recompute(package)
    assert otherwise == []
    assert found.counts.confirmed == 12
    assert found.controls.of == 1
    assert (found.missed.judged, found.missed.missed) == (12, 1)
    assert found.said.sentence in (package / "data" / "report.html").read_text("utf-8")


def test_a_number_that_was_changed_is_found(package: Path) -> None:
    import bagit

    file = package / "data" / "answer.json"
    said = json.loads(file.read_bytes())
    said["answer"]["counts"]["confirmed"] = 13
    file.write_text(json.dumps(said), "utf-8")
    with pytest.raises(UsageError, match="not what it was"):
        recompute(package)
    bagit.Bag(str(package)).save(manifests=True)
    _, otherwise = recompute(package)
    assert otherwise == ["counts.confirmed: 13 in the package, 12 computed"]


def test_tables_are_for_any_program(package: Path) -> None:
    tables = package / "data" / "tables"
    with (tables / "counted.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36
    assert {row["stratum"] for row in rows} == {"claimed", "named", "unread"}
    frame = polars.read_parquet(tables / "sightings.parquet")
    assert len(frame) == 37 and set(frame["pts"]) == {"1"}


def test_the_crate_names_every_file(package: Path) -> None:
    data = package / "data"
    crate = json.loads((data / "ro-crate-metadata.json").read_bytes())
    named = {one["@id"] for one in crate["@graph"] if one["@type"] == "File"}
    there = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    assert named == there - {"ro-crate-metadata.json"}


def test_nothing_is_written_over(package: Path, case: Case, registry: Registry) -> None:
    with pytest.raises(CaseExists):
        write_package(case, Question(), registry, "Chinese", package)


def test_what_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no package"):
        recompute(tmp_path)
