"""The tables of a package, as a spreadsheet opens them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars

from evidence.answer.package.tables import COUNTED, write_tables
from evidence.answer.population import CountedMachine
from evidence.case.case import Case
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import ONE, drawn

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


def test_a_column_is_of_one_type_whether_or_not_anything_is_in_it(
    case: Case, build: Callable[[Callable[[Builder], object]], object], tmp_path: Path
) -> None:
    with case.snapshot() as session:
        write_tables(session, [], tmp_path / "empty")
    build(lambda b: (b.add("Plant 1", claim="mazak", outcome="accept"), b.add("Plant 2")))
    with case.snapshot() as session:
        write_tables(session, [drawn(ONE, 0.02)], tmp_path / "full")
    for file in sorted((tmp_path / "full").glob("*.parquet")):
        types = polars.read_parquet_schema(file)
        assert types == polars.read_parquet_schema(tmp_path / "empty" / file.name)
        assert polars.Null not in types.values()
        # What Parquet calls a number or a truth a reader of CSV finds one too.
        both = polars.read_parquet(file), polars.read_csv(file.with_suffix(".csv"), schema=types)
        assert both[0].select(numbers(types)).equals(both[1].select(numbers(types)))
    assert polars.read_parquet_schema(tmp_path / "empty" / "counted.parquet")["hit"] == (
        polars.Boolean
    )
    assert polars.read_parquet(tmp_path / "full" / "counted.parquet")["chance"].to_list() == [0.02]


def numbers(types: dict[str, polars.DataType]) -> list[str]:
    return [name for name, kind in types.items() if kind != polars.String]


def test_every_column_of_what_was_counted_is_told() -> None:
    fields = [name for name in CountedMachine.__slots__ if name != "views"]
    assert [*COUNTED] == [*fields, "hit", "stratum"]
