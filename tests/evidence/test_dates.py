"""Days of publication: what lists hold is understood, what is no date is told of."""

from __future__ import annotations

import pytest

from evidence.dates import read_date


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2024", "2024"),
        (" 2024-05 ", "2024-05"),
        ("2024-05-31", "2024-05-31"),
        ("2024-05-31T08:00:00+03:00", "2024-05-31T08:00:00+03:00"),
        ("2024-05-31 08:00", "2024-05-31 08:00"),
        ("31.12.2023", "2023-12-31"),
        ("1.2.2023", "2023-02-01"),
        ("2023/12/31", "2023-12-31"),
        ("20231231", "2023-12-31"),
    ],
)
def test_dates_as_lists_write_them(written: str, kept: str) -> None:
    assert read_date(written) == kept
    assert read_date(kept) == kept


@pytest.mark.parametrize(
    "written",
    ["", "soon", "yesterday", "2023-13", "2023-02-30", "31.13.2023", "05/06/2024", "202405",
     "0000", "2024-05-", "24-05-31", "2024T08:00"],
)  # fmt: skip
def test_what_is_no_date(written: str) -> None:
    assert read_date(written) is None
