"""Two runs on the same pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import DataError
from training.evaluate.comparison import (
    MeasureDifference,
    ModelComparison,
    check_same,
    compare,
    read_report,
)
from training.evaluate.page import comparison_table

SOURCES = 20


def report(right: set[int], model: str = "a", found: int = 1) -> dict[str, Any]:
    """One case a picture, one picture a source; those in `right` named right."""
    return {
        "version": 2,
        "split": "val",
        "data_sha256": "d" * 64,
        "model_sha256": model * 64,
        "by_picture": [
            {"picture": f"images/{i}.jpg", "source": f"s{i}", "wanted": 2, "found": found,
             "reported": 2, "hits": found, "marks": 1, "marks_found": 1}
            for i in range(SOURCES)
        ],
        "cases": [
            {"picture": f"images/{i}.jpg", "source": f"s{i}", "machine": 0, "truth": "mazak",
             "outcome": "right" if i in right else "unknown"}
            for i in range(SOURCES)
        ],
        "false_names": [],
    }  # fmt: skip


def difference(compared: ModelComparison, of: str) -> MeasureDifference:
    return next(one for one in compared.differences if one.of == of)


def test_a_better_run_is_told_from_chance():
    compared = compare(report(set(range(5))), report(set(range(15)), "b"))
    right = difference(compared, "named right")
    assert (right.old, right.new, right.change) == (0.25, 0.75, 0.5)
    assert right.low is not None and right.low > 0
    assert len(compared.gained) == 10 and compared.lost == ()
    # Ten of ten discordant cases one way: 2 * 0.5 ** 10.
    assert compared.chance == pytest.approx(2 * 0.5**10)


def test_gains_and_losses_that_balance_are_no_change():
    compared = compare(report({0, 1, 2}), report({2, 3, 4}))
    right = difference(compared, "named right")
    assert right.change == 0 and right.low is not None and right.high is not None
    assert right.low < 0 < right.high
    assert compared.gained == ("3.jpg mazak", "4.jpg mazak")
    assert compared.lost == ("0.jpg mazak", "1.jpg mazak")
    assert compared.chance == 1.0


def test_the_same_run_twice_differs_nowhere():
    compared = compare(report({1}), report({1}))
    assert all((d.low, d.high) in ((0, 0), (None, None)) for d in compared.differences)
    # Nothing outside the registry was there: no share, no interval.
    assert difference(compared, "outside the registry, named wrong").old is None


def test_detection_is_compared_picture_by_picture():
    compared = compare(report(set(), found=1), report(set(), found=2))
    recall = difference(compared, "machines found (recall)")
    assert (recall.old, recall.new, recall.low, recall.high) == (0.5, 1.0, 0.5, 0.5)
    assert (recall.cases, recall.sources) == (2 * SOURCES, SOURCES)


def test_only_sources_that_have_any_count_and_each_once_however_spelt():
    old, new = report(set()), report(set())
    for one in (old, new):
        rows = one["by_picture"]
        rows[0]["marks"] = rows[1]["wanted"] = 0
        rows[2]["source"] = " S3"
    compared = compare(old, new)
    recall = difference(compared, "machines found (recall)")
    marks = difference(compared, "legible builder marks found")
    assert (recall.cases, recall.sources) == (2 * SOURCES - 2, SOURCES - 2)
    assert (marks.cases, marks.sources) == (SOURCES - 1, SOURCES - 2)
    outside = difference(compared, "outside the registry, named wrong")
    assert (outside.cases, outside.sources) == (0, 0)


def test_an_interval_of_few_cases_or_sources_is_marked_however_narrow_it_is():
    """From one source every draw is the same: an interval without width is no certainty."""
    old, new = report(set(), found=1), report(set(), found=2)
    for one in (old, new):
        for row in one["by_picture"]:
            row["source"] = "s0"
            row["wanted"] *= 30
    table = comparison_table(compare(old, new))
    assert "| machines found (recall) | 1.7 % | 3.3 % | +1.7 | +1.7 to +1.7 (too few) |" in table
    assert "| 1200 | 1 |" in table
    for one in (old, new):
        for number, row in enumerate(one["by_picture"]):
            row["source"] = f"s{number}"
    table = comparison_table(compare(old, new))
    assert "+1.7 to +1.7 | 1200 | 20 |" in table


def test_machines_whose_builder_only_one_registry_has_are_not_compared():
    """Naming them is right in one run and wrong in the other."""
    old, new = report({0, 1}), report({0, 1, 5, 6, 7})
    for case in old["cases"][5:8]:
        case["truth"] = "x-mazak"
    compared = compare(old, new)
    right = difference(compared, "named right")
    assert (right.old, right.new, right.cases) == (2 / 17, 2 / 17, 17)
    assert (compared.gained, compared.chance, compared.left_out) == ((), 1.0, 3)
    assert "only one run's registry has their builders: 3." in comparison_table(compared)
    assert "left out" not in comparison_table(compare(old, old))


def test_other_data_is_refused():
    old, file = report(set()), Path("old.json")
    check_same(old, file, "val", "d" * 64)
    with pytest.raises(DataError, match="split 'val', this run is on 'train'"):
        check_same(old, file, "train", "d" * 64)
    with pytest.raises(DataError, match=r"old\.json: measured on other pictures"):
        check_same(old, file, "val", "e" * 64)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "cannot be read", id="empty"),
        pytest.param("[]", "no evaluation.json", id="another file"),
        pytest.param(json.dumps({"cases": [], "version": 1}), "measure that model again", id="old"),
    ],
)
def test_a_file_that_is_no_evaluation_is_named(tmp_path, text, complaint):
    file = tmp_path / "old.json"
    file.write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_report(file)
    with pytest.raises(DataError, match=r"none\.json: cannot be read"):
        read_report(tmp_path / "none.json")
