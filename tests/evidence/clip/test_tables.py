"""The table opens in a spreadsheet and does nothing there but hold values."""

from __future__ import annotations

import csv
import doctest
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence.clip.report
import evidence.clip.tables
from datasets.registry import Registry
from detector.types import Analysis
from evidence.clip.record import to_record
from evidence.clip.report import render_report
from evidence.clip.tables import COLUMNS, harmless, no_formula, printable, surest, to_csv
from tests.evidence.conftest import doubted, plated, rebadged


def rows(analysis: Analysis, registry: Registry) -> list[dict[str, str]]:
    text = to_csv(to_record(analysis, registry))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_row_a_machine(analysis, registry):
    named, concealed, other = rows(analysis, registry)
    assert tuple(named) == tuple(COLUMNS)
    assert (named["builder_id"], named["origin"], named["grade"]) == ("mazak", "JP", "A")
    assert named["production"].split()[0] == "JP"
    assert named["readings"] == "MAZAK | MAZAK | 马扎克"
    assert (concealed["builder"], concealed["concealed"]) == ("unknown", "yes")
    assert (other["control_id"], other["mirrored"]) == ("ctl-fanuc", "yes")
    assert other["builder_id"] == "" and other["file"] == ""


def test_a_row_says_which_picture_of_a_folder_it_is(analysis, registry):
    """By its name: where it lies on a reporter's disk is nobody else's business."""
    seen = replace(analysis.sightings[0], file=Path("/home/source/fair/Китай 7.jpg"))
    fair = replace(analysis.footage, path=Path("fair"), kind="stills")
    (row,) = rows(replace(analysis, footage=fair, sightings=(seen,)), registry)
    assert (row["footage"], row["file"]) == ("fair", "Китай 7.jpg")


def test_files_are_named_by_path_only_when_asked(analysis, registry):
    record = to_record(analysis, registry, "/home/anna/secret/hall.mp4")
    assert "secret" not in to_csv(record) and "hall.mp4" in to_csv(record)
    assert "/home/anna/secret/hall.mp4" in to_csv(record, paths=True)
    assert "secret" not in render_report(record, {})
    assert "<h1>hall.mp4</h1>" in render_report(record, {})
    assert "/home/anna/secret/hall.mp4" in render_report(record, {}, paths=True)


def test_the_origin_is_a_column_and_a_sellers_home_is_not_it(analysis, registry):
    named, plate, badge = rows(
        replace(analysis, sightings=(analysis.sightings[0], plated(), rebadged())), registry
    )
    columns = ("builder", "builder_home", "origin", "origin_basis", "origin_grade", "builder_type")
    assert [named[name] for name in columns] == ["Mazak", "JP", "JP", "builder", "A", "builder"]
    assert [plate[name] for name in columns] == ["unknown", "", "CN", "plate", "B", ""]
    assert [badge[name] for name in columns] == ["MetalTec", "RU", "", "rebadger", "B", "rebadger"]


def test_every_column_is_documented():
    words = (Path(__file__).parents[3] / "docs/results.md").read_text("utf-8")
    told = words.partition("## The spreadsheet")[2].partition("\n## ")[0]
    assert [name for name in COLUMNS if f"`{name}`" not in told] == []


def test_what_is_withheld_is_a_column_and_no_builder(analysis, registry):
    (row,) = rows(replace(analysis, sightings=(doubted(),)), registry)
    assert (row["builder"], row["builder_id"], row["origin"]) == ("unknown", "", "")
    assert row["withheld"].startswith("reads as SMTCL")
    assert row["withheld"].endswith(
        "not claimed: the program is not sure enough that this is a machine"
    )


def test_no_cell_is_a_formula(hostile, registry):
    (row,) = rows(hostile[1], registry)
    for cell in row.values():
        assert not cell.lstrip().startswith(("=", "+", "@", "\t", "\r"))


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_a_text_is_never_run(text):
    cell = harmless(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert cell.replace("'", "") == printable(text).replace("'", "")


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


@given(st.text(st.sampled_from(f";\n\t\r \"'a1{SIGNS}"), max_size=8))
def test_nothing_is_run_where_semicolons_separate_cells(text):
    """As in Russian and Ukrainian, whose spreadsheets open a file with commas so, too."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(["clip.mp4", no_formula(text), "HAAS"])
    for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=";"):
        for cell in row:
            assert not cell.lstrip(' \t\r\n"').startswith(tuple(SIGNS))


def test_what_the_attribution_rests_on_is_shown_first(analysis, registry):
    machine = to_record(analysis, registry)["machines"][0]
    assert [part["text"] for part in surest(machine)] == ["MAZAK", "马扎克"]


@pytest.mark.parametrize("module", [evidence.clip.tables, evidence.clip.report])
def test_the_examples_are_true(module):
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted and not result.failed
