"""Agreement, against examples worked out in print."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.review.agreement import alpha_of, kappa_of

# Krippendorff (2011), sections C and D: 4 observers, 12 units, missing values.
OBSERVERS = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}
UNITS = [
    {name: row[unit] for name, row in OBSERVERS.items() if row[unit] != "."} for unit in range(12)
]

# Cohen (1960), table 2: 200 subjects, two judges, three diagnoses.
DIAGNOSES = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]], np.float64)


def test_krippendorffs_example() -> None:
    found = alpha_of(UNITS)
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert found.units == 11  # the last unit has one value, and nothing to compare it with


def test_cohens_example() -> None:
    pairs = [
        (row, column)
        for row in range(3)
        for column in range(3)
        for _ in range(int(DIAGNOSES[row, column]))
    ]
    found = kappa_of(pairs)
    assert found.value == pytest.approx(0.492, abs=0.0005)
    # Fleiss, Cohen & Everitt (1969) give 0.057 for the standard error of such a table.
    assert found.low is not None and found.high is not None
    assert found.low < 0.42 < 0.56 < found.high
    assert 3.0 < (found.high - found.low) / 0.055 < 5.0


@pytest.mark.parametrize(
    ("said", "kappa"),
    [
        ([("x", "x"), ("y", "y")] * 5, 1.0),
        ([("x", "y"), ("y", "x")] * 5, -1.0),
        ([("x", "x"), ("x", "y"), ("y", "x"), ("y", "y")] * 5, 0.0),
    ],
    ids=["always", "never", "by chance"],
)
def test_kappa_at_its_marks(said: list[tuple[str, str]], kappa: float) -> None:
    assert kappa_of(said).value == pytest.approx(kappa)


def test_what_cannot_be_told_is_not_told() -> None:
    assert kappa_of([]).value is None
    assert kappa_of([("x", "x")] * 9).value is None  # all of one category: nothing by chance
    assert alpha_of([{"a": "x"}, {"b": "y"}]).units == 0
    assert alpha_of([{"a": "x", "b": "x"}] * 3).value is None


def test_units_that_are_alike_weigh_as_much_each() -> None:
    three, two, one = ({"a": "x", "b": "x"}, {"a": "x", "b": "y"}, dict.fromkeys("abc", "y"))
    # 8 values x and 5 y; the two of x and y are unlike: 1 - (13 - 1) * 2 / (8 * 5).
    assert alpha_of([*[three] * 3, *[two] * 2, one]).value == pytest.approx(0.4)


def test_bounds_are_the_same_every_time() -> None:
    assert alpha_of(UNITS) == alpha_of(UNITS)
    found = alpha_of(UNITS)
    assert found.low is not None and found.value is not None and found.high is not None
    assert found.low <= found.value <= found.high <= 1.0
