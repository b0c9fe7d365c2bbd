"""Cursors: whatever comes back as one is ours, or refused."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Float, column

from datasets.errors import UsageError
from evidence.browse.search import Key, read_cursor, write_cursor
from evidence.case.base import ExactText, ShortText

KEYS = [Key(column("a", ExactText())), Key(column("b", Float())), Key(column("c", ShortText(9)))]
VALUES = st.tuples(
    st.text(), st.integers(-(2**50), 2**50) | st.floats(-1e9, 1e9), st.text("abc:123", min_size=1)
)


@given(VALUES)
def test_a_cursor_brings_back_its_place(values):
    assert read_cursor(write_cursor(values), KEYS) == list(values)


@given(st.text())
def test_no_text_breaks_it(cursor):
    try:
        assert len(read_cursor(cursor, KEYS)) == 3
    except UsageError as error:
        assert "no cursor of this list" in str(error)


@pytest.mark.parametrize(
    "values",
    [
        ["a", 1],
        ["a", "1", "c"],
        ["a", True, "c"],
        ["a", 1e300, "c"],
        ["a", 2**63, "c"],
        ["a", 1, "c\x00"],
        ["a", 1, "ж"],
        [None, 1, "c"],
        {"a": 1},
        *(["a", float(word), "c"] for word in ("nan", "inf", "-inf")),
    ],
    ids=str,
)
def test_values_no_column_could_hold_are_refused(values):
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    with pytest.raises(UsageError):
        read_cursor(cursor, KEYS)
